//! What would settle a guarantee that is unknown: namespaces to be isolated.

use std::collections::BTreeSet;

use cofferdam_semantics::guarantee::{Ground, Outcome, prove, told_reasons};
use cofferdam_state::record::entry_key;
use cofferdam_testkit::Trial;
use serde_json::{Value, json};

use super::claims::{add, dialects};
use super::planner;
use crate::promised;

const MODEL: &str = "
kind: ZoneModel
metadata: { name: acme }
spec: { tiers: [edge, data], defaults: { enforcement: enforce } }
---
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } } }
---
kind: Cluster
metadata: { name: prod, labels: { environment: production } }
spec: { access: { kubeconfig: prod.yaml } }
---
kind: Zone
metadata: { name: web }
spec: { tier: edge, sensitivity: low, trustDomains: [production], namespaces: [{ name: web }] }
---
kind: Zone
metadata: { name: vault }
spec: { tier: data, sensitivity: high, trustDomains: [production], namespaces: [{ name: vault }] }
---
kind: Guarantee
metadata: { name: claim }
spec: { never: { from: { zone: web }, to: { zone: vault } }, hops: any }
";

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}})
}

/// A pod of node `one`, in its network or not.
fn pod(namespace: &str, name: &str, is_host: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {"nodeName": "one", "hostNetwork": is_host, "containers": [{}]},
        "status": {"hostIPs": [{"ip": "192.168.0.1"}]}})
}

/// A policy of `web` that lets its pods out to another namespace.
fn leaving(other: &str) -> Value {
    let labels = json!({"kubernetes.io/metadata.name": other});
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "web", "name": format!("to-{other}")},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"namespaceSelector": {"matchLabels": labels}}]}]}})
}

/// Nothing goes in or out.
fn denying(namespace: &str) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": namespace, "name": "deny"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})
}

/// What becomes of the guarantee, with the hint where there is one; a pod in the network of its node runs beside one of
/// `web`, and nobody makes pods in closed namespaces.
fn outcome(added: &[Value], closed: &[&'static str]) -> String {
    outcome_under("calico", added, closed)
}

fn outcome_under(plugin: &str, added: &[Value], closed: &[&'static str]) -> String {
    let trial = Trial::new(MODEL, planner);
    let bundle = trial.bundle();
    let mut facts = promised(&bundle, None);
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"},
        "status": {"addresses": [{"address": "192.168.0.1"}]}});
    let agent = pod("agents", "agent", true);
    let agents = [namespace("agents"), denying("agents"), agent];
    add(&mut facts, &[node, pod("web", "front", false)]);
    add(&mut facts, &agents);
    add(&mut facts, added);
    let ground = Ground {
        cluster: trial.document(),
        zones: bundle.zones(),
        facts,
        tells_exposed: false,
        dialects: dialects(plugin),
        pod_networks: Vec::new(),
        capabilities: None,
        closed: closed.iter().copied().collect::<BTreeSet<&str>>(),
    };
    match prove(&trial.model, vec![ground])
        .remove(0)
        .remove(0)
        .outcome
    {
        Outcome::Proved => "proved".to_owned(),
        Outcome::Broken { .. } => "broken".to_owned(),
        Outcome::Unknown { because, hint } => {
            let told = told_reasons(&because);
            let (_, way) = told.split_once(": ").unwrap_or_default();
            format!("{way} ({})", hint.unwrap_or_default())
        }
    }
}

#[track_caller]
fn check(added: &[Value], closed: &[&'static str], want: &str) {
    assert_eq!(outcome(added, closed), want);
}

const FENCE: &str = "by a default deny in both directions, as of a zone that is enforced";

#[test]
fn namespaces_without_default_deny_on_a_way_through_a_node_are_named() {
    let into_lobby = [namespace("lobby"), leaving("lobby")];
    let way = "web/front[Pod] -> lobby/no labels[any new pod] on all, \
               then lobby/no labels[any new pod] -> agents/agent[Pod] on all, \
               then agents/agent[Pod] -> vault/no labels[any new pod] on all";
    let want = format!("{way} (isolate namespace `lobby` {FENCE}: no such way would be left)");
    check(&into_lobby, &[], &want);
    let denied = [&into_lobby[..], &[denying("lobby")]].concat();
    check(&denied, &[], "proved");
}

#[test]
fn those_of_the_ways_that_would_be_left_are_named_too() {
    let two = [
        namespace("attic"),
        namespace("kube-public"),
        leaving("attic"),
        leaving("kube-public"),
    ];
    let told = outcome(&two, &[]);
    let want = format!(
        "(isolate namespaces `attic`, `kube-public` {FENCE}: no such way would be left; a zone isolates `kube-public`, of the system, only where it says `system: true`)"
    );
    assert!(told.ends_with(&want), "{told}");
}

#[test]
fn where_isolating_would_not_settle_it_nothing_is_advised() {
    // It lets pods reach their own node, and the node its pods, whatever policies say.
    assert_eq!(
        outcome_under("antrea", &[pod("vault", "db", false)], &[]),
        "web/front[Pod] -> agents/agent[Pod] on all, then agents/agent[Pod] -> vault/db[Pod] on all ()"
    );
}

#[test]
fn nobody_makes_pods_in_a_closed_namespace_but_what_is_there_counts() {
    let probe = [namespace("cofferdam-probe"), leaving("cofferdam-probe")];
    let closed = ["cofferdam-probe"];
    assert!(outcome(&probe, &[]).starts_with("web/front[Pod]"));
    check(&probe, &closed, "proved");
    let stray = [&probe[..], &[pod("cofferdam-probe", "stray", false)]].concat();
    assert!(outcome(&stray, &closed).starts_with("web/front[Pod]"));
}

/// The namespaces that are closed by what a cluster is seen to hold.
fn closed(trial: &Trial) -> Vec<&'static str> {
    let observed = trial.cluster.observe();
    let closed = trial
        .bundle()
        .closed_namespaces(|guard| guard.is_in_force(&observed));
    closed.into_iter().collect()
}

#[test]
fn the_namespace_of_probes_is_closed_while_its_guard_rail_is_in_force() {
    let mut trial = super::guards::shop();
    assert_eq!(closed(&trial), [""; 0]);
    trial.apply();
    assert_eq!(closed(&trial), ["cofferdam-probe"]);
    let is_of_probes = |name: &str| name.starts_with("cofferdam-probes");
    let rail = trial.cluster.admission.iter_mut();
    for (_, live) in rail.filter(|(key, _)| is_of_probes(&key.name)) {
        live.spec["failurePolicy"] = "Ignore".into();
    }
    assert_eq!(closed(&trial), [""; 0]);
    let mut untried = super::guards::shop();
    untried.apply();
    let guards = untried.bundle().guards.into_values();
    let tried = guards.map(|guard| entry_key(&guard.policy.key(), &guard.tried_field()));
    let record = untried.cluster.record.as_mut().unwrap();
    for entry in tried {
        record.record.entries.remove(&entry);
    }
    assert_eq!(closed(&untried), [""; 0]);
}
