//! Whether whatever one selector, peer or list of ports matches, another matches too: by what they say and not by
//! the pods of today, so that it still holds when others come.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::{Labels, Operator, Selector};
use cofferdam_objects::keys::NAMESPACE_NAME;

use crate::classes::vocabulary::block_of;
use crate::facts::Facts;
use crate::policy::{NamespaceChoice, Peer, Peers, PodChoice, PortRule, Rule};
use crate::ports::PortSet;

/// Whether everything that `inner` selects is selected by `outer`.
pub(super) fn selector(inner: &Selector, outer: &Selector) -> bool {
    let known = requirements(inner);
    requirements(outer)
        .iter()
        .all(|(key, wanted)| is_implied(&known, key, wanted))
}

/// Whether every pod of one choice is one of another.
pub(super) fn choice(facts: &Facts, inner: &PodChoice, outer: &PodChoice) -> bool {
    use NamespaceChoice::{Named, Selected};
    let namespaces = match (&inner.namespaces, &outer.namespaces) {
        (Named(inner), Named(outer)) => inner == outer,
        (Named(name), Selected(outer)) => outer.matches(&labels_of(facts, name)),
        (Selected(inner), Named(name)) => {
            let own = Labels::from([(NAMESPACE_NAME.to_owned(), name.to_string())]);
            selector(inner, &Selector::labels(own))
        }
        (Selected(inner), Selected(outer)) => selector(inner, outer),
    };
    namespaces && selector(&inner.pods, &outer.pods)
}

/// Whether everything that a peer matches is matched by some peers.
pub(super) fn peer(facts: &Facts, inner: &Peer, outer: &Peers) -> bool {
    match outer {
        Peers::Everything => true,
        Peers::AnyOf(outer) => outer.iter().any(|outer| one_peer(facts, inner, outer)),
    }
}

fn one_peer(facts: &Facts, inner: &Peer, outer: &Peer) -> bool {
    match (inner, outer) {
        (Peer::Pods(inner), Peer::Pods(outer)) => choice(facts, inner, outer),
        (Peer::IpBlock { .. }, Peer::IpBlock { .. }) | (Peer::Networks(_), Peer::Networks(_)) => {
            let blocks = block_of(inner).zip(block_of(outer));
            blocks.is_some_and(|(inner, outer)| inner.is_within(&outer))
        }
        (Peer::Nodes(inner), Peer::Nodes(outer)) => selector(inner, outer),
        (Peer::DomainNames(inner), Peer::DomainNames(outer)) => {
            inner.iter().all(|name| outer.contains(name))
        }
        (
            Peer::Pods(_)
            | Peer::IpBlock { .. }
            | Peer::Networks(_)
            | Peer::Nodes(_)
            | Peer::DomainNames(_)
            | Peer::Unknown,
            _,
        ) => false,
    }
}

/// The ports of a rule: numbers, and names that may be any number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) numbers: PortSet,
    names: BTreeSet<(Option<Protocol>, Arc<str>)>,
}

impl Ports {
    pub(super) fn of(rule: &Rule) -> Self {
        let mut ports = Self::default();
        if rule.ports.is_empty() {
            ports.numbers = PortSet::all();
        }
        for port in &rule.ports {
            match port {
                PortRule::Numbers(numbers) => ports.numbers = ports.numbers.or(numbers),
                PortRule::Named { protocol, name } => {
                    ports.names.insert((*protocol, Arc::clone(name)));
                }
            }
        }
        ports
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.numbers = self.numbers.or(&other.numbers);
        self.names.extend(other.names.iter().cloned());
    }

    /// Whether it holds everything that another does, whatever numbers names stand for.
    pub(super) fn cover(&self, other: &Self) -> bool {
        let held = |(protocol, name): &(Option<Protocol>, Arc<str>)| {
            let every = match protocol {
                Some(protocol) => PortSet::of_protocols([*protocol]),
                None => PortSet::all(),
            };
            self.names.contains(&(*protocol, Arc::clone(name))) || self.numbers.covers(&every)
        };
        self.numbers.covers(&other.numbers) && other.names.iter().all(held)
    }
}

/// The labels of a namespace; of one that was not read, those that every one has.
fn labels_of(facts: &Facts, name: &str) -> Labels {
    let known = facts.namespaces.get(name);
    known.map_or_else(
        || Labels::from([(NAMESPACE_NAME.to_owned(), name.to_owned())]),
        |known| Labels::clone(&known.labels),
    )
}

/// What a selector asks for, key by key.
fn requirements(selector: &Selector) -> Vec<(&str, Operator)> {
    let Selector {
        match_labels,
        match_expressions,
    } = selector;
    let labels = match_labels
        .iter()
        .map(|(key, value)| (key.as_str(), Operator::In(vec![value.clone()])));
    let expressions = match_expressions
        .iter()
        .map(|one| (one.key.as_str(), one.operator.clone()));
    labels.chain(expressions).collect()
}

fn is_implied(known: &[(&str, Operator)], key: &str, wanted: &Operator) -> bool {
    let mut own = known.iter().filter(|(of, _)| *of == key);
    own.any(|(_, known)| match (known, wanted) {
        (Operator::In(has), Operator::In(wanted)) => has.iter().all(|one| wanted.contains(one)),
        (Operator::In(has), Operator::NotIn(not)) => !has.iter().any(|one| not.contains(one)),
        (Operator::NotIn(has), Operator::NotIn(not)) => not.iter().all(|one| has.contains(one)),
        (Operator::In(_) | Operator::Exists, Operator::Exists)
        | (Operator::DoesNotExist, Operator::DoesNotExist | Operator::NotIn(_)) => true,
        (
            Operator::In(_) | Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist,
            Operator::In(_) | Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist,
        ) => false,
    })
}
