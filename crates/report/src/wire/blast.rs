//! `BlastReport`.

use cofferdam_semantics::blast::{Count, Hop, Reached};
use serde::Serialize;

use super::reach::Grounds;

/// What compromised workloads reach.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlastReport {
    /// Always [`super::API_VERSION`].
    pub api_version: &'static str,
    /// Always `BlastReport`.
    pub kind: &'static str,
    /// What is compromised: `zone/NAME`, `namespace/NAME` or `pod/NAMESPACE/NAME`. Without it, each workload alone, and
    /// those that reach most are told.
    pub from: Option<String>,
    /// Each cluster.
    pub clusters: Vec<BlastCluster>,
    /// The workloads of the fleet that reach most, the worst first; empty with `from`.
    pub worst: Vec<WireExtent>,
}

/// What compromised workloads of a cluster reach, there and in other clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlastCluster {
    /// Its name; none of manifests.
    pub name: Option<String>,
    /// Whether everything that decides was read, understood and followed. Without it, nothing that is missing is known
    /// to be out of reach.
    pub complete: bool,
    /// What was not, one line each.
    pub incomplete_because: Vec<String>,
    /// The network plugin whose reading was used; `any` where it is not known, so that what is reached under some
    /// plugin is told.
    pub dialect: &'static str,
    /// Whether policies are enforced: `yes`, `no` or `unknown`. Where they are not, none is counted.
    pub enforced: &'static str,
    /// What is worth knowing about all of it.
    pub notes: Vec<String>,
    /// Everything that is reached, nearest first; empty without `from`.
    pub reached: Vec<WireReached>,
    /// The workloads that reach most, the worst first; empty with `from`.
    pub worst: Vec<WireExtent>,
}

/// What is reached, by a shortest way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireReached {
    /// The number of connections of the way.
    pub hops: usize,
    /// The compromised workload where it begins.
    pub from: String,
    /// `namespace/name[Kind]`, a CIDR or a range of addresses, or `nodes`.
    pub to: String,
    /// Its cluster, where that is another than the one where the way begins.
    pub cluster: Option<String>,
    /// Its zone, where it is in one.
    pub zone: Option<String>,
    /// The ports of the last connection.
    pub ports: String,
    /// The workloads on the way.
    pub via: Vec<WireStop>,
}

/// A workload on a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireStop {
    /// The workload.
    pub workload: String,
    /// Its cluster, where that is another than the one where the way begins.
    pub cluster: Option<String>,
    /// The ports on which it is reached.
    pub ports: String,
}

/// How many other workloads one reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireExtent {
    /// Its cluster; none of manifests.
    pub cluster: Option<String>,
    /// The workload.
    pub workload: String,
    /// Its zone, where it is in one.
    pub zone: Option<String>,
    /// Those that it reaches directly, in other clusters too.
    pub direct: WireCount,
    /// Those that it reaches in any number of connections, in other clusters too.
    pub any: WireCount,
}

/// A number of workloads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireCount {
    /// All of them.
    pub workloads: u64,
    /// Those in zones of sensitivity high; manifests alone tell of none.
    pub high: u64,
}

impl BlastCluster {
    /// A cluster of which nothing is told yet but what it rests on.
    pub fn new(name: Option<String>, grounds: Grounds) -> Self {
        Self {
            name,
            complete: grounds.incomplete_because.is_empty(),
            incomplete_because: grounds.incomplete_because,
            dialect: grounds.dialect,
            enforced: grounds.enforced,
            notes: grounds.notes,
            reached: Vec::new(),
            worst: Vec::new(),
        }
    }
}

impl WireReached {
    /// What is reached; `zone` and `cluster` tell those of ends, the cluster only where it is another than the one where
    /// the way begins.
    pub fn new(
        reached: &Reached,
        zone: impl Fn(&Hop) -> Option<String>,
        cluster: impl Fn(&Hop) -> Option<String>,
    ) -> Option<Self> {
        let (last, before) = reached.way.split_last()?;
        let via = before.iter().map(|hop| WireStop {
            workload: hop.to.to_string(),
            cluster: cluster(hop),
            ports: hop.ports.to_string(),
        });
        Some(Self {
            hops: reached.way.len(),
            from: reached.from.to_string(),
            to: last.to.to_string(),
            cluster: cluster(last),
            zone: zone(last),
            ports: last.ports.to_string(),
            via: via.collect(),
        })
    }
}

impl From<Count> for WireCount {
    fn from(count: Count) -> Self {
        Self {
            workloads: count.all,
            high: count.guarded,
        }
    }
}
