//! What destinations say to sources, told from the side of the source.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

use crate::rows::Rows;

/// Destinations by what they say.
pub(crate) struct Inbound {
    /// The destinations that have each row of ingress.
    by_row: BTreeMap<u32, RoaringBitmap>,
    /// The destinations by what they say to everybody whom their row does not name.
    by_rest: BTreeMap<u32, RoaringBitmap>,
    /// The rows that name a source, with what they say to it.
    naming: IndexMap<u32, Vec<(u32, u32)>, FxBuildHasher>,
}

impl Inbound {
    /// From the classes of destinations, each with its row of ingress; `add` puts the destinations of a class among others.
    pub(crate) fn of(
        rows: &Rows,
        classes: impl Iterator<Item = (u32, u32)>,
        add: impl Fn(u32, &mut RoaringBitmap),
    ) -> Self {
        let mut inbound = Self {
            by_row: BTreeMap::new(),
            by_rest: BTreeMap::new(),
            naming: IndexMap::default(),
        };
        for (class, row) in classes {
            add(class, inbound.by_row.entry(row).or_default());
        }
        for (id, targets) in &inbound.by_row {
            let Some(row) = rows.get(*id) else {
                continue;
            };
            if !rows.answers.is_nothing(row.rest) {
                *inbound.by_rest.entry(row.rest).or_default() |= targets;
            }
            for (sources, answer) in &row.cells {
                for source in sources {
                    let naming = inbound.naming.entry(source).or_default();
                    naming.push((*id, *answer));
                }
            }
        }
        inbound
    }

    /// The rows that name a source, with what they say to it.
    pub(crate) fn naming(&self, source: u32) -> &[(u32, u32)] {
        let naming = self.naming.get(&source);
        naming.map(Vec::as_slice).unwrap_or_default()
    }

    /// The destinations of a source that these rows name, in parts that say the same to it.
    pub(crate) fn segments(&self, naming: &[(u32, u32)]) -> Vec<(RoaringBitmap, u32)> {
        let mut by_answer: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
        let mut named = RoaringBitmap::new();
        for (row, answer) in naming {
            if let Some(targets) = self.by_row.get(row) {
                named |= targets;
                *by_answer.entry(*answer).or_default() |= targets;
            }
        }
        for (answer, targets) in &self.by_rest {
            *by_answer.entry(*answer).or_default() |= targets - &named;
        }
        by_answer
            .into_iter()
            .map(|(answer, targets)| (targets, answer))
            .collect()
    }
}
