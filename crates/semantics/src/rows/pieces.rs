//! Rules taken apart by the classes on which they say the same.

use std::collections::BTreeMap;

use cofferdam_model::dialect::Dialect;
use roaring::RoaringBitmap;

use super::CompiledRule;
use super::order::Said;
use crate::classes::{Classes, PortNames};
use crate::policy::{Action, Stage};
use crate::ports::PortSet;

/// The rules of a profile, each taken apart by the classes on which its ports are the same.
pub(super) struct Pieces<'a> {
    pub(super) classes: &'a Classes,
    pub(super) dialect: Dialect,
    pub(super) universe: &'a RoaringBitmap,
    /// The named ports of the destination where all pieces have the same one.
    pub(super) own: Option<&'a PortNames>,
    pub(super) found: Vec<(RoaringBitmap, Said)>,
    /// Those of policies of namespaces, which add up in any order, by their ports.
    pub(super) merged: BTreeMap<PortSet, RoaringBitmap>,
}

impl Pieces<'_> {
    pub(super) fn take(&mut self, policy: u32, stage: Stage, rule: &CompiledRule) {
        let peers = match &rule.peers {
            Some(peers) => peers & self.universe,
            None => self.universe.clone(),
        };
        // A rule without names matches the same ports on every destination.
        let alike = rule.names.is_empty().then_some(&PortNames::Any);
        if let Some(named) = self.own.or(alike) {
            return self.put(
                policy,
                stage,
                rule.action,
                (peers, rule.ports_on(named, self.dialect)),
            );
        }
        for (list, having) in self.classes.by_ports() {
            let ports = rule.ports_on(self.classes.ports(list), self.dialect);
            self.put(policy, stage, rule.action, (&peers & having, ports));
        }
    }

    fn put(&mut self, policy: u32, stage: Stage, action: Action, piece: (RoaringBitmap, PortSet)) {
        let (set, ports) = piece;
        if set.is_empty() || ports.is_empty() {
            return;
        }
        if stage == Stage::Namespaced {
            *self.merged.entry(ports).or_default() |= set;
        } else {
            self.found.push((
                set,
                Said {
                    policy,
                    stage,
                    action,
                    ports,
                },
            ));
        }
    }

    pub(super) fn all(self) -> Vec<(RoaringBitmap, Said)> {
        let merged = self.merged.into_iter().map(|(ports, set)| {
            let (policy, stage, action) = (0, Stage::Namespaced, Action::Allow);
            (
                set,
                Said {
                    policy,
                    stage,
                    action,
                    ports,
                },
            )
        });
        self.found.into_iter().chain(merged).collect()
    }
}

/// Cuts `universe` so that each piece holds all or nothing of each part; beside each part the pieces that hold it.
pub(super) fn split(
    universe: &RoaringBitmap,
    pieces: &[(RoaringBitmap, Said)],
) -> Vec<(RoaringBitmap, Vec<usize>)> {
    let mut cells: Vec<(RoaringBitmap, Vec<usize>)> = vec![(universe.clone(), Vec::new())];
    for (hit, (set, _)) in pieces.iter().enumerate() {
        let mut next = Vec::with_capacity(cells.len() + 1);
        for (cell, hits) in cells {
            let inside = &cell & set;
            if inside.is_empty() {
                next.push((cell, hits));
                continue;
            }
            let outside = &cell - set;
            if !outside.is_empty() {
                next.push((outside, hits.clone()));
            }
            let mut more = hits;
            more.push(hit);
            next.push((inside, more));
        }
        cells = next;
    }
    cells.retain(|(cell, _)| !cell.is_empty());
    cells
}
