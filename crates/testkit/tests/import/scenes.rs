//! Clusters with odd policies, small enough to be read when a case fails.

use std::collections::BTreeMap;

use cofferdam_documents::{Live, SeenNamespace, SeenNode, SeenPod, SeenPolicy};
use cofferdam_model::names::ClusterName;
use cofferdam_testkit::{kubeadm, toleration};
use k8s_openapi::api::core::v1::Taint;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// The namespaces of users.
pub(crate) const NAMESPACES: [&str; 4] = ["a", "b", "c", "d"];

fn expression(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({ "matchExpressions": [{ "key": key, "operator": operator, "values": values }] })
}

fn pods() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({}),
        json!({ "matchLabels": { "app": "web" } }),
        json!({ "matchLabels": { "app": "db" } }),
        json!({ "matchLabels": { "app": "on", "tier": "0777" } }),
        expression("app", "In", &["web", "db"]),
        expression("app", "NotIn", &["web"]),
        json!({ "matchExpressions": [{ "key": "tier", "operator": "Exists" }] }),
        json!({ "matchExpressions": [{ "key": "tier", "operator": "DoesNotExist" }] }),
    ])
}

fn namespaces() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({ "matchLabels": { "team": "x" } }),
        json!({ "matchLabels": { "kubernetes.io/metadata.name": "a" } }),
        json!({ "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } }),
        json!({ "matchLabels": { "kubernetes.io/metadata.name": "gone" } }),
        expression("kubernetes.io/metadata.name", "In", &["a", "b"]),
        expression("team", "NotIn", &["x"]),
    ])
}

fn blocks() -> impl Strategy<Value = Value> {
    let block =
        |cidr: &str, except: &[&str]| json!({ "ipBlock": { "cidr": cidr, "except": except } });
    select(vec![
        block("0.0.0.0/0", &[]),
        block("::/0", &[]),
        block("0.0.0.0/0", &["10.0.0.0/8", "192.168.0.0/16"]),
        block("0.0.0.0/0", &["8.8.8.0/24"]),
        block("128.0.0.0/1", &[]),
        block("10.0.0.0/8", &[]),
        block("10.0.0.0/8", &["10.50.0.0/16"]),
        block("10.244.0.0/16", &[]),
        block("10.96.0.1/32", &[]),
        block("10.1.0.5/32", &[]),
        block("203.0.113.0/24", &["203.0.113.0/25"]),
        block("203.0.113.0/25", &[]),
        block("192.168.0.0/16", &["192.168.1.0/24", "192.168.0.0/20"]),
        block("fd00::/8", &[]),
        block("fd00:1::/64", &["fd00:1::1/128"]),
    ])
}

fn peer() -> impl Strategy<Value = Value> {
    (0..8_u8, pods(), namespaces(), blocks()).prop_map(|(kind, pods, namespaces, block)| match kind {
        0 => json!({ "podSelector": pods }),
        1 | 2 => json!({ "namespaceSelector": namespaces }),
        3 | 4 => json!({ "namespaceSelector": namespaces, "podSelector": pods }),
        5 => json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } }, "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } } }),
        _ => block,
    })
}

fn port() -> impl Strategy<Value = Value> {
    select(vec![
        json!({ "port": 80 }),
        json!({ "protocol": "TCP", "port": 443 }),
        json!({ "port": 6443 }),
        json!({ "port": "web" }),
        json!({ "port": 8000, "endPort": 8100 }),
        json!({ "port": 8050, "endPort": 65535 }),
        json!({ "protocol": "TCP" }),
        json!({ "protocol": "UDP", "port": 53 }),
        json!({ "protocol": "TCP", "port": 53 }),
        json!({ "protocol": "SCTP", "port": 9 }),
        json!({ "protocol": "SCTP" }),
    ])
}

fn rules(peers: &'static str) -> impl Strategy<Value = Vec<Value>> {
    let rule = (vec(peer(), 0..3), vec(port(), 0..3)).prop_map(move |(found, ports)| {
        let mut rule = Map::new();
        // Servers leave out what is empty.
        if !found.is_empty() {
            rule.insert(peers.to_owned(), json!(found));
        }
        if !ports.is_empty() {
            rule.insert("ports".to_owned(), json!(ports));
        }
        Value::Object(rule)
    });
    vec(rule, 0..3)
}

