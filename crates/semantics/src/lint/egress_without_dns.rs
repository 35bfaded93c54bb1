//! Pods that may send to others, and look up the name of none.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use cofferdam_model::lint::Lint;
use cofferdam_objects::keys::NAMESPACE_NAME;
use cofferdam_objects::policy::Direction;
use roaring::RoaringBitmap;

use super::Fault;
use super::scene::{Placed, Scene, listed, rules_of, warning};
use crate::policy::{Action, NamespaceChoice, Peer, Peers, PodChoice, PortRule, Stage};

/// Where DNS servers listen: in some clusters the pods behind the Service have a port of their own.
const DNS_PORTS: [u16; 3] = [53, 1053, 5353];

/// Namespaces in which the DNS of a cluster runs.
const DNS_NAMESPACES: [&str; 2] = ["kube-system", "openshift-dns"];

/// Labels that the pods of a cluster's DNS carry.
const DNS_LABELS: [(&str, &str); 3] = [
    ("k8s-app", "kube-dns"),
    ("k8s-app", "node-local-dns"),
    ("dns.operator.openshift.io/daemonset-dns", "default"),
];

/// Pods that the same policies govern.
#[derive(Debug, Default)]
struct Group {
    classes: RoaringBitmap,
}

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let mut faults: BTreeMap<(usize, bool), (RoaringBitmap, BTreeSet<String>)> = BTreeMap::new();
    for (policies, group) in groups(scene) {
        let rules = policies.iter().filter_map(|number| {
            let policy = scene.policy(*number)?;
            Some(rules_of(*number, policy))
        });
        let rules = rules.flatten().filter(|rule| {
            rule.direction == Direction::Egress && rule.rule.action == Action::Allow
        });
        let rules: Vec<Placed<'_>> = rules.collect();
        if rules.iter().any(|rule| reaches_dns(scene, rule)) {
            continue;
        }
        let isolating = || {
            policies
                .iter()
                .filter(|number| is_isolating(scene, **number))
        };
        let sends = rules.first().map(|rule| rule.number);
        let Some(first) = sends.or_else(|| isolating().next().copied()) else {
            continue;
        };
        let (classes, names) = faults.entry((first, sends.is_some())).or_default();
        *classes |= group.classes;
        let isolating = isolating().filter_map(|number| scene.policy(*number));
        names.extend(isolating.map(|policy| policy.id.to_string()));
    }
    let faults = faults.into_iter().filter_map(|((number, sends), found)| {
        let (classes, names) = found;
        let (pods, policies) = (scene.names(&classes), listed(&names));
        let policy = scene.policy(number)?;
        let message = format!(
            "{pods} cannot look up names: isolated for egress by {policies}, and no rule lets UDP 53 out to the DNS of the cluster"
        );
        let fault = warning(Lint::EgressWithoutDns, policy, "spec.egress".to_owned(), message);
        let fault = fault.hint("allow UDP and TCP 53 to pods with `k8s-app: kube-dns` in `kube-system`");
        // Where nothing may be sent at all, that may be just what was meant.
        Some(if sends { fault } else { fault.notice() })
    });
    faults.collect()
}

/// The pods that a policy of a namespace isolates for egress, by all policies that govern them.
fn groups(scene: &Scene<'_>) -> BTreeMap<Vec<usize>, Group> {
    let mut groups: BTreeMap<Vec<usize>, Group> = BTreeMap::new();
    for class in scene.pod_classes() {
        let governing = scene
            .policies()
            .filter(|(number, policy)| policy.egress.is_some() && scene.governs(*number, class));
        let governing: Vec<usize> = governing.map(|(number, _)| number).collect();
        if governing.iter().any(|number| is_isolating(scene, *number)) {
            groups.entry(governing).or_default().classes.insert(class);
        }
    }
    groups
}

fn is_isolating(scene: &Scene<'_>, number: usize) -> bool {
    let policy = scene.policy(number);
    policy.is_some_and(|policy| policy.stage == Stage::Namespaced)
}

/// Whether a rule may be one that lets names be looked up. Where it names the port of DNS, whoever wrote it knows where
/// the DNS of this cluster is.
fn reaches_dns(scene: &Scene<'_>, rule: &Placed<'_>) -> bool {
    let names_port = rule.rule.ports.iter().any(|port| match port {
        PortRule::Numbers(numbers) => DNS_PORTS
            .into_iter()
            .any(|port| numbers.contains(Protocol::Udp, port)),
        PortRule::Named { protocol, .. } => protocol.is_none_or(|one| one == Protocol::Udp),
    });
    let reaches = |peer: &Peer| match peer {
        Peer::Pods(choice) => holds_dns(scene, choice),
        Peer::IpBlock { .. } | Peer::Networks(_) | Peer::Nodes(_) => true,
        Peer::DomainNames(_) | Peer::Unknown => false,
    };
    let reaches_peer = match &rule.rule.peers {
        Peers::Everything => true,
        Peers::AnyOf(peers) => peers.iter().any(reaches),
    };
    names_port || (rule.rule.ports.is_empty() && reaches_peer)
}

/// Whether DNS servers, as they mostly are, are among the pods of a choice.
fn holds_dns(scene: &Scene<'_>, choice: &PodChoice) -> bool {
    let labels = |(key, value): (&str, &str)| Labels::from([(key.to_owned(), value.to_owned())]);
    let mut usual = DNS_LABELS.map(labels).into_iter();
    let by_label = usual.any(|labels| choice.pods.matches(&labels));
    let here = DNS_NAMESPACES
        .into_iter()
        .any(|name| match &choice.namespaces {
            NamespaceChoice::Named(own) => **own == *name,
            NamespaceChoice::Selected(selector) => {
                let known = scene.facts().namespaces.get(name);
                let bare = labels((NAMESPACE_NAME, name));
                selector.matches(known.map_or(&bare, |known| &known.labels))
            }
        });
    by_label && here
}
