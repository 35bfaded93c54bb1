//! Who may open a connection to whom on any port, by workload.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::Count;
use crate::addresses::Family;
use crate::classes::{ClassKind, Classes};
use crate::connectivity::{Connectivity, Endpoint};
use crate::parties::{Party, Workloads};
use crate::ports::PortSet;
use crate::sets::index;

/// What an end is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Pods.
    Pods(Party),
    /// Addresses of one part outside.
    Outside(Family, u32),
    /// Addresses of nodes.
    Nodes,
}

/// An end of a connection.
#[derive(Debug)]
pub(super) struct End {
    pub(super) what: What,
    pub(super) classes: Vec<u32>,
    /// Its pods, by their places in the facts.
    pub(super) pods: Vec<usize>,
}

/// Every end by number.
#[derive(Debug)]
pub(super) struct Ends {
    classes: Arc<Classes>,
    all: Vec<End>,
    by_class: BTreeMap<u32, RoaringBitmap>,
}

impl Ends {
    /// The workloads, those in `split` by their pods, and then addresses.
    pub(super) fn of(classes: &Arc<Classes>, split: &Workloads) -> Self {
        let groups = classes.groups(split).into_iter();
        let mut all: Vec<End> = groups
            .map(|group| End {
                what: What::Pods(group.party),
                classes: group.classes,
                pods: group.pods,
            })
            .collect();
        let mut nodes = Vec::new();
        for (id, class) in classes.iter() {
            match class.kind {
                ClassKind::Pods { .. } => {}
                ClassKind::Host { .. } => nodes.push(id),
                ClassKind::Outside => all.push(End {
                    what: What::Outside(class.family, class.atom),
                    classes: vec![id],
                    pods: Vec::new(),
                }),
            }
        }
        all.push(End {
            what: What::Nodes,
            classes: nodes,
            pods: Vec::new(),
        });
        let mut by_class: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
        for (number, end) in (0..).zip(&all) {
            for class in &end.classes {
                by_class.entry(*class).or_default().insert(number);
            }
        }
        Self {
            classes: Arc::clone(classes),
            all,
            by_class,
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<&End> {
        self.all.get(index(number))
    }

    /// The numbers of the ends of which something holds.
    pub(super) fn numbered(&self, holds: impl Fn(&End) -> bool) -> impl Iterator<Item = u32> {
        let numbered = (0..).zip(&self.all);
        numbered
            .filter(move |(_, end)| holds(end))
            .map(|(number, _)| number)
    }

    /// Whose pods an end is.
    pub(super) fn party(&self, number: u32) -> Option<&Party> {
        match &self.get(number)?.what {
            What::Pods(party) => Some(party),
            What::Outside(..) | What::Nodes => None,
        }
    }

    /// Whether an end is addresses outside.
    pub(super) fn is_outside(&self, number: u32) -> bool {
        let end = self.get(number);
        end.is_some_and(|end| matches!(end.what, What::Outside(..)))
    }

    /// The addresses of an end outside.
    pub(super) fn ranges(&self, number: u32) -> Vec<RangeInclusive<IpAddr>> {
        match self.get(number).map(|end| &end.what) {
            Some(What::Outside(family, atom)) => {
                self.classes.vocabulary.atoms.ranges(*family, *atom)
            }
            Some(What::Pods(_) | What::Nodes) | None => Vec::new(),
        }
    }

    fn having(&self, classes: &RoaringBitmap) -> RoaringBitmap {
        let having = classes.iter().filter_map(|class| self.by_class.get(&class));
        having.fold(RoaringBitmap::new(), |all, one| all | one)
    }
}

/// Who may open a connection to whom.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    connectivity: Connectivity,
    pub(super) ends: &'a Ends,
    /// The ends that the workloads of the same classes reach, those themselves among them.
    rows: BTreeMap<Vec<u32>, RoaringBitmap>,
    /// What is possible besides because one pod uses the network of the node on which another runs.
    on_own_node: BTreeMap<u32, BTreeMap<u32, PortSet>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(mut connectivity: Connectivity, ends: &'a Ends) -> Self {
        let mut rows: BTreeMap<Vec<u32>, RoaringBitmap> = BTreeMap::new();
        let mut by_class: BTreeMap<u32, BTreeSet<&Vec<u32>>> = BTreeMap::new();
        for end in ends.all.iter().filter(|end| !end.pods.is_empty()) {
            rows.entry(end.classes.clone()).or_default();
            for class in &end.classes {
                by_class.entry(*class).or_default().insert(&end.classes);
            }
        }
        for block in connectivity.blocks() {
            if block.allowed.is_nothing() {
                continue;
            }
            let to = ends.having(&block.to);
            let kinds = block.from.iter().filter_map(|class| by_class.get(&class));
            let kinds: BTreeSet<&&Vec<u32>> = kinds.flatten().collect();
            for kind in kinds {
                if let Some(row) = rows.get_mut(*kind) {
                    *row |= &to;
                }
            }
        }
        let on_own_node = on_own_node(&connectivity, ends);
        Self {
            connectivity,
            ends,
            rows,
            on_own_node,
        }
    }

    /// Whom an end reaches directly; itself among them where its pods reach each other, or pods of its classes would.
    pub(super) fn direct(&self, end: u32) -> RoaringBitmap {
        let of_pods = self.ends.get(end).filter(|end| !end.pods.is_empty());
        let row = of_pods.and_then(|end| self.rows.get(&end.classes));
        let mut row = row.cloned().unwrap_or_default();
        row.extend(
            self.on_own_node
                .get(&end)
                .into_iter()
                .flatten()
                .map(|(to, _)| *to),
        );
        row
    }

    /// On which ports one end reaches another.
    pub(super) fn ports(&self, from: u32, to: u32) -> PortSet {
        let besides = self.on_own_node.get(&from).and_then(|row| row.get(&to));
        let ports = besides.cloned().unwrap_or_default();
        match self.ends.get(from).zip(self.ends.get(to)) {
            Some((from, to)) => {
                let allowed = self
                    .connectivity
                    .between_classes(&from.classes, &to.classes);
                ports.or(&allowed.possible)
            }
            None => ports,
        }
    }

    /// How many others each workload reaches directly, and in any number of connections.
    pub(super) fn extents(&self, guarded: &RoaringBitmap) -> Vec<(u32, Count, Count)> {
        let pods: RoaringBitmap = self.ends.numbered(|end| !end.pods.is_empty()).collect();
        let count = |reached: &RoaringBitmap| Count {
            guarded: reached.intersection_len(guarded),
            all: reached.len(),
        };
        // Ends that reach the same directly reach the same in the end.
        let mut known: Vec<(RoaringBitmap, RoaringBitmap)> = Vec::new();
        let mut by_kind: BTreeMap<(&Vec<u32>, Option<u32>), usize> = BTreeMap::new();
        let mut extents = Vec::new();
        for number in &pods {
            let Some(end) = self.ends.get(number) else {
                continue;
            };
            let alone = self.on_own_node.contains_key(&number).then_some(number);
            let place = *by_kind.entry((&end.classes, alone)).or_insert_with(|| {
                let direct = self.direct(number) & &pods;
                let any = self.closure(direct.clone(), &pods);
                known.push((direct, any));
                known.len().saturating_sub(1)
            });
            if let Some((direct, any)) = known.get(place) {
                let itself = RoaringBitmap::from_iter([number]);
                extents.push((number, count(&(direct - &itself)), count(&(any - &itself))));
            }
        }
        extents
    }

    /// Whatever some ends reach, and these.
    fn closure(&self, some: RoaringBitmap, pods: &RoaringBitmap) -> RoaringBitmap {
        let mut rows_taken: BTreeSet<&Vec<u32>> = BTreeSet::new();
        let (mut all, mut edge) = (some.clone(), some);
        while !edge.is_empty() {
            let mut next = RoaringBitmap::new();
            for number in &edge {
                let Some(end) = self.ends.get(number) else {
                    continue;
                };
                let is_new = rows_taken.insert(&end.classes);
                if is_new || self.on_own_node.contains_key(&number) {
                    next |= self.direct(number) & pods;
                }
            }
            edge = next - &all;
            all |= &edge;
        }
        all
    }
}

/// What is possible only between pods in the network of their node and the pods that run on it.
fn on_own_node(connectivity: &Connectivity, ends: &Ends) -> BTreeMap<u32, BTreeMap<u32, PortSet>> {
    let facts = connectivity.facts();
    let mut of_pods: BTreeMap<usize, u32> = BTreeMap::new();
    for (number, end) in (0..).zip(&ends.all) {
        of_pods.extend(end.pods.iter().map(|pod| (*pod, number)));
    }
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
    let mut edges: BTreeMap<u32, BTreeMap<u32, PortSet>> = BTreeMap::new();
    for (number, pod) in numbered().filter(|(_, pod)| !pod.place.host_network) {
        let node = pod.place.node.as_deref();
        let own = node
            .and_then(|node| by_node.get(node))
            .into_iter()
            .flatten();
        let addresses = facts.addresses_of_its_node(pod);
        let also = addresses.iter().filter_map(|one| by_address.get(one));
        let hosts: BTreeSet<usize> = own.chain(also.flatten()).copied().collect();
        for host in hosts {
            for (from, to) in [(host, number), (number, host)] {
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
