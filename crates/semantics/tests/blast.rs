//! What a compromised workload reaches, beside what is allowed from pod to pod: the same ends at the same distances.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::dialect::{DIALECTS, Dialect};
use cofferdam_oracle::generate::{Corners, cluster};
use cofferdam_semantics::blast::{Count, Target, blast, worst};
use cofferdam_semantics::connectivity::{Connectivity, Endpoint};
use cofferdam_semantics::facts::{Facts, Pod, Workload};
use cofferdam_semantics::hops::Site;
use cofferdam_semantics::parties::{Party, Workloads};
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::ports::PortSet;
use cofferdam_semantics::{Classes, Reader, reach};

/// Clusters that are tried in each run of the tests.
const CLUSTERS: u64 = 300;

fn read(seed: u64, corners: Corners) -> Arc<Facts> {
    let mut reader = Reader::default();
    for (number, object) in (0..).zip(&cluster(seed, corners)) {
        reader.read(object, Source(number));
    }
    Arc::new(reader.finish())
}

/// Who a pod is told as.
fn party(pod: &Pod, apart: &Workloads) -> Party {
    let namespace = Arc::clone(&pod.namespace);
    let workload = if apart.contains(&(Arc::clone(&namespace), pod.workload.clone())) {
        Workload {
            kind: "Pod".into(),
            name: Arc::clone(&pod.name),
        }
    } else {
        pod.workload.clone()
    };
    Party::Workload {
        namespace,
        workload,
    }
}

/// A cluster that stands alone.
fn site<'a>(classes: &Arc<Classes>, dialects: &'a [Dialect]) -> Site<'a> {
    Site {
        classes: Arc::clone(classes),
        dialects,
        location: None,
    }
}

type Edges = BTreeMap<Party, BTreeMap<Party, PortSet>>;

/// Every connection between workloads that one of their pods may open to one of the others', pod by pod.
fn edges(connectivity: &Connectivity, apart: &Workloads) -> Edges {
    let pods = &connectivity.facts().pods;
    let mut edges = Edges::new();
    for (source, from) in pods.iter().enumerate() {
        for (target, to) in pods.iter().enumerate() {
            let (from, to) = (party(from, apart), party(to, apart));
            let allowed = connectivity.allowed(Endpoint::Pod(source), Endpoint::Pod(target));
            if from != to && !allowed.is_nothing() {
                let ports = edges.entry(from).or_default().entry(to).or_default();
                *ports = ports.or(&allowed.possible);
            }
        }
    }
    edges
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
    let classes = Arc::new(Classes::of(facts));
    let connectivity = Connectivity::solve(Arc::clone(&classes), dialect);
    let mut apart = classes.divided();
    let alone = facts.pods.first();
    let mut checked = 0;
    for namespace in facts.namespaces.keys() {
        let is_source = |pod: &Pod| pod.namespace == *namespace;
        checked += check_from(seed, (&connectivity, &classes), &apart, is_source);
    }
    if let Some(alone) = alone {
        let is_source = |pod: &Pod| pod == alone;
        let of = |pod: &&Pod| pod.namespace == alone.namespace && pod.workload == alone.workload;
        if facts.pods.iter().filter(of).count() > 1 {
            apart.insert((Arc::clone(&alone.namespace), alone.workload.clone()));
        }
        checked += check_from(seed, (&connectivity, &classes), &apart, is_source);
    }
    checked
}

fn check_from(
    seed: u64,
    (connectivity, classes): (&Connectivity, &Arc<Classes>),
    apart: &Workloads,
    is_source: impl Fn(&Pod) -> bool,
) -> usize {
    let pods = connectivity.facts().pods.iter();
    let sources = pods.filter(|pod| is_source(pod));
    let sources: BTreeSet<Party> = sources.map(|pod| party(pod, apart)).collect();
    let edges = edges(connectivity, apart);
    let mut said = BTreeMap::new();
    let dialects = [connectivity.dialect()];
    for reached in blast(&[site(classes, &dialects)], |_, pod| is_source(pod)).reached {
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

/// Clusters without what is possible only on the node of a pod.
const WITHOUT_NODES: Corners = Corners {
    nodes: false,
    ..Corners::ALL
};

#[test]
fn what_is_reached_is_the_closure_of_what_is_allowed() {
    let mut checked = 0;
    for seed in 0..CLUSTERS {
        for corners in [Corners::PLAIN, WITHOUT_NODES, Corners::ALL] {
            for dialect in reach::different_dialects() {
                checked += check(seed, &read(seed, corners), dialect);
            }
        }
    }
    assert!(checked > 10_000, "only {checked} ends were reached");
}

#[test]
fn the_worst_reach_as_many_as_a_search_from_each_finds() {
    for seed in 0..CLUSTERS {
        let facts = read(seed, Corners::ALL);
        let classes = Arc::new(Classes::of(&facts));
        let apart = classes.divided();
        let dialect = DIALECTS[0];
        let guarded = |pod: &Pod| Some(&pod.namespace) == facts.namespaces.keys().next();
        let dialects = [dialect];
        let sites = [site(&classes, &dialects)];
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
