//! `ApplyReport`.

use cofferdam_objects::key::ObjectKey;
use serde::Serialize;

/// What was written where.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `ApplyReport`.
    pub kind: &'static str,
    /// Clusters in the order of their waves.
    pub clusters: Vec<ApplyCluster>,
}

/// What became of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyCluster {
    /// The cluster.
    pub name: String,
    /// What became of it.
    pub state: ApplyState,
    /// Why, where it did not converge.
    pub reason: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// How many steps were written.
    pub written: u64,
    /// How many requests were sent.
    pub requests: u64,
    /// Steps that failed.
    pub failed: Vec<FailedStep>,
    /// The number of the apply; null where nothing is recorded.
    pub sequence: Option<u64>,
}

/// A step that failed.
#[derive(Debug, Clone, Serialize)]
pub struct FailedStep {
    /// The object; the cluster itself where no object is concerned.
    #[serde(serialize_with = "super::finding::object")]
    pub object: ObjectKey,
    /// Why.
    pub message: String,
}

/// What became of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ApplyState {
    /// It holds what it must hold.
    Converged,
    /// Some steps were written and some were not, or are held back.
    Partial,
    /// Nothing was written, because something failed.
    Failed,
    /// Nothing was written, because the plan was refused.
    Refused,
    /// Nothing was written, because it was not its turn, or it is read-only.
    Skipped,
    /// It could not be reached.
    Unknown,
}

impl ApplyState {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Partial => "PARTIAL",
            Self::Failed => "FAILED",
            Self::Refused => "REFUSED",
            Self::Skipped => "skipped",
            Self::Unknown => "UNKNOWN",
        }
    }
}
