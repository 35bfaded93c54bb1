//! Trees whose shape is right, as `serde` reads them.

use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::scalar::{Plain, classify};
use crate::tree::{Entry, Kind, Node};

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.kind {
            Kind::Scalar { text, plain: true } => match classify(text) {
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Integer(value) => visitor.visit_i64(value),
                Plain::Text | Plain::Number | Plain::Ambiguous(_) => {
                    visitor.visit_borrowed_str(text)
                }
            },
            Kind::Scalar { text, plain: false } => visitor.visit_borrowed_str(text),
            Kind::Sequence(items) => SeqDeserializer::new(items.iter()).deserialize_any(visitor),
            Kind::Mapping(entries) => fields(entries).deserialize_any(visitor),
        }
    }

    /// Nothing is never written out: what is optional is left out.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A word, or a mapping from a word to what belongs to it.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.kind {
            Kind::Mapping(entries) => {
                visitor.visit_enum(MapAccessDeserializer::new(fields(entries)))
            }
            Kind::Scalar { .. } | Kind::Sequence(_) => {
                visitor.visit_enum(self.text().unwrap_or_default().into_deserializer())
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn fields(entries: &[Entry]) -> MapDeserializer<'_, impl Iterator<Item = (&str, &Node)>, Error> {
    let pairs = entries
        .iter()
        .map(|entry| (entry.key.as_str(), &entry.value));
    MapDeserializer::new(pairs)
}
