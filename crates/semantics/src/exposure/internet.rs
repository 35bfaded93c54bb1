//! From and to addresses of the internet.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use cofferdam_objects::policy::Direction;

use super::scene::{Outside, Scene};
use crate::addresses::{Family, Scope, everything, internet, join};
use crate::parties::Party;
use crate::verdict::Allowed;

/// Addresses outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Addresses {
    /// All of the internet.
    All,
    /// All, also those that are not routed on the internet.
    Anywhere,
    /// These ranges.
    These(Vec<Party>),
}

/// Addresses of the internet with which the same is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The addresses.
    pub addresses: Addresses,
    /// What is allowed.
    pub allowed: Allowed,
}

/// What comes in from the internet, and goes out to it.
pub(super) fn of(scene: &Scene, classes: &[u32]) -> (Vec<Part>, Vec<Part>) {
    let [from, to] = [Direction::Ingress, Direction::Egress].map(|direction| {
        let said = classes.iter();
        let said =
            said.flat_map(|class| scene.says_to_outside(direction, *class, &Scope::Internet));
        parts(said)
    });
    (from, to)
}

fn parts(said: impl Iterator<Item = (Outside, Allowed)>) -> Vec<Part> {
    let mut by_answer: BTreeMap<Allowed, Vec<Outside>> = BTreeMap::new();
    for (outside, allowed) in said {
        if !allowed.is_nothing() {
            by_answer.entry(allowed).or_default().push(outside);
        }
    }
    let parts = by_answer.into_iter().map(|(allowed, outside)| Part {
        addresses: told(&outside),
        allowed,
    });
    parts.collect()
}

/// Parts of the internet together.
pub(super) fn told(outside: &[Outside]) -> Addresses {
    let mut by_family: BTreeMap<Family, Vec<RangeInclusive<IpAddr>>> = BTreeMap::new();
    for Outside { family, addresses } in outside {
        by_family
            .entry(*family)
            .or_default()
            .extend(addresses.iter().cloned());
    }
    let joined = by_family.into_iter();
    let joined: Vec<_> = joined
        .map(|(family, all)| (family, join(family, &all)))
        .collect();
    let all = |whole: fn(Family) -> Vec<RangeInclusive<IpAddr>>| {
        let mut joined = joined.iter();
        joined.len() > 0 && joined.all(|(family, ranges)| *ranges == whole(*family))
    };
    if all(internet) {
        return Addresses::All;
    }
    if all(everything) {
        return Addresses::Anywhere;
    }
    let ranges = joined.into_iter().flat_map(|(_, ranges)| ranges);
    let parties = ranges.map(|range| Party::Addresses(*range.start(), *range.end()));
    Addresses::These(parties.collect())
}
