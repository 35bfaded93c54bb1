//! `check` as people read it.

use std::fmt::Write as _;

use cofferdam_model::count::counted;
use cofferdam_model::diagnostic::{Diagnostic, Severity};

use crate::wire::check::WireDiagnostic;

/// Every finding as `file:line:column: severity[code]: message`, its hint below, and the totals.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        render_one(&diagnostic.into(), &mut text);
    }
    let number = |severity| {
        diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .count()
    };
    let totals = [
        counted(number(Severity::Error), "error"),
        counted(number(Severity::Warning), "warning"),
        counted(number(Severity::Notice), "notice"),
    ];
    // Writing to a String cannot fail.
    writeln!(text, "{}", totals.join(", ")).ok();
    text
}

/// As many warnings as a report about clusters lists.
const MOST_WARNINGS: usize = 10;

/// Warnings about documents below a report about clusters, and an empty line where there are any.
pub(super) fn render_warnings(warnings: &[WireDiagnostic], text: &mut String) {
    for warning in warnings.iter().take(MOST_WARNINGS) {
        render_one(warning, text);
    }
    let more = warnings.len().saturating_sub(MOST_WARNINGS);
    if more > 0 {
        let more = counted(more, "more warning");
        writeln!(text, "{more}: `cofferdam check` shows all").ok();
    }
    if !warnings.is_empty() {
        text.push('\n');
    }
}

fn render_one(diagnostic: &WireDiagnostic, text: &mut String) {
    let WireDiagnostic {
        code,
        severity,
        file,
        line,
        column,
        path,
        message,
        hint,
    } = diagnostic;
    let at = match (file.as_str(), line) {
        ("", _) => String::new(),
        (file, 0) => format!("{file}: "),
        (file, line) => format!("{file}:{line}:{column}: "),
    };
    let path = if path.is_empty() {
        String::new()
    } else {
        format!(" ({path})")
    };
    writeln!(text, "{at}{severity}[{code}]: {message}{path}").ok();
    if let Some(hint) = hint {
        writeln!(text, "    hint: {hint}").ok();
    }
}
