//! Identity and writer into a Cluster document by position; every other byte stays.

use crate::emit::scalar;
use crate::parse::parse;
use crate::tree::{Entry, Kind, Node};

/// Writes `identity: { uid: … }` into the Cluster document of that name, and a writer into its
/// `guards.writers` unless it is there.
///
/// # Errors
///
/// Says why in one line: no such document, or a form into which nothing can be put by position.
pub fn pin(text: &str, cluster: &str, uid: &str, writer: Option<&str>) -> Result<String, String> {
    let pinned = pin_uid(text, cluster, uid)?;
    let done = match writer {
        Some(writer) => pin_writer(&pinned, cluster, writer)?,
        None => pinned,
    };
    let document = document(&done, cluster)?;
    let spec = document.get("spec");
    let identity = spec.and_then(|spec| spec.get("identity"));
    let uid_is_there = identity.and_then(|id| id.get("uid")).and_then(Node::text) == Some(uid);
    let writers = spec
        .and_then(|spec| spec.get("guards"))
        .and_then(|g| g.get("writers"));
    let writer_is_there = writer.is_none_or(|writer| has_item(writers, writer));
    if uid_is_there && writer_is_there {
        Ok(done)
    } else {
        Err(format!(
            "Cluster `{cluster}` has a form that cannot be edited; write the lines by hand"
        ))
    }
}

fn pin_uid(text: &str, cluster: &str, uid: &str) -> Result<String, String> {
    let document = document(text, cluster)?;
    let spec = spec_of(&document, cluster)?;
    let uid = scalar(uid);
    match spec.value.get("identity") {
        None => insert_key(text, spec, &format!("identity: {{ uid: {uid} }}")),
        Some(identity) => match identity.get("uid") {
            Some(old) => splice(text, old.start.index, old.end.index, &uid),
            None => Err(format!("the identity of Cluster `{cluster}` has no `uid`")),
        },
    }
}

fn pin_writer(text: &str, cluster: &str, writer: &str) -> Result<String, String> {
    let document = document(text, cluster)?;
    let spec = spec_of(&document, cluster)?;
    let quoted = scalar(writer);
    let Some(guards) = spec.value.entry("guards") else {
        return insert_key(text, spec, &format!("guards: {{ writers: [{quoted}] }}"));
    };
    let Some(writers) = guards.value.get("writers") else {
        return insert_key(text, guards, &format!("writers: [{quoted}]"));
    };
    if has_item(Some(writers), writer) {
        return Ok(text.to_owned());
    }
    let Kind::Sequence(items) = &writers.kind else {
        return Err(format!(
            "`guards.writers` of Cluster `{cluster}` is no list"
        ));
    };
    let at = writers.start.index;
    if character(text, at) == Some('[') {
        let comma = if items.is_empty() { "" } else { ", " };
        return splice(text, at + 1, at + 1, &format!("{quoted}{comma}"));
    }
    // The dash stands before the first item, with blanks between.
    let first = items.first().map_or(writers.start, |item| item.start);
    let blanks =
        (1..=first.index).take_while(|back| character(text, first.index - back) == Some(' '));
    let back = blanks.count() + 1;
    let (Some(at), column) = (first.index.checked_sub(back), usize::try_from(first.column)) else {
        return Err(format!(
            "`guards.writers` of Cluster `{cluster}` has an unusual form"
        ));
    };
    let indent = " ".repeat(column.unwrap_or(1).saturating_sub(back + 1));
    splice(
        text,
        at,
        at,
        &format!("- {quoted}{}{indent}", newline(text)),
    )
}

/// The document; positions are those of `text` itself.
fn document(text: &str, cluster: &str) -> Result<Node, String> {
    let parsed = parse(text);
    if let Some(trouble) = parsed.troubles.first() {
        return Err(format!("line {}: {}", trouble.at.line, trouble.message));
    }
    let is_it = |node: &Node| {
        let name = node
            .get("metadata")
            .and_then(|metadata| metadata.get("name"));
        node.get("kind").and_then(Node::text) == Some("Cluster")
            && name.and_then(Node::text) == Some(cluster)
    };
    let mut found = parsed.documents.into_iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(document), None) => Ok(document),
        (None, _) => Err(format!("there is no Cluster `{cluster}` here")),
        (Some(_), Some(_)) => Err(format!("there are two Clusters `{cluster}` here")),
    }
}

fn spec_of<'a>(document: &'a Node, cluster: &str) -> Result<&'a Entry, String> {
    document
        .entry("spec")
        .ok_or_else(|| format!("Cluster `{cluster}` has no `spec`"))
}

fn has_item(list: Option<&Node>, wanted: &str) -> bool {
    match list.map(|list| &list.kind) {
        Some(Kind::Sequence(items)) => items.iter().any(|item| item.text() == Some(wanted)),
        Some(Kind::Scalar { .. } | Kind::Mapping(_)) | None => false,
    }
}

/// Puts a key first into the mapping of an entry.
fn insert_key(text: &str, entry: &Entry, line: &str) -> Result<String, String> {
    let Kind::Mapping(entries) = &entry.value.kind else {
        return Err(format!("`{}` is no mapping", entry.key));
    };
    let at = entry.value.start.index;
    if character(text, at) == Some('{') {
        let comma = if entries.is_empty() { " " } else { "," };
        return splice(text, at + 1, at + 1, &format!(" {line}{comma}"));
    }
    let indent = indent_of(&entry.value);
    splice(text, at, at, &format!("{line}{}{indent}", newline(text)))
}

fn indent_of(node: &Node) -> String {
    let columns = usize::try_from(node.start.column).unwrap_or(1);
    " ".repeat(columns.saturating_sub(1))
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// A byte order mark is no part of what the parser counts.
fn offset(text: &str) -> usize {
    usize::from(text.starts_with('\u{feff}'))
}

fn character(text: &str, index: usize) -> Option<char> {
    text.chars().nth(index + offset(text))
}

/// Replaces the characters from `first` up to `end`.
fn splice(text: &str, first: usize, end: usize, new: &str) -> Result<String, String> {
    let (first, end) = (first + offset(text), end + offset(text));
    if end < first {
        return Err("the text has no place for the line".to_owned());
    }
    let head: String = text.chars().take(first).collect();
    let tail: String = text.chars().skip(end).collect();
    Ok(format!("{head}{new}{tail}"))
}
