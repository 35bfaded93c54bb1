//! What a compromised workload reaches: directly, and through what it compromises in turn.
//!
//! A workload counts as compromised as soon as one of its pods may be reached on any port, and then every pod of it is.
//! Where policies tell its pods apart, these stand by themselves. Addresses end a way.

mod graph;
mod search;

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;

use crate::addresses::join;
use crate::classes::Classes;
use crate::connectivity::Connectivity;
use crate::facts::Pod;
use crate::parties::{Party, Workloads};
use crate::ports::PortSet;
use graph::{Ends, Graph, What};
use search::Search;

/// Who may be reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A workload, or addresses outside.
    Party(Party),
    /// Addresses of nodes.
    Nodes,
}

/// A connection of a way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// Who accepts it.
    pub to: Target,
    /// On which ports.
    pub ports: PortSet,
}

/// What is reached, by a shortest way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// Where the way begins.
    pub from: Party,
    /// Its connections; the last one ends at what is reached.
    pub way: Vec<Hop>,
}

/// How much a workload reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// The workload.
    pub party: Party,
    /// Others that it reaches directly.
    pub direct: Count,
    /// Others that it reaches in any number of connections.
    pub any: Count,
}

/// A number of workloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// Those that are to be guarded most.
    pub guarded: u64,
    /// All of them.
    pub all: u64,
}

/// Everything that the pods of `is_source` reach under one of the dialects, by the length of the way. Of workloads of
/// which only some pods are sources, the others may be reached.
pub fn blast(
    classes: &Arc<Classes>,
    dialects: &[Dialect],
    is_source: impl Fn(&Pod) -> bool,
) -> Vec<Reached> {
    let pods = &classes.facts().pods;
    let ends = Arc::new(Ends::of(classes, &partly(pods, &is_source)));
    let is_source = |end: &graph::End| {
        let own = end.pods.iter().filter_map(|pod| pods.get(*pod));
        own.into_iter().any(&is_source)
    };
    let sources: Vec<u32> = ends.numbered(is_source).collect();
    let mut shortest: BTreeMap<u32, Vec<(u32, PortSet)>> = BTreeMap::new();
    for dialect in dialects {
        let connectivity = Connectivity::solve(Arc::clone(classes), *dialect);
        let graph = Graph::new(connectivity, &ends);
        let search = Search::from(&graph, &sources);
        for target in search.reached() {
            let way = search.way(target);
            let known = shortest.entry(target).or_insert_with(|| way.clone());
            if way.len() < known.len() {
                *known = way;
            }
        }
    }
    told(&ends, shortest)
}

/// How much each workload reaches under the dialect under which it is most, the worst first.
pub fn worst(
    classes: &Arc<Classes>,
    dialects: &[Dialect],
    is_guarded: impl Fn(&Pod) -> bool,
) -> Vec<Extent> {
    let pods = &classes.facts().pods;
    let ends = Arc::new(Ends::of(classes, &Workloads::new()));
    let guarded = ends.numbered(|end| {
        let own = end.pods.iter().filter_map(|pod| pods.get(*pod));
        own.into_iter().any(&is_guarded)
    });
    let guarded = guarded.collect();
    let mut extents: BTreeMap<u32, (Count, Count)> = BTreeMap::new();
    for dialect in dialects {
        let connectivity = Connectivity::solve(Arc::clone(classes), *dialect);
        let graph = Graph::new(connectivity, &ends);
        for (end, direct, any) in graph.extents(&guarded) {
            let known = extents.entry(end).or_default();
            *known = (*known).max((any, direct));
        }
    }
    let named = extents.into_iter().filter_map(|(end, (any, direct))| {
        let party = ends.party(end)?.clone();
        Some(Extent { party, direct, any })
    });
    let mut all: Vec<Extent> = named.collect();
    let rank = |one: &Extent| (one.any, one.direct);
    all.sort_by(|one, other| {
        let worse = rank(other).cmp(&rank(one));
        worse.then_with(|| one.party.cmp(&other.party))
    });
    all
}

/// The workloads of which some pods are sources and others are not.
fn partly(pods: &[Pod], is_source: impl Fn(&Pod) -> bool) -> Workloads {
    let mut seen: BTreeMap<_, (bool, bool)> = BTreeMap::new();
    for pod in pods {
        let of = (Arc::clone(&pod.namespace), pod.workload.clone());
        let (some, others) = seen.entry(of).or_default();
        let is_one = is_source(pod);
        *some |= is_one;
        *others |= !is_one;
    }
    let partly = seen.into_iter().filter(|(_, kinds)| *kinds == (true, true));
    partly.map(|(workload, _)| workload).collect()
}

/// Ways with names; neighbouring addresses at the end of one way stand together.
fn told(ends: &Ends, shortest: BTreeMap<u32, Vec<(u32, PortSet)>>) -> Vec<Reached> {
    let mut told = Vec::new();
    let mut outside: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (target, way) in shortest {
        let mut stops = way.into_iter();
        let Some((from, _)) = stops.next() else {
            continue;
        };
        let Some(from) = ends.party(from).cloned() else {
            continue;
        };
        let mut way: Vec<Hop> = Vec::new();
        for (stop, ports) in stops {
            let Some(end) = ends.get(stop) else { continue };
            let to = match &end.what {
                What::Pods(party) => Target::Party(party.clone()),
                What::Nodes => Target::Nodes,
                What::Outside(family, _) => {
                    let key = (*family, from.clone(), way.clone(), ports);
                    let known = outside.entry(key).or_default();
                    known.extend(ends.ranges(stop));
                    continue;
                }
            };
            way.push(Hop { to, ports });
        }
        if !ends.is_outside(target) {
            told.push(Reached { from, way });
        }
    }
    for ((family, from, before, ports), ranges) in outside {
        for range in join(family, &ranges) {
            let to = Target::Party(Party::Addresses(*range.start(), *range.end()));
            let ports = ports.clone();
            let way = before.iter().cloned().chain([Hop { to, ports }]);
            told.push(Reached {
                from: from.clone(),
                way: way.collect(),
            });
        }
    }
    told.sort_by(|one, other| {
        let order = |one: &Reached| (one.way.len(), one.way.last().map(|hop| hop.to.clone()));
        order(one).cmp(&order(other))
    });
    told
}
