//! What opens and closes between two states is what two clusters solved on their own differ in.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;
use cofferdam_model::labels::Labels;
use cofferdam_oracle::generate::{Corners, cluster};
use ipnet::IpNet;
use serde_json::{Value, json};

use super::differential::pod_networks;
use super::{cases, dialect, read};
use crate::connectivity::{Connectivity, Endpoint};
use crate::facts::{Facts, UnknownAddresses};
use crate::ports::PortSet;
use crate::reach::different_dialects;
use crate::states::{Between, Changes, Draft, Place, Solved, State, States};
use crate::{Allowed, Classes};

const CLUSTERS: u64 = 300;

fn is_policy(object: &Value) -> bool {
    object["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("Policy"))
}

fn name_of(place: Place<'_>) -> String {
    match place {
        Place::Pod(pod) => pod.namespace.to_string(),
        Place::Nodes(_) => "nodes".to_owned(),
        Place::Outside(_) => "outside".to_owned(),
    }
}

/// The objects of a state: without some of the policies, and with other labels of some namespace.
fn another(seed: u64, objects: &[Value]) -> Vec<Value> {
    let mut number = seed;
    let kept = objects.iter().filter(|object| {
        number += 1;
        !is_policy(object) || !number.is_multiple_of(3)
    });
    let mut kept: Vec<Value> = kept.cloned().collect();
    let relabelled = kept.iter_mut().find(|object| object["kind"] == "Namespace");
    if let Some(namespace) = relabelled.filter(|_| seed.is_multiple_of(2)) {
        namespace["metadata"]["labels"] = json!({"slot": "one", "team": "a"});
    }
    kept
}

fn labels_of(object: &Value) -> Labels {
    let labels = object["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten();
    labels
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

fn changes(
    before: &[Value],
    after: &[Value],
    (networks, dialects): (&[IpNet], &[Dialect]),
) -> Changes<String> {
    let (states, before, after) = solved(before, after, (networks, dialects));
    let changes = states.changes(&before, &after, name_of);
    assert_eq!(
        changes,
        states.changes_of_every_pair(&before, &after, name_of)
    );
    changes
}

fn solved(
    before: &[Value],
    after: &[Value],
    (networks, dialects): (&[IpNet], &[Dialect]),
) -> (States, Solved, Solved) {
    let mut draft = Draft::default();
    for object in before
        .iter()
        .filter(|object| !is_policy(object) && object["kind"] != "Namespace")
    {
        draft.shared(object);
    }
    let mut state = |objects: &[Value]| {
        let mut state = State::default();
        for object in objects {
            if is_policy(object) {
                state.policies.insert(draft.policy(object));
            } else if object["kind"] == "Namespace" {
                let name = object["metadata"]["name"].as_str().unwrap();
                let (name, labels) = draft.namespace(name, &labels_of(object));
                state.labels.insert(name, labels);
            }
        }
        state
    };
    let (before, after) = (state(before), state(after));
    let mut states = draft.finish(networks, dialects);
    let (before, after) = (states.solve(&before), states.solve(&after));
    (states, before, after)
}

/// Everything that pods may send each other, but for what own nodes are exempt from.
fn between_pods(facts: &Arc<Facts>, dialect: Dialect) -> BTreeMap<(usize, usize), Allowed> {
    let connectivity = Connectivity::solve(Arc::new(Classes::of(facts)), dialect);
    let pods = 0..facts.pods.len();
    let pairs = pods
        .clone()
        .flat_map(|from| pods.clone().map(move |to| (from, to)));
    let pairs = pairs.filter(|(from, to)| {
        let is_host = |pod: &usize| facts.pods[*pod].place.host_network;
        from != to && !is_host(from) && !is_host(to)
    });
    pairs
        .map(|(from, to)| {
            let allowed = connectivity.allowed(Endpoint::Pod(from), Endpoint::Pod(to));
            ((from, to), allowed)
        })
        .collect()
}

/// Whether some port of each difference between pods is told between their namespaces, and each witness whose ends
/// exist is one of these differences.
fn compare(seed: u64, corners: Corners) -> usize {
    let before = cluster(seed, corners);
    let after = another(seed, &before);
    let dialects = different_dialects();
    let networks = pod_networks(seed);
    let told = changes(&before, &after, (&networks, &dialects));
    let [was, is] = [&before, &after].map(|objects| {
        let mut facts = read(objects);
        let supposed = Arc::make_mut(&mut facts);
        supposed.unknown_addresses = UnknownAddresses::InNoBlock;
        supposed.settle_pod_networks(&networks);
        facts
    });
    let mut opens: BTreeMap<(usize, usize), PortSet> = BTreeMap::new();
    let mut closes = opens.clone();
    for dialect in &dialects {
        let (before, after) = (between_pods(&was, *dialect), between_pods(&is, *dialect));
        for (pair, was) in &before {
            let is = &after[pair];
            let more = is.possible.without(&was.possible);
            let less = was.possible.without(&is.possible);
            let less = less.or(&was.certain.without(&is.certain));
            for (all, some) in [(&mut opens, more), (&mut closes, less)] {
                let all = all.entry(*pair).or_default();
                *all = all.or(&some);
            }
        }
    }
    let pod = |number: usize| {
        let pod = &was.pods[number];
        (
            pod.namespace.to_string(),
            format!("{}/{}", pod.namespace, pod.workload),
        )
    };
    let mut witnesses = 0;
    for (told, expected) in [(&told.opens, opens), (&told.closes, closes)] {
        for ((from, to), ports) in expected.iter().filter(|(_, ports)| !ports.is_empty()) {
            let between = told.get(&(pod(*from).0, pod(*to).0));
            let missing = ports.without(&between.map(|one| one.ports.clone()).unwrap_or_default());
            assert!(
                missing.is_empty(),
                "{seed}: {missing} of {:?} -> {:?}",
                pod(*from),
                pod(*to)
            );
        }
        let known = told
            .iter()
            .filter_map(|(ends, one)| Some((ends, one.witness.as_ref()?)));
        for ((from, to), witness) in known.filter(|(_, witness)| witness.exists) {
            if [from, to]
                .iter()
                .any(|place| ["nodes", "outside"].contains(&place.as_str()))
            {
                continue;
            }
            let mut same = expected.iter().filter(|((from, to), _)| {
                (&pod(*from).1, &pod(*to).1) == (&witness.from, &witness.to)
            });
            assert!(
                same.any(|(_, ports)| witness.ports.without(ports).is_empty()),
                "{seed}: {witness:?}"
            );
            witnesses += 1;
        }
    }
    witnesses
}

#[test]
fn changes_are_what_two_solutions_differ_in() {
    let seeds =
        (0..cases(CLUSTERS)).flat_map(|seed| [(seed, Corners::PLAIN), (seed, Corners::ALL)]);
    let witnesses: usize = seeds.map(|(seed, corners)| compare(seed, corners)).sum();
    assert!(witnesses > 200, "{witnesses}");
}

fn told(between: &BTreeMap<(String, String), Between>) -> Vec<String> {
    let told = between.iter().map(|((from, to), one)| {
        let witness = one.witness.as_ref().unwrap();
        format!(
            "{from} -> {to}: {} ({} -> {}: {})",
            one.ports, witness.from, witness.to, witness.ports
        )
    });
    told.collect()
}

/// What a policy opens and closes in a cluster that denies all ingress of `data`.
fn check(pods: &[Value], policy: Value, opens: &[&str], closes: &[&str]) {
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"name": name}}});
    let deny = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "data", "name": "deny"}, "spec": {"podSelector": {}}});
    let mut before = vec![namespace("web"), namespace("data"), deny];
    before.extend_from_slice(pods);
    let mut after = before.clone();
    after.push(policy);
    let changes = changes(&before, &after, (&[], &[dialect("calico")]));
    assert_eq!(told(&changes.opens), opens);
    assert_eq!(told(&changes.closes), closes);
}

