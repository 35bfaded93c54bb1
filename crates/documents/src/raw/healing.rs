//! `healing` of zones and trust domains.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a controller does about findings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Healing {
    /// The same for every class; policies of others are only removed where `foreign-policy` is named.
    Always(Response),
    /// `default`, and classes of findings.
    ByClass(BTreeMap<String, Response>),
}

/// What a controller does about a finding.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Response {
    /// It is kept on record, and nobody is told.
    Observe,
    /// Somebody is told.
    Alert,
    /// Somebody is told, and what the model says is put back.
    Heal,
}
