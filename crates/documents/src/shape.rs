//! A document's tree against the JSON Schema of its kind: every finding about shape, with its path.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use crate::finding::Reporter;
use crate::nearest::{did_you_mean, one_of};
use crate::scalar::{Plain, classify};
use crate::tree::{Entry, Kind, Node, segment};

/// The schema of a kind, and what its parts were found to take: documents of a kind are many.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    root: &'a Value,
    /// By the place of the part in memory, where the schema lies still as long as it is borrowed.
    wanted: BTreeMap<*const Value, Rc<Wanted<'a>>>,
}

impl<'a> Shape<'a> {
    /// The shape that a schema describes.
    pub(crate) fn new(schema: &'a Value) -> Self {
        Self {
            root: schema,
            wanted: BTreeMap::new(),
        }
    }

    /// Reports everything by which a document differs from the schema of its kind.
    pub(crate) fn check(&mut self, node: &Node, reporter: &mut Reporter<'_>) {
        let root = self.root;
        let mut walker = Walker {
            shape: self,
            reporter,
        };
        walker.visit(node, root, &Path::Root);
    }

    fn wanted(&mut self, schema: &'a Value) -> Rc<Wanted<'a>> {
        let place = std::ptr::from_ref(schema);
        if let Some(known) = self.wanted.get(&place) {
            return Rc::clone(known);
        }
        let mut wanted = Wanted::default();
        self.collect(schema, &mut wanted);
        let wanted = Rc::new(wanted);
        self.wanted.insert(place, Rc::clone(&wanted));
        wanted
    }

    /// Schemas are ours and nest alternatives at most twice, so the recursion is short.
    fn collect(&self, schema: &'a Value, wanted: &mut Wanted<'a>) {
        let schema = self.follow(schema);
        for choices in ["anyOf", "oneOf"] {
            for choice in schema
                .get(choices)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.collect(choice, wanted);
            }
        }
        let words = schema
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let known = wanted.words.len();
        wanted
            .words
            .extend(words.chain(schema.get("const")).filter_map(Value::as_str));
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => wanted.object = Some(schema),
            Some("array") => wanted.array = Some(schema),
            Some("integer") => wanted.integer = Some(schema),
            Some("boolean") => wanted.boolean = true,
            Some("string") if wanted.words.len() == known => wanted.string = true,
            _ => {}
        }
    }

    fn follow(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..8 {
            let target = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|target| self.root.pointer(target.trim_start_matches('#')));
            match target {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }
}

/// Where the walk is. Only findings spell it out.
enum Path<'p> {
    Root,
    Key(&'p Self, &'p str),
    Item(&'p Self, usize),
}

impl Path<'_> {
    fn spelt(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(above, key) => join(&above.spelt(), key),
            Self::Item(above, index) => format!("{}[{index}]", above.spelt()),
        }
    }
}

struct Walker<'s, 'a, 'b> {
    shape: &'s mut Shape<'a>,
    reporter: &'s mut Reporter<'b>,
}

/// What a schema takes, its alternatives merged by kind of node.
#[derive(Debug, Default)]
struct Wanted<'a> {
    object: Option<&'a Value>,
    array: Option<&'a Value>,
    integer: Option<&'a Value>,
    string: bool,
    boolean: bool,
    words: Vec<&'a str>,
}

impl<'a> Walker<'_, 'a, '_> {
    fn visit(&mut self, node: &Node, schema: &'a Value, path: &Path<'_>) {
        let wanted = self.shape.wanted(schema);
        match &node.kind {
            Kind::Mapping(entries) => match wanted.object {
                Some(object) => self.visit_mapping(entries, object, path),
                None => self.wrong_type(path, &wanted, "a mapping"),
            },
            Kind::Sequence(items) => match wanted.array.and_then(|array| array.get("items")) {
                Some(schema) => {
                    for (index, item) in items.iter().enumerate() {
                        self.visit(item, schema, &Path::Item(path, index));
                    }
                }
                None => self.wrong_type(path, &wanted, "a list"),
            },
            Kind::Scalar { text, plain } => self.visit_scalar(text, *plain, &wanted, path),
        }
    }

    fn visit_mapping(&mut self, entries: &[Entry], schema: &'a Value, path: &Path<'_>) {
        let empty = serde_json::Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema
            .get("additionalProperties")
            .filter(|more| more.is_object());
        for entry in entries {
            let below = Path::Key(path, &entry.key);
            if entry.plain && classify(&entry.key) != Plain::Text {
                self.ambiguous_key(&below, &entry.key);
                continue;
            }
            let property = properties.and_then(|properties| properties.get(&entry.key));
            if let Some(schema) = property.or(additional) {
                self.visit(&entry.value, schema, &below);
            } else {
                let known = properties.unwrap_or(&empty).keys().map(String::as_str);
                self.unknown_field(&below, &entry.key, known);
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for field in required.into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == field) {
                let below = Path::Key(path, field).spelt();
                self.reporter
                    .error(&below, "missing-field", format!("`{below}` is missing"));
            }
        }
    }

