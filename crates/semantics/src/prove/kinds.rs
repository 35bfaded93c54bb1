//! The pods and addresses of a claim, those that are alike together.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;

use super::Side;
use crate::connectivity::{Connectivity, Endpoint};

/// Pods, or addresses, that are in the same classes.
#[derive(Debug, Default)]
struct Kind {
    pods: Vec<Endpoint>,
    from: Vec<Endpoint>,
    to: Vec<Endpoint>,
}

/// Every kind of pods, and the kinds of addresses that a claim names.
#[derive(Debug)]
pub(super) struct Kinds {
    all: Vec<Kind>,
    by_class: BTreeMap<u32, Vec<usize>>,
    /// Ends that stand for any number of pods.
    several: BTreeSet<Endpoint>,
}

impl Kinds {
    pub(super) fn new(connectivity: &Connectivity, from: &Side, to: &Side) -> Self {
        let classes = connectivity.classes();
        let mut kinds: BTreeMap<Vec<u32>, Kind> = BTreeMap::new();
        for pod in 0..connectivity.facts().pods.len() {
            let kind = kinds.entry(classes.of_pod(pod).to_vec()).or_default();
            let end = Endpoint::Pod(pod);
            kind.pods.push(end);
            kind.from.extend(from.pods.contains(&pod).then_some(end));
            kind.to.extend(to.pods.contains(&pod).then_some(end));
        }
        for (side, is_source) in [(from, true), (to, false)] {
            let samples = side.networks.iter().flat_map(|one| classes.samples(one));
            let outside = samples.map(|(first, _)| (first, classes.outside(first)));
            let nodes = side.nodes.iter();
            let nodes = nodes.map(|address| (*address, classes.of_address(*address)));
            for (address, class) in outside.chain(nodes) {
                let Some(class) = class else { continue };
                let kind = kinds.entry(vec![class]).or_default();
                let ends = if is_source {
                    &mut kind.from
                } else {
                    &mut kind.to
                };
                ends.push(Endpoint::Address(address));
            }
        }
        let mut by_class: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (number, classes) in kinds.keys().enumerate() {
            for class in classes {
                by_class.entry(*class).or_default().push(number);
            }
        }
        let pods = (0..connectivity.facts().pods.len()).map(Endpoint::Pod);
        Self {
            all: kinds.into_values().collect(),
            by_class,
            several: pods.filter(|pod| connectivity.is_several(*pod)).collect(),
        }
    }

    /// The kinds in which someone is a source.
    pub(super) fn sources(&self) -> impl Iterator<Item = usize> {
        let all = self.all.iter().enumerate();
        all.filter(|(_, kind)| !kind.from.is_empty())
            .map(|(number, _)| number)
    }

    /// The kinds of some that have one of these classes.
    pub(super) fn within<'a>(
        &'a self,
        classes: &'a RoaringBitmap,
        some: &'a BTreeSet<usize>,
    ) -> impl Iterator<Item = usize> + 'a {
        self.having(classes).filter(|kind| some.contains(kind))
    }

    /// The kinds that have one of these classes.
    fn having<'a>(&'a self, classes: &'a RoaringBitmap) -> impl Iterator<Item = usize> + 'a {
        let having = classes.iter().filter_map(|class| self.by_class.get(&class));
        having.flatten().copied()
    }

    /// The kinds of pods that have one of these classes.
    pub(super) fn of_pods<'a>(
        &'a self,
        classes: &'a RoaringBitmap,
    ) -> impl Iterator<Item = usize> + 'a {
        self.having(classes)
            .filter(|kind| !self.pods(*kind).is_empty())
    }

    /// One of some, and a destination with one of these classes that is somebody else.
    pub(super) fn pair(
        &self,
        some: &[Endpoint],
        classes: &RoaringBitmap,
    ) -> Option<(Endpoint, Endpoint)> {
        let kinds = self.having(classes).filter_map(|kind| self.all.get(kind));
        let mut targets = kinds.flat_map(|kind| &kind.to);
        targets.find_map(|to| {
            let other = |from: &&Endpoint| *from != to || self.several.contains(to);
            let from = some.iter().find(other)?;
            Some((*from, *to))
        })
    }

    /// The sources of a kind.
    pub(super) fn from(&self, kind: usize) -> &[Endpoint] {
        self.all
            .get(kind)
            .map(|kind| kind.from.as_slice())
            .unwrap_or_default()
    }

    /// The pods of a kind.
    pub(super) fn pods(&self, kind: usize) -> &[Endpoint] {
        self.all
            .get(kind)
            .map(|kind| kind.pods.as_slice())
            .unwrap_or_default()
    }
}
