//! Who may open a connection to whom within a cluster, by workload.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use roaring::RoaringBitmap;

use super::Follow;
use super::ends::Ends;
use super::own_node::OnOwnNode;
use crate::ports::PortSet;
use crate::solver::Under;

/// The number of the classes of an end, and that of what it shares because of its node.
pub(crate) type Kind = (usize, Option<usize>);

/// Who may open a connection to whom, under one of the dialects.
#[derive(Debug)]
pub(crate) struct Graph {
    under: Under,
    pub(super) ends: Ends,
    /// The ends that those of a kind reach, themselves among them, by number of the kind.
    rows: Vec<RoaringBitmap>,
    /// What is possible besides because one pod uses the network of the node on which another runs.
    on_own_node: OnOwnNode,
}

impl Graph {
    pub(super) fn new(under: Under, ends: Ends) -> Self {
        let mut rows = vec![RoaringBitmap::new(); ends.kinds.len()];
        let mut by_class: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
        for (number, classes) in ends.kinds.iter().enumerate() {
            for class in classes {
                by_class.entry(*class).or_default().insert(number);
            }
        }
        for (_, blocks) in &*under {
            for block in blocks.iter().filter(|block| !block.allowed.is_nothing()) {
                let to = ends.having(&block.to);
                let kinds = block.from.iter().filter_map(|class| by_class.get(&class));
                let kinds: BTreeSet<&usize> = kinds.flatten().collect();
                for kind in kinds {
                    if let Some(row) = rows.get_mut(*kind) {
                        *row |= &to;
                    }
                }
            }
        }
        let on_own_node = OnOwnNode::new(&under, &ends);
        Self {
            under,
            ends,
            rows,
            on_own_node,
        }
    }

    /// Whom an end reaches as policies let it; itself among them where its pods reach each other, or pods of its
    /// classes would.
    pub(super) fn row(&self, end: u32) -> RoaringBitmap {
        let kind = self.ends.get(end).map(|end| end.kind);
        let row = kind.and_then(|kind| self.rows.get(kind));
        row.cloned().unwrap_or_default()
    }

    /// Whom an end reaches directly.
    pub(super) fn direct(&self, end: u32, follow: Follow) -> RoaringBitmap {
        let mut row = self.row(end);
        if follow == Follow::Supposed {
            row |= self.on_own_node.reached(end);
        }
        row
    }

    /// On which ports one end reaches another.
    pub(super) fn ports(&self, from: u32, to: u32, follow: Follow) -> PortSet {
        let ports = match follow {
            Follow::Known => PortSet::none(),
            Follow::Supposed => self.on_own_node.ports(from, to),
        };
        match self.ends.get(from).zip(self.ends.get(to)) {
            Some((from, to)) => ports.or(&self.between(&from.classes, &to.classes)),
            None => ports,
        }
    }

    /// What ends share that reach the same: the number of their classes, and what they share because of their nodes; none
    /// of one whose node makes a difference.
    pub(super) fn kind(&self, number: u32, follow: Follow) -> Option<Kind> {
        let kind = self.ends.get(number)?.kind;
        match follow {
            Follow::Known => Some((kind, None)),
            Follow::Supposed if self.on_own_node.is_known(number) => None,
            Follow::Supposed => Some((kind, self.on_own_node.kind(number))),
        }
    }

    /// Whom an end reaches because one of the two is, or may be, on the node on which the other runs.
    pub(super) fn beside(&self, end: u32) -> RoaringBitmap {
        self.on_own_node.reached(end)
    }

    /// On which ports each end lets connections from some addresses in.
    pub(super) fn admits(&self, networks: &[IpNet]) -> BTreeMap<u32, PortSet> {
        let sources = self.ends.addresses_in(networks);
        let mut known: BTreeMap<usize, PortSet> = BTreeMap::new();
        let mut admitted = BTreeMap::new();
        for (number, end) in (0..).zip(&self.ends.all) {
            if end.pods.is_empty() {
                continue;
            }
            let ports = known
                .entry(end.kind)
                .or_insert_with(|| self.between(&sources, &end.classes));
            if !ports.is_empty() {
                admitted.insert(number, ports.clone());
            }
        }
        admitted
    }

    fn between(&self, from: &[u32], to: &[u32]) -> PortSet {
        let under = self.under.iter();
        let possible = under.map(|(one, _)| one.between_classes(from, to).possible);
        possible.fold(PortSet::none(), |all, one| all.or(&one))
    }
}