    fn visit_scalar(&mut self, text: &str, plain: bool, wanted: &Wanted<'_>, path: &Path<'_>) {
        if wanted.words.contains(&text) && (!plain || classify(text) == Plain::Text) {
            return;
        }
        let meaning = if plain { classify(text) } else { Plain::Text };
        match meaning {
            Plain::Text if wanted.string => {}
            Plain::Text if !wanted.words.is_empty() => self.unknown_word(text, wanted, path),
            Plain::Text => {
                let have = if plain { "text" } else { "quoted text" };
                self.wrong_type(path, wanted, &format!("{have} (`{}`)", shortened(text)));
            }
            Plain::Bool(_) if wanted.boolean => {}
            Plain::Integer(number) if wanted.integer.is_some() => {
                self.check_range(number, wanted, path);
            }
            Plain::Ambiguous("nothing") => {
                let message = format!("wanted {}, found nothing", wanted.describe());
                let hint = "write a value, or leave the key out";
                self.reporter
                    .error(&path.spelt(), "wrong-type", message)
                    .hint(hint);
            }
            Plain::Ambiguous(what) => {
                let message = format!("`{text}` is {what} to some YAML readers and text to others");
                let hint = wanted.how_to_write(text);
                self.reporter
                    .error(&path.spelt(), "ambiguous-scalar", message)
                    .maybe(hint);
            }
            Plain::Bool(_) | Plain::Integer(_) | Plain::Number => {
                let boolean = matches!(meaning, Plain::Bool(_));
                let have = if boolean { "a boolean" } else { "a number" };
                let message = format!("wanted {}, found {have} (`{text}`)", wanted.describe());
                let hint = wanted.how_to_write(text);
                self.reporter
                    .error(&path.spelt(), "wrong-type", message)
                    .maybe(hint);
            }
        }
    }

    fn check_range(&mut self, number: i64, wanted: &Wanted<'_>, path: &Path<'_>) {
        let bound = |name: &str| {
            wanted
                .integer
                .and_then(|schema| schema.get(name))
                .and_then(Value::as_i64)
        };
        let (low, high) = (bound("minimum"), bound("maximum"));
        let message = match (low, high) {
            (Some(low), Some(high)) if number < low || number > high => {
                format!("`{number}` is not from {low} to {high}")
            }
            (Some(low), None) if number < low => format!("`{number}` is less than {low}"),
            _ => return,
        };
        self.reporter.error(&path.spelt(), "out-of-range", message);
    }

    fn wrong_type(&mut self, path: &Path<'_>, wanted: &Wanted<'_>, have: &str) {
        let message = format!("wanted {}, found {have}", wanted.describe());
        self.reporter.error(&path.spelt(), "wrong-type", message);
    }

    fn unknown_word(&mut self, text: &str, wanted: &Wanted<'_>, path: &Path<'_>) {
        let words = one_of(wanted.words.iter().copied());
        let text = shortened(text);
        let message = format!("`{text}` is not known here; wanted {words}");
        let hint = did_you_mean(&text, wanted.words.iter().copied());
        self.reporter
            .error(&path.spelt(), "unknown-word", message)
            .maybe(hint);
    }

    fn ambiguous_key(&mut self, path: &Path<'_>, key: &str) {
        let message = format!("the key `{key}` is not text to every YAML reader");
        let hint = format!("write \"{key}\"");
        self.reporter
            .error(&path.spelt(), "ambiguous-key", message)
            .hint(hint);
    }

    fn unknown_field<'k>(
        &mut self,
        path: &Path<'_>,
        key: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let hint = did_you_mean(key, known.clone())
            .unwrap_or_else(|| format!("known here: {}", one_of(known)));
        let message = format!("unknown field `{}`", shortened(key));
        self.reporter
            .error(&path.spelt(), "unknown-field", message)
            .hint(hint);
    }
}

impl Wanted<'_> {
    fn describe(&self) -> String {
        let kinds = [
            (self.integer.is_some(), "a whole number"),
            (self.string, "text"),
            (self.boolean, "`true` or `false`"),
            (self.array.is_some(), "a list"),
            (self.object.is_some(), "a mapping"),
        ];
        let words = (!self.words.is_empty()).then(|| one_of(self.words.iter().copied()));
        let kinds = kinds.into_iter().filter(|(wanted, _)| *wanted);
        let all: Vec<String> = words
            .into_iter()
            .chain(kinds.map(|(_, name)| name.to_owned()))
            .collect();
        all.join(" or ")
    }

    fn how_to_write(&self, text: &str) -> Option<String> {
        if self.string || self.words.contains(&text) {
            Some(format!("write \"{text}\""))
        } else if self.boolean {
            Some("write `true` or `false`".to_owned())
        } else if self.integer.is_some() {
            Some("write a decimal number without leading zeros".to_owned())
        } else {
            None
        }
    }
}

/// A path one key further.
pub(crate) fn join(path: &str, key: &str) -> String {
    let segment = segment(key);
    match segment.strip_prefix('.') {
        Some(first) if path.is_empty() => first.to_owned(),
        _ => format!("{path}{segment}"),
    }
}

fn shortened(text: &str) -> String {
    let line: String = text
        .chars()
        .take(60)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.chars().count() < text.chars().count() {
        format!("{line}…")
    } else {
        line
    }
}
