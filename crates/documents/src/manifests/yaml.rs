//! Objects out of YAML.

use std::collections::BTreeSet;

use cofferdam_model::diagnostic::Severity;

use super::accept::{Acceptance, At, Word};
use super::chunks::{Chunk, chunks};
use super::decode::{Fault, decode};
use super::identity::group_and_kind;
use super::list::{Items, ListHead};
use crate::parse::{MAX_BYTES, Reading, parse_as};
use crate::tree::{Entry, Kind, Node, Spot};

const TEMPLATE: &str = "`{{` is of a template: render it first, as `helm template` does";

/// Hands out every object of a text.
pub(super) fn read(text: &str, acceptance: &mut Acceptance<'_>) {
    if text.len() > MAX_BYTES {
        let size = text.len();
        let message = format!("the file has {size} bytes; of YAML at most {MAX_BYTES} are read");
        let hint = "split it, or write it as JSON, which may be longer";
        acceptance.tell(Word::error((0, 0), "file-too-large", message).hint(hint));
        return;
    }
    for chunk in chunks(text) {
        let parsed = parse_as(chunk.text, Reading::Manifests);
        let mut reader = Reader {
            chunk,
            faults: parsed.troubles.iter().map(|trouble| trouble.at).collect(),
            acceptance,
        };
        for trouble in parsed.troubles {
            let at = at(&chunk, trouble.at);
            let word = Word::error(at, trouble.code, trouble.message);
            let is_template = chunk.text.contains("{{");
            let hint = is_template.then_some(TEMPLATE).map(str::to_owned);
            reader.acceptance.tell(Word { hint, ..word });
        }
        for document in parsed.documents.iter().filter(|node| !is_null(node)) {
            reader.value(document, None);
        }
    }
}

/// Every object that a document holds, without those of lists that are lists themselves.
pub(super) fn objects(document: &Node) -> Vec<&Node> {
    let (mut objects, mut left) = (Vec::new(), vec![document]);
    while let Some(node) = left.pop() {
        match list(node) {
            Some((_, items)) => left.extend(items.iter().rev()),
            None => objects.push(node),
        }
    }
    objects
}

/// Line and column in the whole text. What the parser misses at the end, it misses on the line after it.
fn at(chunk: &Chunk<'_>, spot: Spot) -> At {
    let column = if spot.line > chunk.lines {
        1
    } else {
        spot.column
    };
    (chunk.lines_before + spot.line.min(chunk.lines), column)
}

/// A list, with its items.
fn list(node: &Node) -> Option<(ListHead, &[Node])> {
    let text = |key| node.get(key).and_then(Node::text);
    let (found, items): (Items, &[Node]) = match node.get("items") {
        None => (Items::Absent, &[]),
        Some(items) if is_null(items) => (Items::Nothing, &[]),
        Some(items) => match &items.kind {
            Kind::Sequence(items) => (Items::Listed, items),
            Kind::Scalar { .. } | Kind::Mapping(_) => (Items::Other, &[]),
        },
    };
    let head = ListHead::of(text("kind")?, text("apiVersion").unwrap_or_default(), found)?;
    Some((head, items))
}

/// The first key that is there twice.
fn repeated(node: &Node) -> Option<&Entry> {
    let Kind::Mapping(entries) = &node.kind else {
        return None;
    };
    let mut seen = BTreeSet::new();
    entries.iter().find(|entry| !seen.insert(&entry.key))
}

fn is_null(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { text, plain: true }
        if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
}

struct Reader<'c, 'a, 'r> {
    chunk: Chunk<'c>,
    /// Places where the parser found something wrong, told already.
    faults: Vec<Spot>,
    acceptance: &'a mut Acceptance<'r>,
}

impl Reader<'_, '_, '_> {
    /// Lists within lists are bounded by the limit on depth of the parser.
    fn value(&mut self, node: &Node, within: Option<&ListHead>) {
        let Some((head, items)) = list(node) else {
            self.object(node, within);
            return;
        };
        if let Some(entry) = repeated(node) {
            let message = format!("the key `{}` is here twice", entry.key);
            let word = Word::error(at(&self.chunk, entry.at), "duplicate-key", message);
            self.acceptance.tell(word.path(entry.key.clone()));
            return;
        }
        for item in items {
            self.value(item, Some(&head));
        }
    }

    fn object(&mut self, node: &Node, within: Option<&ListHead>) {
        let chunk = self.chunk;
        if !matches!(node.kind, Kind::Mapping(_)) {
            let word = Word::error(at(&chunk, node.start), "not-an-object", "this is no object");
            let hint = "a Kubernetes object begins with `apiVersion` and `kind`";
            self.acceptance.tell(word.hint(hint));
            return;
        }
        let decoded = decode(node);
        let mut value = decoded.value;
        if let Some(list) = within {
            list.complete(&mut value);
        }
        let span = node.start.index..=node.end.index;
        let mut is_wrong = self.faults.iter().any(|spot| span.contains(&spot.index));
        // What is no object may have other rules.
        if group_and_kind(&value).is_some() {
            for fault in decoded.faults {
                is_wrong |= fault.severity == Severity::Error;
                self.acceptance.tell(word(&chunk, fault));
            }
        }
        if is_wrong {
            return;
        }
        let start = at(&chunk, node.start);
        let mut find = |path: &str| at(&chunk, node.find(path, false));
        self.acceptance.object(value, start, &mut find);
    }
}

fn word(chunk: &Chunk<'_>, fault: Fault) -> Word {
    let Fault {
        at: spot,
        path,
        severity,
        code,
        message,
        hint,
    } = fault;
    Word {
        at: at(chunk, spot),
        path,
        severity,
        code,
        message,
        hint: hint.map(str::to_owned),
    }
}
