//! `kind: Guarantee`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::flow::{End, Ports};

/// Something to be proved: exactly one of `never` and `always`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GuaranteeSpec {
    /// No such connection is possible.
    pub(crate) never: Option<Claim>,
    /// Such a connection is always possible.
    pub(crate) always: Option<Claim>,
    /// Whether a chain of connections counts.
    #[serde(default)]
    pub(crate) hops: Hops,
}

/// A connection that a guarantee speaks of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Claim {
    /// The source.
    pub(crate) from: End,
    /// The destination.
    pub(crate) to: End,
    /// The ports; for `never`, all where left out.
    pub(crate) ports: Option<Ports>,
}

/// Whether a chain of connections counts.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Hops {
    /// One connection.
    #[default]
    Direct,
    /// Any chain of connections.
    Any,
}
