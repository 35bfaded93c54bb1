//! `adopt` as people read it.

use std::fmt::Write as _;

use cofferdam_model::count::counted;

use super::plan::brief;
use crate::wire::adopt::AdoptReport;

/// What is taken over, each with what differs.
pub fn render(report: &AdoptReport) -> String {
    let mut text = String::new();
    let objects = counted(report.objects.len(), "object");
    // Writing to a String cannot fail.
    writeln!(
        text,
        "{}: {objects} {}",
        report.cluster,
        report.state.as_str()
    )
    .ok();
    for reason in report.reason.iter().flat_map(|reason| reason.lines()) {
        writeln!(text, "  ! {reason}").ok();
    }
    for adopted in &report.objects {
        let keys = match adopted.keys.as_slice() {
            [] => String::new(),
            keys => format!("  ({})", keys.join(", ")),
        };
        writeln!(text, "  * {}{keys}", adopted.object).ok();
        for field in &adopted.fields {
            match (brief(field.have.as_ref()), brief(field.want.as_ref())) {
                (Some(have), Some(want)) => {
                    writeln!(text, "      {}: {have} -> {want}", field.path).ok();
                }
                _ => {
                    writeln!(text, "      {}", field.path).ok();
                }
            }
        }
        if adopted.fields.is_empty() {
            writeln!(text, "      as wanted already").ok();
        }
    }
    for hint in report.hint.iter().flat_map(|hint| hint.lines()) {
        writeln!(text, "    hint: {hint}").ok();
    }
    text
}
