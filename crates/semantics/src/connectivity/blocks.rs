//! Everything that is possible, in few blocks of many classes each.

use std::sync::Arc;

use indexmap::IndexMap;
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

use super::Connectivity;
use super::inbound::Inbound;
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
            let naming = inbound.naming(class).to_vec();
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
        let classes = self.classes.of_family(family).iter();
        let rows = classes.filter_map(|class| Some((class, self.rows_of(class)?.ingress)));
        Inbound::of(&self.rows, rows, |class, to| {
            to.insert(class);
        })
    }

    fn outside(&self) -> RoaringBitmap {
        let outside = self
            .classes
            .iter()
            .filter(|(_, class)| class.kind == ClassKind::Outside);
        outside.map(|(id, _)| id).collect()
    }
}
