//! Proofs beside a search pod by pod.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use cofferdam_model::dialect::DIALECTS;
use cofferdam_model::flow::Protocol;
use cofferdam_oracle::generate::{Corners, cluster};

use super::cases;
use super::read;
use crate::Classes;
use crate::connectivity::{Connectivity, Endpoint};
use crate::ports::PortSet;
use crate::prove::{Chain, Side, Witness, gap, way};

const CLUSTERS: u64 = 1_000;

/// How many connections the shortest way has, asked of each pair of pods.
fn slowly(
    connectivity: &Connectivity,
    (from, to): (&Side, &Side),
    ports: &PortSet,
    chain: Chain,
) -> Option<usize> {
    let pods = 0..connectivity.facts().pods.len();
    let possible = |from: usize, to: usize| {
        connectivity
            .allowed(Endpoint::Pod(from), Endpoint::Pod(to))
            .possible
    };
    let mut distance: BTreeMap<usize, usize> = from.pods.iter().map(|pod| (*pod, 0)).collect();
    let mut left: VecDeque<usize> = from.pods.iter().copied().collect();
    while let Some(pod) = left.pop_front() {
        let so_far = distance[&pod];
        let arrives =
            |other: &&usize| **other != pod && !possible(pod, **other).and(ports).is_empty();
        if to.pods.iter().any(|other| arrives(&other)) {
            return Some(so_far + 1);
        }
        if chain == Chain::Direct {
            continue;
        }
        for other in pods.clone() {
            if !distance.contains_key(&other) && !possible(pod, other).is_empty() {
                distance.insert(other, so_far + 1);
                left.push_back(other);
            }
        }
    }
    None
}

fn is_sound(
    connectivity: &Connectivity,
    (from, to): (&Side, &Side),
    ports: &PortSet,
    witness: &Witness,
) {
    let is_in = |side: &Side, end| matches!(end, Endpoint::Pod(pod) if side.pods.contains(&pod));
    let (first, last) = (
        witness.steps.first().unwrap(),
        witness.steps.last().unwrap(),
    );
    assert!(is_in(from, first.from) && is_in(to, last.to), "{witness:?}");
    assert!(ports.covers(&last.ports), "{witness:?}");
    for step in &witness.steps {
        assert!(
            !step.ports.is_empty() && step.from != step.to,
            "{witness:?}"
        );
        assert!(
            connectivity
                .allowed(step.from, step.to)
                .possible
                .covers(&step.ports),
            "{witness:?}"
        );
    }
    for (one, next) in witness.steps.iter().zip(witness.steps.iter().skip(1)) {
        assert_eq!(one.to, next.from, "{witness:?}");
    }
}

#[test]
fn a_way_is_found_where_there_is_one_and_only_there() {
    let (mut found, mut none, mut longer) = (0, 0, 0);
    for seed in 0..cases(CLUSTERS) {
        let facts = read(&cluster(
            seed,
            Corners {
                nodes: false,
                ..Corners::ALL
            },
        ));
        let mut connectivity = Connectivity::solve(Arc::new(Classes::of(&facts)), DIALECTS[0]);
        if facts.pods.iter().any(|pod| pod.place.host_network) {
            continue;
        }
        let blocks = connectivity.blocks();
        let some = |bit: u64| -> Side {
            let pods = 0..facts.pods.len();
            let pods: BTreeSet<usize> = pods
                .filter(|pod| (seed >> (pod % 5 + usize::try_from(bit).unwrap())) & 1 == 0)
                .collect();
            Side {
                pods,
                ..Side::default()
            }
        };
        let (from, to) = (some(0), some(3));
        let to = Side {
            pods: to.pods.difference(&from.pods).copied().collect(),
            ..to
        };
        for ports in [PortSet::all(), PortSet::one(Protocol::Tcp, 80)] {
            for chain in [Chain::Direct, Chain::Any] {
                let sides = (&from, &to);
                let expected = slowly(&connectivity, sides, &ports, chain);
                let witness = way(&connectivity, &blocks, sides, &ports, chain);
                assert_eq!(
                    witness.as_ref().map(|one| one.steps.len()),
                    expected,
                    "cluster {seed}, {chain:?}"
                );
                match &witness {
                    Some(witness) => {
                        is_sound(&connectivity, sides, &ports, witness);
                        found += 1;
                        longer += usize::from(witness.steps.len() > 1);
                    }
                    None => none += 1,
                }
            }
            let missing = gap(&connectivity, (&from, &to), &ports);
            let pairs = from
                .pods
                .iter()
                .flat_map(|from| to.pods.iter().map(move |to| (*from, *to)));
            let always = pairs.into_iter().all(|(from, to)| {
                connectivity
                    .allowed(Endpoint::Pod(from), Endpoint::Pod(to))
                    .certain
                    .covers(&ports)
            });
            assert_eq!(missing.is_none(), always, "cluster {seed}");
        }
    }
    assert!(
        found > 300 && none > 300 && longer > 5,
        "{found} found, {none} not, {longer} longer"
    );
}
