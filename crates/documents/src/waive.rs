//! Waivers over findings about documents.

use std::collections::BTreeSet;
use std::fmt::Display;

use cofferdam_model::Model;
use cofferdam_model::diagnostic::{Diagnostic, DocumentId, Severity};
use cofferdam_model::flow::{Date, Encryption};
use cofferdam_model::lint::Lint;
use cofferdam_model::waiver::Waiver;

use crate::finding::Finding;
use crate::load::Loaded;

/// Codes of the errors that a waiver may cover; `cross-cluster-widens` only where the flow says
/// `encryption: mtls`.
pub const WAIVABLE: [&str; 3] = ["cross-cluster-widens", "less-trusted-source", "tier-skip"];

/// The Waiver that would cover a finding about a document, in the words of its own.
pub(crate) fn waiver_of(code: &str, kind: &str, name: &impl Display) -> String {
    format!(
        "a Waiver with `for: {{ finding: {code}, object: {kind}/{name} }}`, `reason`, `approval: {{ by, at }}` and `expires`"
    )
}

/// The waivers that hold.
#[derive(Debug, Default)]
pub(crate) struct Waivers {
    holding: Vec<Waiver>,
    flows_with_mtls: BTreeSet<String>,
}

impl Waivers {
    pub(crate) fn new(model: &Model, today: &Date) -> Self {
        let holding = model
            .waivers
            .values()
            .filter(|waiver| waiver.holds_on(today));
        let mtls = model
            .flows
            .values()
            .filter(|flow| flow.encryption == Encryption::Mtls);
        Self {
            holding: holding.cloned().collect(),
            flows_with_mtls: mtls.map(|flow| flow.name.to_string()).collect(),
        }
    }

    /// Turns an error or lint that a waiver covers into a notice that names the waiver.
    pub(crate) fn apply(&self, document: &DocumentId, finding: Finding) -> Finding {
        if finding.severity == Severity::Notice || !self.may_be_waived(document, &finding) {
            return finding;
        }
        let mut holding = self.holding.iter();
        let covering = holding.find(|waiver| is_for(waiver, document, finding.code));
        match covering {
            None => finding,
            Some(waiver) => Finding {
                severity: Severity::Notice,
                message: waived(&finding.message, waiver),
                hint: None,
                ..finding
            },
        }
    }

    /// Waivers of what is found in documents alone that cover none of these findings. What admits whole
    /// clusters is found in live clusters too, and guarantees are not proved yet.
    pub(crate) fn unused<'a>(
        &'a self,
        found: &[(DocumentId, &'static str)],
    ) -> impl Iterator<Item = &'a Waiver> {
        let of_documents = |waiver: &&Waiver| {
            let finding = waiver.covers.finding.as_str();
            matches!(finding, "less-trusted-source" | "tier-skip")
        };
        self.holding.iter().filter(of_documents).filter(|waiver| {
            let mut found = found.iter();
            !found.any(|(document, code)| is_for(waiver, document, code))
        })
    }

    fn may_be_waived(&self, document: &DocumentId, finding: &Finding) -> bool {
        match finding.code {
            "cross-cluster-widens" => self.flows_with_mtls.contains(&document.name),
            code => {
                let mut lints = Lint::ALL.iter();
                WAIVABLE.contains(&code)
                    || code == "guarantee-broken"
                    || lints.any(|lint| lint.id() == code)
            }
        }
    }
}

impl Loaded {
    /// Turns a fault of a raw policy that a waiver covers into a notice that names the waiver. `object` is the
    /// policy, as `Kind/[namespace/]name`, and `cluster` the one where it was found, where that is no file.
    pub fn waive_lint(
        &self,
        (object, cluster): (&str, Option<&str>),
        fault: Diagnostic,
    ) -> Diagnostic {
        let mut holding = self.waivers.holding.iter();
        let covering = holding.find(|waiver| {
            let covers = &waiver.covers;
            covers.finding == fault.code
                && covers
                    .cluster
                    .as_ref()
                    .is_none_or(|named| Some(named.as_str()) == cluster)
                && covers.object.as_ref().is_none_or(|named| named == object)
        });
        match covering {
            None => fault,
            Some(waiver) => Diagnostic {
                severity: Severity::Notice,
                message: waived(&fault.message, waiver),
                hint: None,
                ..fault
            },
        }
    }
}

fn waived(message: &str, waiver: &Waiver) -> String {
    let Waiver { name, expires, .. } = waiver;
    format!("{message} (waived by {name} until {})", expires.0)
}

/// Whether a waiver is for what was found in a document.
fn is_for(waiver: &Waiver, document: &DocumentId, code: &str) -> bool {
    let covers = &waiver.covers;
    let about =
        covers.finding == code || (document.kind == "Guarantee" && covers.finding == document.name);
    let object = document.to_string();
    about && covers.cluster.is_none() && covers.object.as_ref().is_none_or(|named| *named == object)
}
