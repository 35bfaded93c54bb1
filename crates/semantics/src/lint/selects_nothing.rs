//! Selectors that match nothing that is there.
//!
//! Manifests of one application name namespaces and pods that are not among them. So what is missing is told only
//! where the rest of it is there, and as a fault only where something with nearly the same label is, or where the
//! input is a whole cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::labels::{Labels, Operator, Selector};
use cofferdam_model::lint::Lint;

use super::scene::{Placed, Scene, rules_of, warning};
use super::spelling::nearest;
use super::{Fault, or_for_and};
use crate::policy::{Action, NamespaceChoice, Peer, PodChoice, Policy, PolicyKind};

/// Labels of pods that are there for moments only: solvers of cert-manager, and those of jobs.
const SHORT_LIVED: [&str; 6] = [
    "acme.cert-manager.io/http01-solver",
    "acme.cert-manager.io/http-domain",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, policy) in scene.policies() {
        faults.extend(subject(scene, policy));
        for rule in rules_of(number, policy) {
            faults.extend(peers(scene, rule));
        }
    }
    faults
}

/// Why a policy governs nobody.
pub(super) fn subject(scene: &Scene<'_>, policy: &Policy) -> Option<Fault> {
    let missed = missed(scene, &policy.subject)?;
    let path = subject_path(policy.id.kind);
    let message = format!("{}: the policy governs nobody", missed.what);
    told(scene, policy, (path.to_owned(), message), &missed)
}

/// Where a policy says whom it governs.
pub(super) fn subject_path(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::NetworkPolicy => "spec.podSelector",
        PolicyKind::AdminNetworkPolicy
        | PolicyKind::BaselineAdminNetworkPolicy
        | PolicyKind::ClusterNetworkPolicy => "spec.subject",
    }
}

fn peers(scene: &Scene<'_>, rule: Placed<'_>) -> Vec<Fault> {
    // A rule that denies may be there for what is yet to come.
    if rule.rule.action != Action::Allow {
        return Vec::new();
    }
    let peers = rule.peers().iter().enumerate();
    let faults = peers.filter_map(|(place, peer)| {
        let Peer::Pods(choice) = peer else {
            return None;
        };
        let missed = missed(scene, choice)?;
        if or_for_and::is_half(scene, &rule, place) {
            return None;
        }
        let field = match (rule.policy.id.kind, missed.of) {
            (PolicyKind::NetworkPolicy, Of::Pods) => ".podSelector",
            (PolicyKind::NetworkPolicy, Of::Namespaces) => ".namespaceSelector",
            (
                PolicyKind::AdminNetworkPolicy
                | PolicyKind::BaselineAdminNetworkPolicy
                | PolicyKind::ClusterNetworkPolicy,
                _,
            ) => "",
        };
        let path = format!("{}{field}", rule.peer_path(place));
        let message = format!("{}: the peer is nobody", missed.what);
        told(scene, rule.policy, (path, message), &missed)
    });
    faults.collect()
}

fn told(
    scene: &Scene<'_>,
    policy: &Policy,
    (path, message): (String, String),
    missed: &Missed,
) -> Option<Fault> {
    let fault = warning(Lint::SelectsNothing, policy, path, message);
    match (&missed.near, missed.of) {
        (Some(near), _) => Some(fault.hint(near)),
        (None, _) if scene.is_whole_cluster() => Some(fault),
        (None, Of::Pods) if policy.id.kind == PolicyKind::NetworkPolicy => Some(fault.notice()),
        (None, Of::Pods | Of::Namespaces) => None,
    }
}

/// What a choice misses.
struct Missed {
    of: Of,
    what: String,
    /// What is there instead.
    near: Option<String>,
}

#[derive(Clone, Copy)]
enum Of {
    Namespaces,
    Pods,
}

