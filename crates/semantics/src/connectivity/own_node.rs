//! Traffic between a pod and the node that it runs on.

use std::net::IpAddr;

use cofferdam_model::dialect::OwnNode;

use super::{Connectivity, Endpoint};
use crate::facts::Pod;
use crate::rows::all_ports;
use crate::verdict::Allowed;

/// What does not apply because one end is the node on which the other runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exempt {
    /// Every policy of the source.
    pub(super) egress: bool,
    /// Every policy of the destination.
    pub(super) ingress: bool,
    /// Policies of namespaces at the destination: the API exempts the own node from these.
    pub(super) namespaced_ingress: bool,
}

impl Connectivity {
    pub(super) fn own_node(&self, from: Endpoint, to: Endpoint) -> Exempt {
        let governed = |endpoint| {
            self.pod(endpoint)
                .filter(|pod: &&Pod| !pod.place.host_network)
        };
        let is_own = |pod: Option<&Pod>, other| pod.is_some_and(|pod| self.is_node_of(pod, other));
        let from_node = is_own(governed(to), from);
        let to_node = is_own(governed(from), to);
        Exempt {
            egress: to_node && self.dialect.egress_to_own_node == OwnNode::Exempt,
            ingress: from_node && self.dialect.ingress_from_own_node == OwnNode::Exempt,
            namespaced_ingress: from_node,
        }
    }

    /// What the pods of a class let in from the node on which they run, as a peer of this class.
    pub(crate) fn says_to_own_node(&self, class: u32, peer: u32) -> Allowed {
        let governed = match self.dialect.ingress_from_own_node {
            OwnNode::Exempt => None,
            OwnNode::Governed => self.rows_of(class).and_then(|rows| rows.from_own_node),
        };
        governed.map_or_else(
            || Allowed::certainly(all_ports(self.dialect)),
            |row| self.answer(row, peer),
        )
    }

    fn is_node_of(&self, pod: &Pod, other: Endpoint) -> bool {
        let of_node = self.facts().addresses_of_its_node(pod);
        let one_of = |address: &IpAddr| of_node.contains(address);
        match self.pod(other) {
            None => match other {
                Endpoint::Address(address) => one_of(&address),
                Endpoint::Pod(_) => false,
            },
            Some(host) if !host.place.host_network => false,
            Some(host) => {
                let same = host.place.node.is_some() && host.place.node == pod.place.node;
                same || self.facts().addresses_of(host).iter().any(one_of)
            }
        }
    }
}
