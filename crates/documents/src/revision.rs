//! The hash that names a state of model and fleet.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::scalar::{Plain, classify};
use crate::tree::{Kind, Node};

/// Hash over documents as they are written, whatever the order of documents and keys, and whatever
/// the files, comments and spacing: 16 hexadecimal digits.
pub(crate) fn revision<'a>(documents: impl IntoIterator<Item = &'a Node>) -> String {
    let text = |node| {
        let mut text = String::new();
        canonical(node, &mut text);
        text
    };
    let mut texts: Vec<String> = documents.into_iter().map(text).collect();
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

/// Writes JSON with sorted keys and no spaces.
fn canonical(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Scalar { text, plain } => match (plain, classify(text)) {
            (true, Plain::Bool(value)) => out.push_str(if value { "true" } else { "false" }),
            // Writing to a string cannot fail.
            (true, Plain::Integer(value)) => write!(out, "{value}").unwrap_or_default(),
            _ => quote(text, out),
        },
        Kind::Sequence(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        Kind::Mapping(entries) => {
            let mut sorted: Vec<(&str, &Node)> = entries
                .iter()
                .map(|entry| (entry.key.as_str(), &entry.value))
                .collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (number, (key, value)) in sorted.into_iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                quote(key, out);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::String(text.to_owned()).to_string());
    }
}
