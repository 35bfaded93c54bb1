//! `StatusReport`.

use serde::Serialize;

use super::drift::Verdict;

/// One line per cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `StatusReport`.
    pub kind: &'static str,
    /// Clusters by name.
    pub clusters: Vec<StatusCluster>,
}

/// The line of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusCluster {
    /// The cluster.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// Whether it answered.
    pub reachable: bool,
    /// Why not, or what is unknown.
    pub reason: Option<String>,
    /// What is concluded.
    pub verdict: Verdict,
    /// How long ago it was observed, in seconds.
    pub age_seconds: u64,
    /// The number of the last apply.
    pub sequence: Option<u64>,
    /// The hash of the bundle compiled now.
    pub bundle_hash: String,
    /// The API server's version.
    pub version: Option<String>,
    /// The network plugin.
    pub cni: StatusCni,
    /// When the credential expires, where that can be told.
    pub credential_expires_at: Option<String>,
}

/// The network plugin.
#[derive(Debug, Clone, Serialize)]
pub struct StatusCni {
    /// Its name.
    pub name: Option<String>,
    /// Whether it enforces: `yes`, `no` or `unknown`.
    pub enforces: &'static str,
    /// What that rests on.
    pub evidence: Option<String>,
}
