//! Flows across clusters need addresses at both ends, and addresses that mean one cluster only.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::cluster::{Cluster, IngressSource};
use cofferdam_model::flow::{Across, End, Flow};
use ipnet::IpNet;

use crate::resolve::address::overlap;
use crate::rules::Court;
use crate::rules::presence::pairs;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    let mut overlaps: BTreeSet<(String, String, IpNet, IpNet)> = BTreeSet::new();
    for flow in model.flows.values() {
        let Across::Clusters { port, .. } = &flow.across else {
            continue;
        };
        if !matches!((&flow.from, &flow.to), (End::Pods(_), End::Pods(_))) {
            continue;
        }
        let mut missing: BTreeSet<String> = BTreeSet::new();
        let mut port_missing = false;
        for (source, destination) in pairs(model, flow) {
            missing.extend(missing_target(model, destination));
            missing.extend(missing_source(model, source, destination));
            port_missing |= !destination.network.pod_addresses_routed && port.is_none();
            overlaps.extend(shared_addresses(model, source, destination));
        }
        report(court, flow, missing, port_missing);
    }
    for (first, second, a, b) in overlaps {
        let message = format!(
            "pod addresses {b} overlap {a} of cluster `{first}`, and flows join the two clusters"
        );
        let mut reporter = court.on("Cluster", &second);
        reporter.error("spec.network.podCidrs", "overlapping-addresses", message);
    }
}

fn report(court: &mut Court<'_>, flow: &Flow, missing: BTreeSet<String>, port_missing: bool) {
    let mut reporter = court.on("Flow", &flow.name);
    for message in missing {
        reporter.error("spec.across", "missing-addresses", message);
    }
    if port_missing {
        let message =
            "`spec.across.port` is missing: pod addresses of the destination are not routed";
        let hint = "it is the port at which the service is exposed";
        reporter
            .error("spec.across.port", "across-port-missing", message)
            .hint(hint);
    }
}

/// Addresses of a cluster's pods, declared or stored.
fn pod_cidrs(model: &Model, cluster: &Cluster) -> Vec<IpNet> {
    let stored = model
        .capabilities
        .get(&cluster.name)
        .map(|seen| &seen.pod_cidrs);
    let declared = cluster.network.pod_cidrs.iter().copied();
    declared
        .chain(stored.into_iter().flatten().copied())
        .collect()
}

fn missing_target(model: &Model, destination: &Cluster) -> Option<String> {
    let name = &destination.name;
    let network = &destination.network;
    if network.pod_addresses_routed {
        pod_cidrs(model, destination).is_empty().then(|| {
            format!("cluster `{name}` has no `podCidrs`, to which its sources would be let out")
        })
    } else {
        network.exposed_cidrs.is_empty().then(|| {
            format!("cluster `{name}` has no `exposedCidrs`, to which its sources would be let out")
        })
    }
}

fn missing_source(model: &Model, source: &Cluster, destination: &Cluster) -> Option<String> {
    let (from, to) = (&source.name, &destination.name);
    if source.network.pod_addresses_routed {
        return pod_cidrs(model, source)
            .is_empty()
            .then(|| format!("cluster `{from}` has no `podCidrs`, which `{to}` would let in"));
    }
    let nodes_known = model
        .capabilities
        .get(&destination.name)
        .is_some_and(|seen| !seen.node_addresses.is_empty());
    match destination.network.ingress_source {
        IngressSource::Client if source.network.egress_cidrs.is_empty() => Some(format!(
            "cluster `{from}` has no `egressCidrs`, which `{to}` would let in"
        )),
        IngressSource::Node if destination.network.node_cidrs.is_empty() && !nodes_known => Some(
            format!("cluster `{to}` has no `nodeCidrs`, from which outside traffic arrives"),
        ),
        IngressSource::LoadBalancer if destination.network.load_balancer_cidrs.is_empty() => {
            Some(format!(
                "cluster `{to}` has no `loadBalancerCidrs`, from which outside traffic arrives"
            ))
        }
        IngressSource::Client | IngressSource::Node | IngressSource::LoadBalancer => None,
    }
}

/// Overlaps of pod addresses where a rule in one cluster names those of the other.
fn shared_addresses(
    model: &Model,
    source: &Cluster,
    destination: &Cluster,
) -> Vec<(String, String, IpNet, IpNet)> {
    let routed = |cluster: &Cluster| cluster.network.pod_addresses_routed;
    if !routed(source) && !routed(destination) {
        return Vec::new();
    }
    let (first, second) = if source.name < destination.name {
        (source, destination)
    } else {
        (destination, source)
    };
    let mut found = Vec::new();
    for a in pod_cidrs(model, first) {
        for b in pod_cidrs(model, second) {
            if overlap(&a, &b) {
                found.push((first.name.to_string(), second.name.to_string(), a, b));
            }
        }
    }
    found
}
