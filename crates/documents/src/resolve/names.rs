//! The names that documents have, so that references can be checked before anything else.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::names::InvalidName;

use crate::finding::Reporter;
use crate::nearest::did_you_mean;
use crate::raw::zone_model::Defaults;

/// Every name that a document may mention.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) by_kind: BTreeMap<&'static str, BTreeSet<String>>,
    /// `None` where the zone model could not be read.
    pub(crate) tiers: Option<Vec<String>>,
    pub(crate) defaults: Defaults,
    /// Some file or document could not be read: names may be missing that really exist.
    pub(crate) incomplete: bool,
}

impl Names {
    /// Reads a name that must be that of a document of the kind.
    pub(crate) fn reference<T>(
        &self,
        reporter: &mut Reporter<'_>,
        path: &str,
        (kind, text): (&'static str, &str),
        parse: fn(&str) -> Result<T, InvalidName>,
    ) -> Option<T> {
        let name = reporter.name(path, text, parse)?;
        let known = self.by_kind.get(kind);
        if known.is_some_and(|known| known.contains(text)) {
            return Some(name);
        }
        if !self.incomplete {
            let candidates = known.into_iter().flatten().map(String::as_str);
            let hint = did_you_mean(text, candidates);
            let message = format!("there is no {kind} `{text}`");
            reporter
                .error(path, "dangling-reference", message)
                .maybe(hint);
        }
        None
    }

    /// Reads a list of names; `None` when any is wrong.
    pub(crate) fn references<T: Ord>(
        &self,
        reporter: &mut Reporter<'_>,
        path: &str,
        (kind, texts): (&'static str, &[String]),
        parse: fn(&str) -> Result<T, InvalidName>,
    ) -> Option<BTreeSet<T>> {
        if texts.is_empty() {
            reporter.error(path, "empty-list", format!("`{path}` names nothing"));
            return None;
        }
        let mut seen = BTreeSet::new();
        let mut names = Some(BTreeSet::new());
        for (index, text) in texts.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if !seen.insert(text) {
                reporter.error(&path, "duplicate-item", format!("`{text}` is here twice"));
            }
            match self.reference(reporter, &path, (kind, text), parse) {
                Some(name) => {
                    names.as_mut().map(|names| names.insert(name));
                }
                None => names = None,
            }
        }
        names
    }
}
