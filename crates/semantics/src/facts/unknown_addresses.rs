//! Where addresses lie that are not known.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Facts;

/// Where the addresses of pods lie that are not known: of templates, and of pods that do not exist yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum UnknownAddresses {
    /// Anywhere: only a block of all addresses holds them for sure, and every other may.
    #[default]
    Anywhere,
    /// In one of these networks, of which there is one at least.
    Within(Vec<IpNet>),
    /// Supposed to be in no block that is not one of all addresses.
    InNoBlock,
}

impl Facts {
    /// Takes the networks of pods for known, unless there are none, or an address of a pod is in none of them.
    pub fn settle_pod_networks(&mut self, networks: &[IpNet]) {
        let is_inside = |address: &IpAddr| networks.iter().any(|one| one.contains(address));
        let own = self.pods.iter().filter(|pod| !pod.place.host_network);
        let mut own = own.flat_map(|pod| &pod.addresses);
        if !networks.is_empty() && own.all(is_inside) {
            self.unknown_addresses = UnknownAddresses::Within(networks.to_vec());
        }
    }

    /// Takes from another state with the same nodes that there are no others, where that is known there.
    pub fn share_nodes(&mut self, other: &Self) {
        self.has_every_node |= other.has_every_node && self.nodes.keys().eq(other.nodes.keys());
    }

    /// The networks of pods; none where they are not known.
    pub(crate) fn pod_networks(&self) -> &[IpNet] {
        match &self.unknown_addresses {
            UnknownAddresses::Within(networks) => networks,
            UnknownAddresses::Anywhere | UnknownAddresses::InNoBlock => &[],
        }
    }
}
