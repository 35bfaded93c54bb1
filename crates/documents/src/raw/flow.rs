//! `kind: Flow`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::selector::LabelSelector;

/// A connection that is allowed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FlowSpec {
    /// Who opens the connection.
    pub(crate) from: End,
    /// Who accepts it.
    pub(crate) to: End,
    /// Ports of the destination; left out where the cluster service knows them.
    pub(crate) ports: Option<Ports>,
    /// Requests that are meant; nothing enforces them yet, and `check` says so.
    #[serde(default)]
    pub(crate) http: Vec<HttpRule>,
    /// Within each cluster, or between trust domains.
    #[serde(default)]
    pub(crate) across: Across,
    /// What data it carries.
    #[serde(default)]
    pub(crate) carries: Vec<String>,
    /// What the connection must be encrypted with; nothing enforces it yet, and `check` says so.
    #[serde(default)]
    pub(crate) encryption: Encryption,
    /// Why it is needed.
    pub(crate) justification: String,
    /// The team that answers for it.
    pub(crate) owner: String,
    /// The team that asked for it.
    pub(crate) requested_by: Option<String>,
    /// Who approved it.
    pub(crate) approval: Option<Approval>,
    /// When it was last reviewed.
    pub(crate) review: Option<Review>,
    /// The last day for which it was granted. After it the flow stays in force, and `check`, `plan` and `drift` warn of it.
    pub(crate) expires: Option<String>,
}

/// One end of a flow: exactly one of `zone`, `zones`, `allZones`, `externalNetwork`, `internet` and
/// `clusterService`; the other fields narrow zones.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct End {
    /// One zone.
    pub(crate) zone: Option<String>,
    /// Several zones.
    pub(crate) zones: Option<Vec<String>>,
    /// Every zone.
    pub(crate) all_zones: Option<bool>,
    /// A network outside of the clusters.
    pub(crate) external_network: Option<String>,
    /// Every public address.
    pub(crate) internet: Option<bool>,
    /// What every cluster provides or needs itself.
    pub(crate) cluster_service: Option<ClusterService>,
    /// Only these namespaces of the zones.
    #[serde(default)]
    pub(crate) namespaces: Vec<String>,
    /// Only pods with these labels. Tenants set them: no boundary within a namespace.
    pub(crate) workload: Option<LabelSelector>,
    /// Only these service accounts; nothing enforces them yet, and `check` says so.
    #[serde(default)]
    pub(crate) service_accounts: Vec<String>,
}

/// What every cluster provides or needs itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ClusterService {
    /// The Kubernetes API.
    ApiServer,
    /// The nodes' own addresses.
    Nodes,
    /// Name resolution.
    Dns,
    /// Callers of webhooks and aggregated APIs.
    ControlPlane,
    /// The cloud's instance metadata.
    CloudMetadata,
}

/// The ports of a flow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Ports {
    /// Every port of every protocol.
    All(AllPorts),
    /// These ports.
    List(Vec<Port>),
}

/// Every port of every protocol.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AllPorts {
    /// Every port of every protocol.
    All,
}

/// A port with its protocol.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Port {
    /// The protocol.
    #[serde(default)]
    pub(crate) protocol: Protocol,
    /// A number, the name of a container port, or a range such as `8000-8100`.
    pub(crate) port: PortNumber,
}

/// The protocols that a `NetworkPolicy` knows.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A port.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum PortNumber {
    /// A number.
    Number(#[schemars(range(min = 1))] u16),
    /// A name or a range.
    Text(String),
}

/// HTTP requests that a flow is meant for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HttpRule {
    /// Methods; any where empty.
    #[serde(default)]
    pub(crate) methods: Vec<String>,
    /// Paths; any where empty.
    #[serde(default)]
    pub(crate) paths: Vec<String>,
}

/// Whether a flow stays in a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Across {
    /// In every cluster in which both ends exist.
    Same(SameCluster),
    /// From the clusters of one trust domain to those of another.
    Clusters(AcrossClusters),
}

impl Default for Across {
    fn default() -> Self {
        Self::Same(SameCluster::SameCluster)
    }
}

/// The word for flows that stay in a cluster.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SameCluster {
    /// In every cluster in which both ends exist.
    SameCluster,
}

/// From the clusters of one trust domain to those of another.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AcrossClusters {
    /// Where the source runs.
    pub(crate) from: AcrossEnd,
    /// Where the destination runs.
    pub(crate) to: AcrossEnd,
    /// The port at which the destination is exposed, where its pod addresses are not routed.
    #[schemars(range(min = 1))]
    pub(crate) port: Option<u16>,
}

/// One side of a flow across clusters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AcrossEnd {
    /// Every cluster of a trust domain.
    Domain(String),
    /// Some clusters of a trust domain.
    Narrowed(NarrowedDomain),
}

/// Some clusters of a trust domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NarrowedDomain {
    /// The trust domain.
    pub(crate) trust_domain: String,
    /// Only the clusters with these labels.
    #[serde(default)]
    pub(crate) clusters: LabelSelector,
}

/// What a flow must be encrypted with.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Encryption {
    /// Nothing.
    #[default]
    None,
    /// TLS.
    Tls,
    /// Mutual TLS.
    Mtls,
}

/// Who approved something, and when.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Approval {
    /// Who.
    pub(crate) by: String,
    /// When, as `YYYY-MM-DD`.
    pub(crate) at: String,
    /// Where that is on record.
    pub(crate) ticket: Option<String>,
}

/// When something was last looked at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Review {
    /// When, as `YYYY-MM-DD`.
    pub(crate) last: String,
    /// By whom.
    pub(crate) by: Option<String>,
}
