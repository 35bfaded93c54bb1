//! The cluster itself: whether it is the right one, was read, enforces, and is as stored.

use cofferdam_model::capabilities::{Callee, Capabilities, Enforces};
use cofferdam_model::names::NamespaceName;
use cofferdam_state::observed::Reading;

use super::*;

#[test]
fn another_cluster_is_found_and_nothing_else_is_said_of_it() {
    let mut trial = applied();
    trial.cluster.capabilities.uid = "uid-other".to_owned();
    trial.cluster.policies.clear();
    check_trial(
        &trial,
        &[
            "high wrong-cluster Cluster/prod: the kubeconfig leads to a cluster with UID `uid-other`, not `uid-prod`",
        ],
    );
    let mut trial = applied();
    trial.cluster.record.as_mut().unwrap().record.instance = "bank".to_owned();
    trial.cluster.policies.clear();
    check_trial(
        &trial,
        &["high wrong-cluster Cluster/prod: the cluster belongs to zone model `bank`"],
    );
}

fn unknown<T>() -> Reading<T> {
    Reading::Unknown("forbidden".to_owned())
}

/// Makes a reading unknown, and how it is called.
type Forgotten = (fn(&mut Observed), &'static str);

/// Changes what is stored, and the paths of what is found.
type Stored = (fn(&mut Capabilities), &'static [&'static str]);

#[test]
fn what_could_not_be_read_is_unknown_and_nothing_is_concluded_from_it() {
    let trial = applied();
    let forget = |change: fn(&mut Observed)| {
        let mut observed = trial.cluster.observe();
        change(&mut observed);
        lines(&find_in(&trial, &observed, None))
    };
    let rows: [Forgotten; 5] = [
        (|seen| seen.policies = unknown(), "NetworkPolicies"),
        (|seen| seen.record = unknown(), "record"),
        (|seen| seen.namespaces = unknown(), "namespaces"),
        (|seen| seen.nodes = unknown(), "nodes"),
        (
            |seen| seen.other_policies = unknown(),
            "policies of kinds that are not modelled",
        ),
    ];
    for (change, what) in rows {
        let mut found = forget(change);
        found.retain(|line| !line.contains("Namespace/default"));
        assert_eq!(
            found,
            [format!("- unknown Cluster/prod: {what}: forbidden")]
        );
    }
}

#[test]
fn what_is_unknown_for_one_reason_is_one_finding() {
    let trial = applied();
    let unreachable = Observed::unreachable(trial.cluster.name.clone(), String::new(), "no answer");
    assert_eq!(
        lines(&find_in(&trial, &unreachable, None)),
        [
            "- unknown Cluster/prod: identity of the cluster, capabilities, record, namespaces, NetworkPolicies, nodes, \
             pods, workloads, services, ingresses and policies of kinds that are not modelled: no answer"
        ]
    );
    let mut seen = trial.cluster.observe();
    seen.pods = unknown();
    seen.nodes = unknown();
    seen.services = Reading::Unknown("cut off".to_owned());
    let mut found = lines(&find_in(&trial, &seen, None));
    found.retain(|line| line.contains(" unknown "));
    assert_eq!(
        found,
        [
            "- unknown Cluster/prod: nodes and pods: forbidden",
            "- unknown Cluster/prod: services: cut off",
        ]
    );
}

#[test]
fn a_bundle_that_was_not_applied_yet_is_skew() {
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&SHOP.replace("8080", "8081"));
    let (old, new) = {
        let record = &trial.cluster.record.as_ref().unwrap().record;
        (record.bundle_hash.clone(), trial.bundle().hash)
    };
    let skew = format!(
        "medium bundle-skew Cluster/prod: bundle `{old}` was applied, `{new}` is compiled now"
    );
    assert!(lines(&find(&trial)).contains(&skew));
}

#[test]
fn a_plugin_that_does_not_enforce_is_found() {
    let mut trial = applied();
    trial.cluster.capabilities.cni.enforces = Enforces::No;
    check_trial(
        &trial,
        &[
            "high not-enforced Cluster/prod: `calico` does not enforce NetworkPolicy: DaemonSet kube-system/calico-node",
        ],
    );
    trial.cluster.capabilities.cni.enforces = Enforces::Unknown;
    check_trial(
        &trial,
        &[
            "high not-enforced Cluster/prod: `calico` is not known to enforce NetworkPolicy: DaemonSet kube-system/calico-node",
        ],
    );
}

#[test]
fn what_is_not_as_stored_is_found() {
    let trial = applied();
    let observed = trial.cluster.observe();
    let live = observed.capabilities.known().unwrap();
    let rows: [Stored; 4] = [
        (|_| {}, &[]),
        (|stored| stored.namespaces.clear(), &[]),
        (|stored| stored.version = "v1.35.0".to_owned(), &["version"]),
        (
            |stored| stored.api_server.service_port = 6443,
            &["apiServer"],
        ),
    ];
    for (change, want) in rows {
        let mut stored = live.clone();
        change(&mut stored);
        let found = find_in(&trial, &observed, Some(&stored));
        let paths = found
            .iter()
            .filter(|f| f.class.as_str() == "capabilities-changed");
        let paths: Vec<&str> = paths
            .flat_map(|f| &f.fields)
            .map(|f| f.path.as_str())
            .collect();
        assert_eq!(paths, want);
    }
}

#[test]
fn ingress_that_a_webhook_holds_open_is_found() {
    let mut trial = applied();
    let capabilities = &mut trial.cluster.capabilities;
    capabilities.callees.push(Callee {
        caller: "ValidatingWebhookConfiguration/orders".to_owned(),
        namespace: NamespaceName::parse("orders").unwrap(),
        service: "hook".to_owned(),
        pod_labels: [].into(),
        target: None,
    });
    let held = find(&trial);
    let held = held
        .iter()
        .find(|finding| finding.class.as_str() == "not-enforced");
    let want = "high not-enforced Namespace/orders: ingress stays open although the zone is enforced: \
                ValidatingWebhookConfiguration/orders calls Service orders/hook, whose pods or port cannot be told \
                [widens]";
    assert_eq!(held.map(shown).unwrap(), want);
}
