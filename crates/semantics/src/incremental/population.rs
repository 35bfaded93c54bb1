//! Which pods there are, by what changes ask for.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

use super::PodKey;
use crate::facts::{Facts, Pod, Workload};
use crate::sets::{SetList, number};

/// The places of pods in the facts.
#[derive(Debug, Clone, Default)]
pub(super) struct Population {
    by_key: BTreeSet<(PodKey, u32)>,
    of_classes: SetList,
    with_label: Sets<Arc<str>>,
    with_port: Sets<Arc<str>>,
    of_workloads: Sets<(Arc<str>, Workload)>,
    /// How many classes have pods.
    inhabited: u32,
}

type Sets<K> = IndexMap<K, RoaringBitmap, FxBuildHasher>;

impl Population {
    /// The pods of these facts, each with its classes.
    pub(super) fn of(facts: &Facts, of_pods: &[Vec<u32>]) -> Self {
        let mut population = Self::default();
        for (place, (pod, classes)) in facts.pods.iter().zip(of_pods).enumerate() {
            population.insert(number(place), pod, classes);
        }
        population
    }

    /// Adds a pod.
    pub(super) fn insert(&mut self, place: u32, pod: &Pod, classes: &[u32]) {
        self.by_key.insert((PodKey::of(pod), place));
        for key in pod.labels.keys() {
            put(&mut self.with_label, key.as_str(), place);
        }
        for port in &*pod.ports {
            put(&mut self.with_port, &*port.name, place);
        }
        let workload = (Arc::clone(&pod.namespace), pod.workload.clone());
        let of_workload = self.of_workloads.entry(workload);
        of_workload.or_default().insert(place);
        self.enter(place, classes);
    }

    /// Takes out a pod.
    pub(super) fn remove(&mut self, place: u32, pod: &Pod, classes: &[u32]) {
        self.by_key.remove(&(PodKey::of(pod), place));
        for key in pod.labels.keys() {
            take(&mut self.with_label, key.as_str(), place);
        }
        for port in &*pod.ports {
            take(&mut self.with_port, &*port.name, place);
        }
        let workload = (Arc::clone(&pod.namespace), pod.workload.clone());
        take(&mut self.of_workloads, &workload, place);
        self.leave(place, classes);
    }

    /// Puts a pod into classes.
    pub(super) fn enter(&mut self, place: u32, classes: &[u32]) {
        for class in classes {
            if self.of_class(*class).is_none_or(RoaringBitmap::is_empty) {
                self.inhabited += 1;
            }
            self.of_classes.insert(*class, place);
        }
    }

    /// Takes a pod out of classes.
    pub(super) fn leave(&mut self, place: u32, classes: &[u32]) {
        for class in classes {
            self.of_classes.remove(*class, place);
            if self.of_class(*class).is_none_or(RoaringBitmap::is_empty) {
                self.inhabited = self.inhabited.saturating_sub(1);
            }
        }
    }

    /// The last pod of a key.
    pub(super) fn place(&self, key: &PodKey) -> Option<u32> {
        let all = (key.clone(), 0)..=(key.clone(), u32::MAX);
        let (_, place) = self.by_key.range(all).next_back()?;
        Some(*place)
    }

    /// The pods of a class.
    pub(super) fn of_class(&self, class: u32) -> Option<&RoaringBitmap> {
        self.of_classes.get(class)
    }

    /// The pods of a workload.
    pub(super) fn of_workload(
        &self,
        namespace: &Arc<str>,
        workload: &Workload,
    ) -> Option<&RoaringBitmap> {
        let workload = (Arc::clone(namespace), workload.clone());
        self.of_workloads.get(&workload)
    }

    /// The pods with a label of one of these keys, or a port of one of these names.
    pub(super) fn with(
        &self,
        keys: &BTreeSet<Arc<str>>,
        ports: &BTreeSet<Arc<str>>,
    ) -> RoaringBitmap {
        let labelled = keys.iter().filter_map(|key| self.with_label.get(key));
        let named = ports.iter().filter_map(|name| self.with_port.get(name));
        let mut all = RoaringBitmap::new();
        for set in labelled.chain(named) {
            all |= set;
        }
        all
    }

    /// How many classes have pods.
    pub(super) fn inhabited(&self) -> u32 {
        self.inhabited
    }
}

fn put<K, Q>(sets: &mut Sets<K>, key: &Q, place: u32)
where
    K: Hash + Eq + for<'a> From<&'a Q>,
    Q: Hash + Equivalent<K> + ?Sized,
{
    match sets.get_mut(key) {
        Some(set) => set.insert(place),
        None => sets.entry(key.into()).or_default().insert(place),
    };
}

fn take<K: Hash + Eq, Q: Hash + Equivalent<K> + ?Sized>(sets: &mut Sets<K>, key: &Q, place: u32) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(place);
    }
}
