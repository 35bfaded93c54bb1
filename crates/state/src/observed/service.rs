//! Services.

use std::net::IpAddr;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// A Service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveService {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The annotations that say something of its load balancer.
    pub annotations: Labels,
    /// Labels of its pods; empty where it has no selector.
    pub selector: Labels,
    /// How it is reached.
    pub service_type: ServiceType,
    /// Whether nodes pass connections from outside on to pods of their own alone (`externalTrafficPolicy: Local`).
    pub keeps_client: bool,
    /// Its addresses in the cluster; none for a headless one.
    pub cluster_addresses: Vec<IpAddr>,
    /// Whether it is to have none.
    pub is_headless: bool,
    /// Its `externalIPs` as they are written, which need not be in canonical form.
    pub external_addresses: Vec<String>,
    /// The addresses of its load balancer.
    pub balancer_addresses: Vec<IpAddr>,
    /// Its names where it has no address there.
    pub balancer_names: Vec<String>,
    /// Whether it has ports of nodes, where it has a load balancer.
    pub has_node_ports: bool,
    /// The only clients that its load balancer accepts (`loadBalancerSourceRanges`), as they are written; everybody
    /// where empty.
    pub clients: Vec<String>,
    /// Its ports.
    pub ports: Vec<LiveServicePort>,
}

/// How a Service is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServiceType {
    /// At an address in the cluster, or, headless, at those of its pods.
    #[default]
    ClusterIp,
    /// At a port of every node too.
    NodePort,
    /// Through a load balancer too.
    LoadBalancer,
    /// As another name of something else.
    ExternalName,
}

impl ServiceType {
    /// The word that Kubernetes uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClusterIp => "ClusterIP",
            Self::NodePort => "NodePort",
            Self::LoadBalancer => "LoadBalancer",
            Self::ExternalName => "ExternalName",
        }
    }
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveServicePort {
    /// Its name; empty where it has none.
    pub name: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the Service.
    pub port: u16,
    /// The port of its pods.
    pub target: IntOrString,
    /// The port of every node that leads there, where nodes have one for it.
    pub node_port: Option<u16>,
}
