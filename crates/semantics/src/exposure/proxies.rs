//! Pods that open connections on behalf of clients, and the nodes in whose network some of them are.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::facts::{Facts, Pod};

/// The pods of a controller.
#[derive(Debug)]
pub(super) struct Proxies {
    pods: BTreeSet<usize>,
    /// The nodes in whose network some are.
    nodes: BTreeSet<Arc<str>>,
    /// The addresses of these.
    addresses: BTreeSet<IpAddr>,
    /// Whether some are in the network of a node that is not known.
    is_anywhere: bool,
}

/// Whether a pod is on a node whose network proxies are in: from its own node a pod is always reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nearness {
    /// One is in the network of the pod's node.
    Same,
    /// One may be: a node is not known.
    Perhaps,
    /// None is.
    Other,
}

impl Proxies {
    pub(super) fn new(facts: &Facts, pods: BTreeSet<usize>) -> Self {
        let mut proxies = Self {
            pods: BTreeSet::new(),
            nodes: BTreeSet::new(),
            addresses: BTreeSet::new(),
            is_anywhere: false,
        };
        let hosts = pods.iter().filter_map(|place| facts.pods.get(*place));
        for host in hosts.filter(|pod| pod.place.host_network) {
            let addresses = facts.addresses_of(host);
            proxies.is_anywhere |= host.place.node.is_none() && addresses.is_empty();
            proxies.nodes.extend(host.place.node.clone());
            proxies.addresses.extend(addresses);
        }
        proxies.pods = pods;
        proxies
    }

    /// Their places in the facts.
    pub(super) fn pods(&self) -> impl Iterator<Item = usize> {
        self.pods.iter().copied()
    }

    /// Whether any is on the node of a pod.
    pub(super) fn near(&self, facts: &Facts, pod: &Pod) -> Nearness {
        let is_host = !self.nodes.is_empty() || !self.addresses.is_empty() || self.is_anywhere;
        if !is_host || pod.place.host_network {
            return Nearness::Other;
        }
        let node = pod.place.node.as_ref();
        let addresses = facts.addresses_of_its_node(pod);
        let mut own = addresses.iter();
        if node.is_some_and(|node| self.nodes.contains(node))
            || own.any(|address| self.addresses.contains(address))
        {
            Nearness::Same
        } else if self.is_anywhere || (node.is_none() && addresses.is_empty()) {
            Nearness::Perhaps
        } else {
            Nearness::Other
        }
    }
}
