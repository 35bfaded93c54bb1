//! Which items carry which labels.

use std::sync::Arc;

use cofferdam_model::labels::{Labels, Operator, Selector};
use roaring::RoaringBitmap;

use crate::sets::{SetList, Table};

/// An index of items by their labels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Postings {
    items: RoaringBitmap,
    keys: Table<Arc<str>>,
    by_key: SetList,
    pairs: Table<(u32, Arc<str>)>,
    by_pair: SetList,
}

impl Postings {
    /// Adds an item with the labels that it has.
    pub(crate) fn insert<'a>(
        &mut self,
        item: u32,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        self.items.insert(item);
        for (key, value) in labels {
            let key = self.keys.id_of(key);
            self.by_key.insert(key, item);
            let pair = self.pairs.id((key, value.into()));
            self.by_pair.insert(pair, item);
        }
    }

    /// Takes out an item with these labels.
    pub(crate) fn remove<'a>(
        &mut self,
        item: u32,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        self.items.remove(item);
        for (key, value) in labels {
            let Some(key) = self.keys.find(key) else {
                continue;
            };
            self.by_key.remove(key, item);
            if let Some(pair) = self.pairs.find(&(key, Arc::from(value))) {
                self.by_pair.remove(pair, item);
            }
        }
    }

    /// The items that a selector selects.
    pub(crate) fn select(&self, selector: &Selector) -> RoaringBitmap {
        let Selector {
            match_labels,
            match_expressions,
        } = selector;
        let mut selected: Option<RoaringBitmap> = None;
        let mut keep = |set: RoaringBitmap| {
            selected = Some(match selected.take() {
                Some(before) => before & set,
                None => set,
            });
        };
        for (key, value) in match_labels {
            keep(self.with(key, [value]));
        }
        for expression in match_expressions {
            let key = &expression.key;
            keep(match &expression.operator {
                Operator::In(values) => self.with(key, values),
                Operator::NotIn(values) => &self.items - self.with(key, values),
                Operator::Exists => self.with_key(key),
                Operator::DoesNotExist => &self.items - self.with_key(key),
            });
        }
        selected.unwrap_or_else(|| self.items.clone())
    }

    fn with<'a>(&self, key: &str, values: impl IntoIterator<Item = &'a String>) -> RoaringBitmap {
        let Some(key) = self.keys.find(key) else {
            return RoaringBitmap::new();
        };
        let pairs = values
            .into_iter()
            .filter_map(|value| self.pairs.find(&(key, Arc::from(value.as_str()))));
        self.by_pair.union(pairs)
    }

    fn with_key(&self, key: &str) -> RoaringBitmap {
        let key = self.keys.find(key).and_then(|key| self.by_key.get(key));
        key.cloned().unwrap_or_default()
    }
}

/// Labels as pairs of key and value.
pub(crate) fn pairs(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    labels
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
}
