//! `HistoryReport`: what a controller saw and did over time.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Episodes, changes, and how far clusters were watched.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `HistoryReport`.
    pub kind: &'static str,
    /// Findings from their beginning to their end, the newest first.
    pub episodes: Vec<Episode>,
    /// Every pass that wrote or failed to, the newest first.
    pub changes: Vec<Passed>,
    /// When each cluster was watched, by cluster and time. What none of these holds was not watched.
    pub coverage: Vec<Coverage>,
    /// Whether there is more than was asked for.
    pub truncated: bool,
}

/// A finding from its beginning to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Episode {
    /// Its own: a finding that comes back is another episode.
    pub id: String,
    /// The id of the finding.
    pub finding: String,
    /// The class.
    pub class: String,
    /// `critical` to `info`; null for what is unknown.
    pub severity: Option<String>,
    /// `widens`, `narrows`, `none` or `unknown`.
    pub effect: String,
    /// The cluster; null where it is between clusters.
    pub cluster: Option<String>,
    /// The trust domain.
    pub trust_domain: String,
    /// The zone.
    pub zone: Option<String>,
    /// What it is about: an object, or what clusters should agree on.
    pub object: String,
    /// What was found last.
    pub message: String,
    /// Paths of the fields that differed last.
    pub fields: Vec<String>,
    /// The field manager that made it, as it claims.
    pub manager: Option<String>,
    /// The user that made it, from an audit log only.
    pub user: Option<String>,
    /// When it was last proven not to be there; null where it was there at the first look.
    pub absent_at: Option<String>,
    /// The earliest time for which it is known.
    pub started_at: String,
    /// Where that is known from: `audit`, `managedFields` or `detection`.
    pub started_from: String,
    /// When it was found.
    pub detected_at: String,
    /// When somebody was first told; null where nobody was.
    pub alerted_at: Option<String>,
    /// Who took note of it, and what they said.
    pub acknowledged: Option<Acknowledgement>,
    /// When it was found to be over; null while it is not.
    pub ended_at: Option<String>,
    /// Who ended it: `cofferdam` where a pass of the controller did, `left the fleet` where the cluster has no document
    /// any more; null where it is not known who did.
    pub ended_by: Option<String>,
    /// Connections that were open at any time because of it, as `FROM -> TO PORTS`; null where that was never computed.
    pub opened: Option<Vec<String>>,
    /// The waiver that covers it.
    pub waiver: Option<String>,
}

/// That somebody took note of an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// When.
    pub at: String,
    /// Who, as the controller authenticated them.
    pub by: String,
    /// Why it is there.
    pub cause: Option<String>,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// Until when it is accepted: it is neither healed nor alerted again before that. Null where it is only known of.
    pub accepted_until: Option<String>,
}

/// A pass that wrote, or failed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passed {
    /// Its own.
    pub id: String,
    /// When it ended.
    pub at: String,
    /// The cluster.
    pub cluster: String,
    /// What for: `heal` or `rollout`.
    pub purpose: String,
    /// Hash of model and fleet.
    pub revision: String,
    /// The number of the apply, where it got that far.
    pub sequence: Option<u64>,
    /// `converged`, `partial`, `failed`, `refused` or `unknown`; `begun` where nothing more is known of it.
    pub state: String,
    /// Why, where it did not converge.
    pub reason: Option<String>,
    /// How many steps were written.
    pub written: u64,
    /// What it wrote.
    pub objects: Vec<String>,
    /// What it was to do, as `OPERATION OBJECT: REASON`.
    pub steps: Vec<String>,
    /// What failed, as `OBJECT: REASON`.
    pub failed: Vec<String>,
    /// Fields that were put back, as `OBJECT PATH`.
    pub fields: Vec<String>,
    /// Policies of others that were removed, as they were.
    pub removed: Vec<Value>,
}

/// A time for which it is known how far a cluster was watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// The cluster.
    pub cluster: String,
    /// From when.
    pub since: String,
    /// Until when.
    pub until: String,
    /// How far.
    pub watched: Watched,
    /// What was unknown.
    pub reason: Option<String>,
}

/// How far a cluster was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Watched {
    /// Everything was known.
    Whole,
    /// Something was not.
    Partly,
    /// It could not be reached.
    Unreachable,
    /// Nobody looked.
    Not,
}

impl Watched {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partly => "partly",
            Self::Unreachable => "UNREACHABLE",
            Self::Not => "NOT WATCHED",
        }
    }
}
