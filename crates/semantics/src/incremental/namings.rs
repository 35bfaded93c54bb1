//! Which policies name a pod: found by its labels, without asking every policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::labels::{Labels, Selector};
use cofferdam_objects::keys::NAMESPACE_NAME;
use cofferdam_objects::policy::Direction;

use crate::addresses::Block;
use crate::classes::vocabulary::block_of;
use crate::policy::{NamespaceChoice, Peer, PodChoice, Policy};
use crate::sets::{Table, number};

/// Where a policy names pods or addresses: the policy by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Naming {
    pub(super) policy: u32,
    pub(super) part: Part,
}

/// The part of a policy that names pods or addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Subject,
    Peer {
        direction: Direction,
        rule: u32,
        peer: u32,
    },
}

/// What a pod must have to be chosen: a namespace and a label, as far as the choice says so.
type Anchor = (Option<Arc<str>>, Option<(Arc<str>, Arc<str>)>);

/// Where policies name pods and addresses, by what those must have.
#[derive(Debug, Clone, Default)]
pub(super) struct Namings {
    pods: BTreeMap<Anchor, BTreeSet<Naming>>,
    blocks: BTreeMap<u32, BTreeSet<Naming>>,
    /// The policies that select namespaces by a label key.
    namespace_keys: BTreeMap<String, BTreeSet<u32>>,
}

impl Namings {
    /// Adds what a policy names.
    pub(super) fn insert(&mut self, number: u32, policy: &Policy, blocks: &Table<Block>) {
        for (part, named) in parts(policy) {
            let naming = Naming {
                policy: number,
                part,
            };
            match named {
                Named::Pods(choice) => {
                    let anchors = anchors(choice).into_iter();
                    let rarest =
                        anchors.min_by_key(|one| self.having(one).map_or(0, BTreeSet::len));
                    let set = self.pods.entry(rarest.unwrap_or_default());
                    set.or_default().insert(naming);
                    for key in namespace_keys(choice) {
                        let set = self.namespace_keys.entry(key.to_owned());
                        set.or_default().insert(number);
                    }
                }
                Named::Addresses(peer) => {
                    if let Some(block) = block_of(peer).and_then(|block| blocks.find(&block)) {
                        self.blocks.entry(block).or_default().insert(naming);
                    }
                }
            }
        }
    }

    /// Takes out what a policy names.
    pub(super) fn remove(&mut self, number: u32, policy: &Policy, blocks: &Table<Block>) {
        for (part, named) in parts(policy) {
            let naming = Naming {
                policy: number,
                part,
            };
            match named {
                Named::Pods(choice) => {
                    for anchor in anchors(choice) {
                        take_out(&mut self.pods, &anchor, &naming);
                    }
                    for key in namespace_keys(choice) {
                        take_out(&mut self.namespace_keys, &key.to_owned(), &number);
                    }
                }
                Named::Addresses(peer) => {
                    if let Some(block) = block_of(peer).and_then(|block| blocks.find(&block)) {
                        take_out(&mut self.blocks, &block, &naming);
                    }
                }
            }
        }
    }

    /// Where policies may choose pods with these labels in a namespace; whether they do is to be asked.
    pub(super) fn of_pods(&self, namespace: &Arc<str>, labels: &Labels) -> Vec<Naming> {
        let pairs = labels.iter();
        let pairs = pairs.map(|(key, value)| Some((Arc::from(&**key), Arc::from(&**value))));
        let pairs = pairs.chain([None]);
        let anchors = pairs.flat_map(|pair| {
            let own = (Some(Arc::clone(namespace)), pair.clone());
            [own, (None, pair)]
        });
        let named = anchors.filter_map(|anchor| self.pods.get(&anchor));
        named.flatten().copied().collect()
    }

    /// Where policies name a block.
    pub(super) fn of_block(&self, block: u32) -> impl Iterator<Item = Naming> {
        self.blocks.get(&block).into_iter().flatten().copied()
    }

    /// The policies that select namespaces by this key.
    pub(super) fn of_namespace_key(&self, key: &str) -> impl Iterator<Item = u32> {
        let policies = self.namespace_keys.get(key).into_iter();
        policies.flatten().copied()
    }

    fn having(&self, anchor: &Anchor) -> Option<&BTreeSet<Naming>> {
        self.pods.get(anchor)
    }
}

/// What a part of a policy names.
enum Named<'a> {
    Pods(&'a PodChoice),
    Addresses(&'a Peer),
}

fn parts(policy: &Policy) -> Vec<(Part, Named<'_>)> {
    let mut parts = vec![(Part::Subject, Named::Pods(&policy.subject))];
    for direction in Direction::BOTH {
        let rules = policy.rules(direction).unwrap_or_default();
        for (rule, of_rule) in rules.iter().enumerate() {
            // What such a rule names does not matter.
            if of_rule.peers().contains(&Peer::Unknown) {
                continue;
            }
            for (peer, of_peer) in of_rule.peers().iter().enumerate() {
                let named = match of_peer {
                    Peer::Pods(choice) => Named::Pods(choice),
                    Peer::IpBlock { .. } | Peer::Networks(_) => Named::Addresses(of_peer),
                    Peer::Nodes(_) | Peer::DomainNames(_) | Peer::Unknown => continue,
                };
                let (rule, peer) = (number(rule), number(peer));
                let part = Part::Peer {
                    direction,
                    rule,
                    peer,
                };
                parts.push((part, named));
            }
        }
    }
    parts
}

/// Each of what a choice demands, of which every chosen pod has all.
fn anchors(choice: &PodChoice) -> Vec<Anchor> {
    let namespace = match &choice.namespaces {
        NamespaceChoice::Named(name) => Some(Arc::clone(name)),
        NamespaceChoice::Selected(selector) => {
            let name = selector.match_labels.get(NAMESPACE_NAME);
            name.map(|name| Arc::from(&**name))
        }
    };
    let labels = &choice.pods.match_labels;
    if labels.is_empty() {
        return vec![(namespace, None)];
    }
    let pairs = labels.iter();
    pairs
        .map(|(key, value)| {
            let pair = (Arc::from(&**key), Arc::from(&**value));
            (namespace.clone(), Some(pair))
        })
        .collect()
}

fn namespace_keys(choice: &PodChoice) -> impl Iterator<Item = &str> {
    let selector = match &choice.namespaces {
        NamespaceChoice::Named(_) => None,
        NamespaceChoice::Selected(selector) => Some(selector),
    };
    selector.into_iter().flat_map(Selector::keys)
}

fn take_out<K: Ord, V: Ord>(sets: &mut BTreeMap<K, BTreeSet<V>>, key: &K, value: &V) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
