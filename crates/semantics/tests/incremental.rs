//! A solution that is kept true change by change, beside one from scratch: the same answers to the same questions.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;
use cofferdam_oracle::Peer;
use cofferdam_oracle::generate::{Corners, cluster, questions};
use cofferdam_semantics::connectivity::{Connectivity, Endpoint};
use cofferdam_semantics::facts::{Facts, Pod};
use cofferdam_semantics::incremental::{Change, PodKey, Solution};
use cofferdam_semantics::parties::{Connection, Workloads};
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::reach::{self, Reached};
use cofferdam_semantics::{Classes, Reader};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

/// Objects by kind, namespace and name.
type World = BTreeMap<(String, String, String), Value>;

/// An object of another cluster, by its seed, comes; or one of this cluster goes.
type Step = (u64, Index, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let comes = prop::bool::weighted(0.7);
    prop::collection::vec((any::<u64>(), any::<Index>(), comes), 1..12)
}

#[test]
fn of_plain_clusters_it_says_what_a_fresh_one_says() {
    check_all(Corners::PLAIN);
}

#[test]
fn of_clusters_with_every_corner_it_says_what_a_fresh_one_says() {
    check_all(Corners::ALL);
}

fn check_all(corners: Corners) {
    let usual = Config::default();
    let mut runner = TestRunner::new(Config {
        // `PROPTEST_CASES`, 256 where it is not set, makes it more.
        cases: 300 * usual.cases / 256,
        failure_persistence: None,
        ..usual
    });
    let (made, full) = (Cell::new(0), Cell::new(0));
    let checked = runner.run(&(any::<u64>(), steps()), |(seed, steps)| {
        let (of_made, of_full) = check(seed, corners, &steps);
        made.set(made.get() + of_made);
        full.set(full.get() + of_full);
        Ok(())
    });
    assert!(checked.is_ok(), "{checked:#?}");
    let (made, full) = (made.get(), full.get());
    assert!(
        full * 3 < made,
        "{full} of {made} changes solved everything"
    );
}

/// Makes changes one by one, and undoes some of them; how many were made, and how many of these solved everything.
fn check(seed: u64, corners: Corners, steps: &[Step]) -> (usize, usize) {
    let (mut made, mut full) = (0, 0);
    for dialect in reach::different_dialects().into_iter().take(2) {
        let mut world = world(cluster(seed, corners));
        let mut solution = Solution::new(&Arc::new(read(world.values())), dialect);
        for (number, (other, which, comes)) in steps.iter().enumerate() {
            let before = solve(&world, dialect);
            let Some(change) = step(&mut world, cluster(*other, corners), *which, *comes) else {
                continue;
            };
            let after = solve(&world, dialect);
            let solved = solution.full_solves();
            let effect = solution.effect(vec![change.clone()]);
            made += 1;
            full += usize::from(solution.full_solves() > solved);
            let mut expected = reach::difference(&reached(&before), &reached(&after));
            expected.sort();
            assert_eq!(effect.connections, expected, "{change:?}");
            let peers = peers(&world, *other);
            compare(solution.connectivity(), &after, &peers);
            if number % 3 == 0 {
                for undo in effect.undo {
                    solution.apply(undo);
                }
                compare(solution.connectivity(), &before, &peers);
                solution.apply(change);
                compare(solution.connectivity(), &after, &peers);
            }
        }
    }
    (made, full)
}

/// Both give the same answers to every question.
fn compare(kept: &Connectivity, fresh: &Connectivity, peers: &[Peer]) {
    for from in peers {
        for to in peers {
            let ends = |one: &Connectivity| place(one.facts(), from).zip(place(one.facts(), to));
            let said = |one: &Connectivity| ends(one).map(|(from, to)| one.allowed(from, to));
            assert_eq!(said(kept), said(fresh), "{from:?} to {to:?}");
        }
    }
    assert_eq!(connections(kept), connections(fresh));
}

fn solve(world: &World, dialect: Dialect) -> Connectivity {
    let facts = Arc::new(read(world.values()));
    Connectivity::solve(Arc::new(Classes::of(&facts)), dialect)
}

fn world(objects: Vec<Value>) -> World {
    let named = objects.into_iter().map(|object| (key(&object), object));
    named.collect()
}

fn key(object: &Value) -> (String, String, String) {
    let text = |path| {
        let text = object.pointer(path).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    (
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
    )
}

fn read<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Facts {
    let mut reader = Reader::default();
    for (number, object) in (0..).zip(objects) {
        reader.read(object, Source(number));
    }
    reader.finish()
}

fn step(world: &mut World, others: Vec<Value>, which: Index, comes: bool) -> Option<Change> {
    let pool: Vec<Value> = if comes {
        others
    } else {
        world.values().cloned().collect()
    };
    let pool = pool.into_iter();
    let pool: Vec<Value> = pool.filter(|one| change(one, comes).is_some()).collect();
    let object = (!pool.is_empty()).then(|| which.get(&pool))?;
    if comes {
        world.insert(key(object), object.clone());
    } else {
        world.remove(&key(object));
    }
    change(object, comes)
}

/// The change that an object makes which comes, or goes; none where it is refused or has ended, or is a node.
fn change(object: &Value, comes: bool) -> Option<Change> {
    let mut alone = read([object]);
    if let Some(pod) = alone.pods.pop() {
        let key = PodKey::of(&pod);
        let set = Change::SetPod(Box::new(pod));
        return Some(if comes { set } else { Change::RemovePod(key) });
    }
    if let Some(policy) = alone.policies.pop() {
        let id = policy.id.clone();
        let set = Change::SetPolicy(Box::new(policy));
        return Some(if comes { set } else { Change::RemovePolicy(id) });
    }
    let (name, namespace) = alone.namespaces.pop_first()?;
    Some(if comes {
        Change::SetNamespace(name, namespace)
    } else {
        Change::RemoveNamespace(name)
    })
}

/// The pods of a cluster, and addresses that its objects name.
fn peers(world: &World, seed: u64) -> Vec<Peer> {
    let objects: Vec<Value> = world.values().cloned().collect();
    let asked = questions(&objects, seed, 12).into_iter();
    let mut peers: Vec<Peer> = asked.flat_map(|(from, to, ..)| [from, to]).collect();
    peers.sort();
    peers.dedup();
    peers
}

fn place(facts: &Facts, peer: &Peer) -> Option<Endpoint> {
    match peer {
        Peer::Address(address) => Some(Endpoint::Address(*address)),
        Peer::Pod { namespace, name } => {
            let is_it = |pod: &Pod| *pod.namespace == **namespace && *pod.name == **name;
            facts.pods.iter().position(is_it).map(Endpoint::Pod)
        }
    }
}

/// Everything that is possible, by pod.
fn connections(connectivity: &Connectivity) -> Vec<Connection> {
    let pods = connectivity.facts().pods.iter();
    let split: Workloads = pods
        .map(|pod| (Arc::clone(&pod.namespace), pod.workload.clone()))
        .collect();
    connectivity.clone().connections(&split)
}

fn reached(connectivity: &Connectivity) -> Vec<Reached> {
    let connections = connections(connectivity).into_iter();
    let reached = connections.map(|one| Reached {
        from: one.from,
        to: one.to,
        allowed: one.allowed.possible,
        unless: BTreeMap::new(),
    });
    reached.collect()
}
