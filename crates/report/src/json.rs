//! JSON of the wire types.

use serde::Serialize;

/// A report as pretty-printed JSON with a final newline.
pub fn render<T: Serialize>(report: &T) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}
