//! The engine beside the oracle: the same answers to the same questions.

use std::sync::Arc;

use cofferdam_model::dialect::{DIALECTS, Dialect};
use cofferdam_model::flow::Protocol;
use cofferdam_oracle::generate::{Corners, cluster, questions};
use cofferdam_oracle::{Oracle, Peer};
use ipnet::IpNet;
use roaring::RoaringBitmap;
use serde_json::Value;

use super::{cases, read};
use crate::connectivity::{Block, Connectivity, Endpoint};
use crate::facts::Facts;
use crate::{Allowed, Classes, Verdict, reach};

/// Clusters that are tried in each run of the tests.
const CLUSTERS: u64 = 1_500;

/// Questions about each cluster, under each dialect.
const QUESTIONS: usize = 40;

pub(super) fn endpoint(facts: &Facts, peer: &Peer) -> Option<Endpoint> {
    match peer {
        Peer::Address(address) => Some(Endpoint::Address(*address)),
        Peer::Pod { namespace, name } => {
            let mut pods = facts.pods.iter();
            let place = pods.position(|pod| *pod.namespace == **namespace && *pod.name == **name);
            place.map(Endpoint::Pod)
        }
    }
}

pub(super) fn expected(
    oracle: &Oracle<'_>,
    (from, to, protocol, port): &(Peer, Peer, Protocol, u16),
) -> Verdict {
    match oracle.verdict(from, to, *protocol, *port) {
        cofferdam_oracle::Verdict::Allowed => Verdict::Allowed,
        cofferdam_oracle::Verdict::Undecided => Verdict::Undecided,
        cofferdam_oracle::Verdict::Denied => Verdict::Denied,
    }
}

/// Networks that blocks of drawn policies hold, hold in part and do not hold; none in one of three clusters.
pub(super) fn pod_networks(seed: u64) -> Vec<IpNet> {
    let networks: &[&str] = match seed % 3 {
        0 => &[],
        1 => &["10.0.0.0/24"],
        _ => &["10.0.0.0/29", "10.0.0.32/27", "fd00::/64"],
    };
    let networks = networks.iter().map(|one| one.parse().unwrap());
    networks.collect()
}

/// Asks both about one cluster; how many questions that were.
fn compare(seed: u64, corners: Corners, dialect: Dialect) -> u64 {
    let objects = cluster(seed, corners);
    let mut facts = read(&objects);
    Arc::make_mut(&mut facts).settle_pod_networks(&pod_networks(seed));
    let connectivity = Connectivity::solve(Arc::new(Classes::of(&facts)), dialect);
    let oracle = Oracle::new(&objects, dialect).with_pod_networks(facts.pod_networks());
    let questions = questions(&objects, seed, QUESTIONS);
    for question in &questions {
        let (from, to, protocol, port) = question;
        let ends = endpoint(&facts, from).zip(endpoint(&facts, to));
        let said = ends.map_or(Verdict::Denied, |(from, to)| {
            connectivity.allowed(from, to).at(*protocol, *port)
        });
        assert_eq!(
            said,
            expected(&oracle, question),
            "{question:?} of cluster {seed} under {}:\n{}",
            dialect.name,
            objects
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        );
    }
    questions.len().try_into().unwrap()
}

#[test]
fn the_engine_and_the_oracle_give_the_same_answers() {
    let dialects = reach::different_dialects();
    let mut asked = 0_u64;
    for seed in 0..cases(CLUSTERS) {
        for corners in [Corners::PLAIN, Corners::ALL] {
            for dialect in &dialects {
                asked += compare(seed, corners, *dialect);
            }
        }
    }
    assert!(asked > cases(400_000), "only {asked} questions were asked");
}

/// What the connections of pods come to when they are looked up in the blocks of a whole solution.
fn in_blocks(connectivity: &Connectivity, blocks: &[Block], (from, to): (usize, usize)) -> Allowed {
    let (sources, targets) = (
        connectivity.classes().of_pod(from),
        connectivity.classes().of_pod(to),
    );
    let holds =
        |set: &RoaringBitmap, classes: &[u32]| classes.iter().any(|class| set.contains(*class));
    let both = blocks
        .iter()
        .filter(|block| holds(&block.from, sources) && holds(&block.to, targets));
    both.fold(Allowed::nothing(), |all, block| all.or(&block.allowed))
}

#[test]
fn the_whole_and_its_parts_say_the_same() {
    for seed in 0..cases(CLUSTERS) {
        // Without nodes, as what a pod's own node may do is no part of the whole.
        let corners = Corners {
            nodes: false,
            ..Corners::ALL
        };
        let objects = cluster(seed, corners);
        let facts = read(&objects);
        let classes = Arc::new(Classes::of(&facts));
        let mut connectivity = Connectivity::solve(classes, DIALECTS[0]);
        let blocks = connectivity.blocks();
        let pods = 0..facts.pods.len();
        for (from, to) in pods
            .clone()
            .flat_map(|from| pods.clone().map(move |to| (from, to)))
        {
            let own = facts.pods[from].place.node.is_some() || facts.pods[to].place.host_network;
            if from != to && !own {
                let alone = connectivity.allowed(Endpoint::Pod(from), Endpoint::Pod(to));
                assert_eq!(
                    in_blocks(&connectivity, &blocks, (from, to)),
                    alone,
                    "{seed}: {from} to {to}"
                );
            }
        }
    }
}
