//! What a step about a guard rail or node rests on, beyond that the phases before it are over.

use std::collections::BTreeSet;

use cofferdam_objects::key::ObjectKey;

/// What else of a plan must be written for a step of it to be right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footing {
    /// One of these at least, where there are any: nodes that get, or keep, the label which pods are bound to.
    pub any: BTreeSet<ObjectKey>,
    /// All of these: nodes that lose the taint which pods tolerate no longer.
    pub all: BTreeSet<ObjectKey>,
}

impl Footing {
    /// Whether it holds although what is `missing` is not written.
    pub fn holds_without(&self, missing: &BTreeSet<ObjectKey>) -> bool {
        let any = self.any.is_empty() || !self.any.is_subset(missing);
        any && self.all.is_disjoint(missing)
    }

    /// Everything that it is about.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectKey> {
        self.any.iter().chain(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(names: &str) -> BTreeSet<ObjectKey> {
        names.split_whitespace().map(ObjectKey::node).collect()
    }

    #[test]
    fn a_footing_holds_with_one_of_any_and_with_all_of_all() {
        for (any, all, missing, holds) in [
            ("", "", "n1", true),
            ("n1 n2", "", "n1", true),
            ("n1 n2", "", "n1 n2", false),
            ("", "n1 n2", "n3", true),
            ("", "n1 n2", "n2", false),
            ("n1 n2", "n3", "n1", true),
            ("n1 n2", "n3", "n3", false),
        ] {
            let footing = Footing {
                any: nodes(any),
                all: nodes(all),
            };
            let found = footing.holds_without(&nodes(missing));
            assert_eq!(found, holds, "{any} | {all} without {missing}");
        }
    }
}
