//! Flows between clusters: an egress rule at the source, an ingress rule at the destination, made of
//! addresses. Both ends, or neither.

use std::collections::BTreeSet;

use cofferdam_model::cluster::{Cluster, IngressSource};
use cofferdam_model::diagnostic::Severity;
use cofferdam_model::flow::{Across, AcrossEnd, End, Flow, PodEnd, Ports, Protocol};
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicyPort};

use super::addresses::network_peers;
use super::builder::{Builder, Rule};
use super::flows::{Side, add_ends};
use super::peers::{members_of_end, numbered, policy_ports};
use crate::backend::{Scope, flow_remark};
use crate::members::members;

/// Adds this cluster's side, or sides, of a flow across clusters.
pub(super) fn add_across(builder: &mut Builder<'_>, flow: &Flow) {
    let Across::Clusters { from, to, port } = &flow.across else {
        return;
    };
    let (End::Pods(source), End::Pods(destination)) = (&flow.from, &flow.to) else {
        return;
    };
    let sources = clusters_of_end(builder.scope, from, source);
    let destinations = clusters_of_end(builder.scope, to, destination);
    let here = builder.scope.cluster;
    if sources.iter().any(|cluster| cluster.name == here.name) {
        let mut rules = Vec::new();
        for other in destinations
            .iter()
            .filter(|cluster| cluster.name != here.name)
        {
            match reachable(here, other) {
                Err(reason) => refuse(builder, flow, &reason),
                Ok(()) if other.network.pod_addresses_routed => rules.push(Rule {
                    peers: network_peers(&other.network.pod_cidrs),
                    ports: policy_ports(&flow.ports),
                }),
                Ok(()) => rules.push(Rule {
                    peers: network_peers(&other.network.exposed_cidrs),
                    ports: exposed_ports(&flow.ports, *port),
                }),
            }
        }
        add_ends(builder, flow, source, &Side::egress(rules).granular());
    }
    if destinations.iter().any(|cluster| cluster.name == here.name) {
        let mut networks: Vec<IpNet> = Vec::new();
        for other in sources.iter().filter(|cluster| cluster.name != here.name) {
            match reachable(other, here) {
                Err(reason) => refuse(builder, flow, &reason),
                Ok(()) => networks.extend(other.network.arriving_at(&here.network)),
            }
        }
        let peers: Vec<NetworkPolicyPeer> = network_peers(&networks);
        let rules = if peers.is_empty() {
            Vec::new()
        } else {
            vec![Rule {
                peers,
                ports: policy_ports(&flow.ports),
            }]
        };
        add_ends(builder, flow, destination, &Side::ingress(rules).granular());
    }
}

/// The port at which the destination is exposed, once per protocol of the flow.
fn exposed_ports(ports: &Ports, exposed: Option<u16>) -> Vec<NetworkPolicyPort> {
    let protocols: BTreeSet<Protocol> = match ports {
        Ports::Some(ports) => ports.iter().map(|port| port.protocol).collect(),
        Ports::All | Ports::Known => [Protocol::Tcp].into(),
    };
    let of = |port| {
        protocols
            .iter()
            .map(move |protocol| numbered(*protocol, port))
    };
    exposed.into_iter().flat_map(of).collect()
}

/// The clusters of one side in which the end exists, by the namespaces that the model names.
fn clusters_of_end<'a>(scope: &Scope<'a>, side: &AcrossEnd, end: &PodEnd) -> Vec<&'a Cluster> {
    let model = scope.model;
    let in_domain = |cluster: &&Cluster| {
        model
            .trust_domain_of(cluster)
            .is_some_and(|domain| domain.name == side.trust_domain)
    };
    let exists = |cluster: &&Cluster| {
        // What is known of this cluster now goes before what is stored of it.
        if cluster.name == scope.cluster.name {
            return members_of_end(end, scope.members).next().is_some();
        }
        let known = model.capabilities.get(&cluster.name);
        members_of_end(end, &members(model, cluster, known))
            .next()
            .is_some()
    };
    model
        .clusters
        .values()
        .filter(in_domain)
        .filter(|cluster| side.clusters.matches(&cluster.labels))
        .filter(exists)
        .collect()
}

/// Whether both rules of a pair of clusters can be written, and why not.
fn reachable(source: &Cluster, destination: &Cluster) -> Result<(), String> {
    let towards = &destination.network;
    let missing = |cluster: &Cluster, field: &str| {
        Err(format!(
            "cluster `{}` does not declare `network.{field}`",
            cluster.name
        ))
    };
    if towards.pod_addresses_routed && towards.pod_cidrs.is_empty() {
        return missing(destination, "podCidrs");
    }
    if !towards.pod_addresses_routed && towards.exposed_cidrs.is_empty() {
        return missing(destination, "exposedCidrs");
    }
    if source.network.arriving_at(towards).is_empty() {
        let field = match (source.network.pod_addresses_routed, towards.ingress_source) {
            (true, _) => return missing(source, "podCidrs"),
            (false, IngressSource::Client) => return missing(source, "egressCidrs"),
            (false, IngressSource::Node) => "nodeCidrs",
            (false, IngressSource::LoadBalancer) => "loadBalancerCidrs",
        };
        return missing(destination, field);
    }
    Ok(())
}

fn refuse(builder: &mut Builder<'_>, flow: &Flow, reason: &str) {
    let message = format!("the flow crosses clusters, and {reason}");
    builder.remark(flow_remark(
        flow,
        Severity::Error,
        "across-without-addresses",
        message,
    ));
}
