//! Cluster services as ends of claims.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cofferdam_model::capabilities::{Capabilities, Dns, PodGroup};
use cofferdam_model::flow::{ClusterService, Protocol};
use cofferdam_model::labels::{Labels, Selector};
use cofferdam_model::names::NamespaceName;
use cofferdam_model::networks::cloud_metadata;
use ipnet::IpNet;

use super::sides::Place;
use super::targets::numbers;
use crate::ports::PortSet;
use crate::prove::Side;

/// A cluster service that accepts or opens connections, whatever the ports; why it cannot be told where it is.
pub(super) fn side(service: ClusterService, place: &Place<'_>) -> Result<Side, String> {
    match service {
        ClusterService::Nodes => nodes(place),
        ClusterService::ControlPlane => callers(place),
        ClusterService::ApiServer | ClusterService::Dns | ClusterService::CloudMetadata => {
            let known = known_ports(service, place)?;
            let mut all = Side::default();
            for side in known.into_values() {
                all.extend(side);
            }
            Ok(all)
        }
    }
}

/// A cluster service by the ports on which it listens; why these cannot be told.
pub(super) fn known_ports(
    service: ClusterService,
    place: &Place<'_>,
) -> Result<BTreeMap<PortSet, Side>, String> {
    match service {
        ClusterService::ApiServer => api_server(place),
        ClusterService::Dns => dns(place),
        ClusterService::CloudMetadata => Ok(metadata()),
        ClusterService::Nodes | ClusterService::ControlPlane => {
            Err(format!("the ports of `{}` are not known", service.as_str()))
        }
    }
}

fn known<'a>(place: &'a Place<'_>, service: ClusterService) -> Result<&'a Capabilities, String> {
    place.capabilities.ok_or_else(|| {
        format!(
            "nothing is known about the cluster, so `{}` has no address; run `cofferdam doctor --write`",
            service.as_str()
        )
    })
}

/// Its address in the cluster and its endpoints: some plugins look before, some after the address is translated.
fn api_server(place: &Place<'_>) -> Result<BTreeMap<PortSet, Side>, String> {
    let api_server = &known(place, ClusterService::ApiServer)?.api_server;
    if api_server.endpoints.is_empty() || api_server.service_addresses.is_empty() {
        return Err("the API server's addresses were not found".to_owned());
    }
    let mut by_ports: BTreeMap<PortSet, Side> = BTreeMap::new();
    let own = api_server.service_addresses.iter();
    let own = own.map(|address| (*address, api_server.service_port));
    for (address, port) in own.chain(api_server.endpoints.iter().copied()) {
        let side = by_ports
            .entry(PortSet::one(Protocol::Tcp, port))
            .or_default();
        side.extend(addresses([address], place));
    }
    Ok(by_ports)
}

fn dns(place: &Place<'_>) -> Result<BTreeMap<PortSet, Side>, String> {
    let assumed = Dns::assumed();
    let dns = place.capabilities.map_or(&assumed, |known| &known.dns);
    let mut by_ports: BTreeMap<PortSet, Side> = BTreeMap::new();
    for servers in &dns.servers {
        let side = pods_of(&servers.namespace, &servers.pod_labels, place);
        if !side.pods.is_empty() {
            by_ports
                .entry(numbers(&servers.ports))
                .or_default()
                .extend(side);
        }
    }
    if !dns.node_local.is_empty() {
        let on = [Protocol::Tcp, Protocol::Udp].map(|protocol| PortSet::one(protocol, 53));
        let on = on
            .into_iter()
            .fold(PortSet::none(), |all, one| all.or(&one));
        let caches = addresses(dns.node_local.iter().copied(), place);
        by_ports.entry(on).or_default().extend(caches);
    }
    if by_ports.is_empty() {
        return Err(format!(
            "no pod that answers DNS is known: {}",
            dns.evidence
        ));
    }
    Ok(by_ports)
}

fn metadata() -> BTreeMap<PortSet, Side> {
    let by_ports = cloud_metadata().map(|(networks, port)| {
        let networks = networks.collect();
        (PortSet::one(Protocol::Tcp, port), Side::at(networks))
    });
    by_ports.collect()
}

/// The networks that are declared, every address of a node that is known, and the pods that have these.
fn nodes(place: &Place<'_>) -> Result<Side, String> {
    let declared = &place.cluster.network.node_cidrs;
    let seen = place
        .facts
        .nodes
        .values()
        .flat_map(|node| node.addresses.iter());
    let known = place
        .capabilities
        .into_iter()
        .flat_map(|known| &known.node_addresses);
    let mut all = addresses(seen.chain(known).copied(), place);
    all.networks.extend(declared);
    let pods = place.facts.pods.iter().enumerate();
    let hosts = pods.filter(|(_, pod)| pod.place.host_network);
    all.pods.extend(hosts.map(|(number, _)| number));
    if all.is_empty() {
        return Err("no node address is known; declare `network.nodeCidrs`".to_owned());
    }
    Ok(all)
}

fn callers(place: &Place<'_>) -> Result<Side, String> {
    let declared = &place.cluster.network.control_plane_cidrs;
    if !declared.is_empty() {
        return Ok(Side::at(declared.clone()));
    }
    let callers = &known(place, ClusterService::ControlPlane)?.callers;
    let mut all = addresses(callers.addresses.iter().copied(), place);
    for PodGroup { namespace, labels } in &callers.pods {
        all.extend(pods_of(namespace, labels, place));
    }
    if all.is_empty() {
        return Err(format!(
            "it cannot be known from where the control plane calls ({}); declare `network.controlPlaneCidrs`",
            callers.evidence
        ));
    }
    Ok(all)
}

/// Addresses, those of nodes as such.
fn addresses(all: impl IntoIterator<Item = IpAddr>, place: &Place<'_>) -> Side {
    let of_nodes = place
        .facts
        .nodes
        .values()
        .flat_map(|node| node.addresses.iter());
    let of_nodes: BTreeSet<IpAddr> = of_nodes.copied().collect();
    let (nodes, others): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) =
        all.into_iter().partition(|one| of_nodes.contains(one));
    Side {
        nodes,
        ..Side::at(others.into_iter().map(IpNet::from).collect())
    }
}

/// The pods of a namespace with these labels.
fn pods_of(namespace: &NamespaceName, labels: &Labels, place: &Place<'_>) -> Side {
    let selector = Selector::labels(labels.clone());
    let pods = place.facts.pods.iter().enumerate();
    let pods = pods
        .filter(|(_, pod)| *pod.namespace == *namespace.as_str() && selector.matches(&pod.labels));
    Side {
        pods: pods.map(|(number, _)| number).collect(),
        ..Side::default()
    }
}
