//! What was told between places already, so that no other pair of ends could add to it.

use std::collections::BTreeMap;

use indexmap::IndexSet;
use roaring::RoaringBitmap;

use super::kinds::Kind;
use super::{Between, Changes};
use crate::ports::PortSet;
use crate::sets::{index, number};
use crate::verdict::Allowed;

/// What may open and close between two ends at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Most {
    opens: PortSet,
    closes: PortSet,
}

impl Most {
    pub(super) fn anything() -> Self {
        Self {
            opens: PortSet::all(),
            closes: PortSet::all(),
        }
    }

    pub(super) fn between(was: &Allowed, is: &Allowed) -> Self {
        let certain = was.certain.without(&is.certain);
        Self {
            opens: is.possible.without(&was.possible),
            closes: was.possible.without(&is.possible).or(&certain),
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.opens.is_empty() && self.closes.is_empty()
    }
}

/// The places of kinds, and what was told between them.
pub(super) struct Told<'k, N> {
    names: Vec<&'k N>,
    /// The place of each kind, by its number.
    places: Vec<usize>,
    /// The kinds of each place.
    kinds: Vec<RoaringBitmap>,
    /// The kinds that exist already.
    existing: RoaringBitmap,
    most: IndexSet<Most>,
    /// The destinations to which nothing can be added: from a place, for sources that exist and those that do not, and by
    /// the number of what may change at most.
    done: BTreeMap<(usize, bool, u32), RoaringBitmap>,
}

impl<'k, N: Ord + Clone> Told<'k, N> {
    pub(super) fn new(kinds: &'k [Kind<'_, N>]) -> Self {
        let mut numbers: BTreeMap<&N, usize> = BTreeMap::new();
        let mut told = Self {
            names: Vec::new(),
            places: Vec::new(),
            kinds: Vec::new(),
            existing: RoaringBitmap::new(),
            most: IndexSet::new(),
            done: BTreeMap::new(),
        };
        for (kind, of) in (0..).zip(kinds) {
            let place = *numbers.entry(&of.name).or_insert(told.names.len());
            if place == told.names.len() {
                told.names.push(&of.name);
                told.kinds.push(RoaringBitmap::new());
            }
            told.places.push(place);
            if let Some(kinds) = told.kinds.get_mut(place) {
                kinds.insert(kind);
            }
            if of.end.exists() {
                told.existing.insert(kind);
            }
        }
        told
    }

    /// The number of what may change at most.
    pub(super) fn most(&mut self, most: Most) -> u32 {
        number(self.most.insert_full(most).0)
    }

    /// The destinations to which nothing can be added.
    pub(super) fn between(&self, source: u32, most: u32) -> Option<&RoaringBitmap> {
        let place = *self.places.get(index(source))?;
        let key = (place, self.existing.contains(source), most);
        self.done.get(&key)
    }

    pub(super) fn is_told(&self, source: u32, (target, most): (u32, u32)) -> bool {
        let told = self.between(source, most);
        told.is_some_and(|told| told.contains(target))
    }

    /// Takes note of what is told now between the places of two kinds.
    pub(super) fn take(&mut self, changes: &Changes<N>, source: u32, (target, most): (u32, u32)) {
        let Some(wanted) = self.most.get_index(index(most)) else {
            return;
        };
        let place = |kind: u32| self.places.get(index(kind)).copied();
        let Some((from, to)) = place(source).zip(place(target)) else {
            return;
        };
        let name = |place: usize| self.names.get(place).map(|name| (*name).clone());
        let Some(names) = name(from).zip(name(to)) else {
            return;
        };
        let told = [
            (changes.opens.get(&names), &wanted.opens),
            (changes.closes.get(&names), &wanted.closes),
        ];
        let covers = |(between, wanted): &(Option<&Between>, &PortSet)| {
            wanted.is_empty() || between.is_some_and(|between| between.ports.covers(wanted))
        };
        if !told.iter().all(covers) {
            return;
        }
        let is_witnessed = |(between, wanted): &(Option<&Between>, &PortSet)| {
            let witness = between.and_then(|between| between.witness.as_ref());
            wanted.is_empty() || witness.is_some_and(|witness| witness.exists)
        };
        let kinds = self.kinds.get(to).cloned().unwrap_or_default();
        let of_existing = if told.iter().all(is_witnessed) {
            kinds.clone()
        } else {
            &kinds - &self.existing
        };
        *self.done.entry((from, false, most)).or_default() |= kinds;
        *self.done.entry((from, true, most)).or_default() |= of_existing;
    }
}
