//! Two peers, one for namespaces and one for pods, where one peer with both selectors was meant.

use cofferdam_model::lint::Lint;

use super::Fault;
use super::scene::{Placed, Scene, warning};
use crate::policy::{NamespaceChoice, Peer, PodChoice};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = scene.namespaced_rules();
    rules.flat_map(|rule| in_rule(scene, rule)).collect()
}

/// Whether the peer of a rule is the second half of one that was split in two.
pub(super) fn is_half(scene: &Scene<'_>, rule: &Placed<'_>, peer: usize) -> bool {
    let path = rule.peer_path(peer);
    in_rule(scene, *rule).iter().any(|fault| fault.path == path)
}

fn in_rule(scene: &Scene<'_>, rule: Placed<'_>) -> Vec<Fault> {
    let peers = rule.peers();
    let pairs = peers.iter().zip(peers.iter().skip(1)).enumerate();
    let halves = pairs.filter_map(|(place, pair)| match (half(pair.0), half(pair.1)) {
        (Some(Half::Namespaces(of)), Some(Half::Pods(pods))) => Some((place + 1, of, pods)),
        (Some(Half::Pods(pods)), Some(Half::Namespaces(of))) => Some((place, of, pods)),
        _ => None,
    });
    halves
        .filter_map(|(place, namespaces, pods)| {
            let whole = PodChoice {
                namespaces: namespaces.namespaces.clone(),
                pods: pods.pods.clone(),
            };
            fault(scene, rule, place, (&whole, pods))
        })
        .collect()
}

/// Where pods are known, it is a fault only if the pods are where the other peer looks, and not where this one does.
fn fault(
    scene: &Scene<'_>,
    rule: Placed<'_>,
    place: usize,
    (whole, pods): (&PodChoice, &PodChoice),
) -> Option<Fault> {
    let own = &rule.policy.id.namespace;
    let message = format!(
        "this peer is pods of `{own}` itself, beside every pod of the namespaces that its neighbour selects"
    );
    let hint =
        "for pods that match both, put both selectors into one peer: no `-` before the second";
    let fault = warning(Lint::OrForAnd, rule.policy, rule.peer_path(place), message).hint(hint);
    if !scene.classes.chosen(pods).is_empty() {
        None
    } else if !scene.classes.chosen(whole).is_empty() {
        Some(fault)
    } else {
        (!scene.is_inhabited(own)).then(|| fault.notice())
    }
}

/// A peer with one selector.
enum Half<'a> {
    Namespaces(&'a PodChoice),
    Pods(&'a PodChoice),
}

fn half(peer: &Peer) -> Option<Half<'_>> {
    let Peer::Pods(choice) = peer else {
        return None;
    };
    match &choice.namespaces {
        NamespaceChoice::Selected(selector) if !selector.is_empty() && choice.pods.is_empty() => {
            Some(Half::Namespaces(choice))
        }
        NamespaceChoice::Named(_) if !choice.pods.is_empty() => Some(Half::Pods(choice)),
        NamespaceChoice::Selected(_) | NamespaceChoice::Named(_) => None,
    }
}
