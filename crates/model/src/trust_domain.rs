//! Trust domains: clusters that share a level of trust.

use std::time::Duration;

use crate::healing::Healing;
use crate::labels::Selector;
use crate::names::TrustDomainName;

/// A set of clusters that share a level of trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustDomain {
    /// Its name.
    pub name: TrustDomainName,
    /// Its clusters, by label.
    pub clusters: Selector,
    /// How changes are rolled out.
    pub rollout: Rollout,
    /// What a controller does about findings in them.
    pub healing: Healing,
    /// What happens to namespaces that no zone holds.
    pub unassigned_namespaces: Unassigned,
    /// The trust domain of the mesh's identities.
    pub mesh_trust_domain: Option<String>,
}

/// How changes reach the clusters of a trust domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollout {
    /// Lower goes first, and is less trusted.
    pub order: i64,
    /// Clusters at once.
    pub max_concurrent: u32,
    /// Wait after each wave.
    pub soak: Duration,
    /// Failures after which the rollout stops.
    pub max_failures: u32,
}

/// What happens to namespaces that no zone holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unassigned {
    /// They are reported.
    Report,
    /// They get default denies, never the system namespaces.
    Isolate,
}
