//! `kind: NodePool`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::selector::LabelSelector;

/// Nodes dedicated to zones.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodePoolSpec {
    /// The trust domains in which the pool exists.
    pub(crate) trust_domains: Vec<String>,
    /// Its nodes: those that any entry chooses.
    pub(crate) nodes: Vec<NodeChoice>,
    /// The zones whose pods it is for.
    pub(crate) zones: Vec<String>,
    /// `DaemonSets` that may run here although their zone is another.
    #[serde(default)]
    pub(crate) guests: Vec<Guest>,
    /// The label on its nodes; key and value default to
    /// `cofferdam.node-restriction.kubernetes.io/pool` and the pool's name.
    pub(crate) label: Option<PoolLabel>,
    /// The taint on its nodes; key, value and effect default to `cofferdam.io/pool`, the pool's
    /// name and `NoSchedule`.
    pub(crate) taint: Option<PoolTaint>,
    /// Who sets the taint; where left out, nodes of a cloud's own pools are reported and all others
    /// patched.
    pub(crate) manage: Option<ManageTaint>,
}

/// Which nodes: exactly one of the fields.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodeChoice {
    /// By their labels.
    pub(crate) selector: Option<LabelSelector>,
    /// By globs over their names (`*` and `?`).
    pub(crate) names: Option<Vec<String>>,
    /// By prefixes of `spec.providerID`.
    pub(crate) provider_ids: Option<Vec<String>>,
}

/// A `DaemonSet` that may run on the pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Guest {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) daemon_set: String,
}

/// The label on the nodes of a pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolLabel {
    /// The key.
    pub(crate) key: Option<String>,
    /// The value.
    pub(crate) value: Option<String>,
}

/// The taint on the nodes of a pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolTaint {
    /// The key.
    pub(crate) key: Option<String>,
    /// The value.
    pub(crate) value: Option<String>,
    /// What it does.
    #[serde(default)]
    pub(crate) effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) enum TaintEffect {
    /// They are not scheduled here.
    #[default]
    NoSchedule,
    /// They are scheduled elsewhere if possible.
    PreferNoSchedule,
    /// They are not scheduled here, and evicted.
    NoExecute,
}

/// Who sets the taint.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ManageTaint {
    /// Cofferdam patches the nodes.
    Patch,
    /// What the owner of the pool has to set is reported.
    Report,
}
