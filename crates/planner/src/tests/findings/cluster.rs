//! The cluster itself: whether it is the right one, was read, enforces, and is as stored.

use std::net::SocketAddr;

use cofferdam_model::capabilities::{Callee, Capabilities, Enforces, Mesh, MeshKind};
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
             pods, workloads, services, admission policies, ingresses and policies of kinds that are not modelled: no answer"
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
fn what_is_not_as_stored_is_found_and_told_in_words() {
    let trial = applied();
    let mut observed = trial.cluster.observe();
    let mut live = observed.capabilities.known().unwrap().clone();
    live.callees.push(Callee {
        caller: "ValidatingWebhookConfiguration/orders".to_owned(),
        namespace: NamespaceName::parse("orders").unwrap(),
        service: "hook".to_owned(),
        pod_labels: [("app".to_owned(), "hook".to_owned())].into(),
        target: live.dns.servers[0].ports.first().cloned(),
    });
    observed.capabilities = Reading::Known(live.clone());
    let rows: [Stored; 6] = [
        (|_| {}, &[]),
        (|stored| stored.namespaces.clear(), &[]),
        (
            |stored| stored.version = "v1.35.0".to_owned(),
            &["version: v1.35.0 -> v1.36.1"],
        ),
        (
            |stored| {
                stored.cni.enforces = Enforces::No;
                stored.mesh = Some(linkerd());
            },
            &["cni.enforces: no -> yes", "mesh: linkerd -> nothing"],
        ),
        (
            |stored| {
                stored.api_server.service_port = 6443;
                let other = SocketAddr::from(([10, 1, 0, 6], 6443));
                stored.api_server.endpoints = [(other.ip(), other.port())].into();
            },
            &[
                "apiServer.servicePort: 6443 -> 443",
                "apiServer.endpoints: 10.1.0.6:6443 -> 10.1.0.5:6443",
            ],
        ),
        (
            |stored| {
                stored.dns.servers.clear();
                stored.callees.clear();
            },
            &[
                "dns.servers: nothing -> kube-system k8s-app=kube-dns on TCP 53, UDP 53",
                "callees: nothing -> ValidatingWebhookConfiguration/orders calls hook (orders app=hook on TCP 53)",
            ],
        ),
    ];
    for (change, want) in rows {
        let mut stored = live.clone();
        change(&mut stored);
        let found = find_in(&trial, &observed, Some(&stored));
        let changed = found
            .iter()
            .filter(|f| f.class.as_str() == "capabilities-changed");
        let text = |value: &Option<Value>| match value {
            Some(Value::String(text)) => text.clone(),
            _ => "nothing".to_owned(),
        };
        let fields: Vec<String> = changed
            .flat_map(|f| &f.fields)
            .map(|f| format!("{}: {} -> {}", f.path, text(&f.want), text(&f.have)))
            .collect();
        assert_eq!(fields, want);
    }
}

fn linkerd() -> Mesh {
    Mesh {
        kind: MeshKind::Linkerd,
        control_plane_namespace: NamespaceName::parse("linkerd").unwrap(),
        enrolled: [].into(),
        evidence: String::new(),
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
