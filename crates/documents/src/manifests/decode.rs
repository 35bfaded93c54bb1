//! A YAML tree as the JSON that kubectl makes of it.

use std::collections::BTreeSet;

use cofferdam_model::diagnostic::Severity;
use serde_json::{Map, Value};

use super::plain::{Plain, number_key, resolve};
use crate::tree::{Entry, Kind, Node, Spot, segment};

/// A value, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) value: Value,
    pub(super) faults: Vec<Fault>,
}

/// What is wrong at a place.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Spot,
    pub(super) path: String,
    pub(super) severity: Severity,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
}

impl Fault {
    fn error(at: Spot, code: &'static str, message: String) -> Self {
        Self {
            at,
            path: String::new(),
            severity: Severity::Error,
            code,
            message,
            hint: None,
        }
    }

    fn warning(at: Spot, code: &'static str, message: String) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(at, code, message)
        }
    }

    fn hint(self, hint: &'static str) -> Self {
        let hint = Some(hint);
        Self { hint, ..self }
    }
}

/// Decodes a tree; its depth is bounded by the limit on depth of the parser.
pub(super) fn decode(node: &Node) -> Decoded {
    let mut decoder = Decoder::default();
    let value = decoder.value(node);
    let faults = decoder.faults;
    Decoded { value, faults }
}

#[derive(Default)]
struct Decoder {
    path: String,
    faults: Vec<Fault>,
}

impl Decoder {
    fn value(&mut self, node: &Node) -> Value {
        match &node.kind {
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::Scalar { text, plain: true } => self.plain(text, node.start),
            Kind::Sequence(items) => {
                let numbered = items.iter().enumerate();
                let values = numbered.map(|(index, item)| self.below(&format!("[{index}]"), item));
                Value::Array(values.collect())
            }
            Kind::Mapping(entries) => Value::Object(self.mapping(entries)),
        }
    }

    fn plain(&mut self, text: &str, at: Spot) -> Value {
        match resolve(text) {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Number(value) => Value::Number(value),
            Plain::Text => Value::String(text.to_owned()),
            Plain::Unwritable => {
                let message = format!("`{text}` is a number that JSON cannot write");
                self.tell(Fault::error(at, "not-a-number", message).hint("put it in quotes"));
                Value::Null
            }
        }
    }

    fn below(&mut self, step: &str, node: &Node) -> Value {
        let length = self.path.len();
        self.path.push_str(step);
        let value = self.value(node);
        self.path.truncate(length);
        value
    }

    fn mapping(&mut self, entries: &[Entry]) -> Map<String, Value> {
        let (mut map, mut merged) = (Map::new(), BTreeSet::new());
        for entry in entries {
            if entry.plain && entry.key == "<<" {
                self.merge(entry, &mut map, &mut merged);
                continue;
            }
            let Some(key) = self.key(entry) else { continue };
            let step = segment(&key);
            if map.contains_key(&key) && !merged.remove(&key) {
                let length = self.path.len();
                self.path.push_str(&step);
                let message = format!("the key `{key}` is here twice");
                self.tell(Fault::error(entry.at, "duplicate-key", message));
                self.path.truncate(length);
            }
            let value = self.below(&step, &entry.value);
            map.insert(key, value);
        }
        map
    }

    /// A key as text. What is no text without quotes becomes one, seldom the one that was written.
    fn key(&mut self, entry: &Entry) -> Option<String> {
        if !entry.plain {
            return Some(entry.key.clone());
        }
        let key = match resolve(&entry.key) {
            Plain::Text => return Some(entry.key.clone()),
            Plain::Bool(value) => Some(value.to_string()),
            Plain::Number(_) => number_key(&entry.key),
            Plain::Null | Plain::Unwritable => None,
        };
        let written = &entry.key;
        match &key {
            None => {
                let message = format!("kubectl takes no key `{written}`");
                self.tell(
                    Fault::error(entry.at, "ambiguous-key", message).hint("put it in quotes"),
                );
            }
            Some(key) if key != written => {
                let message = format!("kubectl reads the key `{written}` as `{key}`");
                self.tell(
                    Fault::warning(entry.at, "ambiguous-key", message).hint("put it in quotes"),
                );
            }
            Some(_) => {}
        }
        key
    }

    /// Takes over the keys of other mappings. kubectl goes from top to bottom: what is merged
    /// replaces what stands above it.
    fn merge(
        &mut self,
        entry: &Entry,
        map: &mut Map<String, Value>,
        merged: &mut BTreeSet<String>,
    ) {
        let sources: Vec<&Node> = match &entry.value.kind {
            Kind::Sequence(items) => items.iter().rev().collect(),
            Kind::Mapping(_) | Kind::Scalar { .. } => vec![&entry.value],
        };
        for source in sources {
            let Kind::Mapping(entries) = &source.kind else {
                let message = "`<<` takes a mapping, or a list of mappings".to_owned();
                self.tell(Fault::error(entry.at, "merge-key", message));
                continue;
            };
            for (key, value) in self.mapping(entries) {
                let is_replaced = map.get(&key).is_some_and(|other| *other != value);
                if is_replaced && !merged.contains(&key) {
                    let message = format!(
                        "`<<` replaces the key `{key}` above it for kubectl, not for others"
                    );
                    let hint = "write `<<` before the other keys";
                    self.tell(Fault::warning(entry.at, "merge-order", message).hint(hint));
                }
                map.insert(key.clone(), value);
                merged.insert(key);
            }
        }
    }

    fn tell(&mut self, fault: Fault) {
        let path = self.path.clone();
        self.faults.push(Fault { path, ..fault });
    }
}
