//! `kind: ExternalNetwork`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Addresses outside of the clusters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExternalNetworkSpec {
    /// Whole networks.
    #[serde(default)]
    pub(crate) cidrs: Vec<String>,
    /// Ranges of addresses, first and last, such as `192.168.31.10-192.168.31.50`.
    #[serde(default)]
    pub(crate) ranges: Vec<String>,
    /// What is not part of it.
    #[serde(default)]
    pub(crate) except: Vec<String>,
    /// The VLAN.
    #[schemars(range(min = 1, max = 4094))]
    pub(crate) vlan: Option<u16>,
    /// How far it is trusted.
    #[serde(default)]
    pub(crate) trust: Trust,
}

/// How far an external network is trusted.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Trust {
    /// Anybody may be there.
    #[default]
    Untrusted,
    /// A partner's.
    Partner,
    /// Our own.
    Internal,
}
