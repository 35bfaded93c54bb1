//! What only a common node allows in a state.

use std::collections::BTreeMap;

use super::changes::{Between, Place, Solution, Witness};
use super::{Solved, States};
use crate::connectivity::neighbours::{Neighbours, Pair};
use crate::facts::Pod;
use crate::ports::PortSet;
use crate::sets::number;

impl States {
    /// What pods in the network of their node and others there may exchange in a state and policies of another do not let
    /// through, with names for the places of pods: those that are, and not those that could be. Also where it is not
    /// known that two share a node.
    pub fn on_common_nodes<N: Ord + Clone>(
        &self,
        before: &Solved,
        after: &Solved,
        name: impl Fn(Place<'_>) -> N,
    ) -> BTreeMap<(N, N), Between> {
        let mut told: BTreeMap<(N, N), Between> = BTreeMap::new();
        let (Some(was), Some(is)) = (self.variant(before), self.variant(after)) else {
            return told;
        };
        let grouped = self.by_workload();
        let neighbours = Neighbours::of(&self.facts, grouped);
        let alike = |pod: usize| [was, is].map(|variant| variant.classes.of_pod(pod));
        let both = ((before, was), (after, is));
        for (pair, ports) in neighbours.exchange(alike, |pair| more(both, pair)) {
            let ends = [pair.from, pair.to].map(|(_, pod)| self.facts.pods.get(pod));
            if let [Some(from), Some(to)] = ends
                && !ports.is_empty()
            {
                let places = (name(Place::Pod(from)), name(Place::Pod(to)));
                note(told.entry(places).or_default(), (from, to), ports);
            }
        }
        told
    }

    /// The pods that are, those of one workload that are in the same classes in every state together.
    fn by_workload(&self) -> Vec<(usize, u32)> {
        let mut groups = BTreeMap::new();
        let pods = self.facts.pods.iter().enumerate();
        let pods = pods.filter(|(_, pod)| !pod.is_future);
        let grouped = pods.map(|(place, pod)| {
            let variants = self.variants.values();
            let classes: Vec<&[u32]> = variants.map(|one| one.classes.of_pod(place)).collect();
            let next = number(groups.len());
            let group = groups.entry((&pod.namespace, &pod.workload, classes));
            (place, *group.or_insert(next))
        });
        grouped.collect()
    }
}

fn note(between: &mut Between, (from, to): (&Pod, &Pod), ports: PortSet) {
    between.ports = between.ports.or(&ports);
    between.witness.get_or_insert_with(|| Witness {
        from: from.owner(),
        to: to.owner(),
        ports,
        exists: true,
    });
}

/// What two may exchange on a node afterwards that policies did not let through before, under some dialect.
fn more(((before, was), (after, is)): (Solution<'_>, Solution<'_>), pair: &Pair) -> PortSet {
    let before = was.under.iter().zip(&before.rows);
    let after = is.under.iter().zip(&after.rows);
    let under = before.zip(after).map(|((was, before), (is, after))| {
        let [from, to] = [pair.from, pair.to].map(|(_, pod)| was.classes.of_pod(pod));
        let let_through = was.between(before, from, to);
        let on_node = is.beside_in_force(after, pair);
        on_node.possible.without(&let_through.possible)
    });
    under.fold(PortSet::none(), |all, one| all.or(&one))
}
