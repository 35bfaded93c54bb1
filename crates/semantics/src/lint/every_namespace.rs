//! Peers that are every pod of every namespace.

use cofferdam_model::flow::Protocol;
use cofferdam_model::lint::Lint;
use cofferdam_objects::policy::Direction;

use super::Fault;
use super::cover::Ports;
use super::scene::{Placed, Scene, warning};
use crate::policy::{NamespaceChoice, Peer};
use crate::ports::PortSet;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = scene.namespaced_rules().filter(|rule| !is_dns(rule));
    rules.flat_map(in_rule).collect()
}

fn in_rule(rule: Placed<'_>) -> Vec<Fault> {
    let peers = rule.peers().iter().enumerate();
    let every = peers.filter(|(_, peer)| is_every_pod(peer));
    let faults = every.map(|(place, _)| {
        let path = format!("{}.namespaceSelector", rule.peer_path(place));
        let message = "an empty `namespaceSelector` is every pod of every namespace, other tenants' too";
        let fault = warning(Lint::EveryNamespace, rule.policy, path, message.to_owned());
        let fault = fault.hint(
            "name the namespaces by label, or leave it out and write `podSelector: {}` for those of this namespace",
        );
        // Whoever names ports has thought of a service for all.
        if rule.rule.ports.is_empty() {
            fault
        } else {
            fault.notice()
        }
    });
    faults.collect()
}

fn is_every_pod(peer: &Peer) -> bool {
    matches!(peer, Peer::Pods(choice)
        if choice.pods.is_empty()
            && matches!(&choice.namespaces, NamespaceChoice::Selected(one) if one.is_empty()))
}

/// Whether a rule only lets names be looked up, wherever the DNS of the cluster is.
fn is_dns(rule: &Placed<'_>) -> bool {
    let ports = [Protocol::Tcp, Protocol::Udp].map(|one| PortSet::one(one, 53));
    let [tcp, udp] = &ports;
    let asked = Ports::of(rule.rule);
    let mut dns = Ports::default();
    dns.numbers = tcp.or(udp);
    rule.direction == Direction::Egress && dns.cover(&asked)
}
