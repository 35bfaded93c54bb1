//! Rules that let through addresses or ports by the thousand.

use cofferdam_model::lint::Lint;
use cofferdam_objects::policy::Direction;
use ipnet::IpNet;

use super::cover::Ports;
use super::scene::{Placed, Scene, warning};
use super::{Fault, undone_deny};
use crate::addresses::Family;
use crate::classes::vocabulary::block_of;
use crate::policy::{Action, Peer, Peers, PortRule};

/// Longer ranges of ports are hardly those of one service.
const MOST_PORTS: u16 = 1000;

/// Below are the ports of well-known services, which no range of media or data connections holds.
const FIRST_UNRESERVED: u16 = 1024;

/// The ports that an API server gives to Services at nodes.
const NODE_PORTS: (u16, u16) = (30_000, 32_767);

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = scene
        .rules()
        .filter(|rule| rule.rule.action == Action::Allow);
    rules
        .flat_map(|rule| {
            let mut faults = ranges(rule);
            if Ports::of(rule.rule).numbers.is_all() {
                faults.extend(everything(scene, rule));
                faults.extend(blocks(rule));
            }
            faults
        })
        .collect()
}

/// A rule that is everything says so itself: it is worth a second look only.
fn everything(scene: &Scene<'_>, rule: Placed<'_>) -> Option<Fault> {
    // The documents say why such a policy was compiled: a zone is staged.
    if rule.policy.is_compiled {
        return None;
    }
    if rule.rule.peers != Peers::Everything || undone_deny::undoes(scene, &rule).is_some() {
        return None;
    }
    let what = match rule.direction {
        Direction::Ingress => "everybody may connect, from outside too, on every port",
        Direction::Egress => "everything may be reached, outside too, on every port",
    };
    let fault = warning(Lint::OverBroad, rule.policy, rule.path(), what.to_owned());
    Some(fault.notice().hint("name peers or ports"))
}

fn blocks(rule: Placed<'_>) -> Vec<Fault> {
    let broad = rule.peers().iter().enumerate();
    let broad = broad.filter(|(_, peer)| is_broad(peer));
    // "The internet, and nothing of the site" is what pods that fetch from anywhere need.
    let broad = broad.filter(|(_, peer)| {
        let is_internet = block_of(peer).is_some_and(|block| block.is_internet_only());
        rule.direction == Direction::Ingress || !is_internet
    });
    let faults = broad.map(|(place, _)| {
        let path = rule.peer_path(place);
        let message = "so many public addresses, on every port: more than a network of /8";
        let fault = warning(Lint::OverBroad, rule.policy, path, message.to_owned());
        fault.hint("name the ports, or the networks that are meant")
    });
    faults.collect()
}

fn is_broad(peer: &Peer) -> bool {
    let block = block_of(peer);
    block.is_some_and(|block| {
        let mut families = Family::BOTH.into_iter();
        families.any(|family| block.public_addresses(family) > family.addresses_of_prefix(8))
    })
}

fn ranges(rule: Placed<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut peers = rule.peers().iter();
    let is_narrow = !rule.peers().is_empty() && peers.all(is_narrow);
    for (place, port) in rule.rule.ports.iter().enumerate() {
        let PortRule::Numbers(numbers) = port else {
            continue;
        };
        let broad = numbers.ranges().find(|(_, first, last)| {
            let is_all = (*first, *last) == (1, u16::MAX);
            let is_of_connections = is_narrow && *first >= FIRST_UNRESERVED;
            let is_meant = is_all || (*first, *last) == NODE_PORTS || is_of_connections;
            !is_meant && last - first >= MOST_PORTS
        });
        if let Some((protocol, first, last)) = broad {
            let path = rule.port_path(place);
            let count = u32::from(last - first) + 1;
            let protocol = protocol.as_str();
            let message = format!("{count} ports, {protocol} {first} to {last}");
            let fault = warning(Lint::OverBroad, rule.policy, path, message);
            faults.push(fault.hint("name the ports that somebody listens on"));
        }
    }
    faults
}

/// Whether a peer is somebody whom the author thought of: media servers and passive FTP have a port per connection.
fn is_narrow(peer: &Peer) -> bool {
    let is_small = |network: &IpNet| match network {
        IpNet::V4(network) => network.prefix_len() >= 16,
        IpNet::V6(network) => network.prefix_len() >= 64,
    };
    match peer {
        Peer::Pods(choice) => !choice.pods.is_empty(),
        Peer::IpBlock { cidr, .. } => is_small(cidr),
        Peer::Networks(networks) => networks.iter().all(is_small),
        Peer::DomainNames(_) => true,
        Peer::Nodes(_) | Peer::Unknown => false,
    }
}
