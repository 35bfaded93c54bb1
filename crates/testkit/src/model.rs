//! Models of documents as a user writes them.

use std::fmt::Write as _;

use cofferdam_documents::{SourceFile, load};
use cofferdam_model::Model;
use cofferdam_model::diagnostic::Severity;
use cofferdam_model::flow::Date;

/// The day on which everything is judged.
pub fn today() -> Date {
    Date("2026-11-21".to_owned())
}

/// The model of these documents; `apiVersion` may be left out.
pub fn model(text: &str) -> Model {
    let documents = text.split("---\n").map(|document| {
        let version = "apiVersion: cofferdam.io/v1alpha1\n";
        let head = if document.contains("apiVersion:") {
            ""
        } else {
            version
        };
        format!("{head}{document}")
    });
    let file = SourceFile {
        path: "policies/model.yaml".to_owned(),
        text: documents.collect::<Vec<_>>().join("\n---\n"),
    };
    let loaded = load(std::slice::from_ref(&file), &today());
    let Some(model) = loaded.model else {
        let errors = loaded
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error);
        let errors = errors.fold(String::new(), |mut all, error| {
            let line = error.place.line;
            writeln!(all, "{line}: {} {}", error.code, error.message).ok();
            all
        });
        panic!("{errors}\n{}", file.text);
    };
    model
}
