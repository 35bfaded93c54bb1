//! Connections with what every cluster itself provides or needs, by the words that the model has for it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::flow::{ClusterService, PortNumber, Protocol};
use cofferdam_model::labels::Selector;
use cofferdam_objects::policy::Direction;
use ipnet::IpNet;

use super::Scene;
use super::edges::By;
use super::notes::Notes;
use super::outside::{Outsides, Target};
use super::ports::Ports;
use super::rules::{Allow, Block, Side};

/// A flow to the API server where every address and port of it is allowed, for otherwise it would be wider; returns
/// the pods that have one.
pub(super) fn add_api_server(
    scene: &Scene<'_>,
    namespace: &str,
    side: &Side,
    outsides: &mut Outsides,
) -> BTreeSet<Selector> {
    let groups: BTreeSet<&Selector> = side.allows.iter().map(|allow| &allow.pods).collect();
    let addresses = api_server(scene);
    let mut for_all = false;
    let mut served = BTreeSet::new();
    for pods in groups {
        if for_all {
            continue;
        }
        let allows = || {
            let allows = side.allows.iter();
            allows.filter(|allow| allow.pods == *pods || allow.pods.is_empty())
        };
        let mut by = By::new();
        let mut all = !addresses.is_empty();
        for (address, port) in &addresses {
            let found = allows().find(|allow| {
                allow.reaches_address(*address) && allow.ports.allow(Protocol::Tcp, *port)
            });
            all &= found.is_some();
            by.extend(found.map(|allow| (allow.policy.clone(), allow.place.clone())));
        }
        if all {
            for_all = pods.is_empty();
            let key = (
                Direction::Egress,
                namespace.to_owned(),
                pods.clone(),
                Target::Service(ClusterService::ApiServer),
            );
            outsides.add(key, &Ports::All, by);
            served.insert(pods.clone());
        }
    }
    served
}

/// Every address and port of the API server; none where they are not all known, also to what is stored.
fn api_server(scene: &Scene<'_>) -> BTreeSet<(IpAddr, u16)> {
    let of = |known: &Capabilities| {
        let server = &known.api_server;
        let complete = !server.service_addresses.is_empty() && !server.endpoints.is_empty();
        complete.then(|| api_server_of(known))
    };
    let stored = scene.model.capabilities.get(&scene.cluster.name);
    match (of(&scene.live.capabilities), stored.map(of)) {
        (Some(live), None) => live,
        (Some(live), Some(Some(stored))) => live.union(&stored).copied().collect(),
        (None, _) | (_, Some(None)) => BTreeSet::new(),
    }
}

/// The addresses and ports of the API server, as far as they are known.
pub(super) fn api_server_of(known: &Capabilities) -> BTreeSet<(IpAddr, u16)> {
    let server = &known.api_server;
    let services = server.service_addresses.iter();
    let services = services.map(|address| (*address, server.service_port));
    services.chain(server.endpoints.iter().copied()).collect()
}

/// Whether a block is an address of the API server, and its ports are none but the API server's: what is
/// allowed of another address of it is taken down.
pub(super) fn is_of(
    served: &BTreeSet<(IpAddr, u16)>,
    block: &Block,
    allow: &Allow,
    notes: &mut Notes,
) -> bool {
    let cidr = block.cidr;
    let own: BTreeSet<u16> = served
        .iter()
        .filter(|(address, _)| IpNet::from(*address) == cidr)
        .map(|(_, port)| *port)
        .collect();
    let Ports::These(ports) = &allow.ports else {
        return false;
    };
    let mut numbers = BTreeSet::new();
    for port in ports {
        match port.port {
            PortNumber::Number(number) if port.protocol == Protocol::Tcp => numbers.insert(number),
            PortNumber::Number(_) | PortNumber::Range(..) | PortNumber::Name(_) => return false,
        };
    }
    let known: BTreeSet<u16> = served.iter().map(|(_, port)| *port).collect();
    if own.is_empty() || !numbers.is_subset(&known) {
        return false;
    }
    if !numbers.is_subset(&own) {
        let reason = format!(
            "{}: {cidr} is an address of the API server, of which only its own port is drafted",
            allow.place
        );
        notes.unmapped(&allow.policy, reason);
    }
    true
}

/// What to review of an external network. The word for cloud metadata stands for more addresses, some of which
/// hand out credentials, so that it takes the place of no single one.
pub(super) fn network_remarks(cidrs: &BTreeSet<IpNet>) -> Vec<String> {
    const METADATA: &str = "169.254.169.254/32";
    let review = "review: the name, and `trust` (untrusted unless it says otherwise)";
    let metadata = cidrs.iter().any(|net| net.to_string() == METADATA).then_some(
        "instance metadata of the cloud: flows with `clusterService: cloudMetadata` reach its other addresses too",
    );
    let all = [review].into_iter().chain(metadata);
    all.map(str::to_owned).collect()
}

/// Addresses for which the model has a word of its own.
pub(super) struct Words {
    nodes: BTreeSet<IpNet>,
    callers: BTreeSet<IpNet>,
}

impl Words {
    /// Those of a cluster: as declared, else as they were found.
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let network = &scene.cluster.network;
        let live = &scene.live.capabilities;
        let nets = |addresses: &BTreeSet<IpAddr>| -> BTreeSet<IpNet> {
            addresses.iter().copied().map(IpNet::from).collect()
        };
        let nodes = if network.node_cidrs.is_empty() {
            nets(&live.node_addresses)
        } else {
            network.node_cidrs.iter().copied().collect()
        };
        let callers = if !network.control_plane_cidrs.is_empty() {
            network.control_plane_cidrs.iter().copied().collect()
        } else if live.callers.pods.is_empty() {
            nets(&live.callers.addresses)
        } else {
            BTreeSet::new()
        };
        Self { nodes, callers }
    }

    /// Takes out of the networks of a rule those that are exactly what a word stands for. Addresses that two words
    /// stand for stay: which one is meant nobody can tell.
    pub(super) fn take(&self, direction: Direction, nets: &mut BTreeSet<IpNet>) -> Vec<Target> {
        let calls = direction == Direction::Ingress;
        let is_ambiguous = calls && self.nodes == self.callers;
        let words = [
            (ClusterService::Nodes, &self.nodes, true),
            (ClusterService::ControlPlane, &self.callers, calls),
        ];
        let mut found = Vec::new();
        for (word, meant, applies) in words {
            if applies && !is_ambiguous && !meant.is_empty() && meant.is_subset(nets) {
                nets.retain(|net| !meant.contains(net));
                found.push(Target::Service(word));
            }
        }
        found
    }
}
