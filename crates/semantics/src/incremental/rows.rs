//! Which classes have which rows, so that rows come and go with them.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::Solution;
use crate::classes::{ClassKind, Classes};
use crate::connectivity::{ClassRows, Connectivity, Governing, rows_of_class};
use crate::rows::{Compiled, Rows};
use crate::sets::SetList;

/// Who has which rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Users {
    /// The classes of each row.
    of_rows: SetList,
    /// The rows that each policy is asked for.
    of_policies: SetList,
    /// Rows that may say to a class that no rule names something else than to the rest.
    uneven: RoaringBitmap,
    /// Classes that need no pods.
    without_pods: u32,
}

impl ClassRows {
    fn all(self) -> impl Iterator<Item = u32> {
        let Self {
            egress,
            ingress,
            from_own_node,
        } = self;
        [egress, ingress].into_iter().chain(from_own_node)
    }
}

impl Users {
    /// Who has which rows of a connectivity.
    pub(super) fn of(connectivity: &Connectivity) -> Self {
        let mut users = Self::default();
        let Connectivity {
            classes,
            policies,
            rows,
            of_classes,
            ..
        } = connectivity;
        for ((class, of_class), of_rows) in classes.iter().zip(of_classes) {
            for row in of_rows.all() {
                users.insert(row, class, rows, (policies, classes));
            }
            users.without_pods += u32::from(!matches!(of_class.kind, ClassKind::Pods { .. }));
        }
        users
    }

    /// The classes of a row.
    pub(super) fn of_row(&self, row: u32) -> Option<&RoaringBitmap> {
        self.of_rows.get(row)
    }

    /// How many classes need no pods.
    pub(super) fn without_pods(&self) -> u32 {
        self.without_pods
    }

    fn insert(
        &mut self,
        row: u32,
        class: u32,
        rows: &Rows,
        (policies, classes): (&[Compiled], &Classes),
    ) {
        if self.of_row(row).is_none_or(RoaringBitmap::is_empty) {
            let profile = rows.profile(row);
            for policy in profile.into_iter().flat_map(|profile| &profile.policies) {
                self.of_policies.insert(*policy, row);
            }
            if rows.is_uneven(row, (policies, classes)) {
                self.uneven.insert(row);
            }
        }
        self.of_rows.insert(row, class);
    }

    fn remove(&mut self, row: u32, class: u32, rows: &mut Rows) {
        self.of_rows.remove(row, class);
        if self.of_row(row).is_some_and(|users| !users.is_empty()) {
            return;
        }
        let profile = rows.drop_row(row);
        for policy in profile.iter().flat_map(|profile| &profile.policies) {
            self.of_policies.remove(*policy, row);
        }
        self.uneven.remove(row);
    }
}

impl Solution {
    /// Gives a class the rows of the policies that govern it.
    pub(super) fn govern(&mut self, id: u32, governing: Governing) {
        let Connectivity {
            classes,
            policies,
            rows,
            of_classes,
            ..
        } = &mut self.connectivity;
        let Some(class) = classes.get(id) else {
            return;
        };
        let new = rows_of_class(class, governing, policies, (rows, classes));
        for row in new.all() {
            self.users.insert(row, id, rows, (policies, classes));
        }
        match of_classes.get_mut(crate::sets::index(id)) {
            Some(known) => {
                let old = std::mem::replace(known, new);
                for row in old.all().filter(|row| new.all().all(|one| one != *row)) {
                    self.users.remove(row, id, rows);
                }
            }
            None => of_classes.push(new),
        }
    }

    /// The policies that govern a class.
    pub(super) fn governing(&self, class: u32) -> Governing {
        let rows = self.connectivity.rows_of(class);
        let policies = |row| {
            let profile = self.connectivity.rows.profile(row);
            profile.map_or_else(Vec::new, |profile| profile.policies.clone())
        };
        rows.map_or_else(Governing::default, |rows| Governing {
            ingress: policies(rows.ingress),
            egress: policies(rows.egress),
        })
    }

    /// Answers anew what the rows of some policies say to some classes.
    pub(super) fn answer_anew(&mut self, policies: &RoaringBitmap, named: &RoaringBitmap) {
        let mut concerned = RoaringBitmap::new();
        for policy in policies {
            if let Some(rows) = self.users.of_policies.get(policy) {
                concerned |= rows;
            }
        }
        self.answer_rows_anew(&concerned, named);
    }

    /// Answers what every row says to a class that is new, and that these policies name.
    pub(super) fn answer_first(&mut self, policies: &RoaringBitmap, class: u32) {
        let mut concerned = self.users.uneven.clone();
        for policy in policies {
            if let Some(rows) = self.users.of_policies.get(policy) {
                concerned |= rows;
            }
        }
        self.answer_rows_anew(&concerned, &[class].into());
    }

    fn answer_rows_anew(&mut self, concerned: &RoaringBitmap, named: &RoaringBitmap) {
        let Connectivity {
            classes,
            policies,
            rows,
            ..
        } = &mut self.connectivity;
        let classes = Arc::clone(classes);
        for row in concerned {
            let family = rows.profile(row).map(|profile| profile.family);
            for class in named {
                if classes.get(class).map(|class| class.family) == family {
                    rows.answer_anew(row, class, (policies, &classes));
                }
            }
        }
    }
}
