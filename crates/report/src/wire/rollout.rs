//! `RolloutReport`: how a new revision reaches the fleet.

use serde::{Deserialize, Serialize};

/// The rollout that was begun last.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `RolloutReport`.
    pub kind: &'static str,
    /// Null where nothing was ever rolled out.
    pub rollout: Option<Rollout>,
}

/// How a revision reaches the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// The hash of model and fleet that is rolled out.
    pub revision: String,
    /// The one in force before; null where that is not known.
    pub previous: Option<String>,
    /// The newer revision that it takes back, where it does; null where it is the newest.
    pub takes_back: Option<String>,
    /// When it began.
    pub began_at: String,
    /// Where it stands.
    pub state: RolloutState,
    /// Why it does not go on, or what is left.
    pub reason: Option<String>,
    /// Who paused, resumed or aborted it last.
    pub by: Option<String>,
    /// How often it was begun or resumed: what failed before is tried again.
    pub attempt: u32,
    /// Its waves, in order.
    pub waves: Vec<RolloutWave>,
}

/// Where a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RolloutState {
    /// It goes on by itself.
    Running,
    /// Somebody paused it.
    Paused,
    /// It stopped because something went wrong.
    Halted,
    /// Somebody ended it: clusters stay as they are.
    Aborted,
    /// Every wave passed.
    Done,
}

/// Clusters that are written at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutWave {
    /// Their trust domain.
    pub trust_domain: String,
    /// How long it has to stay well before the next begins.
    pub soak_seconds: u64,
    /// Failures in the trust domain after which the rollout stops.
    pub max_failures: u32,
    /// Whether a person has to approve it.
    pub needs_approval: bool,
    /// Who did.
    pub approved_by: Option<String>,
    /// Who let it pass although it could not be told that its clusters are well.
    pub passed_by: Option<String>,
    /// Where it stands.
    pub state: WaveState,
    /// What it waits for.
    pub reason: Option<String>,
    /// Since when every cluster of it has been well.
    pub well_since: Option<String>,
    /// Its clusters.
    pub clusters: Vec<RolloutCluster>,
}

/// Where a wave stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaveState {
    /// It is not its turn, or not yet allowed.
    Waiting,
    /// Its clusters are written.
    Writing,
    /// They are, and have to stay well for a while.
    Soaking,
    /// It may go on once somebody says so.
    Held,
    /// It is done.
    Passed,
}

/// A cluster in a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutCluster {
    /// The cluster.
    pub name: String,
    /// Where it stands.
    pub state: RolloutClusterState,
    /// Why.
    pub reason: Option<String>,
}

/// Where a cluster stands in a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RolloutClusterState {
    /// It has not been written.
    Waiting,
    /// It is as the revision says.
    Converged,
    /// It could not be written.
    Failed,
    /// It cannot be reached; its turn comes once it can.
    Unreachable,
    /// It is only read, or written by somebody else.
    Skipped,
}

impl RolloutState {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Halted => "HALTED",
            Self::Aborted => "aborted",
            Self::Done => "done",
        }
    }
}

impl WaveState {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Writing => "writing",
            Self::Soaking => "soaking",
            Self::Held => "HELD",
            Self::Passed => "passed",
        }
    }
}

impl RolloutClusterState {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Converged => "converged",
            Self::Failed => "FAILED",
            Self::Unreachable => "UNREACHABLE",
            Self::Skipped => "skipped",
        }
    }
}
