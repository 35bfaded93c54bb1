//! `adopt` as people read it.

use std::fmt::Write as _;

use cofferdam_model::count::counted;
use serde_json::Value;

use super::plan::brief;
use crate::wire::adopt::{AdoptReport, AdoptState};

/// What is taken over, each with what differs.
pub fn render(report: &AdoptReport) -> String {
    let mut text = String::new();
    let state = report.state.as_str();
    let state = match (report.state, report.objects.len()) {
        (AdoptState::Refused, 0) => state.to_owned(),
        (_, count) => format!("{} {state}", counted(count, "object")),
    };
    // Writing to a String cannot fail.
    writeln!(text, "{}: {state}", report.cluster).ok();
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
            if let (Some(have), Some(want)) =
                (brief(field.have.as_ref()), brief(field.want.as_ref()))
            {
                writeln!(text, "      {}: {have} -> {want}", field.path).ok();
            } else {
                let whole = |value: Option<&Value>| {
                    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
                };
                writeln!(text, "      {}:", field.path).ok();
                writeln!(text, "        - {}", whole(field.have.as_ref())).ok();
                writeln!(text, "        + {}", whole(field.want.as_ref())).ok();
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
