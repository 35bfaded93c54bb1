//! Rules that allow what the other side never lets through.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::lint::Lint;
use cofferdam_objects::policy::Direction;
use roaring::RoaringBitmap;

use super::Fault;
use super::scene::{Placed, Scene, listed, warning};
use crate::connectivity::Connectivity;
use crate::policy::Peer;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let dialects = scene.dialects.iter();
    let under = dialects.map(|one| Connectivity::solve(Arc::clone(scene.classes), *one));
    let under: Vec<Connectivity> = under.collect();
    let rules = scene.namespaced_rules();
    rules
        .flat_map(|rule| {
            let peers = rule.peers().iter().enumerate();
            let faults =
                peers.filter_map(|(place, peer)| in_peer(scene, &under, rule, (place, peer)));
            faults.collect::<Vec<_>>()
        })
        .collect()
}

fn in_peer(
    scene: &Scene<'_>,
    under: &[Connectivity],
    rule: Placed<'_>,
    (place, peer): (usize, &Peer),
) -> Option<Fault> {
    let Peer::Pods(choice) = peer else {
        return None;
    };
    let (own, others) = (scene.subject(rule.number), scene.classes.chosen(choice));
    let is_dead =
        |one: &Connectivity| pairing(one, scene, &rule, (&own, &others)) == Pairing::Never;
    if under.is_empty() || !under.iter().all(is_dead) {
        return None;
    }
    let opposite = opposite(rule.direction);
    let isolating = scene.policies().filter(|(number, policy)| {
        policy.rules(opposite).is_some() && scene.governs_some(*number, &others)
    });
    let isolating: BTreeSet<String> = isolating.map(|(_, one)| one.id.to_string()).collect();
    let (own, others) = (scene.names(&own), scene.names(&others));
    let (from, to, side) = match rule.direction {
        Direction::Egress => (own, others, "let in by"),
        Direction::Ingress => (others, own, "let out by"),
    };
    let message = format!(
        "from {from} to {to} nothing of this ever works: it is not {side} {}",
        listed(&isolating)
    );
    let fault = warning(
        Lint::UnpairedFlow,
        rule.policy,
        rule.peer_path(place),
        message,
    );
    let direction = opposite.field();
    Some(fault.hint(format!(
        "a connection needs both sides: allow it as {direction} there, or remove it here"
    )))
}

/// What becomes of the connections that a rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pairing {
    /// There are none.
    Nobody,
    /// The other side lets some through.
    Works,
    /// It lets none through.
    Never,
}

fn pairing(
    under: &Connectivity,
    scene: &Scene<'_>,
    rule: &Placed<'_>,
    (own, others): (&RoaringBitmap, &RoaringBitmap),
) -> Pairing {
    let opposite = opposite(rule.direction);
    let mut pairing = Pairing::Nobody;
    for class in own {
        for other in others {
            let is_one_pod = class == other && is_single(scene, class);
            if is_one_pod || !under.share_family(class, other) {
                continue;
            }
            let target = match rule.direction {
                Direction::Ingress => class,
                Direction::Egress => other,
            };
            let ports = under.ports_of_rule(rule.number, (rule.direction, rule.place), target);
            if ports.is_empty() {
                continue;
            }
            let said = under.says(opposite, other, class);
            if !said.possible.and(&ports).is_empty() {
                return Pairing::Works;
            }
            pairing = Pairing::Never;
        }
    }
    pairing
}

fn is_single(scene: &Scene<'_>, class: u32) -> bool {
    let of = RoaringBitmap::from_iter([class]);
    let mut pods = scene.pods(&of);
    matches!((pods.next(), pods.next()), (Some((_, one)), None) if !one.is_template)
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    }
}
