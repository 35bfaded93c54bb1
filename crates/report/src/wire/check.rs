//! `CheckReport`.

use cofferdam_model::diagnostic::Diagnostic;
use serde::Serialize;

use super::API_VERSION;

/// What `check` found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Always [`API_VERSION`].
    pub api_version: &'static str,
    /// Always `CheckReport`.
    pub kind: &'static str,
    /// Findings in the order of file, line and column.
    pub diagnostics: Vec<WireDiagnostic>,
}

/// A finding about a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireDiagnostic {
    /// A stable word for the kind of finding.
    pub code: &'static str,
    /// `error`, `warning` or `notice`.
    pub severity: &'static str,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The path within the document.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl CheckReport {
    /// The report of these findings.
    pub fn new(diagnostics: &[Diagnostic]) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "CheckReport",
            diagnostics: diagnostics.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Diagnostic> for WireDiagnostic {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            code: diagnostic.code,
            severity: diagnostic.severity.as_str(),
            file: diagnostic.place.file.clone(),
            line: diagnostic.place.line,
            column: diagnostic.place.column,
            path: diagnostic.place.path.clone(),
            message: diagnostic.message.clone(),
            hint: diagnostic.hint.clone(),
        }
    }
}
