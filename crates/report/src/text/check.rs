//! `check` as people read it.

use std::fmt::Write as _;

use cofferdam_model::diagnostic::{Diagnostic, Severity};

use super::count;

/// Every finding as `file:line:column: severity[code]: message`, its hint below, and the totals.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let place = &diagnostic.place;
        let at = if place.line > 0 {
            format!("{}:{}:{}", place.file, place.line, place.column)
        } else {
            place.file.clone()
        };
        let at = if at.is_empty() {
            String::new()
        } else {
            format!("{at}: ")
        };
        let (severity, code) = (diagnostic.severity.as_str(), diagnostic.code);
        let path = if place.path.is_empty() {
            String::new()
        } else {
            format!(" ({})", place.path)
        };
        // Writing to a String cannot fail.
        writeln!(text, "{at}{severity}[{code}]: {}{path}", diagnostic.message).ok();
        if let Some(hint) = &diagnostic.hint {
            writeln!(text, "    hint: {hint}").ok();
        }
    }
    let number = |severity| {
        diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .count()
    };
    let totals = [
        count(number(Severity::Error), "error"),
        count(number(Severity::Warning), "warning"),
        count(number(Severity::Notice), "notice"),
    ];
    writeln!(text, "{}", totals.join(", ")).ok();
    text
}
