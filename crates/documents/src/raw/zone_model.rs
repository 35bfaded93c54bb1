//! `kind: ZoneModel`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::zone::{Enforcement, PodSecurityLevel, WithinZone};

/// What holds for all zones; there is exactly one such document.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ZoneModelSpec {
    /// The tiers on the path from the internet to the data.
    #[serde(default)]
    pub(crate) tiers: Vec<String>,
    /// System namespaces beyond the built-in ones.
    #[serde(default)]
    pub(crate) system_namespaces: Vec<String>,
    /// What zones and flows say where they say nothing.
    #[serde(default)]
    pub(crate) defaults: Defaults,
}

/// What zones and flows say where they say nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Defaults {
    /// The Pod Security level of namespaces.
    #[serde(default = "baseline")]
    pub(crate) pod_security: PodSecurityLevel,
    /// The Kubernetes version whose Pod Security levels are meant, such as `v1.36`, or `latest`, with which
    /// every upgrade of a cluster may change what is refused.
    #[serde(default = "latest")]
    pub(crate) pod_security_version: String,
    /// What the pods of a zone may reach among themselves.
    #[serde(default = "same_namespace")]
    pub(crate) within_zone: WithinZone,
    /// How far zones are taken.
    #[serde(default = "observe")]
    pub(crate) enforcement: Enforcement,
    /// The time after which a flow is reviewed again, in days.
    #[serde(default = "review_every")]
    pub(crate) review_every: String,
}

fn baseline() -> PodSecurityLevel {
    PodSecurityLevel::Baseline
}

fn latest() -> String {
    "latest".to_owned()
}

fn same_namespace() -> WithinZone {
    WithinZone::SameNamespace
}

fn observe() -> Enforcement {
    Enforcement::Observe
}

fn review_every() -> String {
    "180d".to_owned()
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            pod_security: baseline(),
            pod_security_version: latest(),
            within_zone: same_namespace(),
            enforcement: observe(),
            review_every: review_every(),
        }
    }
}
