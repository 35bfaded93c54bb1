//! Putting pods, nodes and addresses into classes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::labels::Labels;
use indexmap::IndexMap;

use super::postings::{Postings, pairs};
use super::unaddressed::Unaddressed;
use super::vocabulary::Vocabulary;
use super::{ByAtom, Class, ClassKind, Classes, PortNames, Universe};
use crate::addresses::Family;
use crate::facts::{Facts, Pod};
use crate::sets::{SetList, Table};

/// An address as policies see it: its family, and the part of the addresses in which it lies.
pub(super) type Face = (Family, u32);

impl Classes {
    /// Puts pods, nodes and all addresses into classes.
    pub fn of(facts: &Arc<Facts>) -> Self {
        let mut universe = Universe::none(facts);
        for (name, namespace) in &facts.namespaces {
            let id = universe.namespaces.id(Arc::clone(name));
            let labels = pairs(&namespace.labels);
            universe.namespace_labels.insert(id, labels);
        }
        let of_hosts = universe.take_nodes(facts);
        let of_pods = facts.pods.iter().map(|pod| universe.take_pod(facts, pod));
        let of_pods = of_pods.collect();
        universe.take_outside();
        universe.restricted.clear();
        Self {
            facts: Arc::clone(facts),
            universe: Arc::new(universe),
            of_pods,
            of_hosts,
        }
    }

    /// Another cluster in the same classes, where it has the same policies, and no namespace, pod, node or address that
    /// is unlike those that are here.
    pub(crate) fn shared_by(&self, facts: &Arc<Facts>) -> Option<Self> {
        if !self.facts.tells_apart_as(facts) {
            return None;
        }
        let mut universe = (*self.universe).clone();
        universe.unaddressed = Unaddressed::of(facts, &mut universe.vocabulary);
        let of_hosts = universe.take_nodes(facts);
        let of_pods = facts.pods.iter().map(|pod| universe.take_pod(facts, pod));
        let of_pods = of_pods.collect();
        let of_nodes = |of_hosts: &BTreeMap<IpAddr, u32>| -> BTreeSet<u32> {
            of_hosts.values().copied().collect()
        };
        let is_known = universe.table.len() == self.universe.table.len();
        (is_known && of_nodes(&of_hosts) == of_nodes(&self.of_hosts)).then(|| Self {
            facts: Arc::clone(facts),
            universe: Arc::clone(&self.universe),
            of_pods,
            of_hosts,
        })
    }
}

impl Universe {
    fn none(facts: &Facts) -> Self {
        let mut port_lists = Table::default();
        port_lists.id(PortNames::These(Vec::new()));
        let mut vocabulary = Vocabulary::of(&facts.policies);
        Self {
            unaddressed: Unaddressed::of(facts, &mut vocabulary),
            vocabulary,
            table: Table::default(),
            labels: Table::default(),
            port_lists,
            namespaces: Table::default(),
            namespace_labels: Postings::default(),
            by_namespace: SetList::default(),
            pod_labels: Postings::default(),
            node_labels: Postings::default(),
            by_atom: ByAtom::default(),
            by_ports: SetList::default(),
            by_family: Default::default(),
            restricted: IndexMap::default(),
        }
    }

    /// The classes of the addresses of nodes.
    fn take_nodes(&mut self, facts: &Facts) -> BTreeMap<IpAddr, u32> {
        let mut of_hosts = BTreeMap::new();
        for node in facts.nodes.values() {
            let labels = Some(self.told(&node.labels, true));
            for address in &node.addresses {
                let class = self.host(labels, self.face(*address), 0);
                of_hosts.insert(*address, class);
            }
        }
        let hosts = facts.pods.iter().filter(|pod| pod.place.host_network);
        for address in hosts.flat_map(|pod| pod.place.host_addresses.iter().chain(&pod.addresses)) {
            if !of_hosts.contains_key(address) {
                let class = self.host(None, self.face(*address), 0);
                of_hosts.insert(*address, class);
            }
        }
        of_hosts
    }

