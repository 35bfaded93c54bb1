//! SARIF 2.1.0 of document findings.

use cofferdam_model::diagnostic::{Diagnostic, Severity};
use serde_json::{Value, json};

/// A SARIF log with one run.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let driver = json!({ "name": "cofferdam", "semanticVersion": env!("CARGO_PKG_VERSION") });
    let results: Vec<Value> = diagnostics.iter().map(result).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    crate::json::render(&log)
}

fn result(diagnostic: &Diagnostic) -> Value {
    let place = &diagnostic.place;
    let hint = diagnostic
        .hint
        .as_ref()
        .map(|hint| format!(" ({hint})"))
        .unwrap_or_default();
    let mut location = json!({ "artifactLocation": { "uri": place.file } });
    if place.line > 0
        && let Some(fields) = location.as_object_mut()
    {
        let region = json!({ "startLine": place.line, "startColumn": place.column.max(1) });
        fields.insert("region".to_owned(), region);
    }
    let mut place_of = json!({ "physicalLocation": location });
    if let (false, Some(fields)) = (place.path.is_empty(), place_of.as_object_mut()) {
        let path = json!([{ "fullyQualifiedName": place.path }]);
        fields.insert("logicalLocations".to_owned(), path);
    }
    json!({
        "ruleId": diagnostic.code,
        "level": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Notice => "note",
        },
        "message": { "text": format!("{}{hint}", diagnostic.message) },
        "locations": [place_of],
    })
}
