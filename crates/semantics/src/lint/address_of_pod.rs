//! Addresses of pods or nodes in an `ipBlock`.

use std::collections::BTreeSet;

use cofferdam_model::dialect::{Dialect, IpBlock};
use cofferdam_model::lint::Lint;
use ipnet::IpNet;

use super::Fault;
use super::scene::{Placed, Scene, listed, warning};
use crate::classes::vocabulary::block_of;
use crate::policy::Peer;

/// Whose addresses lie in a block.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) pods: BTreeSet<String>,
    pub(super) nodes: BTreeSet<String>,
}

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = scene.namespaced_rules();
    rules
        .flat_map(|rule| {
            let peers = rule.peers().iter().enumerate();
            let faults = peers.filter_map(|(place, peer)| fault(scene, rule, (place, peer)));
            faults.collect::<Vec<_>>()
        })
        .collect()
}

fn fault(scene: &Scene<'_>, rule: Placed<'_>, (place, peer): (usize, &Peer)) -> Option<Fault> {
    let held = held(scene, peer)?;
    let is_told = |of: fn(&Dialect) -> IpBlock| is_matched(scene, of);
    let (pods, nodes) = (&held.pods, &held.nodes);
    let told = |who: String, hint: &str| {
        let message = format!("the addresses of {who} are in this block");
        let fault = warning(
            Lint::AddressOfPod,
            rule.policy,
            rule.peer_path(place),
            message,
        );
        fault.hint(hint)
    };
    if !pods.is_empty() && is_told(|one| one.pod_addresses) {
        let hint = "addresses of pods change, and some network plugins never match them: name the pods by label";
        let fault = told(listed(pods), hint);
        // A network that large is one of the site, and pods happen to live in it.
        let is_narrow = matches!(peer, Peer::IpBlock { cidr, .. } if is_narrow(cidr));
        return Some(if is_narrow { fault } else { fault.notice() });
    }
    (!nodes.is_empty() && is_told(|one| one.node_addresses)).then(|| {
        let hint = "some network plugins never match the addresses of nodes by block";
        told(format!("nodes {}", listed(nodes)), hint).notice()
    })
}

/// Whose addresses lie in an `ipBlock`; `None` where there are none, or where it is large parts of the internet.
pub(super) fn held(scene: &Scene<'_>, peer: &Peer) -> Option<Held> {
    let Peer::IpBlock { cidr, .. } = peer else {
        return None;
    };
    if cidr.prefix_len() < 8 {
        return None;
    }
    let block = block_of(peer)?;
    let facts = scene.facts();
    let mut held = Held::default();
    for pod in facts.pods.iter().filter(|pod| !pod.place.host_network) {
        if pod.addresses.iter().any(|address| block.contains(*address)) {
            held.pods.insert(format!("{}/{}", pod.namespace, pod.name));
        }
    }
    for (name, node) in &facts.nodes {
        if node
            .addresses
            .iter()
            .any(|address| block.contains(*address))
        {
            held.nodes.insert(name.to_string());
        }
    }
    (!held.pods.is_empty() || !held.nodes.is_empty()).then_some(held)
}

/// Whether some plugin in question matches such addresses.
fn is_matched(scene: &Scene<'_>, of: fn(&Dialect) -> IpBlock) -> bool {
    let mut dialects = scene.dialects.iter();
    dialects.any(|one| of(one) == IpBlock::Matches)
}

fn is_narrow(cidr: &IpNet) -> bool {
    match cidr {
        IpNet::V4(cidr) => cidr.prefix_len() > 16,
        IpNet::V6(cidr) => cidr.prefix_len() > 64,
    }
}
