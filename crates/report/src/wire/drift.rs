//! `DriftReport`.

use serde::Serialize;

use super::check::WireDiagnostic;
use super::finding::{WireCrossCluster, WireFinding, WireNotCompared};

/// Drift in each cluster and between clusters.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `DriftReport`.
    pub kind: &'static str,
    /// Clusters by name.
    pub clusters: Vec<DriftCluster>,
    /// Clusters of one trust domain that should agree and do not.
    pub cross_cluster: Vec<WireCrossCluster>,
    /// Clusters that could not be compared with the others, or not in everything.
    pub not_compared: Vec<WireNotCompared>,
    /// What is due in the documents: flows and waivers that expired, reviews.
    pub warnings: Vec<WireDiagnostic>,
}

/// Drift in one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftCluster {
    /// The cluster.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// `inSync`, `drifted` or `unknown`.
    pub verdict: Verdict,
    /// When it was observed.
    pub observed_at: String,
    /// How long ago, in seconds.
    pub age_seconds: u64,
    /// The number of the last apply; null where nothing was applied or that is unknown.
    pub sequence: Option<u64>,
    /// The revision of the last apply that converged.
    pub revision: Option<String>,
    /// The hash of the bundle compiled now.
    pub bundle_hash: String,
    /// Whether NetworkPolicy is enforced: `yes`, `no` or `unknown`.
    pub enforces: &'static str,
    /// What differs.
    pub findings: Vec<WireFinding>,
}

/// What is concluded about a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Everything was read, and no finding counts.
    InSync,
    /// A finding counts.
    Drifted,
    /// No finding counts, but not everything was read.
    Unknown,
}

impl Verdict {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "in sync",
            Self::Drifted => "DRIFTED",
            Self::Unknown => "UNKNOWN",
        }
    }
}
