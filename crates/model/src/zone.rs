//! Zones: what they hold, how sensitive it is, and how far the rules on it are taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::healing::Healing;
use crate::labels::Selector;
use crate::names::{NamespaceName, TierName, TrustDomainName, ZoneName};

/// A security zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name.
    pub name: ZoneName,
    /// Its place on the path from the internet to the data; `None` for cross-cutting zones.
    pub tier: Option<TierName>,
    /// How sensitive its data is.
    pub sensitivity: Sensitivity,
    /// Compliance scope, such as `pci: cde`.
    pub scope: BTreeMap<String, String>,
    /// Where it is present.
    pub trust_domains: BTreeSet<TrustDomainName>,
    /// How far it is taken, per trust domain.
    pub enforcement: EnforcementByDomain,
    /// Which namespaces it holds.
    pub namespaces: Vec<NamespaceRule>,
    /// Pod Security levels.
    pub pod_security: PodSecurity,
    /// Whether flows to or from the internet may exist.
    pub internet: Internet,
    /// What its pods may reach among themselves.
    pub within_zone: WithinZone,
    /// What a controller does about findings in it.
    pub healing: Healing,
}

/// Sensitivity of a zone, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Meant for everybody.
    Public,
    /// Internal.
    Low,
    /// Confidential.
    Medium,
    /// Regulated, such as cardholder data.
    High,
}

impl Sensitivity {
    /// The word of the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// How far a zone is taken in a place, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforcement {
    /// Nothing is written.
    Observe,
    /// Labels, allows, and open policies, so that nothing is denied yet.
    Stage,
    /// Everything.
    Enforce,
}

impl Enforcement {
    /// The word of the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Stage => "stage",
            Self::Enforce => "enforce",
        }
    }
}

/// Enforcement of a zone: a default, and what differs per trust domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnforcementByDomain {
    /// Where nothing else is said.
    pub default: Enforcement,
    /// Per trust domain.
    pub by_domain: BTreeMap<TrustDomainName, Enforcement>,
}

/// Namespaces that belong to a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceRule {
    /// By name or by labels.
    pub choice: NamespaceChoice,
    /// The team that answers for it; written as label `team` where absent.
    pub team: Option<String>,
    /// Whether it is created where it is missing; only with a name.
    pub create: bool,
    /// Whether a system namespace is meant; without it a system namespace is never touched.
    pub system: bool,
    /// Enforcement here, overriding the zone's.
    pub enforcement: Option<Enforcement>,
    /// The clusters for which the rule holds, by cluster label.
    pub clusters: Selector,
}

/// How a rule chooses its namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceChoice {
    /// One namespace by its name.
    Name(NamespaceName),
    /// Every namespace whose labels match.
    Selector(Selector),
}

/// Pod Security levels of a zone's namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSecurity {
    /// Pods below are refused.
    pub enforce: PodSecurityLevel,
    /// Whoever creates a pod below is warned.
    pub warn: PodSecurityLevel,
    /// Pods below are noted in the audit log.
    pub audit: PodSecurityLevel,
    /// `latest` or `v1.N`.
    pub version: String,
}

/// A level of the Pod Security Standards, ordered from loose to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodSecurityLevel {
    /// No restriction.
    Privileged,
    /// Known privilege escalations are refused.
    Baseline,
    /// Hardened pods only.
    Restricted,
}

impl PodSecurityLevel {
    /// The word that the label carries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// Whether flows from or to the internet may name the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Internet {
    /// From the internet.
    pub ingress: bool,
    /// To the internet.
    pub egress: bool,
}

/// What the pods of a zone may reach among themselves without a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithinZone {
    /// Nothing.
    Deny,
    /// The pods of their own namespace.
    SameNamespace,
    /// All pods of the zone in the same cluster.
    Allow,
}

impl WithinZone {
    /// The word of the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::SameNamespace => "same-namespace",
            Self::Allow => "allow",
        }
    }
}

impl Zone {
    /// Takes it to `enforce` wherever it is.
    pub fn enforce_everywhere(&mut self) {
        self.enforcement = EnforcementByDomain {
            default: Enforcement::Enforce,
            by_domain: BTreeMap::new(),
        };
        for rule in &mut self.namespaces {
            rule.enforcement = None;
        }
    }

    /// Enforcement of a namespace rule of this zone in a trust domain.
    pub fn enforcement_in(&self, domain: &TrustDomainName, rule: &NamespaceRule) -> Enforcement {
        rule.enforcement
            .or_else(|| self.enforcement.by_domain.get(domain).copied())
            .unwrap_or(self.enforcement.default)
    }
}
