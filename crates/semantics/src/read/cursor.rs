//! A value of a raw object that knows its path, and takes note of what is wrong or unknown.

use std::cell::RefCell;

use serde_json::Value;

use crate::policy::{Slip, SlipKind};

/// What was noted while an object was read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Why an API server would refuse the object.
    pub(super) faults: Vec<Note>,
    /// What is not understood of it, such as fields that are not known.
    pub(super) doubts: Vec<Note>,
    /// What is accepted, and does not count as it is written.
    pub(super) slips: Vec<Slip>,
}

/// Something that was noted.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) path: String,
    /// What it is, in words that name the path.
    pub(super) reason: String,
}

/// A value with its path.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
    notes: &'a RefCell<Notes>,
}

impl<'a> Cursor<'a> {
    /// A value under a path.
    pub(super) fn of(value: &'a Value, path: &str, notes: &'a RefCell<Notes>) -> Self {
        let path = path.to_owned();
        Self { value, path, notes }
    }

    /// Takes note of a fault of this value.
    pub(super) fn fault(&self, what: &str) {
        let note = self.note(what);
        self.notes.borrow_mut().faults.push(note);
    }

    /// Takes note that this value is not understood.
    pub(super) fn doubt(&self, what: &str) {
        let note = self.note(what);
        self.notes.borrow_mut().doubts.push(note);
    }

    /// Takes note that this value does not count as it is written.
    pub(super) fn slip(&self, kind: SlipKind) {
        let path = self.path.clone();
        self.notes.borrow_mut().slips.push(Slip { path, kind });
    }

    fn note(&self, what: &str) -> Note {
        let path = self.path.clone();
        let reason = format!("`{path}` {what}");
        Note { path, reason }
    }

    /// Takes note of every field that is not among these; a fault where it is no mapping.
    pub(super) fn knows(&self, fields: &[&str]) {
        match self.value.as_object() {
            Some(map) => {
                let unknown = map.keys().filter(|key| !fields.contains(&key.as_str()));
                let unknown = unknown.map(|key| {
                    let path = if self.path.is_empty() {
                        key.clone()
                    } else {
                        format!("{}.{key}", self.path)
                    };
                    let reason = format!("field `{path}` is not known");
                    Note { path, reason }
                });
                self.notes.borrow_mut().doubts.extend(unknown);
            }
            None => self.fault("is no mapping"),
        }
    }

    /// The value of a field; absent and null are the same.
    pub(super) fn get(&self, field: &str) -> Option<Self> {
        let value = self.value.get(field).filter(|value| !value.is_null())?;
        let path = format!("{}.{field}", self.path);
        let notes = self.notes;
        Some(Self { value, path, notes })
    }

    /// The items of a field that holds a list; `None` where it is absent.
    pub(super) fn list(&self, field: &str) -> Option<Vec<Self>> {
        Some(self.get(field)?.items())
    }

    /// The items of a list; a fault where it is none.
    pub(super) fn items(&self) -> Vec<Self> {
        let Some(items) = self.value.as_array() else {
            self.fault("is no list");
            return Vec::new();
        };
        let items = items.iter().enumerate().map(|(index, value)| Self {
            value,
            path: format!("{}[{index}]", self.path),
            notes: self.notes,
        });
        items.collect()
    }

    /// Its text; a fault where it is none.
    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.fault("is no text");
        }
        text
    }

    /// Its number, when it lies between two.
    pub(super) fn number(&self, least: u16, most: u16) -> Option<u16> {
        let number = self.value.as_u64().and_then(|one| u16::try_from(one).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.fault(&format!("is no number from {least} to {most}"));
        }
        number
    }
}
