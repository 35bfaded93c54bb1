//! `AdoptReport`.

use cofferdam_objects::key::ObjectKey;
use serde::Serialize;

use super::finding::WireField;

/// What was taken over in a cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdoptReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `AdoptReport`.
    pub kind: &'static str,
    /// The cluster.
    pub cluster: String,
    /// `planned`, `adopted`, `refused`, `failed`, `skipped` or `unknown`.
    pub state: AdoptState,
    /// Why nothing was taken over.
    pub reason: Option<String>,
    /// What to do about that, or next.
    pub hint: Option<String>,
    /// What is taken over.
    pub objects: Vec<WireAdopted>,
    /// The number in the record; null where nothing was recorded.
    pub sequence: Option<u64>,
}

/// An object that is taken over, or keys of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireAdopted {
    /// The object.
    #[serde(serialize_with = "super::finding::object")]
    pub object: ObjectKey,
    /// The labels and taints that are taken over; empty for a whole object.
    pub keys: Vec<String>,
    /// What the next apply changes in it.
    pub fields: Vec<WireField>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AdoptState {
    /// Nothing is taken over yet.
    Planned,
    /// It is in the record.
    Adopted,
    /// Nothing was taken over, because it was refused.
    Refused,
    /// Nothing was taken over, because something failed.
    Failed,
    /// Nothing was taken over, because the cluster is read-only.
    Skipped,
    /// The cluster could not be reached.
    Unknown,
}

impl AdoptState {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "to be adopted",
            Self::Adopted => "adopted",
            Self::Refused => "REFUSED",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
            Self::Unknown => "UNKNOWN",
        }
    }
}
