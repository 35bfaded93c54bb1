//! The spec of an object as the server sent it.

use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A spec as the server sent it, unknown fields included. Most are as they were written, which their
/// text tells; its parts are read where somebody asks for them.
#[derive(Debug, Clone, Default)]
pub struct LiveSpec {
    text: Box<str>,
    value: OnceLock<Value>,
}

impl LiveSpec {
    /// The text that the server sent; empty where it sent none.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The spec, read anew: of use where many are read once, for nothing more is held in memory after it. Null where
    /// the server sent none.
    pub fn read(&self) -> Value {
        // It was found to be JSON when it was received.
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Deref for LiveSpec {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value.get_or_init(|| self.read())
    }
}

impl From<Value> for LiveSpec {
    fn from(value: Value) -> Self {
        Self {
            text: value.to_string().into(),
            value: value.into(),
        }
    }
}

impl<'de> Deserialize<'de> for LiveSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self {
            text: raw.into(),
            value: OnceLock::new(),
        })
    }
}

impl PartialEq for LiveSpec {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text || **self == **other
    }
}

impl Eq for LiveSpec {}
