//! The pairs of classes between which something changed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

use super::ends::{End, Ends, Side};
use super::{Former, Journal};
use crate::connectivity::ClassRows;
use crate::incremental::{PodKey, Solution};
use crate::ports::PortSet;
use crate::rows::Row;
use crate::sets::index;

/// A state: before the changes, or after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// What egress and ingress say, by the numbers of answers.
type Said = (u32, u32);

/// Looks at both states.
#[derive(Debug)]
pub(super) struct Touched<'a> {
    solution: &'a Solution,
    journal: &'a Journal,
    /// What answers of egress and ingress come to together.
    joint: RefCell<BTreeMap<Said, PortSet>>,
    /// Whether two such pairs come to the same.
    same: RefCell<IndexMap<(Said, Said), bool, FxBuildHasher>>,
}

impl<'a> Touched<'a> {
    pub(super) fn new(solution: &'a Solution, journal: &'a Journal) -> Self {
        Self {
            solution,
            journal,
            joint: RefCell::default(),
            same: RefCell::default(),
        }
    }

    /// Adds every pair of ends between which something may have changed.
    pub(super) fn find(&mut self, ends: &mut Ends<'_>, pairs: &mut BTreeSet<(usize, usize)>) {
        for (from, to) in self.classes() {
            let (sources, targets) = (ends.of_class(from), ends.of_class(to));
            for source in sources {
                pairs.extend(targets.iter().map(|target| (source, *target)));
            }
        }
        let moved = self.moved(ends);
        if moved.is_empty() {
            return;
        }
        let all: Vec<u32> = self.solution.classes().iter().map(|(id, _)| id).collect();
        for end in &moved {
            let Some((was, is)) = ends.get(*end).map(|end| (end.was.clone(), end.is.clone()))
            else {
                continue;
            };
            for class in &all {
                let other = Side {
                    classes: vec![*class],
                    is_several: true,
                };
                let out = (
                    self.said(When::Before, &was, &other),
                    self.said(When::After, &is, &other),
                );
                let back = (
                    self.said(When::Before, &other, &was),
                    self.said(When::After, &other, &is),
                );
                if self.comes_to_same(&out) && self.comes_to_same(&back) {
                    continue;
                }
                for other in ends.of_class(*class) {
                    pairs.extend([(*end, other), (other, *end)]);
                }
            }
            pairs.extend(moved.iter().map(|other| (*end, *other)));
        }
    }

    /// What one end could, and can, send to another.
    pub(super) fn between(
        &self,
        (from, source): (usize, &End),
        (to, target): (usize, &End),
    ) -> (PortSet, PortSet) {
        let all = |when, source: &Side, target: &Side| {
            if from == to && !source.is_several {
                return PortSet::none();
            }
            self.together(&self.said(when, source, target))
        };
        (
            all(When::Before, &source.was, &target.was),
            all(When::After, &source.is, &target.is),
        )
    }

    /// Pairs of classes of which both states know, and say something else.
    fn classes(&self) -> BTreeSet<(u32, u32)> {
        let mut pairs = BTreeSet::new();
        let classes = self.solution.classes();
        for (id, class) in classes.iter() {
            let states = self.rows(When::Before, id).zip(self.rows(When::After, id));
            let Some((before, after)) = states else {
                continue;
            };
            let universe = classes.of_family(class.family);
            for target in &self.differing((before.egress, after.egress), universe) {
                if self.changed(id, target) {
                    pairs.insert((id, target));
                }
            }
            for source in &self.differing((before.ingress, after.ingress), universe) {
                if self.changed(source, id) {
                    pairs.insert((source, id));
                }
            }
        }
        pairs
    }

    fn changed(&self, from: u32, to: u32) -> bool {
        let before = self.said_by(When::Before, from, to);
        let after = self.said_by(When::After, from, to);
        let both = before.zip(after);
        both.is_some_and(|(before, after)| !self.is_same(before, after))
    }

