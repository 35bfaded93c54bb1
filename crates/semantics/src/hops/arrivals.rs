//! With which addresses connections from one cluster arrive in another.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::cluster::Network;
use ipnet::IpNet;

use super::{EntryPoints, Location};
use crate::addresses::Family;
use crate::facts::Facts;

/// The addresses with which connections arrive somewhere.
#[derive(Debug)]
pub(super) struct Arrivals {
    declared: BTreeSet<IpNet>,
    /// The families of which connections may be, and nothing is declared.
    missing: BTreeSet<Family>,
}

impl Arrivals {
    /// Of connections from a cluster at the addresses of pods, which are of these families.
    pub(super) fn at_pods((at, facts): (&Location, &Facts), families: &BTreeSet<Family>) -> Self {
        Self::new(own(at).collect(), (at, facts), families)
    }

    /// The same at the entry points of a network.
    pub(super) fn at_entry_points(
        (at, facts): (&Location, &Facts),
        (destination, entry_points): (&Network, &EntryPoints),
    ) -> Self {
        let others = destination.seen_in_place_of_clients();
        // A connection that comes by routed addresses may keep them nevertheless.
        let own = own(at).filter(|_| others.is_none() || at.network.pod_addresses_routed);
        let declared = match others {
            Some([]) => BTreeSet::new(),
            others => own.chain(others.into_iter().flatten().copied()).collect(),
        };
        let families = entry_points.at.iter().map(|one| Family::of(one.addr()));
        let families = families.collect();
        Self::new(declared, (at, facts), &families)
    }

    fn new(
        declared: BTreeSet<IpNet>,
        (at, facts): (&Location, &Facts),
        families: &BTreeSet<Family>,
    ) -> Self {
        let known: BTreeSet<Family> = declared.iter().map(|one| Family::of(one.addr())).collect();
        let missing = families & &families_of(at, facts);
        Self {
            missing: &missing - &known,
            declared,
        }
    }

    /// What is not declared of it, as the end of a sentence about addresses.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let mut missing = self.missing.iter();
        match (self.declared.is_empty(), missing.next()) {
            (_, None) => None,
            (true, Some(_)) => Some("addresses"),
            (false, Some(Family::V4)) => Some("IPv4 addresses"),
            (false, Some(Family::V6)) => Some("IPv6 addresses"),
        }
    }

    /// The networks as far as they are declared, and any address of families of which nothing is where that is supposed.
    pub(super) fn networks(&self, is_supposed: bool) -> Vec<IpNet> {
        let missing = self.missing.iter().filter(|_| is_supposed);
        let any = missing.map(|family| family.network());
        self.declared.iter().copied().chain(any).collect()
    }
}

/// With which addresses connections leave a cluster.
fn own(at: &Location) -> impl Iterator<Item = IpNet> {
    let Network {
        pod_addresses_routed,
        pod_cidrs,
        egress_cidrs,
        ..
    } = &at.network;
    let (declared, detected) = if *pod_addresses_routed {
        (pod_cidrs, at.pod_networks.as_slice())
    } else {
        (egress_cidrs, [].as_slice())
    };
    declared.iter().chain(detected).copied()
}

/// The families of the addresses of pods; of those of which nothing is known IPv4.
fn families_of(at: &Location, facts: &Facts) -> BTreeSet<Family> {
    let pods = facts.pods.iter().filter(|pod| !pod.place.host_network);
    let seen = pods.flat_map(|pod| &pod.addresses).copied();
    let networks = at.pod_networks.iter().map(IpNet::addr);
    let known: BTreeSet<Family> = seen.chain(networks).map(Family::of).collect();
    if known.is_empty() {
        BTreeSet::from([Family::V4])
    } else {
        known
    }
}

/// The families of the addresses at which pods are reached.
pub(super) fn families_at(networks: &[IpNet], facts: &Facts) -> BTreeSet<Family> {
    let pods = facts.pods.iter().flat_map(|pod| facts.addresses_of(pod));
    let networks = networks.iter().map(IpNet::addr);
    networks.chain(pods).map(Family::of).collect()
}

/// The networks of the nodes of a cluster, as far as they are known.
pub(super) fn networks_of_nodes(at: &Location, facts: &Facts) -> Vec<IpNet> {
    let nodes = facts.nodes.values().flat_map(|node| node.addresses.iter());
    let hosts = facts.pods.iter().filter(|pod| pod.place.host_network);
    let hosts = hosts.flat_map(|pod| facts.addresses_of(pod));
    let seen: BTreeSet<IpAddr> = nodes.copied().chain(hosts).collect();
    let declared = at.network.node_cidrs.iter().copied();
    declared.chain(seen.into_iter().map(IpNet::from)).collect()
}
