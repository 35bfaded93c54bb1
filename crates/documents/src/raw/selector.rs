//! Label selectors as Kubernetes writes them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Kubernetes label selector; empty selects everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LabelSelector {
    /// Labels that must be present with these values.
    #[serde(default)]
    pub(crate) match_labels: BTreeMap<String, String>,
    /// Expressions that must all hold.
    #[serde(default)]
    pub(crate) match_expressions: Vec<LabelExpression>,
}

/// One expression of a selector.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LabelExpression {
    /// The label key.
    pub(crate) key: String,
    /// What must hold of its value.
    pub(crate) operator: LabelOperator,
    /// Values for `In` and `NotIn`.
    #[serde(default)]
    pub(crate) values: Vec<String>,
}

/// The operators of Kubernetes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub(crate) enum LabelOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}