/// What keeps a choice from selecting a pod; `None` where it selects one, or nobody can tell.
fn missed(scene: &Scene<'_>, choice: &PodChoice) -> Option<Missed> {
    if !scene.classes.chosen(choice).is_empty() {
        return None;
    }
    let facts = scene.facts();
    let namespaces: BTreeSet<&Arc<str>> = match &choice.namespaces {
        NamespaceChoice::Named(name) => BTreeSet::from([name]),
        NamespaceChoice::Selected(selector) => {
            let all = facts.namespaces.iter();
            let selected: BTreeSet<&Arc<str>> = all
                .filter(|(_, one)| selector.matches(&one.labels))
                .map(|(name, _)| name)
                .collect();
            if selected.is_empty() && !facts.namespaces.is_empty() {
                let labels = facts.namespaces.values().map(|one| &*one.labels);
                return Some(Missed {
                    of: Of::Namespaces,
                    what: "no namespace that is there has these labels".to_owned(),
                    near: near(selector, &labels.collect::<Vec<_>>()),
                });
            }
            selected
        }
    };
    let pods = facts.pods.iter();
    let pods = pods.filter(|pod| namespaces.contains(&pod.namespace));
    let labels: Vec<&Labels> = pods.map(|pod| &*pod.labels).collect();
    let selects = labels.iter().any(|labels| choice.pods.matches(labels));
    let may_be_none = is_for_the_absent(&choice.pods) || is_for_the_short_lived(&choice.pods);
    if selects || labels.is_empty() || may_be_none {
        return None;
    }
    Some(Missed {
        of: Of::Pods,
        what: match &choice.namespaces {
            NamespaceChoice::Named(name) => format!("no pod of `{name}` has these labels"),
            NamespaceChoice::Selected(_) => "no pod there has these labels".to_owned(),
        },
        near: near(&choice.pods, &labels),
    })
}

/// Whether a selector is for pods that are there for moments only.
fn is_for_the_short_lived(selector: &Selector) -> bool {
    selector.keys().any(|key| SHORT_LIVED.contains(&key))
}

/// Whether a selector only says which labels are not to be there: that nobody is left is no mistake.
fn is_for_the_absent(selector: &Selector) -> bool {
    let mut expressions = selector.match_expressions.iter();
    selector.match_labels.is_empty()
        && expressions.all(|one| match one.operator {
            Operator::NotIn(_) | Operator::DoesNotExist => true,
            Operator::In(_) | Operator::Exists => false,
        })
}

/// The label nearest to one that nothing has.
fn near(selector: &Selector, there: &[&Labels]) -> Option<String> {
    let labels = selector
        .match_labels
        .iter()
        .map(|(key, value)| (key, std::slice::from_ref(value)));
    let expressions = selector.match_expressions.iter();
    let expressions = expressions.filter_map(|one| match &one.operator {
        Operator::In(values) => Some((&one.key, values.as_slice())),
        Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist => None,
    });
    let mut wanted = labels.chain(expressions);
    wanted.find_map(|(key, values)| near_one(key, values, there))
}

fn near_one(key: &str, values: &[String], there: &[&Labels]) -> Option<String> {
    let with_key = there.iter().filter_map(|labels| labels.get(key));
    let known: BTreeSet<&str> = with_key.map(String::as_str).collect();
    if values.iter().any(|value| known.contains(value.as_str())) {
        return None;
    }
    let mut values_near = values
        .iter()
        .filter_map(|value| nearest(value, known.iter().copied()));
    if let Some(value) = values_near.next() {
        return Some(format!("did you mean `{key}: {value}`?"));
    }
    let pairs = there.iter().flat_map(|labels| labels.iter());
    let same: BTreeSet<&str> = pairs
        .filter(|(_, value)| values.contains(value))
        .map(|(key, _)| key.as_str())
        .collect();
    let (other, value) = (same.first()?, values.first()?);
    let other = nearest(key, same.iter().copied()).unwrap_or(other);
    Some(format!("`{other}: {value}` is there"))
}
