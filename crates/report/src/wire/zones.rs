//! Connections between zones in a `ReachReport`.

use cofferdam_state::change::Change;
use serde::Serialize;

use super::change::WireWitness;

/// What is possible between two zones, within one, or to or from it, beside what the model declares there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireBetweenZones {
    /// The zone from which connections come, or where no zone is: `the internet`, `addresses outside`, `the nodes`,
    /// `namespaces of no zone` or `external network NAME`. No zone has a name with a space.
    pub from: String,
    /// The same of where they go.
    pub to: String,
    /// The flows that declare some of them; `withinZone` for what the zone itself declares.
    pub declared: Vec<String>,
    /// The ports that are possible, of all pods together, also of pods that do not exist yet: `all`, or protocols with
    /// their ports; empty where nothing is.
    pub effective: String,
    /// The ports of connections that are possible and that nothing declares.
    pub beyond: String,
    /// The ports of connections that are declared and not possible.
    pub missing: String,
    /// One connection: of those beyond what is declared, else of those that are missing, else of those that are possible.
    pub witness: Option<WireWitness>,
}

/// What is possible between two zones, and how it differs from what is declared.
#[derive(Debug, Clone, Default)]
pub struct Compared<'a> {
    /// What is possible.
    pub effective: Option<&'a Change>,
    /// What of it nothing declares.
    pub beyond: Option<&'a Change>,
    /// What is declared and not possible.
    pub missing: Option<&'a Change>,
}

impl WireBetweenZones {
    /// The row of two zones.
    pub fn new((from, to): (String, String), declared: &[String], compared: &Compared<'_>) -> Self {
        let Compared {
            effective,
            beyond,
            missing,
        } = *compared;
        let ports =
            |change: Option<&Change>| change.map_or_else(String::new, |one| one.ports.clone());
        let witness = beyond.or(missing).or(effective);
        Self {
            from,
            to,
            declared: declared.to_vec(),
            effective: ports(effective),
            beyond: ports(beyond),
            missing: ports(missing),
            witness: witness.map(|change| (&change.witness).into()),
        }
    }
}
