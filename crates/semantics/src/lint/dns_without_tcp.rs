//! DNS over UDP alone: answers that do not fit come over TCP.

use cofferdam_model::flow::Protocol;
use cofferdam_model::lint::Lint;

use super::Fault;
use super::cover::{self, Ports};
use super::scene::{Placed, Scene, warning};
use crate::policy::{Peers, PortRule};

/// The port of DNS.
const DNS: u16 = 53;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = scene.namespaced_rules();
    let faults = rules.filter_map(|rule| {
        let ports = rule.rule.ports.iter();
        let place = ports.enumerate().find(|(_, port)| is_dns(port))?.0;
        if has_tcp(scene, &rule) {
            return None;
        }
        let message = "DNS is allowed over UDP alone: long answers come over TCP, and never arrive";
        let path = rule.port_path(place);
        let fault = warning(Lint::DnsWithoutTcp, rule.policy, path, message.to_owned());
        Some(fault.hint("add `{ port: 53, protocol: TCP }` beside it"))
    });
    faults.collect()
}

/// Whether an entry is the port of DNS and no other.
fn is_dns(port: &PortRule) -> bool {
    match port {
        PortRule::Numbers(numbers) => numbers
            .ranges()
            .any(|range| range == (Protocol::Udp, DNS, DNS)),
        PortRule::Named { .. } => false,
    }
}

/// Whether TCP is allowed to all peers of the rule, by whatever rule for the same pods.
fn has_tcp(scene: &Scene<'_>, rule: &Placed<'_>) -> bool {
    let rules = scene.namespaced_rules().filter(|other| {
        other.direction == rule.direction
            && Ports::of(other.rule).numbers.contains(Protocol::Tcp, DNS)
            && cover::choice(scene.facts(), &rule.policy.subject, &other.policy.subject)
    });
    let rules: Vec<&Peers> = rules.map(|other| &other.rule.peers).collect();
    match &rule.rule.peers {
        Peers::Everything => rules.contains(&&Peers::Everything),
        Peers::AnyOf(peers) => peers.iter().all(|peer| {
            let mut rules = rules.iter();
            rules.any(|others| cover::peer(scene.facts(), peer, others))
        }),
    }
}
