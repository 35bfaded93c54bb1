//! Pods that run where they do not belong.

use cofferdam_state::finding::Class;
use cofferdam_testkit::{node, pod, toleration};

use super::*;

const OFF: &str = "medium misplaced-pod Namespace/orders: ";
const ON: &str = "medium misplaced-pod Namespace/web: ";

/// The shop as applied; further pods as namespace, workload (`Kind/name`, or `Pod` for none) and node.
#[track_caller]
fn check(pods: &[(&str, &str, &str)], want: &[&str]) -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    let cluster = &mut trial.cluster;
    cluster
        .nodes
        .insert("other".to_owned(), node("uid-other", &[]));
    cluster.add_namespace("monitoring", &[]);
    for (number, (namespace, workload, node)) in pods.iter().enumerate() {
        let mut one = pod(namespace, &format!("pod-{number}"), &[]);
        one.node = Some((*node).to_owned());
        one.tolerations.push(toleration("cofferdam.io/pool", "pci"));
        if let Some((kind, name)) = workload.split_once('/') {
            one.workload = Some((kind.to_owned(), name.to_owned()));
            one.owner = one.workload.clone();
        }
        cluster.pods.push(one);
    }
    trial.apply();
    let found = find(&trial).into_iter();
    let found = found.filter(|one| one.class == Class::MisplacedPod);
    let told: Vec<String> = found
        .map(|one| {
            let severity = one.severity.map_or("-", |severity| severity.as_str());
            format!(
                "{severity} {} {}: {}",
                one.class.as_str(),
                one.object,
                one.message
            )
        })
        .collect();
    assert_eq!(told, want);
    trial
}

#[test]
fn pods_of_a_zone_belong_on_its_pool_and_others_do_not() {
    check(
        &[
            ("orders", "Deployment/api", "other"),
            ("orders", "Deployment/api", "other"),
            ("orders", "Pod", "other"),
            ("orders", "Deployment/api", "pci-1"),
            ("web", "StatefulSet/front", "pci-1"),
            ("web", "StatefulSet/front", "other"),
        ],
        &[
            &format!(
                "{OFF}3 pods run of pool `pci`'s zones on other nodes: Deployment/orders/api (2), Pod/orders/pod-2"
            ),
            &format!(
                "{ON}1 pod runs on nodes of pool `pci`, which is dedicated to other zones: StatefulSet/web/front"
            ),
        ],
    );
}

#[test]
fn what_is_part_of_a_node_runs_anywhere() {
    check(
        &[
            ("kube-system", "DaemonSet/kube-proxy", "pci-1"),
            ("kube-system", "Node/pci-1", "pci-1"),
        ],
        &[],
    );
    // An ordinary Deployment of a system namespace is no part of the node.
    check(
        &[("kube-system", "Deployment/coredns", "pci-1")],
        &[
            "medium misplaced-pod Namespace/kube-system: 1 pod runs on nodes of pool `pci`, which is dedicated to other \
             zones: Deployment/kube-system/coredns",
        ],
    );
}

#[test]
fn guests_are_daemon_sets_by_name() {
    let guests = "zones: [back], guests: [{ namespace: monitoring, daemonSet: exporter }] }";
    for (guests, workload, found) in [
        ("zones: [back] }", "DaemonSet/exporter", 1),
        (guests, "DaemonSet/exporter", 0),
        (guests, "Deployment/exporter", 1),
        (guests, "DaemonSet/other", 1),
    ] {
        let text = SHOP.replace("zones: [back] }", guests);
        let mut trial = Trial::shop(&text, planner);
        trial.cluster.add_namespace("monitoring", &[]);
        let mut one = pod("monitoring", "exporter-1", &[]);
        one.node = Some("pci-1".to_owned());
        one.owner = workload
            .split_once('/')
            .map(|(kind, name)| (kind.to_owned(), name.to_owned()));
        trial.cluster.pods.push(one);
        let all = find(&trial).into_iter();
        let misplaced = all.filter(|one| one.class == Class::MisplacedPod).count();
        assert_eq!(misplaced, found, "{workload} with {guests}");
    }
}

#[test]
fn the_restarts_that_are_needed_are_told() {
    let trial = check(
        &[
            ("web", "Deployment/front", "pci-1"),
            ("web", "Job/once", "pci-1"),
        ],
        &[&format!(
            "{ON}2 pods run on nodes of pool `pci`, which is dedicated to other zones: Deployment/web/front, Job/web/once"
        )],
    );
    let mut found = find(&trial).into_iter();
    let hint = found
        .find(|one| one.class == Class::MisplacedPod)
        .and_then(|one| one.hint);
    assert_eq!(
        hint.as_deref(),
        Some(
            "take the toleration of `cofferdam.io/pool` away, or list a DaemonSet under `guests` of NodePool `pci`; then \
             restart them once the nodes are tainted: `kubectl -n web delete pod pod-1`, `kubectl -n web rollout restart \
             deployment/front`"
        )
    );
}
