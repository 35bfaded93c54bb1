//! Values that are held once and named by number.

use std::borrow::Borrow;
use std::hash::Hash;

use indexmap::{Equivalent, IndexSet};
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

/// Different values, each with a number from 0 in the order in which they came.
#[derive(Debug, Clone)]
pub(crate) struct Table<T>(IndexSet<T, FxBuildHasher>);

impl<T: Hash + Eq> Default for Table<T> {
    fn default() -> Self {
        Self(IndexSet::default())
    }
}

impl<T: Hash + Eq> Table<T> {
    /// The number of a value, which is added where it is new.
    pub(crate) fn id(&mut self, value: T) -> u32 {
        number(self.0.insert_full(value).0)
    }

    /// The number of a value that is not made before it is known to be new.
    pub(crate) fn id_of<Q>(&mut self, value: &Q) -> u32
    where
        Q: Hash + Equivalent<T> + ToOwned + ?Sized,
        Q::Owned: Into<T>,
        T: Borrow<Q>,
    {
        match self.0.get_index_of(value) {
            Some(known) => number(known),
            None => self.id(value.to_owned().into()),
        }
    }

    /// The number of a value; `None` where it never came.
    pub(crate) fn find<Q: Hash + Equivalent<T> + ?Sized>(&self, value: &Q) -> Option<u32> {
        self.0.get_index_of(value).map(number)
    }

    /// Gives a number another value, which must be new.
    pub(crate) fn replace(&mut self, id: u32, value: T) {
        let replaced = self.0.replace_index(index(id), value);
        debug_assert!(replaced.is_ok(), "the value has another number already");
    }

    /// The value of a number that this table gave.
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        self.0.get_index(index(id))
    }

    /// Every value with its number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0_u32..).zip(&self.0)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        number(self.0.len())
    }
}

/// The number of a place in a list; lists stay below the limit of 2^32 by far.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The place in a list of a number.
pub(crate) fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// Sets by number, each of which is empty until something is put into it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SetList(Vec<RoaringBitmap>);

impl SetList {
    /// Puts an item into a set.
    pub(crate) fn insert(&mut self, set: u32, item: u32) {
        let place = index(set);
        if place >= self.0.len() {
            self.0.resize_with(place + 1, RoaringBitmap::new);
        }
        if let Some(set) = self.0.get_mut(place) {
            set.insert(item);
        }
    }

    /// Takes an item out of a set.
    pub(crate) fn remove(&mut self, set: u32, item: u32) {
        if let Some(set) = self.0.get_mut(index(set)) {
            set.remove(item);
        }
    }

    /// A set; `None` where nothing was ever put into it.
    pub(crate) fn get(&self, set: u32) -> Option<&RoaringBitmap> {
        self.0.get(index(set))
    }

    /// What several sets hold together.
    pub(crate) fn union(&self, sets: impl IntoIterator<Item = u32>) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for set in sets {
            if let Some(set) = self.get(set) {
                all |= set;
            }
        }
        all
    }
}
