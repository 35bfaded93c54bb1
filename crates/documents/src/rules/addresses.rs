//! Flows across clusters need addresses at both ends, and addresses that mean one cluster only.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::cluster::{Cluster, IngressSource};
use cofferdam_model::flow::{Across, End, Flow};
use cofferdam_model::names::ClusterName;
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
        let mut missing: BTreeSet<Missing<'_>> = BTreeSet::new();
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

/// Addresses that a flow needs and that no document says.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Missing<'a> {
    cluster: &'a ClusterName,
    field: Field,
    /// What they are for, to be read after the field.
    purpose: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Pod,
    Exposed,
    Egress,
    Node,
    LoadBalancer,
}

impl Field {
    /// The name in `spec.network`, and an example as the documents' own.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Pod => ("podCidrs", "10.10.0.0/16"),
            Self::Exposed => ("exposedCidrs", "198.51.100.7/32"),
            Self::Egress => ("egressCidrs", "203.0.113.0/28"),
            Self::Node => ("nodeCidrs", "10.1.0.0/20"),
            Self::LoadBalancer => ("loadBalancerCidrs", "10.1.16.0/24"),
        }
    }
}

fn report(court: &mut Court<'_>, flow: &Flow, missing: BTreeSet<Missing<'_>>, port_missing: bool) {
    for one in missing {
        let (field, example) = one.field.words();
        let (cluster, purpose) = (one.cluster, one.purpose);
        let file = court.file_of("Cluster", cluster);
        let hint = format!(
            "write `{field}: [{example}]`, with its own addresses, under `spec.network` in {file}"
        );
        let message = format!("cluster `{cluster}` has no `{field}`, {purpose}");
        let mut reporter = court.on("Flow", &flow.name);
        reporter
            .error("spec.across", "missing-addresses", message)
            .hint(hint);
    }
    let mut reporter = court.on("Flow", &flow.name);
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
pub(super) fn pod_cidrs(model: &Model, cluster: &Cluster) -> Vec<IpNet> {
    let stored = model
        .capabilities
        .get(&cluster.name)
        .map(|seen| &seen.pod_cidrs);
    let declared = cluster.network.pod_cidrs.iter().copied();
    declared
        .chain(stored.into_iter().flatten().copied())
        .collect()
}

fn missing_target<'a>(model: &Model, destination: &'a Cluster) -> Option<Missing<'a>> {
    let network = &destination.network;
    let (field, is_missing) = if network.pod_addresses_routed {
        (Field::Pod, pod_cidrs(model, destination).is_empty())
    } else {
        (Field::Exposed, network.exposed_cidrs.is_empty())
    };
    is_missing.then(|| Missing {
        cluster: &destination.name,
        field,
        purpose: "to which its sources would be let out".to_owned(),
    })
}

fn missing_source<'a>(
    model: &Model,
    source: &'a Cluster,
    destination: &'a Cluster,
) -> Option<Missing<'a>> {
    let network = &destination.network;
    let routed = source.network.pod_addresses_routed;
    let nodes_known = model
        .capabilities
        .get(&destination.name)
        .is_some_and(|seen| !seen.node_addresses.is_empty());
    let (cluster, field, is_missing) = match network.ingress_source {
        _ if routed => (source, Field::Pod, pod_cidrs(model, source).is_empty()),
        IngressSource::Client => {
            let is_missing = source.network.egress_cidrs.is_empty();
            (source, Field::Egress, is_missing)
        }
        IngressSource::Node => {
            let is_missing = network.node_cidrs.is_empty() && !nodes_known;
            (destination, Field::Node, is_missing)
        }
        IngressSource::LoadBalancer => {
            let is_missing = network.load_balancer_cidrs.is_empty();
            (destination, Field::LoadBalancer, is_missing)
        }
    };
    is_missing.then(|| Missing {
        cluster: &cluster.name,
        field,
        purpose: if cluster.name == source.name {
            format!("which `{}` would let in", destination.name)
        } else {
            "from which outside traffic arrives".to_owned()
        },
    })
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
