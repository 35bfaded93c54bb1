//! What can reach what while only some of the policies are in force.

use std::collections::BTreeSet;

use super::{ClassRows, Connectivity};
use crate::policy::Source;
use crate::sets::index;
use crate::verdict::Allowed;

/// The rows of every class while some policies are in force. Two that were made by one [`Connectivity`] have equal rows
/// for a class exactly where the same policies govern it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InForce(Vec<ClassRows>);

impl InForce {
    /// The rows of classes of one pod.
    pub(crate) fn of<'a>(&'a self, classes: &'a [u32]) -> impl Iterator<Item = ClassRows> + 'a {
        let rows = classes.iter().map(|class| self.of_class(*class));
        rows.flatten()
    }

    /// The rows of a class.
    pub(crate) fn of_class(&self, class: u32) -> Option<ClassRows> {
        self.0.get(index(class)).copied()
    }
}

impl Connectivity {
    /// The rows while the policies of these objects are in force, and no others.
    pub(crate) fn in_force(&mut self, sources: &BTreeSet<Source>) -> InForce {
        let policies = &self.facts().policies;
        let places = (0_u32..).zip(policies);
        let places = places.filter(|(_, policy)| sources.contains(&policy.source));
        let places: BTreeSet<u32> = places.map(|(place, _)| place).collect();
        InForce(self.rows_while(|place| places.contains(&place)))
    }

    /// What ends of these classes may exchange meanwhile; between a pod and its own node more may be possible.
    pub(crate) fn between(&self, rows: &InForce, from: &[u32], to: &[u32]) -> Allowed {
        let mut allowed = Allowed::nothing();
        for (source, of_source) in from.iter().zip(rows.of(from)) {
            for (target, of_target) in to.iter().zip(rows.of(to)) {
                if self.share_family(*source, *target) {
                    let egress = self.answer(of_source.egress, *target);
                    let ingress = self.answer(of_target.ingress, *source);
                    allowed = allowed.or(&egress.and(&ingress));
                }
            }
        }
        allowed
    }
}
