//! `ReachReport`.

use cofferdam_semantics::exposure::Exposure;
use cofferdam_semantics::reach::Reached;
use serde::Serialize;

use super::API_VERSION;
use super::exposure::WireExposure;
use super::zones::WireBetweenZones;

/// Who reaches whom.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReachReport {
    /// Always [`API_VERSION`].
    pub api_version: &'static str,
    /// Always `ReachReport`.
    pub kind: &'static str,
    /// Whether everything that decides was read and understood. Without it, nothing that is missing from
    /// `connections` is known to be impossible.
    pub complete: bool,
    /// What was not, one line each.
    pub incomplete_because: Vec<String>,
    /// The network plugin whose reading was used; `any` where it is not known, so that what the reading of some
    /// plugin allows is told.
    pub dialect: &'static str,
    /// Whether policies are enforced: `yes`, `no` or `unknown`.
    pub enforced: &'static str,
    /// What is worth knowing about all of it.
    pub notes: Vec<String>,
    /// Every connection that is possible, in the order of their ends.
    pub connections: Vec<WireConnection>,
    /// How far each workload is open from outside and from the whole cluster, and to these; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Vec<WireExposure>>,
    /// What is possible between zones, beside what is declared there, by their names; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones: Option<Vec<WireBetweenZones>>,
}

/// A connection that is possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireConnection {
    /// `namespace/name[Kind]`, a CIDR or a range of addresses.
    pub from: String,
    /// The same of who accepts it.
    pub to: String,
    /// `all`, or protocols with their ports, such as `TCP 80,443-445; UDP 53`.
    pub allowed: String,
    /// What of it the reading of a plugin denies, or another order of policies whose order is undefined, or different nodes
    /// where it is not known that two pods share one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<Exception>,
}

/// What one plugin denies, or may deny, of a connection that another allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// The plugin.
    pub dialect: &'static str,
    /// The ports, written as `allowed` is.
    pub denied: String,
}

/// What a report of reachability rests on.
#[derive(Debug, Clone)]
pub struct Grounds {
    /// What stands in the way of a complete verdict, one line each.
    pub incomplete_because: Vec<String>,
    /// The network plugin; `any` where it is not known.
    pub dialect: &'static str,
    /// Whether policies are enforced.
    pub enforced: &'static str,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

impl ReachReport {
    /// The report of these connections.
    pub fn new(grounds: Grounds, reached: &[Reached]) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "ReachReport",
            complete: grounds.incomplete_because.is_empty(),
            incomplete_because: grounds.incomplete_because,
            dialect: grounds.dialect,
            enforced: grounds.enforced,
            notes: grounds.notes,
            connections: reached.iter().map(Into::into).collect(),
            exposure: None,
            zones: None,
        }
    }

    /// The same with how far workloads are open.
    #[must_use]
    pub fn with_exposure(self, exposure: &[Exposure]) -> Self {
        Self {
            exposure: Some(exposure.iter().map(Into::into).collect()),
            ..self
        }
    }

    /// The same with what is possible between zones.
    #[must_use]
    pub fn with_zones(self, zones: Vec<WireBetweenZones>) -> Self {
        Self {
            zones: Some(zones),
            ..self
        }
    }
}

impl From<&Reached> for WireConnection {
    fn from(reached: &Reached) -> Self {
        let unless = reached.unless.iter();
        Self {
            from: reached.from.to_string(),
            to: reached.to.to_string(),
            allowed: reached.allowed.to_string(),
            unless: unless
                .map(|(dialect, denied)| Exception {
                    dialect,
                    denied: denied.to_string(),
                })
                .collect(),
        }
    }
}
