//! A YAML document as a tree in which every value knows its place.

use saphyr_parser::Marker;

/// A place in a text; line and column count from 1, the index counts characters from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) index: usize,
}

impl From<Marker> for Spot {
    fn from(mark: Marker) -> Self {
        Self {
            line: u32::try_from(mark.line()).unwrap_or(u32::MAX),
            column: u32::try_from(mark.col() + 1).unwrap_or(u32::MAX),
            index: mark.index(),
        }
    }
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) start: Spot,
    pub(crate) end: Spot,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar { text: String, plain: bool },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) plain: bool,
    pub(crate) at: Spot,
    pub(crate) value: Node,
}

impl Node {
    /// Number of nodes and levels; recursion is bounded by the limit on depth.
    pub(crate) fn extent(&self) -> (usize, usize) {
        let sum = |(size, depth): (usize, usize), node: &Self| {
            let (more, below) = node.extent();
            (size + more, depth.max(below))
        };
        let (size, depth) = match &self.kind {
            Kind::Scalar { .. } => return (1, 0),
            Kind::Sequence(items) => items.iter().fold((0, 0), sum),
            Kind::Mapping(entries) => entries.iter().map(|e| &e.value).fold((0, 0), sum),
        };
        (size + 1, depth + 1)
    }

    /// Whether nothing is written.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if text.is_empty())
    }

    /// The entry of a mapping.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            Kind::Scalar { .. } | Kind::Sequence(_) => None,
        }
    }

    /// The value of a mapping's key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::Sequence(_) | Kind::Mapping(_) => None,
        }
    }

    /// The place of a path, or of the deepest part of it that exists; `key` asks for the place of
    /// the last key instead of that of its value.
    pub(crate) fn find(&self, path: &str, key: bool) -> Spot {
        let dotted = match path.chars().next() {
            None | Some('[') => path.to_owned(),
            Some(_) => format!(".{path}"),
        };
        let mut rest = dotted.as_str();
        let (mut node, mut spot) = (self, self.start);
        while let Some(step) = node.step(rest) {
            (node, rest) = (step.node, step.rest);
            spot = match step.entry {
                Some(entry) if key => entry.at,
                Some(entry) => entry.shown_at(),
                None => node.start,
            };
        }
        spot
    }

    fn step<'p>(&self, path: &'p str) -> Option<Step<'_, 'p>> {
        match &self.kind {
            Kind::Scalar { .. } => None,
            Kind::Sequence(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let node = items.get(index.parse::<usize>().ok()?)?;
                let entry = None;
                Some(Step { node, entry, rest })
            }
            Kind::Mapping(entries) => entries.iter().find_map(|entry| {
                let rest = strip_segment(path, &entry.key)?;
                let ends = rest.is_empty() || rest.starts_with(['.', '[']);
                ends.then_some(Step {
                    node: &entry.value,
                    entry: Some(entry),
                    rest,
                })
            }),
        }
    }
}

/// One step along a path.
struct Step<'a, 'p> {
    node: &'a Node,
    entry: Option<&'a Entry>,
    rest: &'p str,
}

impl Entry {
    /// Where a finding about the entry points: to its value, if that begins on the line of the key.
    pub(crate) fn shown_at(&self) -> Spot {
        if self.value.start.line == self.at.line && !self.value.is_nothing() {
            self.value.start
        } else {
            self.at
        }
    }
}

/// A key as part of a path.
pub(crate) fn segment(key: &str) -> String {
    if is_simple(key) {
        format!(".{key}")
    } else {
        format!("[{key:?}]")
    }
}

fn is_simple(key: &str) -> bool {
    let simple = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !key.is_empty() && key.chars().all(simple)
}

/// The rest of a path that begins with a key.
pub(crate) fn strip_segment<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    match path.strip_prefix('.') {
        Some(rest) => rest.strip_prefix(key).filter(|_| is_simple(key)),
        None => path.strip_prefix(&segment(key)),
    }
}