    /// The classes of a pod: one per address, or one where its address is not known.
    pub(super) fn take_pod(&mut self, facts: &Facts, pod: &Pod) -> Vec<u32> {
        let ports = self.told_ports(pod);
        let addresses = facts.addresses_of(pod);
        let each: Vec<Face> = if addresses.is_empty() {
            self.unaddressed.of_pod(pod).to_vec()
        } else {
            addresses.iter().map(|one| self.face(*one)).collect()
        };
        let mut classes: Vec<u32> = if pod.place.host_network {
            let node = pod.place.node.as_ref();
            let node = node.and_then(|node| facts.nodes.get(node));
            let labels = node.map(|node| self.told(&node.labels, true));
            let hosts = each.into_iter().map(|one| self.host(labels, one, ports));
            hosts.collect()
        } else {
            let labels = self.told(&pod.labels, false);
            let namespace = self.namespaces.id(Arc::clone(&pod.namespace));
            let kind = ClassKind::Pods { namespace, labels };
            let pods = each.into_iter().map(|one| self.pods(kind, one, ports));
            pods.collect()
        };
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    fn take_outside(&mut self) {
        for family in Family::BOTH {
            for atom in self.vocabulary.atoms.of_family(family) {
                let (kind, ports) = (ClassKind::Outside, 0);
                let id = self.add(Class {
                    family,
                    kind,
                    atom,
                    ports,
                });
                self.by_atom.outside.insert(atom, id);
            }
        }
        let Self {
            vocabulary: Vocabulary { atoms, .. },
            by_atom,
            ..
        } = self;
        for atom in atoms.all() {
            for block in atoms.blocks_of(atom) {
                let inside = by_atom.atoms_of_blocks.entry(*block).or_default();
                inside.push(atom);
            }
            for block in atoms.perhaps_in(atom) {
                let inside = by_atom.atoms_perhaps_in_blocks.entry(*block).or_default();
                inside.push(atom);
            }
        }
    }

    fn host(&mut self, labels: Option<u32>, (family, atom): Face, ports: u32) -> u32 {
        let kind = ClassKind::Host { labels };
        let known = self.table.len();
        let id = self.add(Class {
            family,
            kind,
            atom,
            ports,
        });
        if id == known {
            self.by_atom.hosts.insert(atom, id);
            if let Some(told) = labels.and_then(|labels| self.labels.get(labels)) {
                self.node_labels
                    .insert(id, told.iter().map(|(key, value)| (&**key, &**value)));
            }
        }
        id
    }

    pub(super) fn pods(&mut self, kind: ClassKind, (family, atom): Face, ports: u32) -> u32 {
        let known = self.table.len();
        let id = self.add(Class {
            family,
            kind,
            atom,
            ports,
        });
        if let (true, ClassKind::Pods { namespace, labels }) = (id == known, kind) {
            self.by_atom.pods.insert(atom, id);
            self.by_namespace.insert(namespace, id);
            let told = self
                .labels
                .get(labels)
                .map(Vec::as_slice)
                .unwrap_or_default();
            self.pod_labels
                .insert(id, told.iter().map(|(key, value)| (&**key, &**value)));
        }
        id
    }

    fn add(&mut self, class: Class) -> u32 {
        let (family, ports) = (class.family, class.ports);
        let id = self.table.id(class);
        self.by_ports.insert(ports, id);
        let [v4, v6] = &mut self.by_family;
        match family {
            Family::V4 => v4.insert(id),
            Family::V6 => v6.insert(id),
        };
        id
    }

    fn face(&self, address: IpAddr) -> Face {
        (Family::of(address), self.vocabulary.atoms.of(address))
    }

    /// The number of what is told apart in labels of pods, or of nodes.
    pub(super) fn told(&mut self, labels: &Arc<Labels>, of_node: bool) -> u32 {
        let held = (Arc::as_ptr(labels).addr(), of_node);
        if let Some(known) = self.restricted.get(&held) {
            return *known;
        }
        let keys = if of_node {
            &self.vocabulary.node_keys
        } else {
            &self.vocabulary.pod_keys
        };
        let told = labels.iter().filter_map(|(key, value)| {
            let key = keys.get(key.as_str())?;
            Some((Arc::clone(key), value.as_str().into()))
        });
        let id = self.labels.id(told.collect());
        self.restricted.insert(held, id);
        id
    }

    pub(super) fn told_ports(&mut self, pod: &Pod) -> u32 {
        if pod.is_future && !self.vocabulary.port_names.is_empty() {
            return self.port_lists.id(PortNames::Any);
        }
        let names = &self.vocabulary.port_names;
        let told = pod.ports.iter().filter(|port| names.contains(&port.name));
        let told = told.cloned().collect();
        self.port_lists.id(PortNames::These(told))
    }
}
