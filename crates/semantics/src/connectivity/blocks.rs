//! Everything that is possible, in few blocks of many classes each.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

use super::Connectivity;
use crate::addresses::Family;
use crate::classes::ClassKind;
use crate::rows::Row;
use crate::verdict::Allowed;

/// Classes that may all send the same to the same others.
#[derive(Debug, Clone)]
pub struct Block {
    /// The sources.
    pub(crate) from: RoaringBitmap,
    /// The destinations.
    pub(crate) to: RoaringBitmap,
    /// What each of the sources may send to each of the destinations.
    pub allowed: Allowed,
}

/// What the destinations of a family say to sources, told from the side of the source.
struct Inbound {
    /// The destinations that have each row of ingress.
    by_row: BTreeMap<u32, RoaringBitmap>,
    /// The destinations by what they say to everybody whom their row does not name.
    by_rest: BTreeMap<u32, RoaringBitmap>,
    /// The rows that name a source, with what they say to it.
    naming: IndexMap<u32, Vec<(u32, u32)>, FxBuildHasher>,
}

/// Sources of which every destination says, and which say of every destination, the same.
type Alike = (u32, Vec<(u32, u32)>, bool);

impl Connectivity {
    /// Everything that is possible. Addresses outside are not joined with each other.
    pub fn blocks(&mut self) -> Vec<Block> {
        let mut blocks = Vec::new();
        for family in Family::BOTH {
            self.blocks_of(family, &mut blocks);
        }
        blocks
    }

    fn blocks_of(&mut self, family: Family, blocks: &mut Vec<Block>) {
        let inbound = self.inbound(family);
        let outside = self.outside();
        let mut groups: IndexMap<Alike, RoaringBitmap, FxBuildHasher> = IndexMap::default();
        for class in self.classes.of_family(family) {
            let Some(rows) = self.rows_of(class) else {
                continue;
            };
            let naming = inbound.naming.get(&class).cloned().unwrap_or_default();
            let alike = (rows.egress, naming, outside.contains(class));
            groups.entry(alike).or_default().insert(class);
        }
        for ((egress, naming, is_outside), from) in groups {
            let Some(row) = self.rows.get(egress).map(Arc::clone) else {
                continue;
            };
            for (mut to, ingress) in inbound.segments(&naming) {
                if is_outside {
                    to -= &outside;
                }
                for (to, answer) in self.join(&row, to, ingress) {
                    let allowed = self.rows.answers.get(answer);
                    let from = from.clone();
                    blocks.push(Block { from, to, allowed });
                }
            }
        }
    }

    /// The destinations that a row of egress and one answer of ingress let through both, by what they let through.
    fn join(&mut self, row: &Row, to: RoaringBitmap, ingress: u32) -> Vec<(RoaringBitmap, u32)> {
        let answers = &mut self.rows.answers;
        let mut joined = Vec::new();
        let mut left = to;
        if answers.is_nothing(ingress) {
            return joined;
        }
        for (cell, egress) in &row.cells {
            let inside = &left & cell;
            if !inside.is_empty() {
                left -= cell;
                joined.push((inside, answers.both(*egress, ingress)));
            }
        }
        if !left.is_empty() {
            joined.push((left, answers.both(row.rest, ingress)));
        }
        joined.retain(|(_, answer)| !answers.is_nothing(*answer));
        joined
    }

    fn inbound(&self, family: Family) -> Inbound {
        let mut inbound = Inbound {
            by_row: BTreeMap::new(),
            by_rest: BTreeMap::new(),
            naming: IndexMap::default(),
        };
        for class in self.classes.of_family(family) {
            if let Some(rows) = self.rows_of(class) {
                inbound
                    .by_row
                    .entry(rows.ingress)
                    .or_default()
                    .insert(class);
            }
        }
        for (id, targets) in &inbound.by_row {
            let Some(row) = self.rows.get(*id) else {
                continue;
            };
            if !self.rows.answers.is_nothing(row.rest) {
                *inbound.by_rest.entry(row.rest).or_default() |= targets;
            }
            for (sources, answer) in &row.cells {
                for source in sources {
                    inbound
                        .naming
                        .entry(source)
                        .or_default()
                        .push((*id, *answer));
                }
            }
        }
        inbound
    }

    fn outside(&self) -> RoaringBitmap {
        let outside = self
            .classes
            .iter()
            .filter(|(_, class)| class.kind == ClassKind::Outside);
        outside.map(|(id, _)| id).collect()
    }
}

impl Inbound {
    /// The destinations of a source that these rows name, in parts that say the same to it.
    fn segments(&self, naming: &[(u32, u32)]) -> Vec<(RoaringBitmap, u32)> {
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
