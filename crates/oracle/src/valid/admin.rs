//! `AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` and `ClusterNetworkPolicy`.

use serde_json::Value;

use super::{is_cidr, is_known_protocol, is_selector_or_absent, port_number};
use crate::connection::Direction;
use crate::fields::{count_of, field, items, text};
use crate::kind;
use crate::port::number;

/// The most networks of one peer, in either version.
const MOST_NETWORKS: usize = 25;

/// The fields that a peer of this kind and direction has. One without any of them comes from a newer
/// API, which is not invalid.
pub(crate) fn known_peers(policy: &Value, direction: Direction) -> &'static [&'static str] {
    match direction {
        Direction::Ingress => &["namespaces", "pods"],
        Direction::Egress if kind::is(policy, kind::BASELINE) => {
            &["namespaces", "pods", "nodes", "networks"]
        }
        Direction::Egress => &["namespaces", "pods", "nodes", "networks", "domainNames"],
    }
}

pub(super) fn is_valid(policy: &Value) -> bool {
    let has_priority =
        number(policy, "/spec/priority").is_some_and(|priority| (0..=1000).contains(&priority));
    let has_place = if kind::is(policy, kind::BASELINE) {
        text(policy, "/metadata/name") == "default"
    } else if kind::is(policy, kind::CLUSTER) {
        has_priority && ["Admin", "Baseline"].contains(&text(policy, "/spec/tier"))
    } else {
        has_priority
    };
    let has_subject = field(policy, "/spec/subject").is_some_and(|subject| {
        count_of(subject, &["namespaces", "pods"]) == 1 && are_selectors(policy, subject)
    });
    has_place
        && has_subject
        && are_rules(policy, Direction::Ingress)
        && are_rules(policy, Direction::Egress)
}

/// The most rules of one direction, peers of one rule, and ports of one rule.
fn most(policy: &Value) -> usize {
    if kind::is(policy, kind::CLUSTER) {
        25
    } else {
        100
    }
}

fn actions(policy: &Value) -> &'static [&'static str] {
    if kind::is(policy, kind::CLUSTER) {
        &["Accept", "Deny", "Pass"]
    } else if kind::is(policy, kind::BASELINE) {
        &["Allow", "Deny"]
    } else {
        &["Allow", "Deny", "Pass"]
    }
}

fn are_rules(policy: &Value, direction: Direction) -> bool {
    let rules = items(policy, direction.rules());
    rules.len() <= most(policy) && rules.iter().all(|rule| is_rule(policy, direction, rule))
}

fn is_rule(policy: &Value, direction: Direction, rule: &Value) -> bool {
    let peers = items(rule, direction.peers());
    let known = known_peers(policy, direction);
    let of_cluster = kind::is(policy, kind::CLUSTER);
    let (ports, is_port, name): (_, fn(&Value) -> bool, _) = if of_cluster {
        (
            items(rule, "/protocols"),
            is_protocol,
            "destinationNamedPort",
        )
    } else {
        (items(rule, "/ports"), is_port, "namedPort")
    };
    let has_name = |port: &Value| count_of(port, &[name]) > 0;
    let has_no_names =
        |peer: &Value| count_of(peer, known) > count_of(peer, &["namespaces", "pods"]);
    actions(policy).contains(&text(rule, "/action"))
        && (1..=most(policy)).contains(&peers.len())
        && ports.len() <= most(policy)
        && peers.iter().all(|peer| is_peer(policy, known, peer))
        && ports.iter().all(is_port)
        && !(ports.iter().any(has_name) && peers.iter().any(has_no_names))
}

fn is_peer(policy: &Value, known: &[&str], peer: &Value) -> bool {
    let networks = items(peer, "/networks");
    let has_networks = known.contains(&"networks") && field(peer, "/networks").is_some();
    count_of(peer, known) <= 1
        && are_selectors(policy, peer)
        && (!known.contains(&"nodes") || is_selector_or_absent(peer, "/nodes"))
        && (!has_networks
            || ((1..=MOST_NETWORKS).contains(&networks.len()) && networks.iter().all(is_cidr)))
}

/// Whether `namespaces` and `pods` of a subject or peer are valid or absent.
fn are_selectors(policy: &Value, either: &Value) -> bool {
    is_selector_or_absent(either, "/namespaces")
        && field(either, "/pods").is_none_or(|pods| {
            let required: &[&str] = if kind::is(policy, kind::CLUSTER) {
                &["podSelector"]
            } else {
                &["namespaceSelector", "podSelector"]
            };
            count_of(pods, required) == required.len()
                && is_selector_or_absent(pods, "/namespaceSelector")
                && is_selector_or_absent(pods, "/podSelector")
        })
}

/// An entry of `ports`, in `v1alpha1`.
fn is_port(entry: &Value) -> bool {
    count_of(entry, &["portNumber", "portRange", "namedPort"]) == 1
        && field(entry, "/portNumber").is_none_or(|port| {
            is_known_protocol(port, "/protocol") && port_number(port, "/port").is_some()
        })
        && field(entry, "/portRange")
            .is_none_or(|range| is_known_protocol(range, "/protocol") && is_range(range))
}

/// An entry of `protocols`, in `v1alpha2`.
fn is_protocol(entry: &Value) -> bool {
    let is_destination = |port: &Value| {
        count_of(port, &["number", "range"]) == 1
            && (field(port, "/range").is_some_and(is_range)
                || port_number(port, "/number").is_some())
    };
    count_of(entry, &["tcp", "udp", "sctp", "destinationNamedPort"]) == 1
        && ["/tcp", "/udp", "/sctp"].into_iter().all(|protocol| {
            field(entry, protocol)
                .is_none_or(|ports| field(ports, "/destinationPort").is_some_and(is_destination))
        })
}

fn is_range(range: &Value) -> bool {
    let bounds = port_number(range, "/start").zip(port_number(range, "/end"));
    bounds.is_some_and(|(start, end)| start < end)
}
