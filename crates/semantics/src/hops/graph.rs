//! Who may open a connection to whom within a cluster, by workload.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use roaring::RoaringBitmap;

use super::Follow;
use super::ends::Ends;
use crate::connectivity::Endpoint;
use crate::facts::Facts;
use crate::ports::PortSet;
use crate::solver::Under;

/// Who may open a connection to whom, under one of the dialects.
#[derive(Debug)]
pub(crate) struct Graph {
    under: Under,
    pub(super) ends: Ends,
    /// The ends that those of a kind reach, themselves among them, by number of the kind.
    rows: Vec<RoaringBitmap>,
    /// What is possible besides because one pod uses the network of the node on which another runs.
    on_own_node: BTreeMap<u32, BTreeMap<u32, PortSet>>,
}

impl Graph {
    pub(super) fn new(under: Under, ends: Ends) -> Self {
        let mut rows = vec![RoaringBitmap::new(); ends.kinds.len()];
        let mut by_class: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
        for (number, classes) in ends.kinds.iter().enumerate() {
            for class in classes {
                by_class.entry(*class).or_default().insert(number);
            }
        }
        for (_, blocks) in &*under {
            for block in blocks.iter().filter(|block| !block.allowed.is_nothing()) {
                let to = ends.having(&block.to);
                let kinds = block.from.iter().filter_map(|class| by_class.get(&class));
                let kinds: BTreeSet<&usize> = kinds.flatten().collect();
                for kind in kinds {
                    if let Some(row) = rows.get_mut(*kind) {
                        *row |= &to;
                    }
                }
            }
        }
        let on_own_node = on_own_node(&under, &ends);
        Self {
            under,
            ends,
            rows,
            on_own_node,
        }
    }

    /// Whom an end reaches as policies let it; itself among them where its pods reach each other, or pods of its
    /// classes would.
    pub(super) fn row(&self, end: u32) -> RoaringBitmap {
        let kind = self.ends.get(end).map(|end| end.kind);
        let row = kind.and_then(|kind| self.rows.get(kind));
        row.cloned().unwrap_or_default()
    }

    /// Whom an end reaches directly.
    pub(super) fn direct(&self, end: u32, follow: Follow) -> RoaringBitmap {
        let mut row = self.row(end);
        if follow == Follow::Supposed {
            let besides = self.on_own_node.get(&end).into_iter().flatten();
            row.extend(besides.map(|(to, _)| *to));
        }
        row
    }

    /// On which ports one end reaches another.
    pub(super) fn ports(&self, from: u32, to: u32, follow: Follow) -> PortSet {
        let besides = self.on_own_node.get(&from).and_then(|row| row.get(&to));
        let besides = besides.filter(|_| follow == Follow::Supposed);
        let ports = besides.cloned().unwrap_or_default();
        match self.ends.get(from).zip(self.ends.get(to)) {
            Some((from, to)) => ports.or(&self.between(&from.classes, &to.classes)),
            None => ports,
        }
    }

    /// Whether something is possible from an end only because of the node of its pods.
    pub(super) fn is_on_own_node(&self, end: u32) -> bool {
        self.on_own_node.contains_key(&end)
    }

    /// On which ports each end lets connections from some addresses in.
    pub(super) fn admits(&self, networks: &[IpNet]) -> BTreeMap<u32, PortSet> {
        let sources = self.ends.addresses_in(networks);
        let mut known: BTreeMap<usize, PortSet> = BTreeMap::new();
        let mut admitted = BTreeMap::new();
        for (number, end) in (0..).zip(&self.ends.all) {
            if end.pods.is_empty() {
                continue;
            }
            let ports = known
                .entry(end.kind)
                .or_insert_with(|| self.between(&sources, &end.classes));
            if !ports.is_empty() {
                admitted.insert(number, ports.clone());
            }
        }
        admitted
    }

    fn between(&self, from: &[u32], to: &[u32]) -> PortSet {
        let under = self.under.iter();
        let possible = under.map(|(one, _)| one.between_classes(from, to).possible);
        possible.fold(PortSet::none(), |all, one| all.or(&one))
    }
}

/// What is possible only between pods in the network of their node and the pods that run on it.
fn on_own_node(under: &Under, ends: &Ends) -> BTreeMap<u32, BTreeMap<u32, PortSet>> {
    let mut edges: BTreeMap<u32, BTreeMap<u32, PortSet>> = BTreeMap::new();
    let Some((first, _)) = under.first() else {
        return edges;
    };
    let mut of_pods: BTreeMap<usize, u32> = BTreeMap::new();
    for (number, end) in (0..).zip(&ends.all) {
        of_pods.extend(end.pods.iter().map(|pod| (*pod, number)));
    }
    for (host, number) in beside_hosts(first.facts()) {
        for (from, to) in [(host, number), (number, host)] {
            for (connectivity, _) in &**under {
                let allowed = connectivity.allowed(Endpoint::Pod(from), Endpoint::Pod(to));
                if let Some((from, to)) = of_pods.get(&from).zip(of_pods.get(&to))
                    && !allowed.is_nothing()
                {
                    let ports = edges.entry(*from).or_default().entry(*to).or_default();
                    *ports = ports.or(&allowed.possible);
                }
            }
        }
    }
    edges
}

/// Every pod in the network of its node with every other pod that runs there, by their places.
fn beside_hosts(facts: &Facts) -> Vec<(usize, usize)> {
    let mut by_node: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut by_address: BTreeMap<IpAddr, BTreeSet<usize>> = BTreeMap::new();
    let numbered = || facts.pods.iter().enumerate();
    for (host, pod) in numbered().filter(|(_, pod)| pod.place.host_network) {
        if let Some(node) = &pod.place.node {
            by_node.entry(node).or_default().insert(host);
        }
        for address in facts.addresses_of(pod) {
            by_address.entry(address).or_default().insert(host);
        }
    }
    let mut beside = Vec::new();
    for (number, pod) in numbered().filter(|(_, pod)| !pod.place.host_network) {
        let node = pod.place.node.as_deref();
        let own = node
            .and_then(|node| by_node.get(node))
            .into_iter()
            .flatten();
        let addresses = facts.addresses_of_its_node(pod);
        let also = addresses.iter().filter_map(|one| by_address.get(one));
        let hosts: BTreeSet<usize> = own.chain(also.flatten()).copied().collect();
        beside.extend(hosts.into_iter().map(|host| (host, number)));
    }
    beside
}
