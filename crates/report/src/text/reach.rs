//! `reach` as people read it, and as tables and pictures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::table;
use crate::wire::reach::{ReachReport, WireConnection};

/// A row per connection, then what it rests on.
pub fn render(report: &ReachReport) -> String {
    let rows = report.connections.iter().map(|one| {
        let WireConnection {
            from,
            to,
            allowed,
            unless,
        } = one;
        let unless = unless
            .iter()
            .map(|one| format!("{}: {}", one.dialect, one.denied));
        let unless: Vec<String> = unless.collect();
        vec![
            from.clone(),
            to.clone(),
            allowed.clone(),
            unless.join(" | "),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let differs = rows
        .iter()
        .any(|row| row.last().is_some_and(|cell| !cell.is_empty()));
    let mut text = match (rows.is_empty(), differs) {
        (true, _) if report.complete && report.notes.is_empty() => {
            "no such connection is possible\n".to_owned()
        }
        (true, _) if report.complete => {
            "no such connection is possible but for what is noted\n".to_owned()
        }
        (true, _) => "no such connection is known\n".to_owned(),
        (false, true) => table(&["from", "to", "allowed", "but not under"], rows),
        (false, false) => table(
            &["from", "to", "allowed"],
            rows.into_iter()
                .map(|mut row| {
                    row.truncate(3);
                    row
                })
                .collect(),
        ),
    };
    text.push_str(&grounds(
        report.dialect,
        &report.notes,
        &report.incomplete_because,
    ));
    text
}

/// What an answer rests on.
pub(super) fn grounds(dialect: &str, notes: &[String], incomplete_because: &[String]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if dialect == "any" {
        writeln!(
            text,
            "note: which network plugin enforces is not known: what any that is known would allow is told (`--dialect NAME` picks one)"
        )
        .ok();
    }
    for note in notes {
        writeln!(text, "note: {note}").ok();
    }
    if !incomplete_because.is_empty() {
        writeln!(
            text,
            "INCOMPLETE: what is not told to be allowed is not known to be impossible, because"
        )
        .ok();
        for reason in incomplete_because {
            writeln!(text, "    {reason}").ok();
        }
    }
    text
}

/// The connections as comma-separated values with a header.
pub fn csv(report: &ReachReport) -> String {
    let mut text = "from,to,allowed\n".to_owned();
    for one in &report.connections {
        let fields = [&one.from, &one.to, &one.allowed].map(|field| quoted(field));
        writeln!(text, "{}", fields.join(",")).ok();
    }
    text
}

/// A field as RFC 4180 has it: in quotes where it holds a comma or a quote.
pub(super) fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// The connections in the language of Graphviz, workloads in one box per namespace.
pub fn dot(report: &ReachReport) -> String {
    let mut text = "digraph reach {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    let ends: BTreeSet<&str> = report
        .connections
        .iter()
        .flat_map(|one| [one.from.as_str(), one.to.as_str()])
        .collect();
    let mut boxes: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for end in ends {
        let namespace = end.ends_with(']').then(|| end.split('/').next()).flatten();
        boxes.entry(namespace).or_default().push(end);
    }
    for (number, (namespace, ends)) in boxes.into_iter().enumerate() {
        if let Some(namespace) = namespace {
            writeln!(
                text,
                "  subgraph cluster_{number} {{\n    label={};",
                name(namespace)
            )
            .ok();
        }
        for end in ends {
            let label = end.split_once('/').filter(|_| namespace.is_some());
            writeln!(
                text,
                "    {} [label={}];",
                name(end),
                name(label.map_or(end, |(_, name)| name))
            )
            .ok();
        }
        if namespace.is_some() {
            text.push_str("  }\n");
        }
    }
    for one in &report.connections {
        let (from, to, allowed) = (name(&one.from), name(&one.to), name(&one.allowed));
        writeln!(text, "  {from} -> {to} [label={allowed}];").ok();
    }
    text.push_str("}\n");
    text
}

/// A name in quotes.
fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
