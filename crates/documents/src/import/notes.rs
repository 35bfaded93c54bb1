//! What became of each object.

use std::collections::{BTreeMap, BTreeSet};

/// An object that is in the drafts, wholly or partly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// The object, as `Kind/[namespace/]name`.
    pub object: String,
    /// The documents that say what it says, as `Kind/name`.
    pub documents: Vec<String>,
}

/// Something that the drafts do not say, or not exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmapped {
    /// The object, as `Kind/[namespace/]name`.
    pub object: String,
    /// What is missing or differs, and why.
    pub reason: String,
}

/// Notes as they are taken.
#[derive(Debug, Default)]
pub(super) struct Notes {
    unmapped: BTreeSet<Unmapped>,
    mapped: BTreeMap<String, BTreeSet<String>>,
}

impl Notes {
    /// Takes down what is not in the drafts.
    pub(super) fn unmapped(&mut self, object: impl Into<String>, reason: impl Into<String>) {
        self.unmapped.insert(Unmapped {
            object: object.into(),
            reason: reason.into(),
        });
    }

    /// Takes down which document says what an object says.
    pub(super) fn mapped(&mut self, object: &str, document: impl Into<String>) {
        let documents = self.mapped.entry(object.to_owned()).or_default();
        documents.insert(document.into());
    }

    /// That a document is no draft after all, but a comment.
    pub(super) fn withdraw(&mut self, document: &str, reason: &str) {
        for documents in self.mapped.values_mut() {
            documents.remove(document);
        }
        self.mapped.retain(|_, documents| !documents.is_empty());
        self.unmapped(document, format!("left as a comment: {reason}"));
    }

    /// What is not in the drafts, in order.
    pub(super) fn all_unmapped(&self) -> impl Iterator<Item = &Unmapped> {
        self.unmapped.iter()
    }

    /// Everything, in order.
    pub(super) fn finish(self) -> (Vec<Mapped>, Vec<Unmapped>) {
        let mapped = self.mapped.into_iter().map(|(object, documents)| Mapped {
            object,
            documents: documents.into_iter().collect(),
        });
        (mapped.collect(), self.unmapped.into_iter().collect())
    }
}
