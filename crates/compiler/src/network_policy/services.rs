//! Cluster services: what every cluster itself provides or needs, which has no pods to select.

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::flow::{ClusterService, Protocol};
use cofferdam_model::networks::cloud_metadata;
use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicyPort};

use super::addresses::{address_peers, network_peers};
use super::builder::{Builder, Rule};
use super::dns;
use super::peers::{block_peer, numbered, pods_peer};

/// The egress rules that reach a cluster service; the reason where they cannot be told.
///
/// For the API server both its cluster address and every endpoint: some plugins look before, some
/// after the address is translated.
pub(super) fn egress_rules(
    builder: &Builder<'_>,
    service: ClusterService,
    ports: &[NetworkPolicyPort],
) -> Result<Vec<Rule>, String> {
    match service {
        ClusterService::ApiServer => api_server_rules(known(builder, service)?),
        ClusterService::Nodes => node_peers(builder).map(|peers| one_rule(peers, ports.to_vec())),
        ClusterService::Dns => Ok(dns::egress_rules(&dns::dns_of(builder))),
        ClusterService::CloudMetadata => Ok(metadata_rules()),
        ClusterService::ControlPlane => {
            Err("the control plane calls, it is not called: name it in `from`".to_owned())
        }
    }
}

/// The peers for traffic that comes from a cluster service; the reason where they cannot be told.
pub(super) fn ingress_peers(
    builder: &Builder<'_>,
    service: ClusterService,
) -> Result<Vec<NetworkPolicyPeer>, String> {
    match service {
        ClusterService::ApiServer | ClusterService::ControlPlane => caller_peers(builder),
        ClusterService::Nodes => node_peers(builder),
        ClusterService::Dns => {
            let servers = dns::dns_of(builder).servers;
            Ok(servers
                .iter()
                .map(|group| pods_peer(&group.namespace, &group.pod_labels))
                .collect())
        }
        ClusterService::CloudMetadata => {
            Err("cloud metadata is called, it does not call: name it in `to`".to_owned())
        }
    }
}

/// The peers from which the control plane calls webhooks and aggregated APIs.
pub(super) fn caller_peers(builder: &Builder<'_>) -> Result<Vec<NetworkPolicyPeer>, String> {
    let declared = &builder.scope.cluster.network.control_plane_cidrs;
    if !declared.is_empty() {
        return Ok(network_peers(declared));
    }
    let callers = &known(builder, ClusterService::ControlPlane)?.callers;
    let pods = callers
        .pods
        .iter()
        .map(|group| pods_peer(&group.namespace, &group.labels));
    let peers: Vec<_> = pods.chain(address_peers(&callers.addresses)).collect();
    if peers.is_empty() {
        return Err(format!(
            "it cannot be known from where the control plane calls ({}); declare `network.controlPlaneCidrs`",
            callers.evidence
        ));
    }
    Ok(peers)
}

/// The peers that stand for the nodes: the declared networks, else every node's own addresses.
pub(super) fn node_peers(builder: &Builder<'_>) -> Result<Vec<NetworkPolicyPeer>, String> {
    let declared = &builder.scope.cluster.network.node_cidrs;
    if !declared.is_empty() {
        return Ok(network_peers(declared));
    }
    let addresses = &known(builder, ClusterService::Nodes)?.node_addresses;
    if addresses.is_empty() {
        return Err("no node address is known; declare `network.nodeCidrs`".to_owned());
    }
    Ok(address_peers(addresses))
}

fn known<'a>(builder: &Builder<'a>, service: ClusterService) -> Result<&'a Capabilities, String> {
    builder.scope.capabilities.ok_or_else(|| {
        format!(
            "nothing is stored about the cluster, so `{}` has no address; run `cofferdam doctor --write`",
            service.as_str()
        )
    })
}

fn api_server_rules(capabilities: &Capabilities) -> Result<Vec<Rule>, String> {
    let api_server = &capabilities.api_server;
    if api_server.endpoints.is_empty() || api_server.service_addresses.is_empty() {
        return Err("the API server's addresses were not found".to_owned());
    }
    let service = Rule {
        peers: address_peers(&api_server.service_addresses),
        ports: vec![numbered(Protocol::Tcp, api_server.service_port)],
    };
    let ports: std::collections::BTreeSet<u16> =
        api_server.endpoints.iter().map(|(_, port)| *port).collect();
    let endpoints = ports.into_iter().map(|port| Rule {
        peers: address_peers(
            api_server
                .endpoints
                .iter()
                .filter(|(_, p)| *p == port)
                .map(|(address, _)| address),
        ),
        ports: vec![numbered(Protocol::Tcp, port)],
    });
    Ok([service].into_iter().chain(endpoints).collect())
}

fn metadata_rules() -> Vec<Rule> {
    let rules = cloud_metadata().map(|(networks, port)| Rule {
        peers: networks.map(|network| block_peer(network, &[])).collect(),
        ports: vec![numbered(Protocol::Tcp, port)],
    });
    rules.collect()
}

fn one_rule(peers: Vec<NetworkPolicyPeer>, ports: Vec<NetworkPolicyPort>) -> Vec<Rule> {
    vec![Rule { peers, ports }]
}
