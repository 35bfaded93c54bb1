//! What changes open and close, found where they touched something.

mod ends;
mod touched;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{Change, PodKey, Solution};
use crate::addresses::{Family, join};
use crate::connectivity::{ClassRows, Connectivity};
use crate::facts::Workload;
use crate::parties::{Party, Workloads};
use crate::ports::PortSet;
use crate::reach::{self, Reached, difference};
use crate::rows::Row;
use crate::sets::index;
use ends::{Ends, Place};
use touched::Touched;

/// What changes came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Connections that are not what they were, as [`reach::difference`] tells them, under the one dialect.
    pub connections: Vec<reach::Change>,
    /// What undoes the changes, in this order.
    pub undo: Vec<Change>,
}

/// What was there before changes.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    of_classes: Vec<ClassRows>,
    rows: Vec<Option<Arc<Row>>>,
    /// Pods that changed, with what they were; `None` where they were not there.
    pods: BTreeMap<PodKey, Option<Former>>,
}

/// What a pod was.
#[derive(Debug, Clone)]
struct Former {
    workload: Workload,
    classes: Vec<u32>,
}

impl Solution {
    /// Makes changes; what they open and close, and what undoes them.
    pub fn effect(&mut self, changes: Vec<Change>) -> Effect {
        self.journal = Some(Journal {
            of_classes: self.connectivity.of_classes.clone(),
            rows: self.connectivity.rows.all(),
            pods: BTreeMap::new(),
        });
        let mut undo: Vec<Change> = changes
            .into_iter()
            .filter_map(|change| self.apply(change))
            .collect();
        undo.reverse();
        let connections = match self.journal.take() {
            Some(journal) => self.since(&journal),
            None => self.since_undone(&undo),
        };
        Effect { connections, undo }
    }

    /// Notes what a pod is, before it changes.
    pub(super) fn record(&mut self, key: &PodKey, place: Option<u32>) {
        let classes = &self.connectivity.classes;
        let Some(journal) = &mut self.journal else {
            return;
        };
        let former = || {
            let place = index(place?);
            let pod = classes.facts().pods.get(place)?;
            Some(Former {
                workload: pod.workload.clone(),
                classes: classes.of_pod(place).to_vec(),
            })
        };
        journal.pods.entry(key.clone()).or_insert_with(former);
    }

    /// What is not what it was, from what was touched.
    fn since(&self, journal: &Journal) -> Vec<reach::Change> {
        let mut touched = Touched::new(self, journal);
        let mut ends = Ends::new(self, journal);
        let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
        touched.find(&mut ends, &mut pairs);
        let mut told = Vec::new();
        let mut outside: BTreeMap<Outside, Vec<RangeInclusive<IpAddr>>> = BTreeMap::new();
        for (from, to) in pairs {
            let Some((source, target)) = ends.get(from).zip(ends.get(to)) else {
                continue;
            };
            let (was, is) = touched.between((from, source), (to, target));
            let (opens, closes) = (is.without(&was), was.without(&is));
            if opens.is_empty() && closes.is_empty() {
                continue;
            }
            match (&source.place, &target.place) {
                (Place::Pods(from), Place::Pods(to)) => {
                    let (from, to) = (from.clone(), to.clone());
                    told.push(reach::Change {
                        from,
                        to,
                        opens,
                        closes,
                    });
                }
                (Place::Outside(family, atom), Place::Pods(pods))
                | (Place::Pods(pods), Place::Outside(family, atom)) => {
                    let inward = matches!(source.place, Place::Outside(..));
                    let ranges = self
                        .classes()
                        .universe
                        .vocabulary
                        .atoms
                        .ranges(*family, *atom);
                    let what = (inward, pods.clone(), *family, (opens, closes));
                    outside.entry(what).or_default().extend(ranges);
                }
                (Place::Outside(..), Place::Outside(..)) => {}
            }
        }
        told.extend(outside.into_iter().flat_map(of_ranges));
        told.sort();
        told
    }

    /// The same by looking at everything, where everything was solved from scratch.
    fn since_undone(&self, undo: &[Change]) -> Vec<reach::Change> {
        let mut before = self.clone();
        for change in undo {
            before.apply(change.clone());
        }
        let states = [&before, self];
        let split: Workloads = states
            .iter()
            .flat_map(|state| state.classes().divided())
            .collect();
        let [was, is] = states.map(|state| reached(&mut state.connectivity.clone(), &split));
        let mut told = difference(&was, &is);
        told.sort();
        told
    }
}

/// Whether addresses are the source, the pods at the other end, and what opens and closes.
type Outside = (bool, Party, Family, (PortSet, PortSet));

fn of_ranges(
    ((inward, pods, family, (opens, closes)), ranges): (Outside, Vec<RangeInclusive<IpAddr>>),
) -> Vec<reach::Change> {
    let ranges = join(family, &ranges).into_iter();
    let told = ranges.map(|range| {
        let addresses = Party::Addresses(*range.start(), *range.end());
        let (from, to) = if inward {
            (addresses, pods.clone())
        } else {
            (pods.clone(), addresses)
        };
        reach::Change {
            from,
            to,
            opens: opens.clone(),
            closes: closes.clone(),
        }
    });
    told.collect()
}

fn reached(connectivity: &mut Connectivity, split: &Workloads) -> Vec<Reached> {
    let connections = connectivity.connections(split).into_iter();
    let reached = connections.map(|one| Reached {
        from: one.from,
        to: one.to,
        allowed: one.allowed.possible,
        unless: BTreeMap::new(),
    });
    reached.collect()
}
