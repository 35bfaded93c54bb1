//! From where the control plane calls webhooks and aggregated APIs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::capabilities::{ApiServer, Callers, PodGroup};
use cofferdam_model::names::NamespaceName;
use ipnet::IpNet;

use super::Inputs;
use super::homes;
use crate::observe::wire::Node;

/// Node annotations that hold the address with which the node itself talks to pods.
const TUNNELS: [&str; 5] = [
    "projectcalico.org/IPv4IPIPTunnelAddr",
    "projectcalico.org/IPv4VXLANTunnelAddr",
    "projectcalico.org/IPv6VXLANTunnelAddr",
    "network.cilium.io/ipv4-cilium-host",
    "network.cilium.io/ipv6-cilium-host",
];

pub(super) fn of(inputs: &Inputs<'_>, server: &ApiServer) -> Callers {
    if let Some(callers) = agents(inputs) {
        return callers;
    }
    let nodes = inputs.node_addresses();
    let own: BTreeSet<IpAddr> = server
        .endpoints
        .iter()
        .map(|(address, _)| *address)
        .collect();
    let unknown = |evidence: &str| Callers {
        evidence: evidence.to_owned(),
        ..Callers::default()
    };
    if own.is_empty() {
        return unknown("EndpointSlices of Service default/kubernetes have no address");
    }
    if !own.is_subset(&nodes) {
        return unknown(
            "the API server's addresses are not those of nodes, and there is no konnectivity-agent",
        );
    }
    let hosts = inputs.nodes.iter().filter(|node| {
        let mut addresses = node.status.addresses.iter();
        addresses.any(|address| address.address.parse().is_ok_and(|ip| own.contains(&ip)))
    });
    let tunnels: BTreeSet<IpAddr> = hosts.flat_map(tunnels).collect();
    Callers {
        pods: Vec::new(),
        addresses: own.union(&tunnels).copied().collect(),
        evidence: "the API server runs on nodes of the cluster; with their tunnel addresses"
            .to_owned(),
    }
}

fn agents(inputs: &Inputs<'_>) -> Option<Callers> {
    let mut workloads = inputs.workloads.iter();
    let (kind, agent) =
        workloads.find(|(_, w)| w.metadata.name == "konnectivity-agent" && homes::SYSTEM.has(w))?;
    let namespace = NamespaceName::parse(&agent.metadata.namespace).ok()?;
    let evidence = format!("{kind} {namespace}/konnectivity-agent");
    if agent.template().host_network {
        return Some(Callers {
            pods: Vec::new(),
            addresses: inputs.node_addresses(),
            evidence: format!("{evidence}, in the network of the nodes"),
        });
    }
    let selector = agent.spec.selector.as_ref();
    let labels = selector.map(|selector| selector.match_labels.clone());
    let labels = labels.filter(|labels| !labels.is_empty());
    Some(Callers {
        pods: vec![PodGroup {
            namespace,
            labels: labels.unwrap_or_else(|| agent.template().labels.clone()),
        }],
        addresses: BTreeSet::new(),
        evidence,
    })
}

/// Addresses, other than its own, with which a node talks to pods of other nodes.
fn tunnels(node: &Node) -> Vec<IpAddr> {
    let annotations = &node.metadata.annotations;
    let told = TUNNELS.iter().filter_map(|key| annotations.get(*key));
    let mut all: Vec<IpAddr> = told.filter_map(|text| text.parse().ok()).collect();
    if annotations.contains_key("flannel.alpha.coreos.com/backend-type") {
        // flannel gives its interface the network address, and the bridge the first one.
        let cidrs = node.spec.pod_cidrs.iter().chain(&node.spec.pod_cidr);
        for cidr in cidrs.filter_map(|text| text.parse::<IpNet>().ok()) {
            all.push(cidr.network());
            all.extend(cidr.hosts().next());
        }
    }
    all
}
