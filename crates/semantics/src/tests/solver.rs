//! Clusters that share what is computed, beside each solved alone.

use std::sync::Arc;

use cofferdam_oracle::generate::{Corners, cluster};
use serde_json::{Value, json};

use super::cases;
use super::read;
use crate::Classes;
use crate::connectivity::{Connectivity, Endpoint};
use crate::reach::different_dialects;
use crate::solver::Solver;

const CLUSTERS: u64 = 300;

/// The same policies over fewer pods, those that are left under other names, and, in every third cluster, with other
/// labels.
fn another(seed: u64, objects: &[Value]) -> Vec<Value> {
    let mut number = seed;
    let mut objects = objects.to_vec();
    objects.retain(|object| {
        number += 1;
        object["kind"] != "Pod" || !number.is_multiple_of(4)
    });
    for (number, object) in objects.iter_mut().enumerate() {
        if object["kind"] == "Pod" {
            object["metadata"]["name"] = json!(format!("other-{number}"));
            if seed.is_multiple_of(3) {
                object["metadata"]["labels"] = json!({"app": format!("app-{number}")});
            }
        }
    }
    objects
}

#[test]
fn what_is_shared_is_what_each_cluster_comes_to_alone() {
    let mut shared = 0;
    for seed in 0..cases(CLUSTERS) {
        let objects = cluster(seed, Corners::ALL);
        let (one, other) = (read(&objects), read(&another(seed, &objects)));
        let dialects = different_dialects();
        let mut solver = Solver::default();
        let first = solver.solve(&one, &dialects);
        let second = solver.solve(&other, &dialects);
        shared += u32::from(Arc::ptr_eq(
            &first.classes.universe,
            &second.classes.universe,
        ));
        let alone = Arc::new(Classes::of(&other));
        for (connectivity, blocks) in &*second.under {
            let mut alone = Connectivity::solve(Arc::clone(&alone), connectivity.dialect());
            let ends = || (0..other.pods.len()).map(Endpoint::Pod);
            for from in ends() {
                for to in ends() {
                    let expected = alone.allowed(from, to);
                    assert_eq!(
                        connectivity.allowed(from, to),
                        expected,
                        "{seed}: {from:?} {to:?}"
                    );
                }
            }
            let is_possible = |blocks: &[crate::connectivity::Block], of: &Classes| {
                let pairs = ends().flat_map(|from| ends().map(move |to| (from, to)));
                let pairs = pairs.filter(|(from, to)| {
                    let has = |set: &roaring::RoaringBitmap, end: &Endpoint| match end {
                        Endpoint::Pod(pod) => of.of_pod(*pod).iter().any(|one| set.contains(*one)),
                        Endpoint::Address(_) => false,
                    };
                    let mut blocks = blocks.iter();
                    blocks.any(|block| has(&block.from, from) && has(&block.to, to))
                });
                pairs.collect::<Vec<_>>()
            };
            assert_eq!(
                is_possible(blocks, &second.classes),
                is_possible(&alone.blocks(), alone.classes()),
                "{seed}"
            );
        }
    }
    assert!(shared > 50, "only {shared} shared");
}

/// A cluster whose pods have these addresses, under one policy.
fn addressed(network: &str) -> Vec<Value> {
    let mut objects = vec![json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "web", "name": "front"},
        "spec": {"podSelector": {"matchLabels": {"app": "front"}}, "ingress": [{"ports": [{"port": 80}]}]},
    })];
    for app in ["front", "back"] {
        objects.push(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "web", "name": format!("{app}-{network}"), "labels": {"app": app}},
            "spec": {"containers": [{"name": "main"}]},
            "status": {"phase": "Running", "podIP": format!("{network}.0.7")},
        }));
    }
    objects
}

#[test]
fn clusters_with_one_bundle_share_it_whatever_their_pods_are_called() {
    let mut solver = Solver::default();
    let mut solve = |network| solver.solve(&read(&addressed(network)), &different_dialects());
    let (one, other) = (solve("10.1"), solve("10.2"));
    assert!(Arc::ptr_eq(&one.classes.universe, &other.classes.universe));
}
