//! Clusters of one trust domain that should agree.

use cofferdam_model::names::ClusterName;
use cofferdam_state::observed::Reading;
use cofferdam_testkit::{Cluster, node};

use super::*;
use crate::cross_cluster::{compare, not_compared};

/// How the second cluster and what is seen of it change.
type Scene = (fn(&mut Cluster), fn(&mut Observed));

/// What two clusters of the shop's trust domain disagree on; both begin as the applied shop, and the
/// second one changes.
fn check(change: fn(&mut Cluster), want: &[&str]) {
    check_seen((change, |_| {}), want, &[]);
}

/// The same where the second one is not wholly seen, and what is said not to be compared.
fn check_seen(scene: Scene, want: &[&str], missed: &[&str]) {
    let other = "---\nkind: Cluster\nmetadata: { name: twin, labels: { environment: production } }\nspec: { access: { kubeconfig: twin.yaml }, identity: { uid: uid-twin } }\n";
    let narrowed = SHOP.replace(
        "to: { zone: back }",
        "to: { zone: back, workload: { matchLabels: { app: orders } } }",
    );
    let mut trial = Trial::shop(&format!("{narrowed}{other}"), planner);
    trial.apply();
    let mut twin = trial.clone();
    twin.cluster.name = ClusterName::parse("twin").unwrap();
    scene.0(&mut twin.cluster);
    let mut seen = twin.cluster.observe();
    scene.1(&mut seen);
    let (bundles, first) = ([trial.bundle(), twin.bundle()], trial.cluster.observe());
    let views = [(&bundles[0], &first), (&bundles[1], &seen)]
        .map(|(bundle, observed)| View::new(bundle, observed, Delivery::Push));
    let found = compare(&views, &trial.model);
    let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, want);
    let left_out = not_compared(&views);
    let messages: Vec<&str> = left_out.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, missed);
    assert_eq!(not_compared(&views[1..]), []);
}

#[test]
fn clusters_that_agree_give_no_finding() {
    check(|_| {}, &[]);
}

#[test]
fn clusters_differ_in_what_was_applied_and_in_what_others_did() {
    check(
        |twin| {
            twin.act(&write("web/theirs", lets_in()));
            twin.act(&label("web", "pod-security.kubernetes.io/warn", None));
        },
        &[
            "foreign policy web/theirs differs: prod: absent; twin: present",
            "pod security warn of namespace web differs: prod: baseline; twin: none",
        ],
    );
    check(
        |twin| {
            if let Some(live) = &mut twin.record {
                live.record.revision = String::new();
            }
        },
        &["bundle revision differs: prod: c144e9be866c4638; twin: none"],
    );
}

#[test]
fn clusters_differ_in_nodes_and_workloads() {
    check(
        |twin| {
            twin.nodes.clear();
            twin.nodes
                .insert("other".to_owned(), node("uid-other", &[]));
            twin.pods.clear();
        },
        &[
            "destination workload of flow web-to-orders differs: prod: matches pods; twin: matches no pod",
            "node pool pci differs: prod: has nodes; twin: has no node",
        ],
    );
}

#[test]
fn what_was_not_read_of_a_cluster_takes_no_part() {
    let change: fn(&mut Cluster) = |twin| {
        twin.nodes.clear();
        twin.pods.clear();
        twin.act(&write("web/theirs", lets_in()));
    };
    check_seen(
        (change, |seen| {
            let reason = || "forbidden".to_owned();
            seen.nodes = Reading::Unknown(reason());
            seen.pods = Reading::Unknown(reason());
            seen.policies = Reading::Unknown(reason());
        }),
        &[],
        &["not compared: nodes, NetworkPolicies, pods of cluster `twin`, which could not be read"],
    );
}

#[test]
fn a_cluster_that_was_not_reached_is_said_not_to_be_compared() {
    check_seen(
        (
            |_| {},
            |seen| *seen = Observed::unreachable(seen.cluster.clone(), seen.at.clone(), "no"),
        ),
        &[],
        &["not compared: cluster `twin` was not reached"],
    );
}
