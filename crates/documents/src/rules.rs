//! What only several documents together can have wrong; one file per rule.

use std::collections::BTreeMap;

use cofferdam_model::diagnostic::{DocumentId, Severity};
use cofferdam_model::flow::Date;

use crate::finding::{Finding, Reporter};
use crate::resolve::Draft;

mod abandoned;
mod across;
mod addresses;
mod admitted;
mod due;
mod identity;
mod internet;
mod membership;
mod namespaces;
mod narrowing;
mod nowhere;
pub(crate) mod own_addresses;
mod pod_security;
mod pools;
pub(crate) mod presence;
mod system;
mod tiers;
mod trust;
mod widening;

pub use identity::WRONG_IDENTITY;

/// Where documents are.
pub(crate) struct Places<'a> {
    /// The number of each document.
    pub(crate) index: &'a BTreeMap<DocumentId, usize>,
    /// The file of each document, by number.
    pub(crate) files: Vec<&'a str>,
}

/// Takes findings by document.
pub(crate) struct Court<'a> {
    places: &'a Places<'a>,
    findings: &'a mut Vec<Finding>,
}

impl Court<'_> {
    /// Whether a document has an error already.
    pub(crate) fn has_error(&self, kind: &'static str, name: &impl ToString) -> bool {
        let id = DocumentId {
            kind,
            name: name.to_string(),
        };
        let number = self.places.index.get(&id);
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error && Some(&finding.document) == number)
    }

    /// Takes the findings of a document.
    pub(crate) fn on(&mut self, kind: &'static str, name: &impl ToString) -> Reporter<'_> {
        let id = DocumentId {
            kind,
            name: name.to_string(),
        };
        let number = self.places.index.get(&id).copied().unwrap_or(usize::MAX);
        Reporter::new(number, self.findings)
    }

    /// The file of a document.
    pub(crate) fn file_of(&self, kind: &'static str, name: &impl ToString) -> &str {
        let id = DocumentId {
            kind,
            name: name.to_string(),
        };
        let number = self.places.index.get(&id);
        let file = number.and_then(|number| self.places.files.get(*number));
        file.copied().unwrap_or_default()
    }
}

/// Applies every rule.
pub(crate) fn judge(draft: &Draft, places: &Places<'_>, today: &Date, findings: &mut Vec<Finding>) {
    let mut court = Court { places, findings };
    let model = &draft.model;
    membership::check(draft, &mut court);
    abandoned::check(model, &mut court);
    identity::check(model, &mut court);
    namespaces::check(model, &mut court);
    system::check(model, &mut court);
    pools::check(model, &mut court);
    pod_security::check(model, &mut court);
    narrowing::check(draft, &mut court);
    tiers::check(draft, &mut court);
    internet::check(model, &mut court);
    across::check(model, &mut court);
    addresses::check(model, &mut court);
    admitted::check(model, &mut court);
    own_addresses::check(model, &mut court);
    trust::check(model, &mut court);
    widening::check(model, &mut court);
    nowhere::check(draft, &mut court);
    due::check(model, today, &mut court);
}
