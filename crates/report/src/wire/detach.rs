//! `DetachReport`.

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::detach::Left;
use serde::Serialize;

use super::apply::FailedStep;
use super::finding::WireObject;
use super::plan::{WireHeldStep, WireStep};

/// What was let go of where.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DetachReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `DetachReport`.
    pub kind: &'static str,
    /// `remove` or `leave`.
    pub manner: &'static str,
    /// The zone that is let go of; null for whole clusters.
    pub zone: Option<String>,
    /// Clusters, in the order in which they are let go of.
    pub clusters: Vec<DetachCluster>,
}

/// What becomes of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DetachCluster {
    /// The cluster.
    pub name: String,
    /// What became of it.
    pub state: DetachState,
    /// Why, where it is not detached.
    pub reason: Option<String>,
    /// What to do about that, or next.
    pub hint: Option<String>,
    /// The namespaces of the zone; null for a whole cluster.
    pub namespaces: Option<Vec<String>>,
    /// The steps, in order.
    pub steps: Vec<WireStep>,
    /// Our own objects that are deleted after the steps, in order, once nothing is left that the record holds;
    /// namespaces only if nothing else is in them.
    pub last: Vec<WireObject>,
    /// What cannot be taken back now.
    pub held_back: Vec<WireHeldStep>,
    /// What stays, and why.
    pub left: Vec<WireLeft>,
    /// What is worth knowing before.
    pub notices: Vec<String>,
    /// How many steps were written.
    pub written: u64,
    /// How many requests were sent.
    pub requests: u64,
    /// Steps that failed.
    pub failed: Vec<FailedStep>,
}

/// Something that stays.
#[derive(Debug, Clone, Serialize)]
pub struct WireLeft {
    /// The object.
    #[serde(serialize_with = "super::finding::object")]
    pub object: ObjectKey,
    /// What of it stays, and why.
    pub reason: String,
}

impl From<&Left> for WireLeft {
    fn from(left: &Left) -> Self {
        Self {
            object: left.object.clone(),
            reason: left.reason.clone(),
        }
    }
}

/// What became of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DetachState {
    /// It is not let go of yet.
    Planned,
    /// It is let go of.
    Detached,
    /// Some steps were written and some were not, or are held back.
    Partial,
    /// Nothing was written, because something failed.
    Failed,
    /// Nothing was written, because it was refused.
    Refused,
    /// Nothing was written, because it is read-only.
    Skipped,
    /// It could not be reached.
    Unknown,
}

impl DetachState {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Detached => "detached",
            Self::Partial => "PARTIAL",
            Self::Failed => "FAILED",
            Self::Refused => "REFUSED",
            Self::Skipped => "skipped",
            Self::Unknown => "UNKNOWN",
        }
    }
}
