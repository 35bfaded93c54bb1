//! Rules taken apart by the classes on which they say the same.

use std::collections::BTreeMap;

use cofferdam_model::dialect::Dialect;
use roaring::RoaringBitmap;

use super::order::Said;
use super::{CompiledRule, Matches};
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
    pub(super) merged: BTreeMap<(PortSet, Matches), RoaringBitmap>,
}

impl Pieces<'_> {
    pub(super) fn take(&mut self, policy: u32, stage: Stage, rule: &CompiledRule) {
        let surely = match &rule.peers {
            Some(peers) => peers & self.universe,
            None => self.universe.clone(),
        };
        self.take_of((policy, stage, Matches::Surely), rule, surely);
        let perhaps = &rule.perhaps & self.universe;
        self.take_of((policy, stage, Matches::Perhaps), rule, perhaps);
    }

    fn take_of(
        &mut self,
        (policy, stage, matches): (u32, Stage, Matches),
        rule: &CompiledRule,
        peers: RoaringBitmap,
    ) {
        if peers.is_empty() {
            return;
        }
        let of = (policy, stage, matches);
        // A rule without names matches the same ports on every destination.
        let alike = rule.names.is_empty().then_some(&PortNames::Any);
        if let Some(named) = self.own.or(alike) {
            let ports = rule.ports_on(named, self.dialect);
            return self.put(of, rule.action, (peers, ports));
        }
        for (list, having) in self.classes.by_ports() {
            let ports = rule.ports_on(self.classes.ports(list), self.dialect);
            self.put(of, rule.action, (&peers & having, ports));
        }
    }

    fn put(
        &mut self,
        (policy, stage, matches): (u32, Stage, Matches),
        action: Action,
        (set, ports): (RoaringBitmap, PortSet),
    ) {
        if set.is_empty() || ports.is_empty() {
            return;
        }
        if stage == Stage::Namespaced {
            *self.merged.entry((ports, matches)).or_default() |= set;
        } else {
            self.found.push((
                set,
                Said {
                    policy,
                    stage,
                    action,
                    ports,
                    matches,
                },
            ));
        }
    }

    pub(super) fn all(self) -> Vec<(RoaringBitmap, Said)> {
        let merged = self.merged.into_iter().map(|((ports, matches), set)| {
            let (policy, stage, action) = (0, Stage::Namespaced, Action::Allow);
            (
                set,
                Said {
                    policy,
                    stage,
                    action,
                    ports,
                    matches,
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
