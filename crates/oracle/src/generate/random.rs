//! Numbers that look random and are the same for the same seed.

use serde_json::{Value, json};

/// `SplitMix64`, as its author published it.
#[derive(Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit; zero where the limit is zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items; the default where there is none.
    pub(super) fn pick<T: Clone + Default>(&mut self, items: &[T]) -> T {
        let index = self.below(items.len());
        items.get(index).cloned().unwrap_or_default()
    }

    /// A value, or none.
    pub(super) fn some(
        &mut self,
        percent: usize,
        make: impl Fn(&mut Self) -> Value,
    ) -> Option<Value> {
        self.chance(percent).then(|| make(self))
    }

    /// A list that is absent, empty or short.
    pub(super) fn list(&mut self, most: usize, make: impl Fn(&mut Self) -> Value) -> Option<Value> {
        match self.below(10) {
            0 | 1 => None,
            2 => Some(json!([])),
            _ => Some(self.items(most, make)),
        }
    }

    /// A list with at least one item.
    pub(super) fn items(&mut self, most: usize, make: impl Fn(&mut Self) -> Value) -> Value {
        let count = 1 + self.below(most);
        (0..count).map(|_| make(self)).collect()
    }
}
