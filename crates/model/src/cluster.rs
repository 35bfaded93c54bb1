//! A cluster of the fleet: how it is reached, and what cannot be discovered of it.

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::capabilities::Capabilities;
use crate::labels::Labels;
use crate::names::ClusterName;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// Labels by which trust domains and rules select it.
    pub labels: Labels,
    /// How it is reached.
    pub access: Access,
    /// The UID of namespace `kube-system`; required to write.
    pub uid: Option<String>,
    /// Whether it is written to.
    pub mode: Mode,
    /// Who applies the bundle.
    pub delivery: Delivery,
    /// What cannot be discovered of its network.
    pub network: Network,
    /// Who may change what guard rails protect.
    pub guards: Guards,
    /// The API server's audit log, relative to the document.
    pub audit_file: Option<String>,
    /// Limits on our requests.
    pub limits: Limits,
}

impl Cluster {
    /// The networks of its pods: those that are declared, and those that are known of its nodes.
    pub fn pod_networks(&self, capabilities: Option<&Capabilities>) -> Vec<IpNet> {
        let detected = capabilities.into_iter().flat_map(|known| &known.pod_cidrs);
        let declared = &self.network.pod_cidrs;
        declared.iter().chain(detected).copied().collect()
    }
}

/// How a cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Path of the kubeconfig, resolved against the document that names it; may start with `~/`.
    pub kubeconfig: String,
    /// The context; the file's current one where left out.
    pub context: Option<String>,
    /// Absolute paths of exec plugins that may run.
    pub allow_exec: BTreeSet<String>,
}

/// Whether a cluster is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Plan and drift show, apply skips.
    ReadOnly,
    /// Apply writes.
    Manage,
}

/// Who applies the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// We do.
    Push,
    /// A GitOps controller applies what `compile` wrote.
    Gitops,
}

/// What cannot be discovered of a cluster's network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Addresses of pods.
    pub pod_cidrs: Vec<IpNet>,
    /// Addresses of nodes.
    pub node_cidrs: Vec<IpNet>,
    /// Addresses of load balancers, as pods see them.
    pub load_balancer_cidrs: Vec<IpNet>,
    /// The addresses that other networks see.
    pub egress_cidrs: Vec<IpNet>,
    /// Where other networks reach its exposed services.
    pub exposed_cidrs: Vec<IpNet>,
    /// Whether pod addresses are kept when traffic leaves the cluster.
    pub pod_addresses_routed: bool,
    /// What a pod sees as source of outside traffic.
    pub ingress_source: IngressSource,
    /// Where webhook callers come from, where that cannot be discovered.
    pub control_plane_cidrs: Vec<IpNet>,
}

impl Network {
    /// What a destination elsewhere sees as source of connections from here; empty where that is not declared.
    pub fn arriving_at<'a>(&'a self, destination: &'a Self) -> &'a [IpNet] {
        if self.pod_addresses_routed {
            return &self.pod_cidrs;
        }
        destination
            .seen_in_place_of_clients()
            .unwrap_or(&self.egress_cidrs)
    }

    /// What pods here see in place of the addresses of clients from outside; none where they see these.
    pub fn seen_in_place_of_clients(&self) -> Option<&[IpNet]> {
        match self.ingress_source {
            IngressSource::Client => None,
            IngressSource::Node => Some(&self.node_cidrs),
            IngressSource::LoadBalancer => Some(&self.load_balancer_cidrs),
        }
    }
}

/// What a pod sees as source of traffic from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IngressSource {
    /// The client's own address.
    #[default]
    Client,
    /// A node's address.
    Node,
    /// The load balancer's address.
    LoadBalancer,
}

/// Who may change what guard rails protect; entries are `user:NAME` or `group:NAME`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guards {
    /// Who may always.
    pub writers: Vec<String>,
    /// Who may in an emergency, with a note in the audit log.
    pub break_glass: Vec<String>,
}

impl Guards {
    /// Whether a user, being in these groups, is a writer.
    pub fn is_writer(&self, user: &str, groups: &[String]) -> bool {
        is_among(&self.writers, user, groups)
    }

    /// Whether a user, being in these groups, may in an emergency.
    pub fn is_break_glass(&self, user: &str, groups: &[String]) -> bool {
        is_among(&self.break_glass, user, groups)
    }
}

fn is_among(subjects: &[String], user: &str, groups: &[String]) -> bool {
    subjects
        .iter()
        .any(|subject| match subject.split_once(':') {
            Some(("user", name)) => name == user,
            Some(("group", name)) => groups.iter().any(|group| group == name),
            Some(_) | None => false,
        })
}

/// Limits on our requests to one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests per second.
    pub requests_per_second: u32,
    /// Requests under way at once.
    pub in_flight: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 100,
            in_flight: 16,
        }
    }
}
