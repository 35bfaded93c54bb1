//! The shortest ways from some ends to all others.

use std::collections::BTreeMap;

use super::graph::Graph;
use crate::ports::PortSet;

/// A search from end to end, one connection further at a time.
#[derive(Debug)]
pub(super) struct Search<'a> {
    graph: &'a Graph<'a>,
    /// Every end that was reached, with the one before it; without one where it began.
    before: BTreeMap<u32, Option<u32>>,
}

impl<'a> Search<'a> {
    /// Everything that is reached from these.
    pub(super) fn from(graph: &'a Graph<'a>, sources: &[u32]) -> Self {
        let mut before: BTreeMap<u32, Option<u32>> =
            sources.iter().map(|source| (*source, None)).collect();
        let mut seen: roaring::RoaringBitmap = sources.iter().copied().collect();
        let mut edge = sources.to_vec();
        while !edge.is_empty() {
            let mut next = Vec::new();
            for from in edge {
                let new = graph.direct(from) - &seen;
                seen |= &new;
                before.extend(new.iter().map(|to| (to, Some(from))));
                next.extend(new);
            }
            edge = next;
        }
        Self { graph, before }
    }

    /// What was reached, without those from which the search began.
    pub(super) fn reached(&self) -> impl Iterator<Item = u32> {
        let reached = self.before.iter();
        reached
            .filter(|(_, before)| before.is_some())
            .map(|(end, _)| *end)
    }

    /// From where the way to an end begins, on no port, and then every stop with the ports on which it is reached.
    pub(super) fn way(&self, target: u32) -> Vec<(u32, PortSet)> {
        let mut way = Vec::new();
        let mut at = target;
        while let Some(Some(before)) = self.before.get(&at) {
            way.push((at, self.graph.ports(*before, at)));
            at = *before;
        }
        way.push((at, PortSet::none()));
        way.reverse();
        way
    }
}
