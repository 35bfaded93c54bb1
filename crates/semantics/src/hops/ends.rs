//! The ends of connections in a cluster: workloads, addresses outside, nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use indexmap::IndexSet;
use ipnet::IpNet;
use roaring::RoaringBitmap;

use crate::addresses::Family;
use crate::classes::{ClassKind, Classes};
use crate::facts::Facts;
use crate::parties::{Party, Workloads};
use crate::sets::index;

/// What an end is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Pods.
    Pods(Party),
    /// Addresses of one part outside.
    Outside(Family, u32),
    /// Addresses of nodes.
    Nodes,
}

/// An end of a connection.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) what: What,
    pub(super) classes: Vec<u32>,
    /// The number of these classes: ends of one kind reach the same.
    pub(super) kind: usize,
    /// Its pods, by their places in the facts.
    pub(crate) pods: Vec<usize>,
    /// Whether it stands for more than one pod, so that it may connect to itself.
    pub(super) is_several: bool,
}

impl End {
    /// Whose pods it is.
    pub(crate) fn party(&self) -> Option<&Party> {
        match &self.what {
            What::Pods(party) => Some(party),
            What::Outside(..) | What::Nodes => None,
        }
    }

    /// Whether one of its pods is in the network of its node.
    pub(crate) fn is_of_hosts(&self, facts: &Facts) -> bool {
        let pods = self.pods.iter().filter_map(|pod| facts.pods.get(*pod));
        pods.into_iter().any(|pod| pod.place.host_network)
    }
}

/// Every end by number.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(super) classes: Arc<Classes>,
    pub(super) all: Vec<End>,
    pub(super) kinds: IndexSet<Vec<u32>>,
    by_class: BTreeMap<u32, RoaringBitmap>,
}

impl Ends {
    /// The workloads, those in `split` by their pods, and then addresses.
    pub(super) fn of(classes: &Arc<Classes>, split: &Workloads) -> Self {
        let mut ends = Self {
            classes: Arc::clone(classes),
            all: Vec::new(),
            kinds: IndexSet::new(),
            by_class: BTreeMap::new(),
        };
        for group in classes.groups(split) {
            let is_several = group.is_template || group.pods.len() > 1;
            let what = What::Pods(group.party);
            ends.push(what, group.classes, (group.pods, is_several));
        }
        let mut nodes = Vec::new();
        for (id, class) in classes.iter() {
            match class.kind {
                ClassKind::Pods { .. } => {}
                ClassKind::Host { .. } => nodes.push(id),
                ClassKind::Outside => {
                    let what = What::Outside(class.family, class.atom);
                    ends.push(what, vec![id], (Vec::new(), false));
                }
            }
        }
        ends.push(What::Nodes, nodes, (Vec::new(), false));
        for (number, end) in (0..).zip(&ends.all) {
            for class in &end.classes {
                ends.by_class.entry(*class).or_default().insert(number);
            }
        }
        ends
    }

    fn push(&mut self, what: What, classes: Vec<u32>, (pods, is_several): (Vec<usize>, bool)) {
        let (kind, _) = self.kinds.insert_full(classes.clone());
        self.all.push(End {
            what,
            classes,
            kind,
            pods,
            is_several,
        });
    }

    pub(crate) fn get(&self, number: u32) -> Option<&End> {
        self.all.get(index(number))
    }

    /// The numbers of the ends of which something holds.
    pub(crate) fn numbered(&self, holds: impl Fn(&End) -> bool) -> impl Iterator<Item = u32> {
        let numbered = (0..).zip(&self.all);
        numbered
            .filter(move |(_, end)| holds(end))
            .map(|(number, _)| number)
    }

    /// The ends that are pods.
    pub(super) fn pods(&self) -> impl Iterator<Item = u32> {
        self.numbered(|end| !end.pods.is_empty())
    }

    /// The end that is the addresses of nodes.
    pub(crate) fn nodes(&self) -> RoaringBitmap {
        self.numbered(|end| end.what == What::Nodes).collect()
    }

    pub(super) fn facts(&self) -> &Facts {
        self.classes.facts()
    }

    /// Whether pods of an end are in the network of their node.
    pub(super) fn is_of_hosts(&self, number: u32) -> bool {
        let end = self.get(number);
        end.is_some_and(|end| end.is_of_hosts(self.facts()))
    }

    /// Whose pods an end is.
    pub(crate) fn party(&self, number: u32) -> Option<&Party> {
        self.get(number)?.party()
    }

    /// The addresses of an end outside.
    pub(crate) fn ranges(&self, number: u32) -> Vec<RangeInclusive<IpAddr>> {
        match self.get(number).map(|end| &end.what) {
            Some(What::Outside(family, atom)) => self
                .classes
                .universe
                .vocabulary
                .atoms
                .ranges(*family, *atom),
            Some(What::Pods(_) | What::Nodes) | None => Vec::new(),
        }
    }

    /// The end of an address, as one of neither pods nor nodes.
    pub(crate) fn outside_at(&self, address: IpAddr) -> Option<u32> {
        self.by_class.get(&self.classes.outside(address)?)?.min()
    }

    /// The ends outside with addresses in some networks.
    pub(crate) fn outside(&self, networks: &[IpNet]) -> RoaringBitmap {
        let parts = networks.iter().flat_map(|one| self.classes.samples(one));
        parts
            .filter_map(|(first, _)| self.outside_at(first))
            .collect()
    }

    /// The classes of addresses in some networks: outside and of nodes.
    pub(super) fn addresses_in(&self, networks: &[IpNet]) -> Vec<u32> {
        let parts = networks.iter().flat_map(|one| self.classes.samples(one));
        let outside = parts.filter_map(|(first, _)| self.classes.outside(first));
        let nodes = self.classes.addresses_of_nodes();
        let nodes = nodes.iter().flatten();
        let nodes = nodes.filter(|node| networks.iter().any(|one| one.contains(*node)));
        let nodes = nodes.filter_map(|node| self.classes.of_address(*node));
        let classes: BTreeSet<u32> = outside.chain(nodes).collect();
        classes.into_iter().collect()
    }

    /// The addresses of the pods of an end, and whether there may be others.
    pub(super) fn addresses(&self, number: u32) -> (Vec<IpAddr>, bool) {
        let facts = self.classes.facts();
        let pods = self.get(number).map(|end| end.pods.as_slice());
        let (mut all, mut others) = (Vec::new(), false);
        let pods = pods.into_iter().flatten();
        for pod in pods.filter_map(|pod| facts.pods.get(*pod)) {
            let own = facts.addresses_of(pod);
            others |= pod.is_template || own.is_empty();
            all.extend(own);
        }
        (all, others)
    }

    /// Whether an end stands for pods that could be made.
    pub(super) fn is_template(&self, number: u32) -> bool {
        let pods = &self.classes.facts().pods;
        let own = self.get(number).map(|end| end.pods.as_slice());
        let mut own = own.into_iter().flatten();
        own.any(|pod| pods.get(*pod).is_some_and(|pod| pod.is_template))
    }

    pub(super) fn having(&self, classes: &RoaringBitmap) -> RoaringBitmap {
        let having = classes.iter().filter_map(|class| self.by_class.get(&class));
        having.fold(RoaringBitmap::new(), |all, one| all | one)
    }
}
