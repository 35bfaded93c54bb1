//! Pods that do not exist yet stand for every pod that could.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::labels::Labels;
use cofferdam_oracle::generate::{Corners, cluster};

use super::cases;
use super::read;
use crate::facts::Facts;
use crate::future::{Future, TooMany};
use crate::policy::{NamespaceChoice, Peer, Peers, PodChoice};

const CLUSTERS: u64 = 400;

/// Whether each choice of pods in any policy, that concerns a namespace, selects a pod with these labels.
fn selected(facts: &Facts, namespace: &str, labels: &Labels) -> Vec<bool> {
    let rules = facts
        .policies
        .iter()
        .flat_map(|one| one.ingress.iter().chain(&one.egress).flatten());
    let peers = rules.flat_map(|rule| match &rule.peers {
        Peers::Everything => &[][..],
        Peers::AnyOf(peers) => peers,
    });
    let chosen = peers.filter_map(|peer| match peer {
        Peer::Pods(choice) => Some(choice),
        Peer::IpBlock { .. }
        | Peer::Networks(_)
        | Peer::Nodes(_)
        | Peer::DomainNames(_)
        | Peer::Unknown => None,
    });
    let subjects = facts.policies.iter().map(|policy| &policy.subject);
    let of = &facts.namespaces[namespace].labels;
    let selects = |choice: &PodChoice| {
        let here = match &choice.namespaces {
            NamespaceChoice::Named(name) => **name == *namespace,
            NamespaceChoice::Selected(selector) => selector.matches(of),
        };
        here && choice.pods.matches(labels)
    };
    chosen.chain(subjects).map(selects).collect()
}

/// Every set of labels that the generator may give a pod, and some more.
fn some_labels() -> Vec<Labels> {
    let values = |values: &[&str]| -> Vec<Option<String>> {
        let some = values.iter().map(|value| Some((*value).to_owned()));
        some.chain([None]).collect()
    };
    let mut all = vec![Labels::new()];
    for (key, values) in [
        ("app", values(&["web", "db", "else"])),
        ("slot", values(&["one", "two"])),
        ("role", values(&["admin", "x"])),
        ("absent", values(&["x"])),
    ] {
        all = all
            .iter()
            .flat_map(|labels| {
                values.iter().map(|value| {
                    let mut labels = labels.clone();
                    labels.extend(value.clone().map(|value| (key.to_owned(), value)));
                    labels
                })
            })
            .collect();
    }
    all
}

#[test]
fn every_pod_that_could_be_is_selected_like_one_that_is_looked_at() {
    let labels = some_labels();
    let mut kinds = 0;
    for seed in 0..cases(CLUSTERS) {
        let facts = read(&cluster(seed, Corners::ALL));
        for name in facts.namespaces.keys() {
            let pods = Future::of(&facts, &[]).pods(name).unwrap();
            kinds += pods.len();
            let looked_at: BTreeMap<Vec<bool>, &Labels> = pods
                .iter()
                .map(|pod| (selected(&facts, name, &pod.labels), &*pod.labels))
                .collect();
            assert_eq!(looked_at.len(), pods.len(), "each kind once");
            for labels in &labels {
                let how = selected(&facts, name, labels);
                assert!(
                    looked_at.contains_key(&how),
                    "cluster {seed}, {name}: {labels:?}"
                );
            }
        }
    }
    assert!(kinds > 2_000, "only {kinds} kinds");
}

#[test]
fn namespaces_in_which_too_much_is_told_apart_are_said_to_be() {
    let keys: Vec<String> = (0..13)
        .map(|key| format!("{{podSelector: {{matchLabels: {{k{key}: v}}}}}}"))
        .collect();
    let yaml = format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{namespace: a, name: p}}, spec: {{ingress: [{{from: [{}]}}]}}}}",
        keys.join(", ")
    );
    let pod = "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: one}}";
    let objects = [yaml.as_str(), pod].map(|text| serde_yaml::from_str(text).unwrap());
    let facts = read(&objects);
    let name: Arc<str> = "a".into();
    assert_eq!(
        Future::of(&facts, &[]).pods(&name),
        Err(TooMany { namespace: name })
    );
}
