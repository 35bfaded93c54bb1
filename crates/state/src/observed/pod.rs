//! Pods, and the templates that make them.

use std::net::IpAddr;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use cofferdam_objects::pod_security::PodSecurity;
use k8s_openapi::api::core::v1::Toleration;

/// A pod.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LivePod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// The node it runs on, once scheduled.
    pub node: Option<String>,
    /// Whether it uses the node's network, so that no NetworkPolicy governs it.
    pub host_network: bool,
    /// Its addresses, once it has any.
    pub addresses: Vec<IpAddr>,
    /// The addresses of its node that its status names.
    pub host_addresses: Vec<IpAddr>,
    /// The ports that its containers declare.
    pub ports: Vec<ContainerPort>,
    /// Whether it has succeeded or failed.
    pub finished: bool,
    /// What it tolerates.
    pub tolerations: Vec<Toleration>,
    /// Labels that its node must have.
    pub node_selector: Labels,
    /// The kind and name of its controller.
    pub owner: Option<(String, String)>,
    /// The kind and name of the workload that it belongs to in the end, such as the Deployment behind a
    /// `ReplicaSet`.
    pub workload: Option<(String, String)>,
}

impl LivePod {
    /// Whether a kubelet shows with it a pod that it runs by itself.
    pub fn is_mirror(&self) -> bool {
        self.owner.as_ref().is_some_and(|(kind, _)| kind == "Node")
    }

    /// The name of the `DaemonSet` that made it.
    pub fn daemon_set(&self) -> Option<&str> {
        let (kind, name) = self.owner.as_ref()?;
        (kind == "DaemonSet").then_some(name)
    }
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerPort {
    /// The name; empty where it has none.
    pub name: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The number.
    pub number: u16,
    /// Whether it is of a sidecar: an init container that restarts.
    pub sidecar: bool,
    /// The port of the node that leads to it from other hosts.
    pub host_port: Option<u16>,
}

/// The pod template of a workload that makes pods, or will.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// `Kind/name`.
    pub workload: String,
    /// Its namespace.
    pub namespace: String,
    /// The kind and name of what controls the workload; never a kind of which templates are read.
    pub controller: Option<(String, String)>,
    /// The labels of its pods.
    pub labels: Labels,
    /// Whether its pods use the network of their nodes.
    pub host_network: bool,
    /// The ports that its containers declare.
    pub ports: Vec<ContainerPort>,
    /// What its pods tolerate.
    pub tolerations: Vec<Toleration>,
    /// Labels that their nodes must have.
    pub node_selector: Labels,
    /// The node that they are bound to past the scheduler, where one is named.
    pub node_name: Option<String>,
    /// What Pod Security says to them.
    pub pod_security: PodSecurity,
}
