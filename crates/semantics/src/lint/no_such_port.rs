//! Ports by names that no pod declares: such an entry matches nothing.

use std::collections::BTreeSet;

use cofferdam_model::flow::Protocol;
use cofferdam_model::lint::Lint;

use super::Fault;
use super::scene::{Placed, Scene, warning};
use super::spelling::nearest;
use crate::facts::{ContainerPort, Pod};
use crate::policy::PortRule;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = scene.rules();
    rules.flat_map(|rule| in_rule(scene, rule)).collect()
}

fn in_rule(scene: &Scene<'_>, rule: Placed<'_>) -> Vec<Fault> {
    let named = rule.rule.ports.iter().enumerate();
    let named = named.filter_map(|(place, port)| match port {
        PortRule::Named { protocol, name } => Some((place, *protocol, &**name)),
        PortRule::Numbers(_) => None,
    });
    let named: Vec<(usize, Option<Protocol>, &str)> = named.collect();
    if named.is_empty() {
        return Vec::new();
    }
    let pods = scene.pods(&scene.destinations(&rule));
    let pods: Vec<&Pod> = pods.map(|(_, pod)| pod).collect();
    if pods.is_empty() || pods.iter().any(|pod| pod.is_future) {
        return Vec::new();
    }
    let ports: Vec<&ContainerPort> = pods.iter().flat_map(|pod| pod.ports.iter()).collect();
    let whose = scene.names(&scene.destinations(&rule));
    let missing = named.into_iter().filter(|(_, protocol, name)| {
        let has_it = |port: &&ContainerPort| {
            *port.name == **name && protocol.is_none_or(|one| one == port.protocol)
        };
        !ports.iter().any(has_it)
    });
    let faults = missing.map(|(place, protocol, name)| {
        let what = protocol.map_or_else(
            || "port".to_owned(),
            |protocol| format!("{} port", protocol.as_str()),
        );
        let message = format!("no {what} of {whose} is called `{name}`: the entry matches nothing");
        let path = rule.port_path(place);
        let fault = warning(Lint::NoSuchPort, rule.policy, path, message);
        match hint(name, &ports) {
            Some(hint) => fault.hint(hint),
            None if scene.is_whole_cluster() => fault,
            // Pods of other manifests may have it.
            None => fault.notice(),
        }
    });
    faults.collect()
}

/// The same name with another protocol, or the nearest one.
fn hint(name: &str, ports: &[&ContainerPort]) -> Option<String> {
    if let Some(other) = ports.iter().find(|port| *port.name == *name) {
        let (protocol, number) = (other.protocol.as_str(), other.number);
        return Some(format!("`{name}` is {protocol} {number} there"));
    }
    let names: BTreeSet<&str> = ports.iter().map(|port| &*port.name).collect();
    let near = nearest(name, names.into_iter().filter(|name| !name.is_empty()))?;
    Some(format!("did you mean `{near}`?"))
}
