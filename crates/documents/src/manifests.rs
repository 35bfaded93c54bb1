//! Kubernetes objects out of files, as kubectl would send them to an API server.
//!
//! YAML is parsed document by document, JSON lists are read item by item: beside a text there is never
//! more than one of them in memory. What has an error is told and not handed out, and what is around
//! it is still read.

mod accept;
mod chunks;
mod cursor;
mod decode;
mod exact;
mod identity;
mod json;
mod list;
mod places;
mod plain;
mod strings;
mod yaml;

use std::collections::BTreeMap;

use cofferdam_model::diagnostic::Diagnostic;
use serde_json::Value;

use self::accept::Acceptance;
use self::identity::Identity;
pub use self::places::ManifestPlaces;
pub(crate) use self::plain::is_typed;

/// A Kubernetes object out of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The object as it goes to the API server, with `apiVersion` and `kind`.
    pub object: Value,
    /// Where it begins.
    pub place: ManifestPlace,
}

/// Where an object begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestPlace {
    /// The file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// A file among those that one [`Manifests`] has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(u32);

/// Reads files of manifests, one after the other, and knows which objects were there already.
#[derive(Debug, Default)]
pub struct Manifests {
    paths: Vec<String>,
    seen: BTreeMap<Identity, ManifestPlace>,
}

impl Manifests {
    /// Hands each object of a text to `take`, and returns what is wrong with the text, by line. An
    /// object that was there already, in this text or one before, is not handed out again.
    pub fn read(
        &mut self,
        path: &str,
        text: &str,
        take: &mut impl FnMut(Manifest),
    ) -> Vec<Diagnostic> {
        let file = FileId(u32::try_from(self.paths.len()).unwrap_or(u32::MAX));
        self.paths.push(path.to_owned());
        let text = without_mark(text);
        let mut acceptance = Acceptance {
            file,
            paths: &self.paths,
            seen: &mut self.seen,
            told: Vec::new(),
            untold: 0,
            take,
        };
        if json::is_json(text) {
            json::read(text, &mut acceptance);
        } else {
            yaml::read(text, &mut acceptance);
        }
        acceptance.finish()
    }

    /// The path of a file as it was handed in.
    pub fn path(&self, file: FileId) -> Option<&str> {
        let index = usize::try_from(file.0).ok()?;
        self.paths.get(index).map(String::as_str)
    }
}

/// The text without the mark that some editors put before it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