fn admitting(from: &Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "data", "name": "theirs"},
        "spec": {"podSelector": {}, "ingress": [{"from": [from], "ports": [{"port": 5432}]}]}})
}

#[test]
fn what_a_policy_opens_is_told_of_pods_that_do_not_exist_yet_too() {
    let of_web = json!({"namespaceSelector": {"matchLabels": {"name": "web"}}});
    check(
        &[],
        admitting(&of_web),
        &[
            "any new namespace name=web -> data: TCP 5432 (any new namespace name=web/no labels[any new pod] -> data/no labels[any new pod]: TCP 5432)",
            "web -> data: TCP 5432 (web/no labels[any new pod] -> data/no labels[any new pod]: TCP 5432)",
        ],
        &[],
    );
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "web", "name": "front"}});
    check(
        &[pod],
        admitting(&of_web),
        &[
            "any new namespace name=web -> data: TCP 5432 (any new namespace name=web/no labels[any new pod] -> data/no labels[any new pod]: TCP 5432)",
            "web -> data: TCP 5432 (web/front[Pod] -> data/no labels[any new pod]: TCP 5432)",
        ],
        &[],
    );
}

#[test]
fn a_policy_that_nobody_can_be_admitted_by_opens_nothing() {
    let nobody = json!({"podSelector": {"matchExpressions": [
        {"key": "app", "operator": "In", "values": ["x"]},
        {"key": "app", "operator": "NotIn", "values": ["x"]}]}});
    check(&[], admitting(&nobody), &[], &[]);
}

#[test]
fn addresses_outside_are_a_place() {
    check(
        &[],
        admitting(&json!({"ipBlock": {"cidr": "192.0.2.0/24"}})),
        &["outside -> data: TCP 5432 (192.0.2.0/24 -> data/no labels[any new pod]: TCP 5432)"],
        &[],
    );
}

#[test]
fn what_only_a_common_node_allows_is_more_than_policies_let_through() {
    let pod = |namespace: &str, name: &str, spec: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name}, "spec": spec});
    let deny = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "data", "name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}});
    let pods = [
        pod(
            "web",
            "agent",
            json!({"nodeName": "n1", "hostNetwork": true}),
        ),
        pod("web", "front", json!({"nodeName": "n1"})),
        pod("data", "db", json!({"nodeName": "n1"})),
        pod("data", "elsewhere", json!({"nodeName": "n2"})),
    ];
    let is = [&pods[..], &[deny]].concat();
    let from_nodes = |was: &[Value]| {
        let (states, was, is) = solved(was, &is, (&[], &[dialect("calico")]));
        told(&states.on_common_nodes(&was, &is, name_of))
    };
    assert_eq!(
        from_nodes(&is),
        ["web -> data: all (web/agent[Pod] -> data/db[Pod]: all)"]
    );
    assert_eq!(from_nodes(&pods), Vec::<String>::new());
}
