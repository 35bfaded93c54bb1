//! `DoctorReport`.

use serde::Serialize;

/// What each cluster is and can do, and what stands in the way.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DoctorReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `DoctorReport`.
    pub kind: &'static str,
    /// Clusters in the order of their trust domains' rollout.
    pub clusters: Vec<DoctorCluster>,
}

/// One cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DoctorCluster {
    /// The cluster.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// Whether it answered.
    pub reachable: bool,
    /// What was looked at.
    pub checks: Vec<DoctorCheck>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorCheck {
    /// What, such as `identity`.
    pub check: &'static str,
    /// How it stands.
    pub status: DoctorStatus,
    /// What was found.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DoctorStatus {
    /// As it should be.
    Ok,
    /// Worth a look; nothing is stopped.
    Warning,
    /// Nothing will be written until it is mended.
    Failed,
    /// It could not be found out.
    Unknown,
}

impl DoctorCheck {
    /// A check that found all well.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, DoctorStatus::Ok, message)
    }

    /// A check that ended in any way.
    pub fn new(check: &'static str, status: DoctorStatus, message: impl Into<String>) -> Self {
        Self {
            check,
            status,
            message: message.into(),
            hint: None,
        }
    }

    /// With what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
