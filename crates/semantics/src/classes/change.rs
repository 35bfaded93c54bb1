//! Classes while pods come, go and change, and while policies learn to tell more apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::labels::Labels;

use super::postings::pairs;
use super::vocabulary::Vocabulary;
use super::{Class, ClassKind, Classes, Universe};
use crate::facts::{Facts, Pod};
use crate::policy::Policy;

/// What a policy mentions and no other one did.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) pod_keys: BTreeSet<Arc<str>>,
    pub(crate) port_names: BTreeSet<Arc<str>>,
    /// Whether addresses must be cut anew, or nodes told apart anew.
    pub(crate) is_about_addresses: bool,
}

impl Classes {
    /// What was read, to be changed.
    pub(crate) fn facts_mut(&mut self) -> &mut Facts {
        Arc::make_mut(&mut self.facts)
    }

    fn universe_mut(&mut self) -> &mut Universe {
        Arc::make_mut(&mut self.universe)
    }

    /// What was read, to be held while the classes change.
    pub(crate) fn shared_facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts)
    }

    /// The classes of every pod, in the order of the facts.
    pub(crate) fn of_pods(&self) -> &[Vec<u32>] {
        &self.of_pods
    }

    /// Whether no policy names ports.
    pub(crate) fn names_no_ports(&self) -> bool {
        self.universe.vocabulary.port_names.is_empty()
    }

    /// How many classes there are, those without pods among them.
    pub(crate) fn count(&self) -> u32 {
        self.universe.table.len()
    }

    /// What a policy mentions for the first time.
    pub(crate) fn news(&self, policy: &Policy) -> News {
        let of = Vocabulary::of([policy]);
        let known = &self.universe.vocabulary;
        let mut blocks = of.blocks.iter();
        News {
            pod_keys: &of.pod_keys - &known.pod_keys,
            port_names: &of.port_names - &known.port_names,
            is_about_addresses: blocks.any(|(_, block)| known.blocks.find(block).is_none())
                || !of.node_keys.is_subset(&known.node_keys),
        }
    }

    /// Tells apart what these keys and names tell apart; the pods that have them are to be told anew.
    pub(crate) fn learn(&mut self, news: News) {
        let universe = self.universe_mut();
        universe.restricted.clear();
        universe.vocabulary.pod_keys.extend(news.pod_keys);
        universe.vocabulary.port_names.extend(news.port_names);
    }

    /// Labels are looked up by where they are held, which means nothing once they may have gone.
    pub(crate) fn forget_addresses_of_labels(&mut self) {
        self.universe_mut().restricted.clear();
    }

    /// The classes of a pod that has its own network; new ones are at the end.
    pub(crate) fn place(&mut self, pod: &Pod) -> Vec<u32> {
        let facts = Arc::clone(&self.facts);
        self.universe_mut().take_pod(&facts, pod)
    }

    /// The classes of pods by their places, to be changed.
    pub(crate) fn of_pods_mut(&mut self) -> &mut Vec<Vec<u32>> {
        &mut self.of_pods
    }

    /// What a class is when its pods are told as this one of them is.
    pub(crate) fn told_anew(&mut self, class: u32, pod: &Pod) -> Option<Class> {
        let universe = self.universe_mut();
        let old = universe.table.get(class)?.clone();
        let ClassKind::Pods { namespace, .. } = old.kind else {
            return None;
        };
        let labels = universe.told(&pod.labels, false);
        let kind = ClassKind::Pods { namespace, labels };
        let ports = universe.told_ports(pod);
        let new = Class { kind, ports, ..old };
        (new != old).then_some(new)
    }

    /// The class that pods move to. Where `all` pods of a class move together and nobody else is there, the class
    /// itself becomes what they are.
    pub(crate) fn moved(&mut self, (from, to): (u32, &Class), all: bool) -> u32 {
        let universe = self.universe_mut();
        let free = universe.table.find(to).is_none();
        if !(all && free) {
            return universe.pods(to.kind, (to.family, to.atom), to.ports);
        }
        if let Some(old) = universe.table.get(from) {
            universe.by_ports.remove(old.ports, from);
        }
        universe.by_ports.insert(to.ports, from);
        universe.table.replace(from, to.clone());
        if let ClassKind::Pods { labels, .. } = to.kind
            && let Some(told) = universe.labels.get(labels)
        {
            let told = told.iter().map(|(key, value)| (&**key, &**value));
            universe.pod_labels.insert(from, told);
        }
        from
    }

    /// Gives a namespace other labels.
    pub(crate) fn relabel(&mut self, namespace: &Arc<str>, old: Option<&Labels>, new: &Labels) {
        let universe = self.universe_mut();
        let id = universe.namespaces.id(Arc::clone(namespace));
        if let Some(old) = old {
            universe.namespace_labels.remove(id, pairs(old));
        }
        universe.namespace_labels.insert(id, pairs(new));
    }

    /// The blocks in which the addresses of a class lie.
    pub(crate) fn blocks_of(&self, class: &Class) -> &[u32] {
        self.universe.vocabulary.atoms.blocks_of(class.atom)
    }

    /// The blocks in which the addresses of a class lie or not, which are not known.
    pub(crate) fn perhaps_in(&self, class: &Class) -> &[u32] {
        self.universe.vocabulary.atoms.perhaps_in(class.atom)
    }
}
