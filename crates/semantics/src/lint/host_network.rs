//! Selectors that match pods in the network of their node and no others: their traffic is that of the node.

use std::collections::BTreeSet;

use cofferdam_model::lint::Lint;

use super::Fault;
use super::scene::{Scene, listed, rules_of, warning};
use super::selects_nothing::subject_path;
use crate::facts::Pod;
use crate::policy::{Action, Peer, PodChoice};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, policy) in scene.policies() {
        // A policy for all pods of a namespace is there for those to come, too.
        let is_for_some = !policy.subject.pods.is_empty();
        let hosts = only_hosts(scene, &policy.subject).filter(|_| is_for_some);
        if let Some(pods) = hosts {
            let path = subject_path(policy.id.kind).to_owned();
            let message = format!(
                "the policy governs nobody: all that it selects is in the host network, {pods}"
            );
            let fault = warning(Lint::HostNetwork, policy, path, message);
            faults.push(fault.hint("no NetworkPolicy governs pods in the network of their node"));
        }
        let allowing = rules_of(number, policy).filter(|rule| rule.rule.action == Action::Allow);
        for rule in allowing {
            for (place, peer) in rule.peers().iter().enumerate() {
                let Peer::Pods(choice) = peer else {
                    continue;
                };
                let Some(pods) = only_hosts(scene, choice) else {
                    continue;
                };
                let message = format!(
                    "the peer is nobody: all that it selects is in the host network, {pods}"
                );
                let fault = warning(Lint::HostNetwork, policy, rule.peer_path(place), message);
                faults.push(fault.hint(
                    "the traffic of these pods is that of their nodes: name the addresses of the nodes by `ipBlock`, as far as the network plugin matches them",
                ));
            }
        }
    }
    faults
}

/// The workloads that a choice selects, where all of them are in the network of their node.
fn only_hosts(scene: &Scene<'_>, choice: &PodChoice) -> Option<String> {
    if !scene.classes.chosen(choice).is_empty() {
        return None;
    }
    let facts = scene.facts();
    let hosts = facts
        .pods
        .iter()
        .filter(|pod| pod.place.host_network && facts.selects(choice, pod));
    let names: BTreeSet<String> = hosts.map(Pod::owner).collect();
    (!names.is_empty()).then(|| listed(&names))
}
