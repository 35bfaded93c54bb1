//! The hash that names a state of model and fleet.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::scalar::{Plain, classify};
use crate::tree::{Kind, Node};

/// Hash over documents as they are written, whatever the order of documents and keys, and whatever
/// the files, comments and spacing: 16 hexadecimal digits.
pub(crate) fn revision<'a>(documents: impl IntoIterator<Item = &'a Node>) -> String {
    let mut texts: Vec<String> = documents.into_iter().map(canonical).collect();
    texts.sort();
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update(b"\n");
    }
    let mut digits = String::new();
    for byte in hash.finalize().iter().take(8) {
        // Writing to a string cannot fail.
        write!(digits, "{byte:02x}").unwrap_or_default();
    }
    digits
}

/// JSON with sorted keys and no spaces.
fn canonical(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar { text, plain } => match (plain, classify(text)) {
            (true, Plain::Bool(value)) => value.to_string(),
            (true, Plain::Integer(value)) => value.to_string(),
            _ => quoted(text),
        },
        Kind::Sequence(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Kind::Mapping(entries) => {
            let mut pairs: Vec<String> = entries
                .iter()
                .map(|entry| format!("{}:{}", quoted(&entry.key), canonical(&entry.value)))
                .collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
