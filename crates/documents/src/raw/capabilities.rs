//! `kind: Capabilities`, written by `cofferdam doctor --write`; named after its cluster.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::flow::Port;

/// What a cluster is and can do, as it was last seen.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CapabilitiesSpec {
    /// The UID of namespace kube-system.
    pub(crate) uid: String,
    /// The API server's version.
    pub(crate) version: String,
    /// Kinds served that matter to segmentation, as `group/version/Kind`.
    #[serde(default)]
    pub(crate) kinds: Vec<String>,
    /// The network plugin.
    pub(crate) cni: Cni,
    /// Where name resolution is.
    pub(crate) dns: Dns,
    /// Where the API server is.
    pub(crate) api_server: ApiServer,
    /// The nodes' own addresses.
    #[serde(default)]
    pub(crate) node_addresses: Vec<String>,
    /// Pod networks.
    #[serde(default)]
    pub(crate) pod_cidrs: Vec<String>,
    /// Service networks.
    #[serde(default)]
    pub(crate) service_cidrs: Vec<String>,
    /// The mesh, where one is detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mesh: Option<Mesh>,
    /// What admission the API server offers.
    #[serde(default)]
    pub(crate) admission: Admission,
    /// From where the control plane calls webhooks and aggregated APIs.
    #[serde(default)]
    pub(crate) callers: Callers,
    /// Services that the control plane calls.
    #[serde(default)]
    pub(crate) callees: Vec<Callee>,
    /// Every namespace with its labels.
    #[serde(default)]
    pub(crate) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Namespaces of the CNI, CSI drivers and mesh.
    #[serde(default)]
    pub(crate) system_namespaces: Vec<String>,
}

/// The network plugin.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cni {
    /// Its name, or `unknown`.
    pub(crate) name: String,
    /// Whether it enforces `NetworkPolicy`.
    pub(crate) enforces: Enforces,
    /// What that rests on.
    pub(crate) evidence: String,
}

/// Whether `NetworkPolicy` is enforced; quoted in YAML, since `yes` and `no` are ambiguous there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Enforces {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That cannot be told.
    Unknown,
}

/// Where name resolution is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Dns {
    /// The pods that answer.
    #[serde(default)]
    pub(crate) servers: Vec<DnsServers>,
    /// Addresses of `NodeLocal` DNS caches.
    #[serde(default)]
    pub(crate) node_local: Vec<String>,
    /// What that rests on.
    pub(crate) evidence: String,
}

/// A group of pods that answer name queries.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DnsServers {
    /// Their namespace.
    pub(crate) namespace: String,
    /// Their labels.
    #[serde(default)]
    pub(crate) pod_labels: BTreeMap<String, String>,
    /// Where they listen.
    pub(crate) ports: Vec<Port>,
}

/// Where the API server is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ApiServer {
    /// Cluster addresses of Service `default/kubernetes`.
    #[serde(default)]
    pub(crate) service_addresses: Vec<String>,
    /// Its port.
    #[serde(default)]
    pub(crate) service_port: u16,
    /// Every endpoint.
    #[serde(default)]
    pub(crate) endpoints: Vec<Endpoint>,
}

/// An endpoint of the API server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Endpoint {
    /// Its address.
    pub(crate) address: String,
    /// Its port.
    pub(crate) port: u16,
}

/// A service mesh.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Mesh {
    /// Which one.
    pub(crate) kind: MeshKind,
    /// The namespace of its control plane.
    pub(crate) control_plane_namespace: String,
    /// Namespaces whose pods are enrolled.
    #[serde(default)]
    pub(crate) enrolled: Vec<String>,
    /// What that rests on.
    pub(crate) evidence: String,
}

/// The meshes that are known.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MeshKind {
    /// Istio with sidecars.
    IstioSidecar,
    /// Istio in ambient mode.
    IstioAmbient,
    /// Linkerd.
    Linkerd,
}

/// What admission the API server offers.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Admission {
    /// `ValidatingAdmissionPolicy` v1 is served.
    #[serde(default)]
    pub(crate) validating_policies: bool,
    /// `MutatingAdmissionPolicy` v1 is served.
    #[serde(default)]
    pub(crate) mutating_policies: bool,
}

/// From where the control plane calls; unknown where both lists are empty.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Callers {
    /// Pods that forward its calls.
    #[serde(default)]
    pub(crate) pods: Vec<PodGroup>,
    /// Its own addresses, where it runs on nodes of the cluster.
    #[serde(default)]
    pub(crate) addresses: Vec<String>,
    /// What that rests on.
    #[serde(default)]
    pub(crate) evidence: String,
}

/// Pods of one namespace with common labels.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PodGroup {
    /// Their namespace.
    pub(crate) namespace: String,
    /// Their labels.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

/// A Service that the control plane calls.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Callee {
    /// Who makes it call.
    pub(crate) caller: String,
    /// The Service's namespace.
    pub(crate) namespace: String,
    /// The Service's name.
    pub(crate) service: String,
    /// Labels of its pods.
    #[serde(default)]
    pub(crate) pod_labels: BTreeMap<String, String>,
    /// The port on which its pods listen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Port>,
}
