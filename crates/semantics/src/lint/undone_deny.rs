//! Default denies beside policies that allow everything to the same pods.

use std::collections::BTreeSet;

use cofferdam_model::lint::Lint;

use super::Fault;
use super::cover::{self, Ports};
use super::scene::{Placed, Scene, listed, warning};
use crate::policy::{Peers, Policy};
use cofferdam_objects::policy::Direction;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = scene.namespaced_rules();
    let faults = rules.filter_map(|rule| {
        let denies = undoes(scene, &rule)?;
        let direction = rule.direction.field();
        let message =
            format!("this undoes {denies}, which denies all {direction} of the same pods");
        let fault = warning(Lint::UndoneDeny, rule.policy, rule.path(), message);
        Some(
            fault
                .hint("policies add up: remove one of the two, or name whom this one lets through"),
        )
    });
    faults.collect()
}

/// The default denies that a rule undoes.
pub(super) fn undoes(scene: &Scene<'_>, rule: &Placed<'_>) -> Option<String> {
    let mut undone = BTreeSet::new();
    if allows_everything(rule) {
        for (_, policy) in scene.namespaced() {
            let denies = policy.rules(rule.direction).is_some_and(<[_]>::is_empty);
            if denies && cover::choice(scene.facts(), &policy.subject, &rule.policy.subject) {
                undone.insert(policy.id.to_string());
            }
        }
    }
    (!undone.is_empty()).then(|| listed(&undone))
}

/// Whether another policy undoes all that a policy denies.
pub(super) fn is_undone(scene: &Scene<'_>, policy: &Policy) -> bool {
    Direction::BOTH.into_iter().any(|direction| {
        let denies = policy.rules(direction).is_some_and(<[_]>::is_empty);
        let mut rules = scene.namespaced_rules();
        denies
            && rules.any(|rule| {
                rule.direction == direction
                    && allows_everything(&rule)
                    && cover::choice(scene.facts(), &policy.subject, &rule.policy.subject)
            })
    })
}

fn allows_everything(rule: &Placed<'_>) -> bool {
    rule.rule.peers == Peers::Everything && Ports::of(rule.rule).numbers.is_all()
}
