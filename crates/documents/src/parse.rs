//! YAML text into trees.
//!
//! The parser's events are handled one at a time, so that limits on depth, size and aliases hold
//! before anything is built: hostile input ends early and nothing here recurses over it.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::manifests::is_typed;
use crate::tree::{Entry, Kind, Node, Spot};

/// Files above are refused unread.
pub(crate) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Whose rules a text follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Our own: no tags, no merge keys, no key twice.
    #[default]
    Documents,
    /// Those of Kubernetes manifests: tags mean what they mean to kubectl; merge keys and keys that
    /// are there twice are left to who decodes the tree.
    Manifests,
}

impl Reading {
    fn most_depth(self) -> usize {
        match self {
            Self::Documents => 64,
            Self::Manifests => 128,
        }
    }

    fn most_nodes(self) -> usize {
        match self {
            Self::Documents => 1_000_000,
            Self::Manifests => 2_000_000,
        }
    }

    fn most_aliases(self) -> usize {
        match self {
            Self::Documents => 100,
            Self::Manifests => 10_000,
        }
    }
}

/// What the text itself has wrong.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) at: Spot,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// The documents of one text, as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) documents: Vec<Node>,
    pub(crate) troubles: Vec<Trouble>,
    /// Reading stopped before the end.
    pub(crate) cut: bool,
}

/// Reads every document of a text of ours.
pub(crate) fn parse(text: &str) -> Parsed {
    parse_as(text, Reading::Documents)
}

/// Reads every document of a text by somebody's rules.
pub(crate) fn parse_as(text: &str, reading: Reading) -> Parsed {
    let mut builder = Builder {
        reading,
        ..Builder::default()
    };
    if text.len() > MAX_BYTES {
        let size = text.len();
        builder.stop(trouble(
            Spot::default(),
            "file-too-large",
            format!("the file has {size} bytes; at most {MAX_BYTES} are read"),
        ));
        return builder.parsed;
    }
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some(event) = parser.next_event() {
        let handled = match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => builder.handle(event, span),
            Err(error) => Err(trouble(
                Spot::from(*error.marker()),
                "syntax",
                format!("not valid YAML: {}", error.info()),
            )),
        };
        if let Err(trouble) = handled {
            builder.stop(trouble);
            break;
        }
    }
    builder.parsed
}

fn trouble(at: Spot, code: &'static str, message: String) -> Trouble {
    Trouble {
        at,
        code,
        message,
        hint: None,
    }
}

#[derive(Default)]
struct Builder {
    reading: Reading,
    parsed: Parsed,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    aliases: usize,
}

struct Frame {
    start: Spot,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping(Box<Pairs>),
}

#[derive(Default)]
struct Pairs {
    entries: Vec<Entry>,
    seen: BTreeSet<String>,
    key: Option<Key>,
}

enum Key {
    Good { text: String, plain: bool, at: Spot },
    Refused,
}

impl Builder {
    fn stop(&mut self, trouble: Trouble) {
        self.parsed.troubles.push(trouble);
        self.parsed.cut = true;
    }

