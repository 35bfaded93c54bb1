//! Pods that do not exist yet: one for each way in which policies could tell a new pod from others.
//!
//! What holds of today's pods holds of tomorrow's only where it holds of these too. Every pod that could be made in a
//! namespace, whatever its labels, is selected by exactly the same selectors as one of them (atomic predicates over label
//! selectors), and stands for it.

mod world;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::labels::{Labels, Selector};
use ipnet::IpNet;

use crate::classes::vocabulary::Vocabulary;
use crate::facts::{Facts, Namespace, Place, Pod, Workload};
use crate::policy::{NamespaceChoice, Policy, Source};
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

/// What pods that do not exist yet may be like.
#[derive(Debug)]
pub struct Future<'a> {
    facts: &'a Facts,
    /// Their addresses; none stands for one that is not known.
    addresses: Vec<Option<IpAddr>>,
    also: &'a [&'a Selector],
}

impl<'a> Future<'a> {
    /// Of what the policies tell apart, with addresses of `networks`; where there are no networks, addresses are not
    /// known. Pods that `also` tells apart are told apart too.
    pub fn of(facts: &'a Facts, networks: &[IpNet], also: &'a [&'a Selector]) -> Self {
        let addresses = addresses(facts, networks);
        Self {
            facts,
            addresses,
            also,
        }
    }

    /// The pods that could be made in a namespace.
    pub fn pods(&self, namespace: &Arc<str>) -> Result<Vec<Pod>, TooMany> {
        let Some(of) = self.facts.namespaces.get(namespace) else {
            return Ok(Vec::new());
        };
        let mut pods = Vec::new();
        for labels in kinds(self.facts, (namespace, of), self.also)? {
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
                    addresses: address.iter().copied().collect(),
                    place: Place::default(),
                    is_template: true,
                    is_future: true,
                });
            }
        }
        Ok(pods)
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
fn kinds(
    facts: &Facts,
    (name, of): (&Arc<str>, &Namespace),
    also: &[&Selector],
) -> Result<Vec<Labels>, TooMany> {
    let mut selectors: BTreeSet<&Selector> = also.iter().copied().collect();
    for choice in facts.policies.iter().flat_map(Policy::choices) {
        let concerns = match &choice.namespaces {
            NamespaceChoice::Named(named) => named == name,
            NamespaceChoice::Selected(selector) => selector.matches(&of.labels),
        };
        if concerns && !choice.pods.is_empty() {
            selectors.insert(&choice.pods);
        }
    }
    let mut worlds = vec![World::default()];
    for selector in &selectors {
        worlds = worlds
            .iter()
            .flat_map(|world| world.split(selector))
            .collect();
        if worlds.len() > MOST_KINDS {
            let namespace = Arc::clone(name);
            return Err(TooMany { namespace });
        }
    }
    let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
    let labels = worlds.iter().map(World::labels);
    let different = labels.filter(|labels| {
        seen.insert(
            selectors
                .iter()
                .map(|selector| selector.matches(labels))
                .collect(),
        )
    });
    Ok(different.collect())
}

/// An address of each part of these networks that some policy tells apart; none stands for one that is not known.
fn addresses(facts: &Facts, networks: &[IpNet]) -> Vec<Option<IpAddr>> {
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
