//! What a compromised workload reaches: directly, and through what it compromises in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use roaring::RoaringBitmap;

use crate::addresses::join;
use crate::facts::Pod;
use crate::hops::{Fleet, Follow, Search, Site, Stop, What, partly, stops};
use crate::parties::{Party, Workloads};
use crate::ports::PortSet;

/// Who may be reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A workload, or addresses outside.
    Party(Party),
    /// Addresses of nodes.
    Nodes,
}

/// `namespace/name[Kind]`, a CIDR or `first-last`, or `nodes`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party(party) => party.fmt(f),
            Self::Nodes => f.write_str("nodes"),
        }
    }
}

/// A connection of a way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// The cluster of who accepts it, by its place.
    pub site: usize,
    /// Who accepts it.
    pub to: Target,
    /// On which ports.
    pub ports: PortSet,
}

/// What is reached, by a shortest way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// The cluster where the way begins, by its place.
    pub site: usize,
    /// Where the way begins.
    pub from: Party,
    /// Its connections; the last one ends at what is reached.
    pub way: Vec<Hop>,
}

/// Everything that is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blast {
    /// Each end with a shortest way to it, nearest first.
    pub reached: Vec<Reached>,
    /// The clusters at whose addresses somebody of another may knock, whatever lets it in there, by the places of both.
    pub knocked: BTreeSet<(usize, usize)>,
    /// What had to be supposed, one line each.
    pub supposed: BTreeSet<String>,
}

/// How much every workload reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worst {
    /// The worst first.
    pub extents: Vec<Extent>,
    /// As of [`Blast`].
    pub knocked: BTreeSet<(usize, usize)>,
    /// As of [`Blast`].
    pub supposed: BTreeSet<String>,
}

/// How much a workload reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// Its cluster, by its place.
    pub site: usize,
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

/// Everything that the pods of `is_source`, which is told the place of their cluster, reach under one of the dialects, by the
/// length of the way. Of workloads of which only some pods are sources, the others may be reached.
pub fn blast(sites: &[Site], is_source: impl Fn(usize, &Pod) -> bool) -> Blast {
    let is_one = |site: usize, place: usize| {
        let pods = sites
            .get(site)
            .map(|site| &site.solved.classes.facts().pods);
        pods.and_then(|pods| pods.get(place))
            .is_some_and(|pod| is_source(site, pod))
    };
    let numbered = sites.iter().enumerate();
    let split =
        numbered.map(|(number, site)| partly(&site.solved.classes, |pod| is_one(number, pod)));
    let fleet = Fleet::new(sites, &split.collect::<Vec<_>>());
    let sources = fleet.numbered(|site, end| end.pods.iter().any(|pod| is_one(site, *pod)));
    let mut search = Search::from(&fleet, &sources, Follow::Supposed);
    search.exhaust();
    Blast {
        supposed: fleet.supposed(&search.knocked),
        reached: told(&fleet, &search),
        knocked: search.knocked,
    }
}

