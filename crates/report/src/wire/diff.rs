//! `DiffReport`.

use cofferdam_semantics::reach::Change;
use serde::Serialize;

use super::API_VERSION;
use super::reach::Grounds;

/// Connections that open and close between two states.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffReport {
    /// Always [`API_VERSION`].
    pub api_version: &'static str,
    /// Always `DiffReport`.
    pub kind: &'static str,
    /// Whether everything that decides was read and understood, in both states.
    pub complete: bool,
    /// What was not, one line each.
    pub incomplete_because: Vec<String>,
    /// The network plugin whose reading was used; `any` where it is not known.
    pub dialect: &'static str,
    /// What is worth knowing about all of it.
    pub notes: Vec<String>,
    /// What is possible after and was not before.
    pub opens: Vec<WireChange>,
    /// What was possible before and is not after.
    pub closes: Vec<WireChange>,
}

/// A connection that opens or closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireChange {
    /// `namespace/name[Kind]`, a CIDR or a range of addresses.
    pub from: String,
    /// The same of who accepts it.
    pub to: String,
    /// The ports: `all`, or as in `TCP 80,443-445; UDP 53`.
    pub ports: String,
}

/// What nobody can tell of connections that close.
const OPEN_ALREADY: &str = "a connection that is open already may outlive the rule that allowed it: whether it is cut is up to the network plugin, and not told here";

impl DiffReport {
    /// The report of these changes; what either state rests on counts.
    pub fn new(before: Grounds, after: Grounds, changes: &[Change]) -> Self {
        let mut because = before.incomplete_because;
        because.extend(after.incomplete_because);
        let mut notes = before.notes;
        notes.extend(after.notes);
        notes.dedup();
        let told = |change: &Change, ports: String| WireChange {
            from: change.from.to_string(),
            to: change.to.to_string(),
            ports,
        };
        let opening = changes.iter().filter(|change| !change.opens.is_empty());
        let closing = changes.iter().filter(|change| !change.closes.is_empty());
        if closing.clone().next().is_some() {
            notes.push(OPEN_ALREADY.to_owned());
        }
        Self {
            api_version: API_VERSION,
            kind: "DiffReport",
            complete: because.is_empty(),
            incomplete_because: because,
            dialect: after.dialect,
            notes,
            opens: opening
                .map(|one| told(one, one.opens.to_string()))
                .collect(),
            closes: closing
                .map(|one| told(one, one.closes.to_string()))
                .collect(),
        }
    }
}
