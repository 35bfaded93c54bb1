//! Services, and where they lead.

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use ipnet::IpNet;

use crate::policy::Source;

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The object that it came from.
    pub source: Source,
    /// Labels of its pods; empty where it has no selector.
    pub selector: Labels,
    /// Addresses in the cluster; none for a headless one, and where none has been given yet.
    pub cluster_addresses: Vec<IpAddr>,
    /// Whether it is to have no address in the cluster.
    pub is_headless: bool,
    /// How it is reached.
    pub kind: ServiceKind,
    /// Whether nodes pass connections from outside on to pods of their own alone, which see from whom they had these
    /// (`externalTrafficPolicy: Local`): the client, or a load balancer that is a proxy.
    pub keeps_client: bool,
    /// Further addresses at which nodes accept its connections (`externalIPs`).
    pub external_addresses: Vec<IpAddr>,
    /// The addresses of its load balancer.
    pub balancer_addresses: Vec<IpAddr>,
    /// The names of its load balancer where it has no address there.
    pub balancer_names: Vec<String>,
    /// Whether its load balancer is reached from private networks alone, as an annotation says.
    pub is_internal: bool,
    /// The only clients that its load balancer accepts (`loadBalancerSourceRanges`); everybody where empty.
    pub clients: Vec<IpNet>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
}

impl Service {
    /// What names it, as `Service/namespace/name`.
    pub fn key(&self) -> String {
        format!("Service/{}/{}", self.namespace, self.name)
    }

    /// Whether nodes have ports of their own for it.
    pub fn has_node_ports(&self) -> bool {
        match self.kind {
            ServiceKind::Nodes => true,
            ServiceKind::LoadBalancer { at_nodes } => at_nodes,
            ServiceKind::Cluster | ServiceKind::ExternalName => false,
        }
    }

    /// Whether nodes accept its connections from outside, at ports of their own or at further addresses.
    pub fn is_at_nodes(&self) -> bool {
        self.has_node_ports() || !self.external_addresses.is_empty()
    }

    /// Whether it is reached from outside.
    pub fn is_published(&self) -> bool {
        self.is_at_nodes() || matches!(self.kind, ServiceKind::LoadBalancer { .. })
    }
}

/// How a Service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceKind {
    /// Inside the cluster alone.
    Cluster,
    /// At a port of every node too.
    Nodes,
    /// Through a load balancer too, which is the only way in from outside where nodes have no port for it.
    LoadBalancer {
        /// Whether nodes have.
        at_nodes: bool,
    },
    /// As another name in DNS; no traffic goes through it.
    ExternalName,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name.
    pub name: Option<String>,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the Service.
    pub port: u16,
    /// The port of its pods.
    pub target: Target,
    /// The port of every node that leads there; none where nodes have none for it, and where none was given yet.
    pub node_port: Option<u16>,
}

/// The port of the pods behind a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A number.
    Number(u16),
    /// The name of a container port, resolved per pod.
    Name(String),
}

/// Where a Service leads, as its `EndpointSlice`s or `Endpoints` say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slice {
    /// The namespace of both.
    pub namespace: Arc<str>,
    /// The name of the Service.
    pub service: Arc<str>,
    /// The addresses; where a pod is named as well, its name.
    pub endpoints: Vec<(IpAddr, Option<Arc<str>>)>,
    /// The ports.
    pub ports: Vec<SlicePort>,
}

/// A port at which endpoints are reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlicePort {
    /// The name of the Service's port; empty where that has none.
    pub name: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The number; that of the Service's port where it is not given.
    pub port: Option<u16>,
}
