//! One cluster in several states: the same pods under different policies and different labels of namespaces, with
//! those pods among them that could be made, in namespaces that are there and that could be.
//!
//! What a policy opens is the difference between the states with it and without it. All states share the classes of
//! what any of them holds, so that each further one costs little.

mod changes;
mod on_nodes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;
use cofferdam_model::labels::Labels;
use cofferdam_objects::keys::NAMESPACE_NAME;
use indexmap::IndexMap;
use ipnet::IpNet;
use serde_json::Value;

use crate::classes::Classes;
use crate::connectivity::Connectivity;
use crate::connectivity::in_force::InForce;
use crate::facts::{Facts, Gap, Namespace, UnknownAddresses};
use crate::future::{Future, TooMany};
use crate::policy::Source;
use crate::read::Reader;

pub use changes::{Between, Changes, Place, Witness};

/// What differs from state to state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The policies that are in force, by what [`Draft::policy`] called them.
    pub policies: BTreeSet<Source>,
    /// The labels of namespaces; of those that are not among them only the name is known.
    pub labels: BTreeMap<Arc<str>, Arc<Labels>>,
}

/// Takes what all states share, and the policies of any.
#[derive(Debug, Default)]
pub struct Draft {
    reader: Reader,
    /// Every policy that was taken, by its text.
    policies: IndexMap<String, Source>,
    labels: BTreeMap<Arc<str>, BTreeSet<Arc<Labels>>>,
    has_every_node: bool,
}

impl Draft {
    /// Of a cluster that was asked for everything that all states share, its nodes among it.
    pub fn of_cluster(shared: impl Iterator<Item = Value>) -> Self {
        let mut draft = Self {
            has_every_node: true,
            ..Self::default()
        };
        for object in shared {
            draft.shared(&object);
        }
        draft
    }

    /// Takes an object that every state holds: a pod or what makes pods, a node, a Service.
    pub fn shared(&mut self, object: &Value) {
        self.reader.read(object, Source(u32::MAX));
    }

    /// Takes a policy that some state holds; the same one is taken once.
    pub fn policy(&mut self, object: &Value) -> Source {
        let text = object.to_string();
        if let Some(known) = self.policies.get(&text) {
            return *known;
        }
        let source = Source(u32::try_from(self.policies.len()).unwrap_or(u32::MAX));
        self.reader.read(object, source);
        self.policies.insert(text, source);
        source
    }

    /// Takes labels that a namespace has in some state.
    pub fn namespace(&mut self, name: &str, labels: &Labels) -> (Arc<str>, Arc<Labels>) {
        let mut labels = labels.clone();
        labels.insert(NAMESPACE_NAME.to_owned(), name.to_owned());
        let (name, labels): (Arc<str>, _) = (name.into(), Arc::new(labels));
        let all = self.labels.entry(Arc::clone(&name)).or_default();
        let labels = all.get(&labels).cloned().unwrap_or(labels);
        all.insert(Arc::clone(&labels));
        (name, labels)
    }

    /// Takes a state: its policies, and the labels of its namespaces by name.
    pub fn state(
        &mut self,
        policies: impl Iterator<Item = Value>,
        namespaces: &BTreeMap<String, Labels>,
    ) -> State {
        let namespaces = namespaces.iter();
        State {
            policies: policies.map(|policy| self.policy(&policy)).collect(),
            labels: namespaces
                .map(|(name, labels)| self.namespace(name, labels))
                .collect(),
        }
    }

    /// Takes note of something that stands in the way of a complete verdict.
    pub fn gap(&mut self, gap: Gap) {
        self.reader.gap(gap);
    }

