//! Guarantees about pods of which the addresses are not known, where policies name blocks of addresses.

use cofferdam_model::names::ClusterName;
use cofferdam_semantics::guarantee::Ground;
use cofferdam_testkit::model;
use serde_json::{Value, json};

use super::claims::{ZONES, add, capabilities, cluster, dialects, guarantee, out, outcome};
use crate::promised;

const TO_VAULT: &str = "10.8.0.0/16";
const FROM_WEB: &str = "10.9.0.0/16";

/// What becomes of the claim that web never reaches the vault, where web lets out to one network and the vault lets in
/// from another, and these are the networks of pods.
#[track_caller]
fn check(pod_networks: &[&str], more: &[Value], expected: &str) {
    check_in(
        &format!("podCidrs: [{}]", pod_networks.join(", ")),
        pod_networks,
        more,
        expected,
    );
}

/// The same with this in the document.
#[track_caller]
fn check_in(network: &str, pod_networks: &[&str], more: &[Value], expected: &str) {
    let cluster = cluster("prod", "production", network);
    let claim = guarantee("{ never: { from: { zone: web }, to: { zone: vault } } }");
    let model = model(&format!("{ZONES}{cluster}{claim}"));
    let known = capabilities("prod");
    let cluster = &model.clusters[&ClusterName::parse("prod").unwrap()];
    let compiled = cofferdam_compiler::compile(&model, cluster, Some(&known)).unwrap();
    let mut facts = promised(&compiled.bundle, Some(&known));
    let into = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "in", "namespace": "vault"},
        "spec": {"policyTypes": ["Ingress"], "ingress": [{"from": [{"ipBlock": {"cidr": FROM_WEB}}]}]},
    });
    add(
        &mut facts,
        [&out("web", TO_VAULT), &into].into_iter().chain(more),
    );
    let networks = pod_networks.iter().map(|one| one.parse().unwrap());
    let ground = Ground {
        cluster,
        zones: compiled.bundle.zones(),
        facts,
        tells_exposed: true,
        dialects: dialects("calico"),
        pod_networks: networks.collect(),
        capabilities: Some(&known),
        closed: [].into(),
    };
    let told = outcome(&model, vec![ground]);
    assert!(told.starts_with(expected), "{pod_networks:?}: {told}");
}

const UNKNOWN: &str = "unknown: which addresses new pods have in prod is not known, and blocks of policies may hold them: web/";

#[test]
fn where_networks_of_pods_are_not_known_a_block_may_hold_any_pod() {
    check(&[], &[], UNKNOWN);
}

#[test]
fn where_they_are_known_a_block_holds_pods_where_both_overlap() {
    check(&["10.2.0.0/16"], &[], "proved");
    check(&[TO_VAULT], &[], "proved");
    check(&[FROM_WEB], &[], "proved");
    check(&["10.8.0.0/15"], &[], "broken: web/");
}

#[test]
fn networks_that_nodes_tell_are_more_once_there_is_another_node() {
    check_in("", &["10.2.0.0/16"], &[], UNKNOWN);
    check_in("", &["10.8.0.0/15"], &[], "broken: web/");
}

#[test]
fn networks_in_which_pods_are_not_are_not_those_of_pods() {
    let pod = |address: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "vault"},
            "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Running", "podIP": address}})
    };
    check(&["10.2.0.0/16"], &[pod("10.2.0.7")], "proved");
    check(&["10.2.0.0/16"], &[pod("10.3.0.7")], UNKNOWN);
}

#[test]
fn workloads_without_pods_are_in_the_networks_of_pods_too() {
    let workload = |namespace: &str| {
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": namespace},
            "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "nightly"}},
                "spec": {"containers": [{"name": "c"}]}}}}}})
    };
    let both = [workload("web"), workload("vault")];
    check(&["10.2.0.0/16"], &both, "proved");
    check(&[TO_VAULT], &both, "proved");
    check(&["10.8.0.0/15"], &both, "broken: web/");
}
