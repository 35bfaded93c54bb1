//! Pods that do not exist yet: one for each way in which policies could tell a new pod from others.
//!
//! What holds of today's pods holds of tomorrow's only where it holds of these too. Every pod that could be made in a
//! namespace, whatever its labels, is selected by exactly the same selectors as one of them (atomic predicates over label
//! selectors), and stands for it.

mod namespaces;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::labels::{Labels, Selector};

use crate::classes::vocabulary::Vocabulary;
use crate::facts::{Facts, Place, Pod, Workload};
use crate::policy::{NamespaceChoice, PodChoice, Policy, Source};
use world::World;

/// More kinds of pods than this in one namespace are not told apart.
const MOST_KINDS: usize = 5_000;

/// The kind of owner by which a pod that does not exist yet is told.
pub const FUTURE: &str = "any new pod";

/// A namespace in which policies tell more kinds of pods apart than can be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooMany {
    /// The namespace.
    pub namespace: Arc<str>,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "in namespace {} policies tell more kinds of pods apart than are looked at",
            self.namespace
        )
    }
}

/// What pods that do not exist yet may be like.
#[derive(Debug)]
pub struct Future<'a> {
    facts: &'a Facts,
    /// Their addresses; none stands for one that is not known.
    addresses: Vec<Option<IpAddr>>,
    /// Selectors of pods of every namespace.
    also: &'a [&'a Selector],
    /// Selectors of pods that policies apply to namespaces by name, and by labels.
    named: BTreeMap<&'a Arc<str>, BTreeSet<&'a Selector>>,
    selected: BTreeSet<(&'a Selector, &'a Selector)>,
}

impl<'a> Future<'a> {
    /// Of what the policies tell apart, with addresses of the networks of pods; where these are not known, the addresses
    /// are not either. Pods that `also` tells apart are told apart too.
    pub fn of(facts: &'a Facts, also: &'a [&'a Selector]) -> Self {
        let mut named: BTreeMap<&Arc<str>, BTreeSet<&Selector>> = BTreeMap::new();
        let mut selected = BTreeSet::new();
        let choices = facts.policies.iter().flat_map(Policy::choices);
        for PodChoice { namespaces, pods } in choices.filter(|choice| !choice.pods.is_empty()) {
            match namespaces {
                NamespaceChoice::Named(name) => {
                    named.entry(name).or_default().insert(pods);
                }
                NamespaceChoice::Selected(selector) => {
                    selected.insert((selector, pods));
                }
            }
        }
        Self {
            facts,
            addresses: addresses(facts),
            also,
            named,
            selected,
        }
    }

    /// The pods that could be made in a namespace.
    pub fn pods(&self, namespace: &Arc<str>) -> Result<Vec<Pod>, TooMany> {
        let Some(of) = self.facts.namespaces.get(namespace) else {
            return Ok(Vec::new());
        };
        self.pods_under(namespace, &[&of.labels])
    }

    /// The pods that could be made in any namespace that is there, and the namespaces of which not all could be told.
    pub fn everywhere(&self) -> (Vec<Pod>, Vec<TooMany>) {
        self.everywhere_under(|_| Vec::new())
    }

    /// The same while a namespace has any of the labels that are told of it; where none are, its own.
    pub(crate) fn everywhere_under<'l>(
        &self,
        labels: impl Fn(&Arc<str>) -> Vec<&'l Labels>,
    ) -> (Vec<Pod>, Vec<TooMany>) {
        let (mut pods, mut too_many) = (Vec::new(), Vec::new());
        for namespace in self.facts.namespaces.keys() {
            let labels = labels(namespace);
            let more = if labels.is_empty() {
                self.pods(namespace)
            } else {
                self.pods_under(namespace, &labels)
            };
            match more {
                Ok(more) => pods.extend(more),
                Err(more) => too_many.push(more),
            }
        }
        (pods, too_many)
    }

    /// The pods that could be made in a namespace while it has any of these labels.
    fn pods_under(&self, namespace: &Arc<str>, labels: &[&Labels]) -> Result<Vec<Pod>, TooMany> {
        let mut pods = Vec::new();
        for labels in kinds(namespace, &self.selectors(namespace, labels))? {
            let labels = Arc::new(labels);
            let name: Arc<str> = told(&labels).into();
            for address in &self.addresses {
                pods.push(Pod {
                    namespace: Arc::clone(namespace),
                    name: Arc::clone(&name),
                    workload: Workload {
                        kind: FUTURE.into(),
                        name: Arc::clone(&name),
                    },
                    source: Source(u32::MAX),
                    labels: Arc::clone(&labels),
                    ports: Arc::default(),
                    host_ports: Box::default(),
                    addresses: address.iter().copied().collect(),
                    place: Place::default(),
                    is_template: true,
                    is_future: true,
                });
            }
        }
        Ok(pods)
    }

    /// The selectors that pods of a namespace with any of these labels are asked for.
    fn selectors(&self, namespace: &Arc<str>, labels: &[&Labels]) -> BTreeSet<&'a Selector> {
        let by_labels = self.selected.iter().filter(|(of_namespace, _)| {
            let mut labels = labels.iter();
            labels.any(|labels| of_namespace.matches(labels))
        });
        let by_name = self.named.get(namespace).into_iter().flatten();
        let also = self.also.iter().copied();
        also.chain(by_name.copied())
            .chain(by_labels.map(|(_, pods)| *pods))
            .collect()
    }
}

/// The labels of a pod, as they are told.
fn told(labels: &Labels) -> String {
    if labels.is_empty() {
        return "no labels".to_owned();
    }
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(",")
}

/// Labels for each way in which selectors could tell pods of a namespace apart.
fn kinds(name: &Arc<str>, selectors: &BTreeSet<&Selector>) -> Result<Vec<Labels>, TooMany> {
    let worlds = worlds(selectors).ok_or_else(|| TooMany {
        namespace: Arc::clone(name),
    })?;
    let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
    let labels = worlds.iter().map(World::labels);
    let different = labels.filter(|labels| seen.insert(selected(selectors, labels)));
    Ok(different.collect())
}

/// What labels may be, for each way in which selectors could tell them apart; `None` where these are too many.
fn worlds(selectors: &BTreeSet<&Selector>) -> Option<Vec<World>> {
    let mut worlds = vec![World::default()];
    for selector in selectors {
        worlds = worlds
            .iter()
            .flat_map(|world| world.split(selector))
            .collect();
        if worlds.len() > MOST_KINDS {
            return None;
        }
    }
    Some(worlds)
}

/// Which of these selectors select labels.
fn selected(selectors: &BTreeSet<&Selector>, labels: &Labels) -> Vec<bool> {
    let selectors = selectors.iter();
    selectors.map(|selector| selector.matches(labels)).collect()
}

/// An address of each part of the networks of pods that some policy tells apart; none stands for one that is not known.
fn addresses(facts: &Facts) -> Vec<Option<IpAddr>> {
    let networks = facts.pod_networks();
    if networks.is_empty() {
        return vec![None];
    }
    let vocabulary = Vocabulary::of(&facts.policies);
    let atoms = &vocabulary.atoms;
    let samples = networks.iter().flat_map(|network| atoms.inside(network));
    let mut seen = BTreeSet::new();
    let samples = samples.filter(|(first, _)| seen.insert((first.is_ipv4(), atoms.of(*first))));
    samples.map(|(first, _)| Some(first)).collect()
}
