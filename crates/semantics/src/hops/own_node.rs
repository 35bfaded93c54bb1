//! What is possible only between pods in the network of their node and the pods that run there.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexSet;
use roaring::RoaringBitmap;

use super::ends::Ends;
use crate::connectivity::Endpoint;
use crate::connectivity::neighbours::{Neighbours, Pair};
use crate::connectivity::own_node::Whereabouts;
use crate::ports::PortSet;
use crate::solver::Under;

/// Connections that policies need not let through.
#[derive(Debug, Default)]
pub(super) struct OnOwnNode {
    /// Between ends of which it is known that they share a node.
    known: BTreeMap<u32, BTreeMap<u32, PortSet>>,
    /// The groups of each end whose pods may share a node with others.
    groups: BTreeMap<u32, BTreeSet<usize>>,
    /// Whom each group may reach.
    supposed: Vec<Vec<(PortSet, RoaringBitmap)>>,
    /// The sets of groups that ends have.
    kinds: IndexSet<BTreeSet<usize>>,
}

impl OnOwnNode {
    pub(super) fn new(under: &Under, ends: &Ends) -> Self {
        let mut own = Self::default();
        let numbered = (0..).zip(&ends.all);
        let pods =
            numbered.flat_map(|(number, end)| end.pods.iter().map(move |pod| (*pod, number)));
        let neighbours = Neighbours::of(ends.facts(), pods);
        let possible = |pair: &Pair| {
            let under = under.iter().map(|(one, _)| one.beside(pair).possible);
            under.fold(PortSet::none(), |all, one| all.or(&one))
        };
        let alike = |pod| ends.classes.of_pod(pod);
        for (Pair { from, to, .. }, ports) in neighbours.exchange_on_known_nodes(alike, possible) {
            if !ports.is_empty() {
                own.known.entry(from.0).or_default().insert(to.0, ports);
            }
        }
        own.suppose(under, ends);
        own
    }

    /// Adds what is possible where it is not known which pods share a node.
    fn suppose(&mut self, under: &Under, ends: &Ends) {
        let facts = ends.facts();
        let mut groups: BTreeMap<(Whereabouts, &[u32]), (usize, RoaringBitmap)> = BTreeMap::new();
        for (number, end) in (0..).zip(&ends.all) {
            for place in &end.pods {
                let Some(pod) = facts.pods.get(*place) else {
                    continue;
                };
                let key = (Whereabouts::of(pod, facts), ends.classes.of_pod(*place));
                let group = groups.entry(key);
                let (_, ends) = group.or_insert_with(|| (*place, RoaringBitmap::new()));
                ends.insert(number);
            }
        }
        let groups: Vec<(Whereabouts, usize, RoaringBitmap)> = groups
            .into_iter()
            .map(|((group, _), (first, ends))| (group, first, ends))
            .collect();
        for (number, (group, first, ends)) in groups.iter().enumerate() {
            let mut reached: BTreeMap<PortSet, RoaringBitmap> = BTreeMap::new();
            for (_, other, targets) in groups.iter().filter(|(one, ..)| one.may_share(*group)) {
                let ports = possible(under, *first, *other);
                if !ports.is_empty() {
                    *reached.entry(ports).or_default() |= targets;
                }
            }
            if !reached.is_empty() {
                for end in ends {
                    self.groups.entry(end).or_default().insert(number);
                }
            }
            self.supposed.push(reached.into_iter().collect());
        }
        self.kinds = self.groups.values().cloned().collect();
    }

    /// Whom an end may reach because of the node.
    pub(super) fn reached(&self, end: u32) -> RoaringBitmap {
        let known = self.known.get(&end).into_iter().flatten();
        let mut reached: RoaringBitmap = known.map(|(to, _)| *to).collect();
        for (_, ends) in self.supposed_from(end) {
            reached |= ends;
        }
        reached
    }

    /// On which ports one end may reach another because of the node.
    pub(super) fn ports(&self, from: u32, to: u32) -> PortSet {
        let known = self.known.get(&from).and_then(|row| row.get(&to));
        let supposed = self.supposed_from(from);
        let supposed = supposed.filter(|(_, ends)| ends.contains(to));
        let all = known.into_iter().chain(supposed.map(|(ports, _)| ports));
        all.fold(PortSet::none(), |all, one| all.or(one))
    }

    /// Whether it is known who shares the node of an end, so that it is like no other.
    pub(super) fn is_known(&self, end: u32) -> bool {
        self.known.contains_key(&end)
    }

    /// What other ends share that may reach the same because of the node; none where that is nobody.
    pub(super) fn kind(&self, end: u32) -> Option<usize> {
        let groups = self.groups.get(&end)?;
        self.kinds.get_index_of(groups)
    }

    fn supposed_from(&self, end: u32) -> impl Iterator<Item = &(PortSet, RoaringBitmap)> {
        let groups = self.groups.get(&end).into_iter().flatten();
        groups
            .filter_map(|group| self.supposed.get(*group))
            .flatten()
    }
}

fn possible(under: &Under, from: usize, to: usize) -> PortSet {
    let (from, to) = (Endpoint::Pod(from), Endpoint::Pod(to));
    let possible = under.iter().map(|(one, _)| one.allowed(from, to).possible);
    possible.fold(PortSet::none(), |all, one| all.or(&one))
}
