//! A tree whose shape is right into the values that `serde_yaml` and the revision read.

use serde_yaml::{Mapping, Value};

use crate::scalar::{Plain, classify};
use crate::tree::{Kind, Node};

/// The tree as a value; recursion is bounded by the tree's depth.
pub(crate) fn to_value(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar { text, plain: true } => match classify(text) {
            Plain::Bool(value) => Value::Bool(value),
            Plain::Integer(value) => Value::Number(value.into()),
            Plain::Text | Plain::Number | Plain::Ambiguous(_) => Value::String(text.clone()),
        },
        Kind::Scalar { text, plain: false } => Value::String(text.clone()),
        Kind::Sequence(items) => Value::Sequence(items.iter().map(to_value).collect()),
        Kind::Mapping(entries) => {
            let pairs = entries
                .iter()
                .map(|entry| (Value::String(entry.key.clone()), to_value(&entry.value)));
            Value::Mapping(pairs.collect::<Mapping>())
        }
    }
}