    fn handle(&mut self, event: Event<'_>, span: Span) -> Result<(), Trouble> {
        let start = Spot::from(span.start);
        let end = Spot::from(span.end);
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {
                self.anchors.clear();
                self.aliases = 0;
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, start),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, start)?;
                let plain = match tag.as_deref() {
                    Some(tag) if self.reading == Reading::Manifests => {
                        self.is_plain_by(tag, &text, start)
                    }
                    tag => {
                        self.refuse_tag(tag.is_some(), start);
                        style == ScalarStyle::Plain
                    }
                };
                let text = text.into_owned();
                let kind = Kind::Scalar { text, plain };
                self.add(Node { start, end, kind }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), start);
                self.open(start, anchor, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), start);
                self.open(start, anchor, Content::Mapping(Box::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(end),
        }
    }

    fn open(&mut self, start: Spot, anchor: usize, content: Content) -> Result<(), Trouble> {
        self.count(1, start)?;
        if self.stack.len() >= self.reading.most_depth() {
            return Err(self.too_deep(start));
        }
        self.stack.push(Frame {
            start,
            anchor,
            content,
        });
        Ok(())
    }

    fn too_deep(&self, at: Spot) -> Trouble {
        let most = self.reading.most_depth();
        trouble(
            at,
            "too-deep",
            format!("more than {most} levels of nesting"),
        )
    }

    fn close(&mut self, end: Spot) -> Result<(), Trouble> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let kind = match frame.content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping(pairs) => Kind::Mapping(pairs.entries),
        };
        let start = frame.start;
        self.add(Node { start, end, kind }, frame.anchor)
    }

    fn alias(&mut self, anchor: usize, at: Spot) -> Result<(), Trouble> {
        self.aliases += 1;
        let most = self.reading.most_aliases();
        if self.aliases > most {
            let message = format!("a document may hold at most {most} aliases");
            return Err(trouble(at, "alias-limit", message));
        }
        let Some(node) = self.anchors.get(&anchor) else {
            let message = "the alias stands within what it names".to_owned();
            return Err(trouble(at, "alias-limit", message));
        };
        let (size, depth) = node.extent();
        if self.stack.len() + depth > self.reading.most_depth() {
            return Err(self.too_deep(at));
        }
        let node = node.clone();
        self.count(size, at)?;
        self.add(node, 0)
    }

    fn count(&mut self, nodes: usize, at: Spot) -> Result<(), Trouble> {
        self.nodes += nodes;
        let most = self.reading.most_nodes();
        if self.nodes > most {
            let message = format!("the file has more than {most} values");
            return Err(trouble(at, "too-many-nodes", message));
        }
        Ok(())
    }

    /// Whether a scalar with a tag means what its text means where nothing is quoted.
    fn is_plain_by(&mut self, tag: &Tag, text: &str, at: Spot) -> bool {
        is_typed(tag, text).unwrap_or_else(|message| {
            self.parsed.troubles.push(trouble(at, "tag", message));
            false
        })
    }

    fn refuse_tag(&mut self, present: bool, at: Spot) {
        if present && self.reading == Reading::Documents {
            let message = "tags (`!…`) are not used here".to_owned();
            self.parsed.troubles.push(trouble(at, "tag", message));
        }
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Trouble> {
        if anchor > 0 {
            self.count(node.extent().0, node.start)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => self.parsed.documents.push(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping(pairs)) => {
                pairs.add(node, self.reading, &mut self.parsed.troubles);
            }
        }
        Ok(())
    }
}

impl Pairs {
    fn add(&mut self, node: Node, reading: Reading, troubles: &mut Vec<Trouble>) {
        match self.key.take() {
            None => self.key = Some(self.read_key(node, reading, troubles)),
            Some(Key::Refused) => {}
            Some(Key::Good { text, plain, at }) => {
                if reading == Reading::Documents {
                    self.seen.insert(text.clone());
                }
                self.entries.push(Entry {
                    key: text,
                    plain,
                    at,
                    value: node,
                });
            }
        }
    }

    fn read_key(&self, node: Node, reading: Reading, troubles: &mut Vec<Trouble>) -> Key {
        let at = node.start;
        let Kind::Scalar { text, plain } = node.kind else {
            let message = "a key must be a word".to_owned();
            troubles.push(trouble(at, "complex-key", message));
            return Key::Refused;
        };
        if reading == Reading::Manifests {
            return Key::Good { text, plain, at };
        }
        if plain && text == "<<" {
            troubles.push(Trouble {
                hint: Some("write the keys out".to_owned()),
                ..trouble(at, "merge-key", "merge keys are not read".to_owned())
            });
            return Key::Refused;
        }
        if self.seen.contains(&text) {
            let message = format!("the key `{text}` is here twice");
            troubles.push(trouble(at, "duplicate-key", message));
            return Key::Refused;
        }
        Key::Good { text, plain, at }
    }
}