fn spec() -> impl Strategy<Value = Value> {
    let types = subsequence(vec!["Ingress", "Egress"], 0..=2);
    (pods(), types, rules("from"), rules("to")).prop_map(|(pods, types, ingress, egress)| {
        let mut spec = json!({ "podSelector": pods });
        let fields = spec.as_object_mut().unwrap();
        let lists = [
            ("ingress", json!(ingress)),
            ("egress", json!(egress)),
            ("policyTypes", json!(types)),
        ];
        let given = lists
            .into_iter()
            .filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()));
        fields.extend(given.map(|(field, list)| (field.to_owned(), list)));
        spec
    })
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    let given = vec![
        ("team", "x"),
        ("environment", "on"),
        ("cofferdam.io/zone", "Core_1"),
        ("pod-security.kubernetes.io/enforce", "restricted"),
        ("pod-security.kubernetes.io/warn", "baseline"),
        ("pod-security.kubernetes.io/warn-version", "v1.30"),
    ];
    (subsequence(given, 0..=4), select(vec!["x", "0777", "y"])).prop_map(|(given, team)| {
        let label = |(key, value): (&str, &str)| {
            let value = if key == "team" { team } else { value };
            (key.to_owned(), value.to_owned())
        };
        given.into_iter().map(label).collect()
    })
}

fn nodes() -> impl Strategy<Value = BTreeMap<String, SeenNode>> {
    let node = subsequence(vec!["fast", "yes"], 0..=2).prop_map(|taints| {
        let taint = |value: &&str| Taint {
            key: format!("example.org/{value}"),
            value: Some((*value).to_owned()),
            effect: "NoSchedule".to_owned(),
            time_added: None,
        };
        let label = taints
            .first()
            .map(|value| ("agentpool".to_owned(), (*value).to_owned()));
        SeenNode {
            labels: label.into_iter().collect(),
            taints: taints.iter().map(taint).collect(),
            provider_id: String::new(),
        }
    });
    vec(node, 1..4).prop_map(|nodes| {
        let named = nodes.into_iter().enumerate();
        named
            .map(|(number, node)| (format!("node-{number}"), node))
            .collect()
    })
}

fn pod() -> impl Strategy<Value = SeenPod> {
    let places = (
        select(NAMESPACES.to_vec()),
        0..3_u8,
        any::<bool>(),
        any::<bool>(),
    );
    places.prop_map(|(namespace, node, daemon, tolerant)| SeenPod {
        namespace: namespace.to_owned(),
        node: Some(format!("node-{node}")),
        daemon_set: daemon.then(|| "agent".to_owned()),
        tolerations: if tolerant {
            vec![toleration("example.org/fast", "fast")]
        } else {
            Vec::new()
        },
    })
}

/// What lives in a cluster: up to four namespaces of users, the system's, and policies in all of them.
pub(crate) fn scene() -> impl Strategy<Value = Live> {
    let names = vec(labels(), NAMESPACES.len());
    let policies = vec(
        (select(vec!["a", "b", "c", "a", "b", "kube-system"]), spec()),
        0..6,
    );
    let parts = (
        names,
        policies,
        nodes(),
        vec(pod(), 0..6),
        any::<bool>(),
        Just(()),
    );
    parts.prop_map(|(labels, policies, nodes, pods, dual, ())| {
        let mut capabilities = kubeadm(ClusterName::parse("prod").unwrap());
        capabilities.pod_cidrs = ["10.244.0.0/16".parse().unwrap()].into();
        if dual {
            capabilities
                .pod_cidrs
                .insert("fd00:1::/64".parse().unwrap());
        }
        capabilities.service_cidrs = ["10.96.0.0/12".parse().unwrap()].into();
        let system = [("kube-system", BTreeMap::new())];
        let users = NAMESPACES.into_iter().zip(labels);
        let namespaces = users.chain(system).map(|(name, mut labels)| {
            let key = "kubernetes.io/metadata.name".to_owned();
            labels.insert(key, name.to_owned());
            let seen = SeenNamespace {
                labels,
                terminating: false,
            };
            (name.to_owned(), seen)
        });
        let policies = policies
            .into_iter()
            .enumerate()
            .map(|(number, (namespace, spec))| {
                let key = (namespace.to_owned(), format!("policy-{number}"));
                let seen = SeenPolicy {
                    spec: spec.into(),
                    ours: false,
                };
                (key, seen)
            });
        Live {
            capabilities,
            namespaces: namespaces.collect(),
            policies: Some(policies.collect()),
            other_policies: Vec::new(),
            nodes: Some(nodes),
            pods: Some(pods),
        }
    })
}