/// How much each workload reaches under one of the dialects.
pub fn worst(sites: &[Site], is_guarded: impl Fn(usize, &Pod) -> bool) -> Worst {
    let fleet = Fleet::new(sites, &vec![Workloads::new(); sites.len()]);
    let pods = fleet.numbered(|_, end| !end.pods.is_empty());
    let guarded = fleet.numbered(|site, end| {
        let facts = sites.get(site).map(|site| site.solved.classes.facts());
        let own = end.pods.iter();
        let mut own = own.filter_map(|pod| facts.and_then(|facts| facts.pods.get(*pod)));
        own.any(|pod| is_guarded(site, pod))
    });
    let count = |reached: &[RoaringBitmap], but: Stop| {
        let mut count = Count::default();
        for (site, (reached, guarded)) in reached.iter().zip(&guarded).enumerate() {
            let is_among = |ends: &RoaringBitmap| site == but.site && ends.contains(but.end);
            let itself = u64::from(is_among(reached));
            let guarded_itself = u64::from(is_among(reached) && is_among(guarded));
            count.all += reached.len() - itself;
            count.guarded += reached.intersection_len(guarded) - guarded_itself;
        }
        count
    };
    // Ends that reach the same directly reach the same in the end.
    let mut alike: BTreeMap<_, Vec<Stop>> = BTreeMap::new();
    for stop in stops(&pods) {
        let kind = fleet.kind(stop, Follow::Supposed);
        let alone = kind.is_none().then_some(stop);
        alike.entry((kind, alone)).or_default().push(stop);
    }
    let mut extents = Vec::new();
    let mut knocked = BTreeSet::new();
    for stops in alike.into_values() {
        let Some(first) = stops.first().copied() else {
            continue;
        };
        let knocks = fleet.knocks_at(first);
        knocked.extend(knocks.map(|to| (first.site, to)));
        let mut direct = vec![RoaringBitmap::new(); sites.len()];
        for (site, reached) in fleet.direct(first, Follow::Supposed) {
            if let Some((direct, pods)) = direct.get_mut(site).zip(pods.get(site)) {
                *direct |= reached & pods;
            }
        }
        let any = fleet.closure(direct.clone(), &pods);
        extents.extend(stops.into_iter().filter_map(|stop| {
            Some(Extent {
                site: stop.site,
                party: fleet.ends(stop.site)?.party(stop.end)?.clone(),
                direct: count(&direct, stop),
                any: count(&any, stop),
            })
        }));
    }
    let rank = |one: &Extent| (one.any, one.direct);
    extents.sort_by(|one, other| {
        let worse = rank(other).cmp(&rank(one));
        worse.then_with(|| (one.site, &one.party).cmp(&(other.site, &other.party)))
    });
    Worst {
        extents,
        supposed: fleet.supposed(&knocked),
        knocked,
    }
}

/// Ways with names; neighbouring addresses at the end of one way stand together.
fn told(fleet: &Fleet, search: &Search<'_>) -> Vec<Reached> {
    let mut told = Vec::new();
    let mut outside: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for target in search.reached() {
        let mut stops = search.way(target).into_iter();
        let Some((first, _)) = stops.next() else {
            continue;
        };
        let site = first.site;
        let party = fleet.ends(site).and_then(|ends| ends.party(first.end));
        let Some(from) = party.cloned() else {
            continue;
        };
        let ports_of_last = stops.as_slice().last().map(|(_, ports)| ports.clone());
        let way: Vec<Hop> = stops
            .filter_map(|(stop, ports)| hop(fleet, stop, ports))
            .collect();
        match (fleet.end(target).map(|end| &end.what), ports_of_last) {
            (Some(What::Outside(family, _)), Some(ports)) => {
                let key = (site, *family, from, way, ports);
                outside.entry(key).or_default().push(target);
            }
            _ => told.push(Reached { site, from, way }),
        }
    }
    for ((site, family, from, before, ports), stops) in outside {
        let ranges = stops.iter().filter_map(|stop| {
            let ends = fleet.ends(stop.site)?;
            Some(ends.ranges(stop.end))
        });
        let ranges: Vec<_> = ranges.flatten().collect();
        let at = stops.first().map_or(site, |stop| stop.site);
        for range in join(family, &ranges) {
            let last = Hop {
                site: at,
                to: Target::Party(Party::Addresses(*range.start(), *range.end())),
                ports: ports.clone(),
            };
            told.push(Reached {
                site,
                from: from.clone(),
                way: before.iter().cloned().chain([last]).collect(),
            });
        }
    }
    told.sort_by(|one, other| {
        let last = |one: &Reached| one.way.last().map(|hop| (hop.site, hop.to.clone()));
        (one.way.len(), last(one)).cmp(&(other.way.len(), last(other)))
    });
    told
}

/// A connection to pods or nodes.
fn hop(fleet: &Fleet, stop: Stop, ports: PortSet) -> Option<Hop> {
    let to = match &fleet.end(stop)?.what {
        What::Pods(party) => Target::Party(party.clone()),
        What::Nodes => Target::Nodes,
        What::Outside(..) => return None,
    };
    let site = stop.site;
    Some(Hop { site, to, ports })
}
