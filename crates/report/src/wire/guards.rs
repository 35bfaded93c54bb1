//! `GuardsReport`.

use serde::Serialize;

use super::finding::WireObject;

/// Guard rails of each cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardsReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `GuardsReport`.
    pub kind: &'static str,
    /// Clusters in the order of their waves.
    pub clusters: Vec<GuardsCluster>,
}

/// Guard rails of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardsCluster {
    /// The cluster.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// Whether it answered.
    pub reachable: bool,
    /// Why not, why it has no guard rails, or why none could be removed.
    pub reason: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// As whom we write there.
    pub identity: Option<String>,
    /// Who may change what they protect, from the documents.
    pub writers: Vec<String>,
    /// Who may in an emergency.
    pub break_glass: Vec<String>,
    /// The guard rails, by name.
    pub guards: Vec<WireGuard>,
    /// What `--remove` removed, or with `--dry-run` would.
    pub removed: Vec<WireObject>,
    /// What became of the rails of which `--remove` removed something.
    pub gone: Vec<GoneGuard>,
    /// What `--remove` leaves in place, because pods need it.
    pub left: Vec<LeftGuard>,
}

/// A guard rail that was removed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GoneGuard {
    /// The name of its policy and binding.
    pub name: String,
    /// Whether it was seen to refuse and change nothing any more, or did not before; servers know that it is gone
    /// some seconds late.
    pub seen: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// A policy or binding that stays.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftGuard {
    /// What stays.
    pub object: WireObject,
    /// Why.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// A guard rail.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireGuard {
    /// The name of its policy and binding.
    pub name: String,
    /// What it protects.
    pub protects: &'static str,
    /// The node pool it is about, where it is about one.
    pub pool: Option<String>,
    /// Whether it changes what is admitted, where others refuse: `Deny` stands for its being in force.
    pub changes: bool,
    /// How far it is to be taken: `Audit`, `Deny`, or `none` where nobody asks for it any more.
    pub wanted: &'static str,
    /// What is in force: `deny`, `audit`, `untried`, `changed`, `missing`, `taken`, `notServed` or `unknown`.
    pub in_force: &'static str,
    /// What keeps it from being taken further, or away.
    pub obstacles: Vec<WireObstacle>,
}

/// What keeps a guard rail from being taken further.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireObstacle {
    /// What.
    pub reason: String,
    /// What to do.
    pub hint: String,
}
