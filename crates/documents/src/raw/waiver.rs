//! `kind: Waiver`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::flow::Approval;

/// A dated, approved exception to a finding, a lint or a guarantee.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WaiverSpec {
    /// What it covers; a key that is left out matches any.
    #[serde(rename = "for")]
    pub(crate) covers: Covers,
    /// Why.
    pub(crate) reason: String,
    /// What limits the risk meanwhile.
    pub(crate) compensating_control: Option<String>,
    /// Who approved it.
    pub(crate) approval: Approval,
    /// The last day on which it holds.
    pub(crate) expires: String,
}

/// What a waiver covers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Covers {
    /// A finding class, a lint, the name of a guarantee, or the id of a finding.
    pub(crate) finding: String,
    /// Only in this cluster.
    pub(crate) cluster: Option<String>,
    /// Only for this object: `Kind/[namespace/]name`.
    pub(crate) object: Option<String>,
}
