//! Who reaches whom, under one dialect or under several that may be in force.

mod caveats;
mod difference;

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::dialect::{DIALECTS, Dialect, Sctp};
use cofferdam_model::flow::Protocol;

use crate::classes::Classes;
use crate::connectivity::Connectivity;
use crate::connectivity::neighbours::Neighbours;
use crate::parties::{Group, Party, Workloads, grouped};
use crate::ports::PortSet;
use crate::sets::index;
use crate::verdict::Allowed;

pub use caveats::caveats;
pub use difference::{Change, difference};

/// A connection that some dialect allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// Who opens it.
    pub from: Party,
    /// Who accepts it.
    pub to: Party,
    /// What is allowed under some dialect, in some order of policies whose order is undefined.
    pub allowed: PortSet,
    /// What of it some dialect denies, or some order of policies, or pods on different nodes where it is not known that
    /// two share one, by the name of the dialect. That SCTP may be off under a dialect is left out: it would stand
    /// in every row.
    pub unless: BTreeMap<&'static str, PortSet>,
}

/// The dialects that read policies differently, each under the first of their names.
pub fn different_dialects() -> Vec<Dialect> {
    let mut different: Vec<Dialect> = Vec::new();
    for dialect in DIALECTS {
        if !different.iter().any(|known| known.reads_like(dialect)) {
            different.push(dialect);
        }
    }
    different
}

/// The dialect of a plugin by its name; where it is not known, every one that reads differently.
pub fn dialects_of(plugin: Option<&str>) -> Vec<Dialect> {
    let mut dialects = DIALECTS.into_iter();
    let known = dialects.find(|dialect| Some(dialect.name) == plugin);
    known.map_or_else(different_dialects, |one| vec![one])
}

/// What a dialect allows, by the ends.
type Between = BTreeMap<(Party, Party), Allowed>;

/// Everything that one of the dialects allows, by workload; of the workloads in `split`, by pod.
pub fn reach(classes: &Arc<Classes>, dialects: &[Dialect], split: &Workloads) -> Vec<Reached> {
    let groups = classes.groups(split);
    let neighbours = Neighbours::of(classes.facts(), grouped(&groups));
    let mut under: Vec<(Dialect, Between)> = Vec::new();
    for dialect in dialects {
        let mut connectivity = Connectivity::solve(Arc::clone(classes), *dialect);
        let connections = connectivity.connections(split).into_iter();
        let connections = connections.map(|one| ((one.from, one.to), one.allowed));
        let mut between: Between = connections.collect();
        let exchange =
            neighbours.exchange(|pod| classes.of_pod(pod), |pair| connectivity.beside(pair));
        let exchange = exchange.into_iter();
        for (pair, allowed) in exchange.filter(|(_, allowed)| !allowed.is_nothing()) {
            if let Some(ends) = party(&groups, pair.from.0).zip(party(&groups, pair.to.0)) {
                let known = between.entry(ends).or_default();
                *known = known.or(&allowed);
            }
        }
        under.push((*dialect, between));
    }
    let mut ends: BTreeMap<&(Party, Party), PortSet> = BTreeMap::new();
    for (_, connections) in &under {
        for (between, allowed) in connections {
            let all = ends.entry(between).or_default();
            *all = all.or(&allowed.possible);
        }
    }
    let told = ends.into_iter().map(|(between, allowed)| {
        let mut unless = BTreeMap::new();
        for (dialect, connections) in &under {
            let certain = connections.get(between).map(|one| one.certain.clone());
            let mut missing = allowed.without(&certain.unwrap_or_default());
            if dialect.sctp == Sctp::MayBeOff {
                missing = missing.without(&PortSet::of_protocols([Protocol::Sctp]));
            }
            if !missing.is_empty() {
                unless.insert(dialect.name, missing);
            }
        }
        let (from, to) = between.clone();
        Reached {
            from,
            to,
            allowed,
            unless,
        }
    });
    told.collect()
}

fn party(groups: &[Group], number: u32) -> Option<Party> {
    let group = groups.get(index(number));
    group.map(|group| group.party.clone())
}
