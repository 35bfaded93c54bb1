//! Who shares a node with whom, one of the two in its network.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::{Everybody, Exposure, Neighbour, any};
use crate::connectivity::neighbours::{Neighbours, Pair};
use crate::facts::Facts;
use crate::parties::{Group, grouped};
use crate::sets::index;
use crate::verdict::Allowed;

/// The neighbours of each group, by its number: those that open connections to it, and those that accept them.
#[derive(Debug, Default)]
pub(super) struct OnNodes {
    from: BTreeMap<u32, Vec<Neighbour>>,
    to: BTreeMap<u32, Vec<Neighbour>>,
}

pub(super) fn of(scene: &Scene, facts: &Facts, groups: &[Group]) -> OnNodes {
    let neighbours = Neighbours::of(facts, grouped(groups));
    let exchange = neighbours.exchange(|pod| scene.classes().of_pod(pod), |pair| more(scene, pair));
    let mut all = OnNodes::default();
    let exchange = exchange.into_iter();
    for (pair, allowed) in exchange.filter(|(_, allowed)| !allowed.is_nothing()) {
        let (from, to) = (pair.from.0, pair.to.0);
        let ends = [(&mut all.to, from, to), (&mut all.from, to, from)];
        for (neighbours, own, other) in ends {
            if let Some(other) = groups.get(index(other)) {
                let (party, allowed) = (other.party.clone(), allowed.clone());
                let neighbour = Neighbour { party, allowed };
                neighbours.entry(own).or_default().push(neighbour);
            }
        }
    }
    all
}

/// What a common node allows, where that is more than is certain between two without it.
fn more(scene: &Scene, pair: &Pair) -> Allowed {
    let allowed = scene.ask(|connectivity| connectivity.beside(pair));
    let [from, to] = [pair.from, pair.to].map(|(_, pod)| scene.classes().of_pod(pod));
    let pairs = from
        .iter()
        .flat_map(|from| to.iter().map(move |to| (*from, *to)));
    let anyhow = any(pairs.map(|(from, to)| scene.between(from, to)));
    if anyhow.certain.covers(&allowed.possible) {
        return Allowed::nothing();
    }
    allowed
}

impl OnNodes {
    /// Adds them to what is told of a group.
    pub(super) fn tell(&mut self, number: u32, exposure: &mut Exposure) {
        let ends = [
            (&mut self.from, &mut exposure.from_cluster),
            (&mut self.to, &mut exposure.to_cluster),
        ];
        for (neighbours, everybody) in ends {
            let Everybody {
                all,
                some: _,
                neighbours: told,
            } = everybody;
            *told = neighbours.remove(&number).unwrap_or_default();
            told.retain(|one| !all.certain.covers(&one.allowed.possible));
            told.sort_by(|one, other| one.party.cmp(&other.party));
        }
    }
}
