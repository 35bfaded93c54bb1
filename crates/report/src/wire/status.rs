//! `StatusReport`.

use cofferdam_state::finding::{Finding, Severity};
use serde::Serialize;

use super::denied::Denied;
use super::drift::Verdict;
use super::finding::{WireCrossCluster, WireNotCompared};

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
    /// Clusters of one trust domain that should agree and do not.
    pub cross_cluster: Vec<WireCrossCluster>,
    /// Clusters that could not be compared with the others, or not in everything.
    pub not_compared: Vec<WireNotCompared>,
}

/// The line of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusCluster {
    /// The cluster.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// Whether it answered, and let itself be read.
    pub reachable: bool,
    /// What it answered where it let nothing be read; null where it gave no answer.
    pub denied: Option<Denied>,
    /// Why not, or what is unknown.
    pub reason: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// What is concluded.
    pub verdict: Verdict,
    /// How many findings, those that no waiver covers by severity.
    pub findings: FindingCounts,
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

/// Numbers of findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FindingCounts {
    /// Of severity critical.
    pub critical: usize,
    /// Of severity high.
    pub high: usize,
    /// Of severity medium.
    pub medium: usize,
    /// Of severity low.
    pub low: usize,
    /// Of severity info.
    pub info: usize,
    /// Of what is unknown.
    pub unknown: usize,
    /// Covered by a waiver, whatever their severity.
    pub waived: usize,
}

impl FindingCounts {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            *match (&finding.waiver, finding.severity) {
                (Some(_), _) => &mut counts.waived,
                (None, Some(Severity::Critical)) => &mut counts.critical,
                (None, Some(Severity::High)) => &mut counts.high,
                (None, Some(Severity::Medium)) => &mut counts.medium,
                (None, Some(Severity::Low)) => &mut counts.low,
                (None, Some(Severity::Info)) => &mut counts.info,
                (None, None) => &mut counts.unknown,
            } += 1;
        }
        counts
    }
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
