//! Connections between namespaces, put together where they differ in one thing only.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::labels::Selector;

use super::ports::Ports;

/// Rules, by policy and place.
pub(super) type By = BTreeSet<(String, String)>;

/// A connection from pods of one namespace to pods of another.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) sources: Selector,
    pub(super) to: String,
    pub(super) destinations: Selector,
    pub(super) ports: Ports,
    pub(super) by: By,
}

/// Connections between any of some namespaces and any of others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ends {
    pub(super) from: BTreeSet<String>,
    pub(super) to: BTreeSet<String>,
    pub(super) sources: Selector,
    pub(super) destinations: Selector,
    pub(super) ports: Ports,
}

/// Connections, each pair of ends once.
#[derive(Debug, Default)]
pub(super) struct Edges(BTreeMap<(String, String, Selector, Selector), (Ports, By)>);

impl Edges {
    /// Adds a connection; the ports of the same ends are put together.
    pub(super) fn add(&mut self, edge: Edge) {
        let Edge {
            from,
            sources,
            to,
            destinations,
            ports,
            by,
        } = edge;
        let key = (from, to, sources, destinations);
        let (all, rules) = self
            .0
            .entry(key)
            .or_insert_with(|| (Ports::These(BTreeSet::new()), By::new()));
        all.add(&ports);
        rules.extend(by);
    }

    /// First those to the same destination are put together, then those from the same sources; each step
    /// keeps every pair, and adds none.
    pub(super) fn merged(self) -> BTreeMap<Ends, By> {
        let mut by_source: BTreeMap<_, (BTreeSet<String>, By)> = BTreeMap::new();
        for ((from, to, sources, destinations), (ports, by)) in self.0 {
            // A namespace that reaches itself is not one that reaches others.
            let own = from == to;
            let entry = by_source.entry((to, own, sources, destinations, ports));
            let (names, rules) = entry.or_default();
            names.insert(from);
            rules.extend(by);
        }
        let mut merged: BTreeMap<Ends, By> = BTreeMap::new();
        let mut by_destination: BTreeMap<_, (BTreeSet<String>, By)> = BTreeMap::new();
        for ((to, _, sources, destinations, ports), (from, by)) in by_source {
            let entry = by_destination.entry((from, sources, destinations, ports));
            let (names, rules) = entry.or_default();
            names.insert(to);
            rules.extend(by);
        }
        for ((from, sources, destinations, ports), (to, by)) in by_destination {
            let ends = Ends {
                from,
                to,
                sources,
                destinations,
                ports,
            };
            merged.entry(ends).or_default().extend(by);
        }
        merged
    }
}
