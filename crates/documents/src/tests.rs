//! Texts and what is said about them, side by side: `cases/*.txt` hold a title, documents that are
//! added to `base.yaml`, and the diagnostics that these give.

use std::fmt::Write;

use cofferdam_model::diagnostic::{Diagnostic, DocumentId, Remark, Severity};
use cofferdam_model::flow::Date;

use crate::{Loaded, SourceFile, load};

mod hostile;
mod mending;
mod start;
mod whole;

const BASE: &str = include_str!("tests/base.yaml");

/// A file of cases, each `=== title`, text, `---> ` lines.
fn check(cases: &str) {
    let mut actual = String::new();
    for case in cases.split("=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let lines: Vec<&str> = rest
            .lines()
            .filter(|line| !line.starts_with("> "))
            .collect();
        let text = lines.join(
            "
",
        );
        let (text, base) = match title.strip_prefix("alone: ") {
            Some(_) => (text, None),
            None => (text, Some(BASE)),
        };
        let text = text.trim_end();
        writeln!(actual, "=== {title}\n{text}").unwrap();
        for line in said(text, base) {
            writeln!(actual, "> {line}").unwrap();
        }
        actual.push('\n');
    }
    let clean = |text: &str| text.trim_end().to_owned();
    assert!(
        clean(&actual) == clean(cases),
        "\n<<<actual\n{actual}actual>>>"
    );
}

fn said(text: &str, base: Option<&str>) -> Vec<String> {
    let mut files = vec![file("policies/test.yaml", &(text.to_owned() + "\n"))];
    files.extend(base.map(|base| file("fleet/base.yaml", base)));
    let loaded = load(&files, &today());
    let has_error = loaded
        .diagnostics
        .iter()
        .any(|d| d.severity == Severity::Error);
    assert_eq!(loaded.model.is_none(), has_error);
    loaded.diagnostics.iter().map(shown).collect()
}

fn shown(diagnostic: &Diagnostic) -> String {
    let place = &diagnostic.place;
    let file = match place.file.as_str() {
        "policies/test.yaml" => String::new(),
        other => format!("{other}:"),
    };
    let hint = diagnostic
        .hint
        .as_ref()
        .map_or(String::new(), |hint| format!(" ({hint})"));
    format!(
        "{file}{}:{} {} {} [{}] {}{hint}",
        place.line,
        place.column,
        diagnostic.severity.as_str(),
        diagnostic.code,
        place.path,
        diagnostic.message
    )
}

#[test]
fn yaml() {
    check(include_str!("tests/cases/yaml.txt"));
}

#[test]
fn shapes() {
    check(include_str!("tests/cases/shapes.txt"));
}

#[test]
fn fleet() {
    check(include_str!("tests/cases/fleet.txt"));
}

#[test]
fn zones() {
    check(include_str!("tests/cases/zones.txt"));
}

#[test]
fn flows() {
    check(include_str!("tests/cases/flows.txt"));
}

#[test]
fn across() {
    check(include_str!("tests/cases/across.txt"));
}

#[test]
fn exceptions() {
    check(include_str!("tests/cases/exceptions.txt"));
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

fn today() -> Date {
    Date("2026-11-21".to_owned())
}

/// What is said above a notice.
fn above_notice(loaded: &Loaded) -> Vec<String> {
    let all = loaded.diagnostics.iter();
    all.filter(|diagnostic| diagnostic.severity != Severity::Notice)
        .map(shown)
        .collect()
}

fn remark(kind: &'static str, name: &str, path: &str) -> Remark {
    Remark {
        document: DocumentId {
            kind,
            name: name.to_owned(),
        },
        path: path.to_owned(),
        severity: Severity::Error,
        code: "some-lint",
        message: "a message".to_owned(),
        hint: None,
    }
}

fn loaded(text: &str) -> Loaded {
    load(&[file("policies/test.yaml", text)], &today())
}
