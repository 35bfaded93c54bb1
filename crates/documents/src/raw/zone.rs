//! `kind: Zone`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::healing::Healing;
use crate::raw::selector::LabelSelector;

/// A security zone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ZoneSpec {
    /// One of the zone model's tiers, or `none` for a cross-cutting zone.
    pub(crate) tier: String,
    /// How sensitive its data is.
    pub(crate) sensitivity: Sensitivity,
    /// Compliance scope, such as `pci: cde`.
    #[serde(default)]
    pub(crate) scope: BTreeMap<String, String>,
    /// The trust domains in which it is present.
    pub(crate) trust_domains: Vec<String>,
    /// How far it is taken: one word, or a default and what differs per trust domain.
    pub(crate) enforcement: Option<ZoneEnforcement>,
    /// Which namespaces it holds.
    pub(crate) namespaces: Vec<NamespaceRule>,
    /// Pod Security: one level, or a level for each mode.
    pub(crate) pod_security: Option<PodSecurity>,
    /// Whether flows from or to the internet may exist.
    #[serde(default)]
    pub(crate) internet: Internet,
    /// What its pods may reach among themselves without a flow.
    pub(crate) within_zone: Option<WithinZone>,
    /// What a controller does about findings: one word, or a word per class; as the trust domain says where left out, and
    /// else `heal` for zones of sensitivity high and `alert` for others.
    pub(crate) healing: Option<Healing>,
}

/// How sensitive a zone's data is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Sensitivity {
    /// Meant for everybody.
    Public,
    /// Internal.
    Low,
    /// Confidential.
    Medium,
    /// Regulated, such as cardholder data.
    High,
}

/// How far a zone is taken in a place.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Enforcement {
    /// Nothing is written.
    Observe,
    /// Labels, allows, and open policies, so that nothing is denied yet.
    Stage,
    /// Everything.
    Enforce,
}

/// Enforcement of a zone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum ZoneEnforcement {
    /// The same everywhere.
    Everywhere(Enforcement),
    /// `default`, and names of trust domains.
    ByDomain(BTreeMap<String, Enforcement>),
}

/// Namespaces that belong to a zone: by `name` or by `selector`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NamespaceRule {
    /// One namespace.
    pub(crate) name: Option<String>,
    /// Every existing namespace with these labels.
    pub(crate) selector: Option<LabelSelector>,
    /// The team that answers for it; written as label `team` where absent.
    pub(crate) team: Option<String>,
    /// Whether it is created where it is missing.
    #[serde(default)]
    pub(crate) create: bool,
    /// Whether a system namespace is meant.
    #[serde(default)]
    pub(crate) system: bool,
    /// Enforcement here, instead of the zone's.
    pub(crate) enforcement: Option<Enforcement>,
    /// Only in clusters with these labels.
    #[serde(default)]
    pub(crate) clusters: LabelSelector,
}

/// Pod Security of a zone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum PodSecurity {
    /// The same level for every mode.
    Level(PodSecurityLevel),
    /// A level per mode.
    Modes(PodSecurityModes),
}

/// A Pod Security level per mode.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PodSecurityModes {
    /// Pods below are refused; the zone model's default where left out.
    pub(crate) enforce: Option<PodSecurityLevel>,
    /// Whoever creates a pod below is warned; as `enforce` where left out.
    pub(crate) warn: Option<PodSecurityLevel>,
    /// Pods below are noted in the audit log; as `enforce` where left out.
    pub(crate) audit: Option<PodSecurityLevel>,
    /// `latest` or a Kubernetes version such as `v1.36`; the zone model's `podSecurityVersion` where left
    /// out.
    pub(crate) version: Option<String>,
}

/// A level of the Pod Security Standards.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PodSecurityLevel {
    /// No restriction.
    Privileged,
    /// Known privilege escalations are refused.
    Baseline,
    /// Hardened pods only.
    Restricted,
}

/// Whether flows from or to the internet may exist.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Internet {
    /// From the internet.
    #[serde(default)]
    pub(crate) ingress: Permission,
    /// To the internet.
    #[serde(default)]
    pub(crate) egress: Permission,
}

/// Whether something may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Permission {
    /// It may not.
    #[default]
    Deny,
    /// It may.
    Allow,
}

/// What the pods of a zone may reach among themselves.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WithinZone {
    /// Nothing.
    Deny,
    /// The pods of their own namespace.
    SameNamespace,
    /// All pods of the zone in the same cluster.
    Allow,
}
