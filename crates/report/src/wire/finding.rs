//! Findings as programs read them.

use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{CrossClusterFinding, Finding, NotCompared};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::change::{WireZoneChange, wire_changes};

/// A difference between a cluster and its bundle.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireFinding {
    /// Stable from pass to pass.
    pub id: String,
    /// The class.
    pub class: &'static str,
    /// `critical` to `info`; null for what is unknown.
    pub severity: Option<&'static str>,
    /// `widens`, `narrows`, `none` or `unknown`.
    pub effect: &'static str,
    /// The zone.
    pub zone: Option<String>,
    /// The object.
    pub object: WireObject,
    /// What differs.
    pub fields: Vec<WireField>,
    /// Who made it.
    pub by: Option<WireAuthor>,
    /// When it was first seen; null without a history.
    pub first_seen: Option<String>,
    /// Connections that it opens, by zone; null where not computed.
    pub opens: Option<Vec<WireZoneChange>>,
    /// Connections that it closes; null where not computed.
    pub closes: Option<Vec<WireZoneChange>>,
    /// What was found.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The waiver that covers it.
    pub waiver: Option<String>,
}

/// An object of a cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireObject {
    /// Its API version.
    pub api_version: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WireField {
    /// Its path.
    pub path: String,
    /// What is wanted.
    pub want: Option<Value>,
    /// What is there.
    pub have: Option<Value>,
}

/// Who made a difference.
#[derive(Debug, Clone, Serialize)]
pub struct WireAuthor {
    /// The field manager: the name of a tool.
    pub manager: Option<String>,
    /// When.
    pub at: Option<String>,
    /// The user, from an audit log only.
    pub user: Option<String>,
    /// `claimed` by managed fields, or `audited`.
    pub trust: &'static str,
}

/// Clusters that should agree and do not.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireCrossCluster {
    /// Stable from pass to pass.
    pub id: String,
    /// The trust domain.
    pub trust_domain: String,
    /// What they should agree on.
    pub subject: String,
    /// What each has.
    pub values: Vec<WireClusterValue>,
    /// Always `medium`.
    pub severity: &'static str,
    /// What was found.
    pub message: String,
    /// The waiver that covers it.
    pub waiver: Option<String>,
}

/// What one cluster has.
#[derive(Debug, Clone, Serialize)]
pub struct WireClusterValue {
    /// The cluster.
    pub cluster: String,
    /// Its value.
    pub value: String,
}

/// A cluster that could not be compared with the others of its trust domain.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireNotCompared {
    /// The trust domain.
    pub trust_domain: String,
    /// The cluster.
    pub cluster: String,
    /// What was not compared, and why.
    pub message: String,
}

/// Writes a key as programs read it.
pub(super) fn object<S: Serializer>(key: &ObjectKey, serializer: S) -> Result<S::Ok, S::Error> {
    WireObject::from(key).serialize(serializer)
}

impl From<&ObjectKey> for WireObject {
    fn from(key: &ObjectKey) -> Self {
        Self {
            api_version: key.kind.api_version(),
            kind: key.kind.as_str(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        }
    }
}

impl From<&Difference> for WireField {
    fn from(field: &Difference) -> Self {
        Self {
            path: field.path.clone(),
            want: field.want.clone(),
            have: field.have.clone(),
        }
    }
}

impl From<&Finding> for WireFinding {
    fn from(finding: &Finding) -> Self {
        let by = finding.by.as_ref().map(|by| WireAuthor {
            manager: by.manager.clone(),
            at: by.at.clone(),
            user: by.user.clone(),
            trust: if by.user.is_some() {
                "audited"
            } else {
                "claimed"
            },
        });
        let (opens, closes) = wire_changes(finding.changes.as_ref());
        Self {
            id: finding.id(),
            class: finding.class.as_str(),
            severity: finding
                .severity
                .map(cofferdam_state::finding::Severity::as_str),
            effect: finding.effect.as_str(),
            zone: finding.zone.as_ref().map(ToString::to_string),
            object: WireObject::from(&finding.object),
            fields: finding.fields.iter().map(Into::into).collect(),
            by,
            first_seen: None,
            opens,
            closes,
            message: finding.message.clone(),
            hint: finding.hint.clone(),
            waiver: finding.waiver.clone(),
        }
    }
}

impl From<&CrossClusterFinding> for WireCrossCluster {
    fn from(finding: &CrossClusterFinding) -> Self {
        let values = finding
            .values
            .iter()
            .map(|(cluster, value)| WireClusterValue {
                cluster: cluster.to_string(),
                value: value.clone(),
            });
        Self {
            id: finding.id(),
            trust_domain: finding.trust_domain.to_string(),
            subject: finding.subject.clone(),
            values: values.collect(),
            severity: "medium",
            message: finding.message.clone(),
            waiver: finding.waiver.clone(),
        }
    }
}

impl From<&NotCompared> for WireNotCompared {
    fn from(missed: &NotCompared) -> Self {
        Self {
            trust_domain: missed.trust_domain.to_string(),
            cluster: missed.cluster.to_string(),
            message: missed.message.clone(),
        }
    }
}
