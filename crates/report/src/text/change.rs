//! Connections that open and close, by zone, as people read them.

use std::fmt::Write as _;

use cofferdam_model::count::counted;

use crate::wire::change::WireZoneChange;

/// More than these are only counted: the JSON has them all.
const MOST: usize = 8;

/// A line per pair of zones, after `indent`, beginning with a word such as `opens`.
pub(super) fn render_changes(
    word: &str,
    changes: &[WireZoneChange],
    indent: &str,
    text: &mut String,
) {
    for change in changes.iter().take(MOST) {
        let witness = &change.witness;
        let ports = if witness.ports == change.ports {
            String::new()
        } else {
            format!(", {}", witness.ports)
        };
        // Writing to a String cannot fail.
        writeln!(
            text,
            "{indent}{word} {} -> {}: {} (such as {} -> {}{ports})",
            change.from, change.to, change.ports, witness.from, witness.to
        )
        .ok();
    }
    let more = changes.len().saturating_sub(MOST);
    if more > 0 {
        let told = counted(more, "more pair of zones");
        writeln!(text, "{indent}{word} {told}; `-o json` tells them").ok();
    }
}