    fn is_same(&self, before: Said, after: Said) -> bool {
        if before == after {
            return true;
        }
        let known = self.same.borrow().get(&(before, after)).copied();
        known.unwrap_or_else(|| {
            let same = self.joint(before) == self.joint(after);
            self.same.borrow_mut().insert((before, after), same);
            same
        })
    }

    fn comes_to_same(&self, (before, after): &(BTreeSet<Said>, BTreeSet<Said>)) -> bool {
        before == after || self.together(before) == self.together(after)
    }

    fn together(&self, said: &BTreeSet<Said>) -> PortSet {
        let joint = said.iter().map(|said| self.joint(*said));
        joint.fold(PortSet::none(), |all, one| all.or(&one))
    }

    /// The classes to which two rows, one of each state, give different answers.
    fn differing(&self, (before, after): (u32, u32), universe: &RoaringBitmap) -> RoaringBitmap {
        let rows = self
            .row(When::Before, before)
            .zip(self.row(When::After, after));
        let Some((before, after)) = rows.filter(|(one, other)| !std::ptr::eq(*one, *other)) else {
            return RoaringBitmap::new();
        };
        if before == after {
            return RoaringBitmap::new();
        }
        let named = |row: &Row| {
            let sets = row.cells.iter();
            sets.fold(RoaringBitmap::new(), |all, (set, _)| all | set)
        };
        let (of_before, of_after) = (named(before), named(after));
        let mut candidates = &of_before | &of_after;
        if before.rest != after.rest {
            candidates |= universe;
        }
        for (set, answer) in &before.cells {
            let same = after.cells.iter().find(|(_, other)| other == answer);
            if let Some((other, _)) = same {
                candidates -= set & other;
            }
            if after.rest == *answer {
                candidates -= set - &of_after;
            }
        }
        for (set, answer) in &after.cells {
            if before.rest == *answer {
                candidates -= set - &of_before;
            }
        }
        candidates
    }

    /// The ends of pods that changed.
    fn moved(&self, ends: &mut Ends<'_>) -> BTreeSet<usize> {
        let mut moved = BTreeSet::new();
        for (key, former) in &self.journal.pods {
            let workload = |former: &Former| former.workload.clone();
            let now = self.now(key);
            for workload in former.iter().map(workload).chain(now) {
                moved.extend(ends.of_pod(key, &workload));
            }
        }
        moved
    }

    fn now(&self, key: &PodKey) -> Option<crate::facts::Workload> {
        let place = self.solution.population.place(key)?;
        let pod = self.solution.facts().pods.get(index(place))?;
        Some(pod.workload.clone())
    }

    fn said(&self, when: When, source: &Side, target: &Side) -> BTreeSet<Said> {
        let mut said = BTreeSet::new();
        for from in &source.classes {
            for to in &target.classes {
                if self.solution.connectivity.share_family(*from, *to) {
                    said.extend(self.said_by(when, *from, *to));
                }
            }
        }
        said
    }

    fn said_by(&self, when: When, from: u32, to: u32) -> Option<Said> {
        let egress = self.row(when, self.rows(when, from)?.egress)?;
        let ingress = self.row(when, self.rows(when, to)?.ingress)?;
        Some((egress.at(to), ingress.at(from)))
    }

    fn rows(&self, when: When, class: u32) -> Option<ClassRows> {
        match when {
            When::Before => self.journal.of_classes.get(index(class)).copied(),
            When::After => self.solution.connectivity.rows_of(class),
        }
    }

    fn row(&self, when: When, row: u32) -> Option<&'a Row> {
        match when {
            When::Before => self.journal.rows.get(index(row))?.as_deref(),
            When::After => self.solution.connectivity.rows.get(row).map(|row| &**row),
        }
    }

    /// What is possible where both ends say so.
    fn joint(&self, said: Said) -> PortSet {
        let mut joint = self.joint.borrow_mut();
        let known = joint.entry(said).or_insert_with(|| {
            let answers = &self.solution.connectivity.rows.answers;
            let (egress, ingress) = said;
            answers.get(egress).and(&answers.get(ingress)).possible
        });
        known.clone()
    }
}
