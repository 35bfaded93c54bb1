//! Objects out of JSON: one value, several one after the other, lists of any length.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Deserializer as Json;
use serde_json::value::RawValue;

use super::accept::{Acceptance, At, Word};
use super::cursor::Cursor;
use super::exact::exact;
use super::list::{Items, ListHead};
use super::places::deepest;

/// Lists within lists, each of which is walked over again to find its end.
const MOST_LISTS: usize = 8;

/// Whether a text begins as JSON of objects does, and as nobody begins YAML.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    let after = |bracket| text.strip_prefix(bracket).map(str::trim_start);
    after('{').is_some_and(|rest| rest.starts_with(['"', '}']))
        || after('[').is_some_and(|rest| rest.starts_with(['{', '[', ']', '"']))
}

/// Hands out every object of a text.
pub(super) fn read(text: &str, acceptance: &mut Acceptance<'_>) {
    let mut reader = Reader {
        text,
        cursor: Cursor::new(text),
        acceptance,
    };
    let mut start = 0;
    while let Some(rest) = text.get(start..) {
        let found = without_separators(rest);
        if found.is_empty() {
            break;
        }
        start += rest.len() - found.len();
        let mut values = Json::from_str(found).into_iter::<&RawValue>();
        match values.next() {
            None => break,
            Some(Ok(value)) => {
                let length = values.byte_offset();
                reader.value(value.get(), None, 0);
                start += length.max(1);
            }
            Some(Err(error)) => {
                let at = offset_of(found, &error);
                reader.refuse(start + at, "syntax", &error);
                let Some(next) = next_line_of_a_value(found, at.max(1)) else {
                    break;
                };
                start += next;
            }
        }
    }
}

/// Line and column of a path within the object that begins at a byte of a text, told as a byte.
pub(super) fn find(text: &str, start: usize, path: &str) -> Option<usize> {
    let rest = text.get(start..)?;
    let mut values = Json::from_str(rest).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some(start + deepest(value.get(), path))
}

/// What a value says of itself before it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'t> {
    #[serde(borrow, default, deserialize_with = "written")]
    api_version: Option<&'t RawValue>,
    #[serde(borrow, default, deserialize_with = "written")]
    kind: Option<&'t RawValue>,
    #[serde(borrow, default, deserialize_with = "written")]
    items: Option<&'t RawValue>,
}

/// What is written, `null` too.
fn written<'t, D: Deserializer<'t>>(deserializer: D) -> Result<Option<&'t RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A list, with its items.
fn list(value: &str) -> Option<(ListHead, &str)> {
    let head: Head<'_> = serde_json::from_str(value).ok()?;
    let text = |raw: Option<&RawValue>| {
        let text = raw.map(|raw| serde_json::from_str::<String>(raw.get()));
        text.and_then(Result::ok)
    };
    let (found, items) = match head.items.map(RawValue::get) {
        None => (Items::Absent, "[]"),
        Some("null") => (Items::Nothing, "[]"),
        Some(items) if items.starts_with('[') => (Items::Listed, items),
        Some(_) => (Items::Other, "[]"),
    };
    let api_version = text(head.api_version).unwrap_or_default();
    let head = ListHead::of(&text(head.kind)?, &api_version, found)?;
    Some((head, items))
}

struct Reader<'t, 'a, 'r> {
    text: &'t str,
    cursor: Cursor<'t>,
    acceptance: &'a mut Acceptance<'r>,
}

impl<'t> Reader<'t, '_, '_> {
    fn value(&mut self, value: &'t str, within: Option<&ListHead>, depth: usize) {
        let list = match value.as_bytes().first() {
            Some(b'[') if depth == 0 => Some((ListHead::default(), value)),
            Some(b'{') => list(value),
            Some(_) | None => None,
        };
        match list {
            None => self.object(value, within),
            Some(_) if depth >= MOST_LISTS => {
                let message = format!("more than {MOST_LISTS} lists within each other");
                let at = self.at(value);
                self.acceptance.tell(Word::error(at, "too-deep", message));
            }
            Some((head, items)) => {
                let each = Each {
                    reader: self,
                    head: &head,
                    depth: depth + 1,
                };
                // The items were seen to be JSON when the end of the list was found.
                Json::from_str(items).deserialize_seq(each).ok();
            }
        }
    }

    fn object(&mut self, value: &'t str, within: Option<&ListHead>) {
        let at = self.at(value);
        if !value.starts_with('{') {
            let word = Word::error(at, "not-an-object", "this is no object");
            let hint = "a Kubernetes object begins with `apiVersion` and `kind`";
            self.acceptance.tell(word.hint(hint));
            return;
        }
        let mut object = match exact(value) {
            Ok(object) => object,
            Err(error) => {
                let code = if error.is_data() {
                    "duplicate-key"
                } else {
                    "syntax"
                };
                let offset = self.offset(value) + offset_of(value, &error);
                self.refuse(offset, code, &error);
                return;
            }
        };
        if let Some(list) = within {
            list.complete(&mut object);
        }
        let start = self.offset(value);
        let cursor = self.cursor.clone();
        let mut find = |path: &str| cursor.clone().place_of(start + deepest(value, path));
        self.acceptance.object(object, at, &mut find);
    }

    fn refuse(&mut self, offset: usize, code: &'static str, error: &serde_json::Error) {
        let at = self.cursor.place_of(offset);
        let said = error.to_string();
        let said = said
            .rsplit_once(" at line ")
            .map_or(&*said, |(said, _)| said);
        let message = match code {
            "syntax" => format!("not valid JSON: {said}"),
            _ => said.to_owned(),
        };
        self.acceptance.tell(Word::error(at, code, message));
    }

    /// Where a part of the text begins in it.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr())
    }

    fn at(&mut self, part: &str) -> At {
        let offset = self.offset(part);
        self.cursor.place_of(offset)
    }
}

/// Hands the items of a list to a reader, one at a time.
struct Each<'m, 't, 'a, 'r> {
    reader: &'m mut Reader<'t, 'a, 'r>,
    head: &'m ListHead,
    depth: usize,
}

impl<'t> Visitor<'t> for Each<'_, 't, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            self.reader.value(item.get(), Some(self.head), self.depth);
        }
        Ok(())
    }
}

/// The text after blanks and lines of `---`.
fn without_separators(text: &str) -> &str {
    let mut text = text.trim_start();
    while let Some(rest) = text.strip_prefix("---") {
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            break;
        }
        text = rest.trim_start();
    }
    text
}

/// The byte of a text at which it was found wrong.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let before = error.line().saturating_sub(1);
    let lines = text.split_inclusive('\n').take(before).map(str::len);
    let mut offset = (lines.sum::<usize>() + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The next line that begins a value: within one that is written over several lines none does.
fn next_line_of_a_value(text: &str, from: usize) -> Option<usize> {
    let lines = text.bytes().enumerate().skip(from);
    let ends = lines.filter(|(_, byte)| *byte == b'\n');
    let mut starts = ends.map(|(end, _)| end + 1);
    starts.find(|start| {
        text.get(*start..)
            .is_some_and(|rest| rest.starts_with(['{', '[']))
    })
}
