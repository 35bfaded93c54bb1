//! Where the parts of an object stand in the text that it was read from.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::chunks::{Chunks, chunks};
use super::cursor::Cursor;
use super::{ManifestPlace, json, without_mark, yaml};
use crate::parse::{Reading, parse_as};
use crate::tree::{Node, strip_segment};

/// Finds parts of the objects of one text, by parsing it again. What was parsed last is kept: ask in
/// the order of the objects.
#[derive(Debug)]
pub struct ManifestPlaces<'t> {
    text: &'t str,
    cursor: Cursor<'t>,
    /// Those after the one that was parsed last.
    chunks: Chunks<'t>,
    parsed: Option<Parsed>,
}

/// A part of a YAML text.
#[derive(Debug)]
struct Parsed {
    first_line: u32,
    last_line: u32,
    documents: Vec<Node>,
}

impl<'t> ManifestPlaces<'t> {
    /// Of a text as it was handed to [`super::Manifests::read`].
    pub fn new(text: &'t str) -> Self {
        let text = without_mark(text);
        Self {
            text,
            cursor: Cursor::new(text),
            chunks: chunks(text),
            parsed: None,
        }
    }

    /// Line and column of a path, such as `spec.ingress[0].from[1]`, of an object of this text; of
    /// the deepest part of it that is there. None where no object begins at the place.
    pub fn find(&mut self, place: ManifestPlace, path: &str) -> Option<(u32, u32)> {
        if json::is_json(self.text) {
            let start = self.cursor.offset_of(place.line, place.column)?;
            let offset = json::find(self.text, start, path)?;
            return Some(self.cursor.clone().place_of(offset));
        }
        let parsed = self.parsed(place.line)?;
        let lines_before = parsed.first_line - 1;
        let objects = parsed.documents.iter().flat_map(yaml::objects);
        let mut starts = objects.filter(|node| {
            (node.start.line + lines_before, node.start.column) == (place.line, place.column)
        });
        let spot = starts.next()?.find(path, false);
        Some((spot.line + lines_before, spot.column))
    }

    /// The part of a YAML text that holds a line.
    fn parsed(&mut self, line: u32) -> Option<&Parsed> {
        let holds = |parsed: &Parsed| (parsed.first_line..=parsed.last_line).contains(&line);
        if !self.parsed.as_ref().is_some_and(holds) {
            self.parsed = self.parse(line);
        }
        self.parsed.as_ref()
    }

    fn parse(&mut self, line: u32) -> Option<Parsed> {
        if line <= self.chunks.lines_before() {
            self.chunks = chunks(self.text);
        }
        while let Some(chunk) = self.chunks.next() {
            let last_line = self.chunks.lines_before();
            if line <= last_line {
                return Some(Parsed {
                    first_line: chunk.lines_before + 1,
                    last_line,
                    documents: parse_as(chunk.text, Reading::Manifests).documents,
                });
            }
        }
        None
    }
}

/// The byte at which the deepest part of a path that is there begins in a JSON value.
pub(super) fn deepest(value: &str, path: &str) -> usize {
    let dotted = match path.chars().next() {
        None | Some('[') => path.to_owned(),
        Some(_) => format!(".{path}"),
    };
    let (mut inner, mut rest) = (value, dotted.as_str());
    while let Some((next, left)) = step(inner, rest) {
        (inner, rest) = (next, left);
    }
    inner.as_ptr().addr().saturating_sub(value.as_ptr().addr())
}

fn step<'v, 'p>(value: &'v str, path: &'p str) -> Option<(&'v str, &'p str)> {
    if value.starts_with('[') {
        let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
        let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
        let item = items.get(index.parse::<usize>().ok()?)?;
        return Some((item.get(), rest));
    }
    let entries: BTreeMap<String, &RawValue> = serde_json::from_str(value).ok()?;
    entries.into_iter().find_map(|(key, value)| {
        let rest = strip_segment(path, &key)?;
        let ends = rest.is_empty() || rest.starts_with(['.', '[']);
        ends.then_some((value.get(), rest))
    })
}
