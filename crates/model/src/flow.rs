//! Flows: the connections that are allowed, with who answers for them.

use std::collections::BTreeSet;

use crate::labels::Selector;
use crate::names::{ExternalNetworkName, FlowName, NamespaceName, TrustDomainName, ZoneName};

/// A connection that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Its name.
    pub name: FlowName,
    /// Who opens the connection.
    pub from: End,
    /// Who accepts it.
    pub to: End,
    /// On which ports of the destination pod.
    pub ports: Ports,
    /// Rules that only a mesh can enforce.
    pub http: Vec<HttpRule>,
    /// Within each cluster, or between trust domains.
    pub across: Across,
    /// What data it carries.
    pub carries: Vec<String>,
    /// What the connection must be encrypted with.
    pub encryption: Encryption,
    /// Why it is needed.
    pub justification: String,
    /// The team that answers for it.
    pub owner: String,
    /// The team that asked for it.
    pub requested_by: Option<String>,
    /// Who approved it.
    pub approval: Option<Approval>,
    /// When it was last reviewed.
    pub review: Option<Review>,
    /// The day after which it is expired; it stays in force, and is warned of.
    pub expires: Option<Date>,
}

/// A calendar day, `YYYY-MM-DD`; ordered as days are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub String);

/// One end of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Pods of zones.
    Pods(PodEnd),
    /// An external network.
    ExternalNetwork(ExternalNetworkName),
    /// Every public address.
    Internet,
    /// What each cluster provides or needs itself.
    ClusterService(ClusterService),
}

/// Pods of one or more zones, narrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodEnd {
    /// Which zones.
    pub zones: ZoneChoice,
    /// Only these namespaces of the zones; empty means all of them.
    pub namespaces: BTreeSet<NamespaceName>,
    /// Only pods with these labels. Labels are set by the tenant: no boundary within a namespace.
    pub workload: Option<Selector>,
    /// Only these service accounts; enforced by a mesh alone.
    pub service_accounts: Vec<String>,
}

/// The zones of an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneChoice {
    /// These.
    Named(BTreeSet<ZoneName>),
    /// Every zone that is present.
    All,
}

impl ZoneChoice {
    /// Whether a zone is among the chosen.
    pub fn contains(&self, zone: &ZoneName) -> bool {
        match self {
            Self::All => true,
            Self::Named(named) => named.contains(zone),
        }
    }
}

/// What every cluster itself provides or needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClusterService {
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

impl ClusterService {
    /// The word of the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiServer => "apiServer",
            Self::Nodes => "nodes",
            Self::Dns => "dns",
            Self::ControlPlane => "controlPlane",
            Self::CloudMetadata => "cloudMetadata",
        }
    }

    /// Whether its ports are known, so that a flow names none.
    pub fn has_known_ports(self) -> bool {
        matches!(self, Self::ApiServer | Self::Dns | Self::CloudMetadata)
    }
}

/// The ports of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ports {
    /// These, at least one.
    Some(Vec<Port>),
    /// Every port of every protocol, spelled out.
    All,
    /// Left out, because the cluster service knows them.
    Known,
}

/// One port or range with its protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// The protocol.
    pub protocol: Protocol,
    /// The number, name or range.
    pub port: PortNumber,
}

/// The protocols that a NetworkPolicy knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// The word that Kubernetes uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// A port of the destination pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortNumber {
    /// 1 to 65535.
    Number(u16),
    /// The name of a container port, resolved per pod.
    Name(String),
    /// First and last, inclusive, first < last.
    Range(u16, u16),
}

/// HTTP requests that a flow is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRule {
    /// Methods; empty means any.
    pub methods: Vec<String>,
    /// Paths; empty means any.
    pub paths: Vec<String>,
}

/// Whether a flow stays in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Across {
    /// In every cluster in which both ends exist.
    SameCluster,
    /// From every cluster of one side to every cluster of the other.
    Clusters {
        /// Where the source runs.
        from: AcrossEnd,
        /// Where the destination runs.
        to: AcrossEnd,
        /// The port at which the destination is exposed, where pod addresses are not routed.
        port: Option<u16>,
    },
}

/// One side of a flow across clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcrossEnd {
    /// The trust domain.
    pub trust_domain: TrustDomainName,
    /// Only the clusters with these labels.
    pub clusters: Selector,
}

/// What a flow must be encrypted with, ordered from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encryption {
    /// Nothing.
    None,
    /// TLS.
    Tls,
    /// Mutual TLS.
    Mtls,
}

/// Who approved something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When.
    pub at: Date,
    /// Where that is on record.
    pub ticket: Option<String>,
}

/// When something was last looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// When.
    pub last: Date,
    /// By whom.
    pub by: Option<String>,
}
