//! What every object has to have, whatever it was read from.

use std::collections::BTreeMap;

use cofferdam_model::count::counted;
use cofferdam_model::diagnostic::{Diagnostic, Place, Severity};
use serde_json::Value;

use super::identity::{Identity, group_and_kind};
use super::strings::no_text;
use super::{FileId, Manifest, ManifestPlace};

/// What is told of one text, one by one.
const MOST_TOLD: usize = 1000;

/// Takes the objects of one text, and what is wrong with it.
pub(super) struct Acceptance<'r> {
    pub(super) file: FileId,
    /// Those of every file until now, this one last.
    pub(super) paths: &'r [String],
    pub(super) seen: &'r mut BTreeMap<Identity, ManifestPlace>,
    pub(super) told: Vec<Diagnostic>,
    pub(super) untold: usize,
    pub(super) take: &'r mut dyn FnMut(Manifest),
}

/// Line and column.
pub(super) type At = (u32, u32);

/// Something to tell about a place.
pub(super) struct Word {
    pub(super) at: At,
    pub(super) path: String,
    pub(super) severity: Severity,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Word {
    pub(super) fn error(at: At, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            at,
            path: String::new(),
            severity: Severity::Error,
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn path(self, path: impl Into<String>) -> Self {
        let path = path.into();
        Self { path, ..self }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into());
        Self { hint, ..self }
    }
}

impl Acceptance<'_> {
    pub(super) fn tell(&mut self, word: Word) {
        if self.told.len() >= MOST_TOLD {
            self.untold += 1;
            return;
        }
        let Word {
            at: (line, column),
            path,
            severity,
            code,
            message,
            hint,
        } = word;
        self.told.push(Diagnostic {
            place: Place {
                file: self.paths.last().cloned().unwrap_or_default(),
                line,
                column,
                path: path.trim_start_matches('.').to_owned(),
            },
            severity,
            code,
            message,
            hint,
        });
    }

    /// Hands out an object, if there is nothing wrong with it; `find` knows where its paths are.
    pub(super) fn object(&mut self, object: Value, at: At, find: &mut dyn FnMut(&str) -> At) {
        let Some((group, kind)) = group_and_kind(&object) else {
            self.tell(headless(&object, find));
            return;
        };
        let wrong = no_text(&object, group, kind);
        if !wrong.is_empty() {
            for value in wrong {
                let message = format!("{} stands where Kubernetes takes text only", value.what);
                let word = Word::error(find(&value.path), "not-a-string", message);
                self.tell(word.path(value.path).hint("put it in quotes"));
            }
            return;
        }
        let (line, column) = at;
        let place = ManifestPlace {
            file: self.file,
            line,
            column,
        };
        if let Some(identity) = Identity::of(&object) {
            if let Some(first) = self.seen.get(&identity) {
                let there = self.shown(*first);
                let message = format!("there are two objects `{identity}`");
                let word = Word::error(find("metadata.name"), "duplicate-object", message);
                let hint = format!("the other is at {there}; only that one is read");
                self.tell(word.path("metadata.name").hint(hint));
                return;
            }
            self.seen.insert(identity, place);
        }
        (self.take)(Manifest { object, place });
    }

    fn shown(&self, place: ManifestPlace) -> String {
        let index = usize::try_from(place.file.0).unwrap_or(usize::MAX);
        let path = self.paths.get(index).map_or("", String::as_str);
        format!("{path}:{}:{}", place.line, place.column)
    }

    /// What was told, by place.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.told.sort();
        if self.untold > 0 {
            self.told.push(Diagnostic {
                place: Place {
                    file: self.paths.last().cloned().unwrap_or_default(),
                    ..Place::default()
                },
                severity: Severity::Error,
                code: "too-many-findings",
                message: counted(self.untold, "more finding"),
                hint: None,
            });
        }
        self.told
    }
}

/// What is said of a value without group or kind.
fn headless(object: &Value, find: &mut dyn FnMut(&str) -> At) -> Word {
    let key = ["apiVersion", "kind"].into_iter().find(|key| {
        let text = object.get(key).and_then(Value::as_str);
        text.is_none_or(str::is_empty)
    });
    let key = key.unwrap_or("kind");
    let word = if object.get(key).is_some() {
        let message = format!("`{key}` is no text");
        Word::error(find(key), "not-an-object", message).path(key)
    } else {
        Word::error(find(""), "not-an-object", format!("`{key}` is missing"))
    };
    word.hint("a Kubernetes object begins with `apiVersion` and `kind`")
}
