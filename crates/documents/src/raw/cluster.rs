//! `kind: Cluster`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cluster of the fleet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterSpec {
    /// How the cluster is reached.
    pub(crate) access: Access,
    /// Which cluster it is; written by `cofferdam doctor --pin`, required to write.
    pub(crate) identity: Option<Identity>,
    /// Whether the cluster is written to.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Who applies the bundle.
    #[serde(default)]
    pub(crate) delivery: Delivery,
    /// What cannot be discovered of its network.
    #[serde(default)]
    pub(crate) network: Network,
    /// Who may change what guard rails protect.
    #[serde(default)]
    pub(crate) guards: Guards,
    /// The API server's audit log, to name users.
    pub(crate) audit: Option<Audit>,
    /// Limits on our requests.
    #[serde(default)]
    pub(crate) limits: Limits,
}

/// How a cluster is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Access {
    /// The kubeconfig: absolute, beginning with `~/`, or relative to this file.
    pub(crate) kubeconfig: String,
    /// The context; the kubeconfig's current one where left out.
    pub(crate) context: Option<String>,
    /// Absolute paths of the exec plugins that may run.
    #[serde(default)]
    pub(crate) allow_exec: Vec<String>,
}

/// Which cluster it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Identity {
    /// The UID of namespace kube-system.
    pub(crate) uid: String,
}

/// Whether a cluster is written to.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mode {
    /// Plan and drift show, apply skips.
    #[default]
    ReadOnly,
    /// Apply writes.
    Manage,
}

/// Who applies the bundle.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Delivery {
    /// Cofferdam does.
    #[default]
    Push,
    /// A GitOps controller applies what `compile` wrote.
    Gitops,
}

/// What cannot be discovered of a cluster's network.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Network {
    /// Addresses of pods.
    #[serde(default)]
    pub(crate) pod_cidrs: Vec<String>,
    /// Addresses of nodes.
    #[serde(default)]
    pub(crate) node_cidrs: Vec<String>,
    /// Addresses of load balancers, as pods see them.
    #[serde(default)]
    pub(crate) load_balancer_cidrs: Vec<String>,
    /// The addresses that other networks see.
    #[serde(default)]
    pub(crate) egress_cidrs: Vec<String>,
    /// Where other networks reach the exposed services.
    #[serde(default)]
    pub(crate) exposed_cidrs: Vec<String>,
    /// Whether pod addresses are kept when traffic leaves the cluster.
    #[serde(default)]
    pub(crate) pod_addresses_routed: bool,
    /// What a pod sees as source of traffic from outside.
    #[serde(default)]
    pub(crate) ingress_source: IngressSource,
    /// Where webhook callers come from, where that cannot be discovered.
    #[serde(default)]
    pub(crate) control_plane_cidrs: Vec<String>,
}

/// What a pod sees as source of traffic from outside.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum IngressSource {
    /// The client's own address.
    #[default]
    Client,
    /// A node's address.
    Node,
    /// The load balancer's address.
    LoadBalancer,
}

/// Who may change what guard rails protect; entries are `user:NAME` or `group:NAME`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Guards {
    /// Who may always; `cofferdam doctor --pin` adds the current identity.
    #[serde(default)]
    pub(crate) writers: Vec<String>,
    /// Who may in an emergency, with a note in the audit log.
    #[serde(default = "break_glass")]
    pub(crate) break_glass: Vec<String>,
}

fn break_glass() -> Vec<String> {
    vec!["group:system:masters".to_owned()]
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            writers: Vec::new(),
            break_glass: break_glass(),
        }
    }
}

/// The API server's audit log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Audit {
    /// The file: absolute, beginning with `~/`, or relative to this file.
    pub(crate) file: String,
}

/// Limits on our requests to the cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Limits {
    /// Requests per second.
    #[serde(default = "requests_per_second")]
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) requests_per_second: u32,
    /// Requests under way at once.
    #[serde(default = "in_flight")]
    #[schemars(range(min = 1, max = 65_536))]
    pub(crate) in_flight: u32,
}

fn requests_per_second() -> u32 {
    100
}

fn in_flight() -> u32 {
    16
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: requests_per_second(),
            in_flight: in_flight(),
        }
    }
}