    /// The states to be compared, as each of the dialects reads the policies. Pods whose addresses are not known, and those
    /// that do not exist yet, have some of `networks`; where there are none, blocks are supposed not to hold them.
    pub fn finish(self, networks: &[IpNet], dialects: &[Dialect]) -> States {
        let mut facts = self.reader.finish();
        facts.has_every_node = self.has_every_node;
        facts.unknown_addresses = UnknownAddresses::InNoBlock;
        facts.settle_pod_networks(networks);
        for (name, all) in &self.labels {
            if let Some(labels) = all.first() {
                let (labels, source) = (Arc::clone(labels), None);
                let namespace = Namespace { labels, source };
                facts.namespaces.insert(Arc::clone(name), namespace);
            }
        }
        let mut too_many = Vec::new();
        match Future::of(&facts, &[]).namespaces() {
            Ok(namespaces) => facts.namespaces.extend(namespaces),
            Err(more) => too_many.push(more),
        }
        let future = Future::of(&facts, &[]);
        let (pods, more) = future.everywhere_under(|name| {
            let known = self.labels.get(name).into_iter().flatten();
            known.map(|labels| &**labels).collect()
        });
        too_many.extend(more);
        facts.pods.extend(pods);
        let known = facts.namespaces.iter();
        let unmade = known.filter(|(name, _)| !self.labels.contains_key(*name));
        States {
            unmade: unmade.map(|(name, _)| Arc::clone(name)).collect(),
            facts,
            dialects: dialects.to_vec(),
            too_many,
            variants: IndexMap::new(),
        }
    }
}

/// States of one cluster.
#[derive(Debug)]
pub struct States {
    facts: Facts,
    dialects: Vec<Dialect>,
    /// Namespaces that no state knows, and that could be made or are only named: their labels are the same in all.
    unmade: BTreeSet<Arc<str>>,
    /// Namespaces of which not every kind of pod that could be made is looked at.
    too_many: Vec<TooMany>,
    /// What the states with the same labels of namespaces share.
    variants: IndexMap<BTreeMap<Arc<str>, Arc<Labels>>, Variant>,
}

#[derive(Debug)]
struct Variant {
    classes: Arc<Classes>,
    /// Per dialect; rows are made for each state.
    under: Vec<Connectivity>,
}

/// What can reach what in a state.
#[derive(Debug, Clone)]
pub struct Solved {
    variant: usize,
    /// Per dialect.
    rows: Vec<InForce>,
}

impl States {
    /// Why what is computed of these states may not be the whole truth, one line each.
    pub fn incomplete_because(&self) -> Vec<String> {
        let gaps = self.facts.gaps.iter().map(ToString::to_string);
        gaps.chain(self.too_many.iter().map(ToString::to_string))
            .collect()
    }

    /// Namespaces of which not every kind of pod that could be made is looked at.
    pub fn too_many(&self) -> &[TooMany] {
        &self.too_many
    }

    /// What can reach what in a state.
    pub fn solve(&mut self, state: &State) -> Solved {
        let variant = match self.variants.get_index_of(&state.labels) {
            Some(known) => known,
            None => self.add(state.labels.clone()),
        };
        let under = self.variants.get_index_mut(variant).into_iter();
        let under = under.flat_map(|(_, variant)| &mut variant.under);
        let rows = under.map(|connectivity| connectivity.in_force(&state.policies));
        Solved {
            rows: rows.collect(),
            variant,
        }
    }

    fn add(&mut self, labels: BTreeMap<Arc<str>, Arc<Labels>>) -> usize {
        let mut facts = self.facts.clone();
        let all = facts.namespaces.iter_mut();
        for (name, namespace) in all.filter(|(name, _)| !self.unmade.contains(*name)) {
            namespace.labels = labels.get(name).cloned().unwrap_or_else(|| {
                let only = [(NAMESPACE_NAME.to_owned(), name.to_string())];
                Arc::new(only.into_iter().collect())
            });
        }
        let classes = Arc::new(Classes::of(&Arc::new(facts)));
        let dialects = self.dialects.iter();
        let under = dialects.map(|dialect| Connectivity::compile(Arc::clone(&classes), *dialect));
        let under = under.collect();
        self.variants
            .insert_full(labels, Variant { classes, under })
            .0
    }

    fn variant(&self, solved: &Solved) -> Option<&Variant> {
        let variant = self.variants.get_index(solved.variant);
        variant.map(|(_, variant)| variant)
    }
}
