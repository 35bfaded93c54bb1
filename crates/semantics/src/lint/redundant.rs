//! What could be taken away with nothing changed, one after the other: of two that say the same, one stays.
//!
//! Told by what selectors say and not by the pods of today: two policies that happen to select the same pods are
//! not the same.

use std::collections::BTreeSet;

use super::cover::{self, Ports};
use super::scene::{Placed, Scene, rules_of};
use crate::policy::{Peers, PolicyKind, Rule, Stage};
use cofferdam_objects::policy::Direction;

/// A policy of a namespace without effect.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) number: usize,
    /// The policies that do what it does.
    pub(super) others: BTreeSet<String>,
}

/// The policies of namespaces that could go.
pub(super) fn policies(scene: &Scene<'_>) -> Vec<Idle> {
    let mut idle: Vec<Idle> = Vec::new();
    let mut all: Vec<usize> = scene.namespaced().map(|(number, _)| number).collect();
    // Of a policy that somebody wrote and one that is compiled, the latter stays.
    all.reverse();
    all.sort_by_key(|number| is_compiled(scene, *number));
    for number in all {
        let gone: BTreeSet<usize> = idle.iter().map(|one| one.number).collect();
        if let Some(others) = replaced(scene, number, &gone) {
            idle.push(Idle { number, others });
        }
    }
    idle
}

fn is_compiled(scene: &Scene<'_>, number: usize) -> bool {
    let policy = scene.policy(number);
    policy.is_some_and(|policy| policy.is_compiled)
}

/// The policies that isolate and allow whatever one does, `gone` ones aside.
fn replaced(scene: &Scene<'_>, number: usize, gone: &BTreeSet<usize>) -> Option<BTreeSet<String>> {
    let policy = scene.policy(number)?;
    let others: Vec<usize> = governing_too(scene, number)
        .into_iter()
        .filter(|other| *other != number && !gone.contains(other))
        .collect();
    let mut names = BTreeSet::new();
    for direction in Direction::BOTH {
        let Some(rules) = policy.rules(direction) else {
            continue;
        };
        // A default deny stands for itself: it is to hold when policies that allow something go.
        let replaces = |other: &[Rule]| !rules.is_empty() || other.is_empty();
        let mut isolating = others.iter().filter_map(|other| scene.policy(*other));
        let isolating = isolating.find(|other| other.rules(direction).is_some_and(replaces))?;
        names.insert(isolating.id.to_string());
    }
    let rules: Vec<Placed<'_>> = others
        .iter()
        .filter_map(|other| Some((*other, scene.policy(*other)?)))
        .flat_map(|(other, policy)| rules_of(other, policy))
        .collect();
    for rule in rules_of(number, policy) {
        let used = covered(scene, &rule, &rules)?;
        names.extend(used.iter().map(|rule| rule.policy.id.to_string()));
    }
    Some(names)
}

/// The rules that decide nothing, each with those that do it instead.
pub(super) fn rules<'a>(scene: &Scene<'a>) -> Vec<(Placed<'a>, Vec<Placed<'a>>)> {
    let gone: BTreeSet<usize> = policies(scene).iter().map(|one| one.number).collect();
    let mut found = Vec::new();
    let mut left: Vec<Placed<'a>> = scene.rules().collect();
    left.retain(|rule| !gone.contains(&rule.number));
    left.sort_by_key(|rule| !rule.policy.is_compiled);
    for at in (0..left.len()).rev() {
        let Some(rule) = left.get(at).copied() else {
            continue;
        };
        let governing = governing_too(scene, rule.number);
        let others = left.iter().enumerate().filter(|(other, one)| {
            *other != at && governing.contains(&one.number) && is_asked_before(&rule, one)
        });
        let others: Vec<Placed<'a>> = others.map(|(_, one)| *one).collect();
        if let Some(used) = covered(scene, &rule, &others) {
            found.push((rule, used));
            left.remove(at);
        }
    }
    found
}

/// Whether what one rule decides is not asked of another any more. Policies of namespaces add up in any order.
fn is_asked_before(rule: &Placed<'_>, other: &Placed<'_>) -> bool {
    let (own, its) = (rule.policy.stage, other.policy.stage);
    match (own, its) {
        (Stage::Namespaced, Stage::Namespaced) => true,
        (Stage::Admin(own), Stage::Admin(its)) | (Stage::Baseline(own), Stage::Baseline(its)) => {
            let same = rule.number == other.number && other.place < rule.place;
            same || (own.api == its.api && its.priority < own.priority)
        }
        (
            Stage::Namespaced | Stage::Admin(_) | Stage::Baseline(_),
            Stage::Namespaced | Stage::Admin(_) | Stage::Baseline(_),
        ) => false,
    }
}

/// The policies of the same kind of stage that govern every pod that one governs, itself among them.
fn governing_too(scene: &Scene<'_>, number: usize) -> BTreeSet<usize> {
    let Some(policy) = scene.policy(number) else {
        return BTreeSet::new();
    };
    let is_namespaced = policy.id.kind == PolicyKind::NetworkPolicy;
    let all = scene.policies().filter(|(other, one)| {
        let alike = (one.id.kind == PolicyKind::NetworkPolicy) == is_namespaced;
        let here = one.id.namespace == policy.id.namespace;
        *other == number
            || (alike && here && cover::choice(scene.facts(), &policy.subject, &one.subject))
    });
    all.map(|(other, _)| other).collect()
}

/// The rules among others that match all that a rule matches.
fn covered<'a>(
    scene: &Scene<'_>,
    rule: &Placed<'_>,
    others: &[Placed<'a>],
) -> Option<Vec<Placed<'a>>> {
    let wanted = Ports::of(rule.rule);
    let mut used: Vec<Placed<'a>> = Vec::new();
    let mut take = |covers: &dyn Fn(&Peers) -> bool| {
        let mut ports = Ports::default();
        for other in others.iter().filter(|one| one.direction == rule.direction) {
            if covers(&other.rule.peers) && !ports.cover(&wanted) {
                ports.add(&Ports::of(other.rule));
                used.push(*other);
            }
        }
        ports.cover(&wanted)
    };
    let all = match &rule.rule.peers {
        Peers::Everything => take(&|peers| *peers == Peers::Everything),
        Peers::AnyOf(peers) => peers
            .iter()
            .all(|peer| take(&|peers| cover::peer(scene.facts(), peer, peers))),
    };
    all.then_some(used)
}
