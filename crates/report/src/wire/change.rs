//! Connections that open and close, by zone, as programs read them.

use cofferdam_state::change::{Change, Changes, Region, Witness};
use serde::Serialize;

/// Connections from one zone to another that open or close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireZoneChange {
    /// The zone that they come from; null where they come from none.
    pub from_zone: Option<String>,
    /// The zone that they go to; null where they go to none.
    pub to_zone: Option<String>,
    /// Where they come from: `zone NAME`, `namespaces of no zone`, `the nodes`, `external network NAME`, `the internet` or
    /// `addresses outside`.
    pub from: String,
    /// The same of where they go.
    pub to: String,
    /// The ports of all of them together: `all`, or as in `TCP 80,443-445; UDP 53`.
    pub ports: String,
    /// One of them.
    pub witness: WireWitness,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireWitness {
    /// `namespace/name[Kind]`, a CIDR or a range of addresses.
    pub from: String,
    /// The same of who accepts it.
    pub to: String,
    /// The ports.
    pub ports: String,
}

impl From<&Change> for WireZoneChange {
    fn from(change: &Change) -> Self {
        let zone = |region: &Region| region.zone().map(ToString::to_string);
        Self {
            from_zone: zone(&change.from),
            to_zone: zone(&change.to),
            from: change.from.to_string(),
            to: change.to.to_string(),
            ports: change.ports.clone(),
            witness: (&change.witness).into(),
        }
    }
}

impl From<&Witness> for WireWitness {
    fn from(witness: &Witness) -> Self {
        Self {
            from: witness.from.clone(),
            to: witness.to.clone(),
            ports: witness.ports.clone(),
        }
    }
}

/// What opens and what closes; null where it was not computed.
pub(crate) fn wire_changes(
    changes: Option<&Changes>,
) -> (Option<Vec<WireZoneChange>>, Option<Vec<WireZoneChange>>) {
    let list = |of: fn(&Changes) -> &Vec<Change>| {
        changes.map(|changes| of(changes).iter().map(Into::into).collect())
    };
    (
        list(|changes| &changes.opens),
        list(|changes| &changes.closes),
    )
}
