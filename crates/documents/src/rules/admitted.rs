//! A flow across clusters admits addresses: no other cluster may come from the same.

use std::collections::BTreeMap;

use cofferdam_model::Model;
use cofferdam_model::cluster::{Cluster, IngressSource};
use cofferdam_model::flow::{Across, End, Flow};
use cofferdam_model::names::ClusterName;
use ipnet::IpNet;

use super::addresses::pod_cidrs;
use crate::resolve::address::overlap;
use crate::rules::Court;
use crate::rules::presence::pairs;

/// Two clusters that come from the same addresses: the one that is let in, and the other.
struct Pair<'a> {
    meant: &'a Cluster,
    other: &'a Cluster,
    addresses: (IpNet, IpNet),
}

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    let shared = shared(model);
    if shared.is_empty() {
        return;
    }
    let mut found: BTreeMap<(&ClusterName, &ClusterName, IpNet, IpNet), &Flow> = BTreeMap::new();
    let between_pods =
        |flow: &&Flow| matches!((&flow.from, &flow.to), (End::Pods(_), End::Pods(_)));
    let across = |flow: &&Flow| matches!(flow.across, Across::Clusters { .. });
    for flow in model.flows.values().filter(across).filter(between_pods) {
        let mut destinations: BTreeMap<&ClusterName, Vec<&Cluster>> = BTreeMap::new();
        for (source, destination) in pairs(model, flow) {
            destinations
                .entry(&source.name)
                .or_default()
                .push(destination);
        }
        for Pair {
            meant,
            other,
            addresses: (a, b),
        } in &shared
        {
            // Of two clusters that are both let in, neither is mistaken for the other.
            let reached = destinations.get(&meant.name);
            let reached = reached.filter(|_| !destinations.contains_key(&other.name));
            let mut reached = reached.into_iter().flatten();
            if reached.any(|destination| is_mistaken(other, meant, destination)) {
                let pair = (&meant.name, &other.name, *a, *b);
                found.entry(pair).or_insert(flow);
            }
        }
    }
    for ((meant, other, a, b), flow) in found {
        let field = model.clusters.get(other).map_or("egressCidrs", field);
        let message = format!(
            "addresses {b} overlap {a} of cluster `{meant}`: flow `{}` would admit both clusters",
            flow.name
        );
        let mut reporter = court.on("Cluster", other);
        reporter.error(
            &format!("spec.network.{field}"),
            "overlapping-addresses",
            message,
        );
    }
}

/// Whether the destination takes one cluster for the other by what it sees as source.
fn is_mistaken(other: &Cluster, meant: &Cluster, destination: &Cluster) -> bool {
    let shows = |cluster: &Cluster| {
        cluster.network.pod_addresses_routed
            || destination.network.ingress_source == IngressSource::Client
    };
    // That pods of the destination itself have such addresses is a matter of the pair.
    let itself = other.name == destination.name && other.network.pod_addresses_routed;
    shows(meant) && shows(other) && !itself
}

fn shared(model: &Model) -> Vec<Pair<'_>> {
    let all: Vec<(&Cluster, Vec<IpNet>)> = model
        .clusters
        .values()
        .map(|cluster| (cluster, addresses(model, cluster)))
        .collect();
    let mut found = Vec::new();
    for (meant, here) in &all {
        for (other, there) in all.iter().filter(|(other, _)| other.name != meant.name) {
            for a in here {
                let overlapping = there.iter().filter(|b| overlap(a, b));
                found.extend(overlapping.map(|b| Pair {
                    meant,
                    other,
                    addresses: (*a, *b),
                }));
            }
        }
    }
    found
}

/// What other networks see of a cluster.
fn addresses(model: &Model, cluster: &Cluster) -> Vec<IpNet> {
    if cluster.network.pod_addresses_routed {
        pod_cidrs(model, cluster)
    } else {
        cluster.network.egress_cidrs.clone()
    }
}

fn field(cluster: &Cluster) -> &'static str {
    if cluster.network.pod_addresses_routed {
        "podCidrs"
    } else {
        "egressCidrs"
    }
}
