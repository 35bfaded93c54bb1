//! Differences between a cluster and its bundle, or between clusters that should agree.

pub use cofferdam_model::class::Class;
use cofferdam_model::names::{ClusterName, TrustDomainName, ZoneName};
use cofferdam_model::zone::Sensitivity;
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::Claim;

use crate::change::Changes;
use crate::digest::short_digest;

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The class.
    pub class: Class,
    /// The cluster.
    pub cluster: ClusterName,
    /// The zone, where one is concerned.
    pub zone: Option<ZoneName>,
    /// The object.
    pub object: ObjectKey,
    /// The fields that differ.
    pub fields: Vec<Difference>,
    /// Who made it, as far as is claimed or audited.
    pub by: Option<Author>,
    /// What it does to what can be reached.
    pub effect: Effect,
    /// What that is; `None` where it was not computed.
    pub changes: Option<Changes>,
    /// How urgent it is; `None` for what is unknown.
    pub severity: Option<Severity>,
    /// What was found, in one line.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The waiver that covers it.
    pub waiver: Option<String>,
}

/// Who made a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The field manager: the name of a tool. Where the write left no field behind, the name that the
    /// tool gave itself in the audit log.
    pub manager: Option<String>,
    /// When, RFC 3339 in UTC.
    pub at: Option<String>,
    /// The user, from an audit log only.
    pub user: Option<String>,
}

impl From<Claim> for Author {
    fn from(claim: Claim) -> Self {
        Self {
            manager: Some(claim.manager),
            at: claim.at,
            user: None,
        }
    }
}

/// What a difference or step does to what can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// More can be reached.
    Widens,
    /// Less can be reached.
    Narrows,
    /// Nothing changes.
    None,
    /// That is not known.
    Unknown,
}

impl Effect {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Widens => "widens",
            Self::Narrows => "narrows",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// How urgent a finding is; most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody is paged.
    Critical,
    /// Today.
    High,
    /// This week.
    Medium,
    /// When there is time.
    Low,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

impl Finding {
    /// An id that stays the same from pass to pass: of class, cluster and object, not of what differs.
    pub fn id(&self) -> String {
        finding_id(self.class, &self.cluster, &self.object)
    }

    /// Whether it makes the cluster drifted: above info, and covered by no waiver.
    pub fn counts(&self) -> bool {
        self.waiver.is_none()
            && self
                .severity
                .is_some_and(|severity| severity < Severity::Info)
    }
}

/// The id of a finding of a class about an object.
pub fn finding_id(class: Class, cluster: &ClusterName, object: &ObjectKey) -> String {
    let text = format!("{}|{cluster}|{object}", class.as_str());
    format!("{}-{}", class.as_str(), short_digest(&text))
}

/// Severity of a class of which the effect decides, from the effect and the zone's sensitivity.
pub fn severity_of_effect(effect: Effect, sensitivity: Option<Sensitivity>) -> Severity {
    let high = sensitivity == Some(Sensitivity::High);
    match effect {
        Effect::Widens | Effect::Unknown if high => Severity::Critical,
        Effect::Widens => Severity::High,
        Effect::Unknown | Effect::Narrows => Severity::Medium,
        Effect::None => Severity::Info,
    }
}

/// Clusters of one trust domain that should agree on something and do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossClusterFinding {
    /// The trust domain.
    pub trust_domain: TrustDomainName,
    /// What they should agree on, such as `podSecurity payments`.
    pub subject: String,
    /// What each of them has.
    pub values: Vec<(ClusterName, String)>,
    /// What was found, in one line.
    pub message: String,
    /// The waiver that covers it.
    pub waiver: Option<String>,
}

/// A cluster that its trust domain could not be compared with, or not in everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCompared {
    /// The trust domain.
    pub trust_domain: TrustDomainName,
    /// The cluster.
    pub cluster: ClusterName,
    /// What was not compared and why, in one line.
    pub message: String,
}

impl CrossClusterFinding {
    /// An id that stays the same from pass to pass.
    pub fn id(&self) -> String {
        let text = format!("{}|{}", self.trust_domain, self.subject);
        format!("{}-{}", Class::CrossCluster.as_str(), short_digest(&text))
    }
}
