//! Traffic between a pod and the node that it runs on.

use std::net::IpAddr;

use cofferdam_model::dialect::OwnNode;

use super::{Connectivity, Endpoint};
use crate::facts::{Facts, Pod};
use crate::rows::arriving;
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

/// What does not apply between two ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exemptions {
    /// As far as it is known on which nodes they are.
    pub(super) known: Exempt,
    /// If they were on one node, where it is not known whether they are.
    pub(super) supposed: Option<Exempt>,
}

/// Whether something is the node on which a pod runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsOwnNode {
    Yes,
    No,
    Unknown,
}

/// The addresses by which it can be told on which node a pod runs: its own where it uses the network of that.
pub(super) fn addresses_where_it_runs(pod: &Pod, facts: &Facts) -> Vec<IpAddr> {
    if pod.place.host_network {
        facts.addresses_of(pod)
    } else {
        facts.addresses_of_its_node(pod)
    }
}

/// What is known of the node of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Whereabouts {
    pub(crate) is_host: bool,
    has_name: bool,
    has_addresses: bool,
}

impl Whereabouts {
    pub(crate) fn of(pod: &Pod, facts: &Facts) -> Self {
        let addresses = addresses_where_it_runs(pod, facts);
        Self {
            is_host: pod.place.host_network,
            has_name: pod.place.node.is_some(),
            has_addresses: !addresses.is_empty(),
        }
    }

    /// Whether one of two pods may be the node on which the other runs, without that being known.
    pub(crate) fn may_share(self, other: Self) -> bool {
        self.is_host != other.is_host && !self.can_tell(other)
    }

    /// Whether it can be told whether two pods are on one node.
    pub(crate) fn can_tell(self, other: Self) -> bool {
        self.has_name && other.has_name || self.has_addresses && other.has_addresses
    }
}

impl Connectivity {
    pub(super) fn own_node(&self, from: Endpoint, to: Endpoint) -> Exemptions {
        let is_own = |pod: Endpoint, other: Endpoint| {
            let governed = self.pod(pod).filter(|pod| !pod.place.host_network);
            governed.map_or(IsOwnNode::No, |pod| self.is_node_of(pod, other))
        };
        let nodes = [is_own(to, from), is_own(from, to)];
        let is_unknown = nodes.contains(&IsOwnNode::Unknown);
        Exemptions {
            known: self.exempt(nodes.map(|node| node == IsOwnNode::Yes)),
            supposed: is_unknown.then(|| self.exempt(nodes.map(|node| node != IsOwnNode::No))),
        }
    }

    /// Whether the source is the node of the destination, and the destination that of the source.
    pub(super) fn exempt(&self, [from_node, to_node]: [bool; 2]) -> Exempt {
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
        governed.map_or_else(|| arriving(self.dialect), |row| self.answer(row, peer))
    }

    fn is_node_of(&self, pod: &Pod, other: Endpoint) -> IsOwnNode {
        let of_node = self.facts().addresses_of_its_node(pod);
        let one_of = |address: &IpAddr| of_node.contains(address);
        let is_known = |is_own: bool, is_known: bool| match (is_own, is_known) {
            (true, _) => IsOwnNode::Yes,
            (false, true) => IsOwnNode::No,
            (false, false) => IsOwnNode::Unknown,
        };
        match (self.pod(other), other) {
            (None, Endpoint::Address(address)) => {
                let is_somebody = self.classes.is_of_node(address);
                is_known(one_of(&address), !is_somebody || !of_node.is_empty())
            }
            (None, Endpoint::Pod(_)) => IsOwnNode::No,
            (Some(host), _) if !host.place.host_network => IsOwnNode::No,
            (Some(host), _) => {
                let own = self.facts().addresses_of(host);
                let names = pod.place.node.as_ref().zip(host.place.node.as_ref());
                let is_same = names.is_some_and(|(one, other)| one == other);
                let [pod, host] = [pod, host].map(|pod| Whereabouts::of(pod, self.facts()));
                is_known(is_same || own.iter().any(one_of), pod.can_tell(host))
            }
        }
    }
}
