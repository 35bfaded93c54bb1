//! What the network plugin does not do. Told only where the plugin is known.

use cofferdam_model::dialect::{Dialect, IpBlock, Sctp, SidecarPorts};
use cofferdam_model::flow::Protocol;
use cofferdam_model::lint::Lint;
use cofferdam_objects::policy::Direction;

use super::Fault;
use super::address_of_pod::held;
use super::scene::{Placed, Scene, listed, warning};
use crate::facts::Pod;
use crate::policy::{PolicyKind, PortRule};
use crate::ports::PortSet;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let [dialect] = scene.dialects else {
        return Vec::new();
    };
    let rules = scene.rules();
    rules
        .flat_map(|rule| {
            let mut faults = sctp(rule, *dialect);
            faults.extend(blocks(scene, rule, *dialect));
            faults.extend(sidecars(scene, rule, *dialect));
            faults
        })
        .collect()
}

fn sctp(rule: Placed<'_>, dialect: Dialect) -> Vec<Fault> {
    if dialect.sctp != Sctp::MayBeOff {
        return Vec::new();
    }
    let all = PortSet::of_protocols([Protocol::Sctp]);
    let ports = rule.rule.ports.iter().enumerate();
    let dropped =
        ports.filter(|(_, port)| matches!(port, PortRule::Numbers(numbers) if all.covers(numbers)));
    let faults = dropped.map(|(place, _)| {
        let message = format!(
            "SCTP arrives under {} only where it is switched on",
            dialect.name
        );
        warning(
            Lint::IgnoredByPlugin,
            rule.policy,
            rule.port_path(place),
            message,
        )
    });
    faults.collect()
}

fn blocks(scene: &Scene<'_>, rule: Placed<'_>, dialect: Dialect) -> Vec<Fault> {
    if rule.policy.id.kind != PolicyKind::NetworkPolicy {
        return Vec::new();
    }
    let peers = rule.peers().iter().enumerate();
    let faults = peers.filter_map(|(place, peer)| {
        let held = held(scene, peer)?;
        let (who, hint) = if dialect.pod_addresses == IpBlock::Ignores && !held.pods.is_empty() {
            (listed(&held.pods), "name the pods by label")
        } else if dialect.node_addresses == IpBlock::Ignores && !held.nodes.is_empty() {
            let nodes = format!("nodes {}", listed(&held.nodes));
            (nodes, "nodes need a policy of the plugin's own")
        } else {
            return None;
        };
        let message = format!(
            "{} never matches the addresses of {who} by block",
            dialect.name
        );
        let path = rule.peer_path(place);
        let fault = warning(Lint::IgnoredByPlugin, rule.policy, path, message);
        Some(fault.hint(hint))
    });
    faults.collect()
}

/// Named ports that only sidecars of the destination have.
fn sidecars(scene: &Scene<'_>, rule: Placed<'_>, dialect: Dialect) -> Vec<Fault> {
    if dialect.sidecar_ports != SidecarPorts::Ignored || rule.direction != Direction::Ingress {
        return Vec::new();
    }
    let pods = scene.pods(&scene.subject(rule.number));
    let pods: Vec<&Pod> = pods.map(|(_, pod)| pod).collect();
    let ports = rule.rule.ports.iter().enumerate();
    let faults = ports.filter_map(|(place, port)| {
        let PortRule::Named { name, .. } = port else {
            return None;
        };
        let all = pods.iter().flat_map(|pod| pod.ports.iter());
        let mut own = all.filter(|port| port.name == *name).peekable();
        if own.peek().is_none() || own.any(|port| !port.sidecar) {
            return None;
        }
        let message = format!("{} looks up no port of sidecars by name", dialect.name);
        let path = rule.port_path(place);
        let fault = warning(Lint::IgnoredByPlugin, rule.policy, path, message);
        Some(fault.hint("write its number"))
    });
    faults.collect()
}
