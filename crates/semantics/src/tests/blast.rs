//! What a compromised workload reaches, beside what is allowed from pod to pod: the same ends at the same distances.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::dialect::{DIALECTS, Dialect};
use cofferdam_oracle::generate::{Corners, cluster};

use super::cases;
use super::pod_by_pod::{Edges, WITHOUT_NODES, edges, party};
use super::read;
use crate::blast::{Count, Target, blast, worst};
use crate::connectivity::Connectivity;
use crate::facts::{Facts, Pod};
use crate::hops::Site;
use crate::parties::{Party, Workloads};
use crate::reach;
use crate::solver::{Solved, Solver};

/// Clusters that are tried in each run of the tests.
const CLUSTERS: u64 = 300;

/// A cluster that stands alone.
fn site(solved: &Solved) -> Site {
    Site {
        solved: solved.clone(),
        location: None,
    }
}

/// How many connections away everything is that can be reached.
fn distances(edges: &Edges, sources: &BTreeSet<Party>) -> BTreeMap<Party, usize> {
    let mut all: BTreeMap<Party, usize> = sources.iter().map(|one| (one.clone(), 0)).collect();
    for distance in 0.. {
        let edge = all.iter().filter(|(_, known)| **known == distance);
        let next: BTreeSet<Party> = edge
            .filter_map(|(from, _)| edges.get(from))
            .flat_map(|to| to.keys().cloned())
            .collect();
        let known = all.len();
        for party in next {
            all.entry(party).or_insert(distance + 1);
        }
        if all.len() == known {
            break;
        }
    }
    all.retain(|_, distance| *distance > 0);
    all
}

/// From every namespace and from one pod, under a dialect; how many ends were reached.
fn check(seed: u64, facts: &Arc<Facts>, dialect: Dialect) -> usize {
    let solved = Solver::default().solve(facts, &[dialect]);
    let mut apart = solved.classes.divided();
    let alone = facts.pods.first();
    let mut checked = 0;
    for namespace in facts.namespaces.keys() {
        let is_source = |pod: &Pod| pod.namespace == *namespace;
        checked += check_from(seed, &solved, &apart, is_source);
    }
    if let Some(alone) = alone {
        let is_source = |pod: &Pod| pod == alone;
        let of = |pod: &&Pod| pod.namespace == alone.namespace && pod.workload == alone.workload;
        if facts.pods.iter().filter(of).count() > 1 {
            apart.insert((Arc::clone(&alone.namespace), alone.workload.clone()));
        }
        checked += check_from(seed, &solved, &apart, is_source);
    }
    checked
}

fn check_from(
    seed: u64,
    solved: &Solved,
    apart: &Workloads,
    is_source: impl Fn(&Pod) -> bool,
) -> usize {
    let connectivity: &Connectivity = &solved.under[0].0;
    let pods = connectivity.facts().pods.iter();
    let sources = pods.filter(|pod| is_source(pod));
    let sources: BTreeSet<Party> = sources.map(|pod| party(pod, apart)).collect();
    let edges = edges(connectivity, apart);
    let mut said = BTreeMap::new();
    for reached in blast(&[site(solved)], |_, pod| is_source(pod)).reached {
        let mut from = reached.from.clone();
        assert!(sources.contains(&from), "{seed}: {from}");
        for hop in &reached.way {
            let Target::Party(to @ Party::Workload { .. }) = &hop.to else {
                continue;
            };
            assert_eq!(
                Some(&hop.ports),
                edges.get(&from).and_then(|row| row.get(to)),
                "{seed}: {from} {to}"
            );
            from = to.clone();
        }
        if let Some(Target::Party(to @ Party::Workload { .. })) =
            reached.way.last().map(|hop| &hop.to)
        {
            said.insert(to.clone(), reached.way.len());
        }
    }
    assert_eq!(said, distances(&edges, &sources), "cluster {seed}");
    said.len()
}

#[test]
fn what_is_reached_is_the_closure_of_what_is_allowed() {
    let mut checked = 0;
    for seed in 0..cases(CLUSTERS) {
        for corners in [Corners::PLAIN, WITHOUT_NODES, Corners::ALL] {
            for dialect in reach::different_dialects() {
                checked += check(seed, &read(&cluster(seed, corners)), dialect);
            }
        }
    }
    assert!(checked > 10_000, "only {checked} ends were reached");
}

#[test]
fn the_worst_reach_as_many_as_a_search_from_each_finds() {
    for seed in 0..cases(CLUSTERS) {
        let facts = read(&cluster(seed, Corners::ALL));
        let solved = Solver::default().solve(&facts, &DIALECTS[..1]);
        let apart = solved.classes.divided();
        let guarded = |pod: &Pod| Some(&pod.namespace) == facts.namespaces.keys().next();
        let sites = [site(&solved)];
        for extent in worst(&sites, |_, pod| guarded(pod)).extents {
            let is_source = |_, pod: &Pod| party(pod, &apart) == extent.party;
            let reached = blast(&sites, is_source).reached;
            let count = |most: usize| {
                let mut count = Count::default();
                for one in reached.iter().filter(|one| one.way.len() <= most) {
                    let to = one.way.last().map(|hop| &hop.to);
                    if let Some(Target::Party(Party::Workload { namespace, .. })) = to {
                        count.all += 1;
                        let first = facts.namespaces.keys().next();
                        count.guarded += u64::from(Some(namespace) == first);
                    }
                }
                count
            };
            assert_eq!(
                (extent.direct, extent.any),
                (count(1), count(usize::MAX)),
                "{seed}"
            );
        }
    }
}
