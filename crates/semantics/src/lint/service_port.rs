//! Ports of Services where those of their pods count.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::dialect::Translation;
use cofferdam_model::flow::Protocol;
use cofferdam_model::lint::Lint;
use cofferdam_objects::policy::Direction;

use super::Fault;
use super::cover::Ports;
use super::scene::{Placed, Scene, warning};
use crate::facts::{Pod, Service, ServicePort, Target};
use crate::policy::PortRule;
use crate::services::{numbers_of, pods_of};

/// The Services of a namespace, each with the places of the pods behind it.
type Services<'a> = BTreeMap<&'a str, Vec<(&'a Service, BTreeSet<usize>)>>;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let mut services: Services<'_> = BTreeMap::new();
    for service in &scene.facts().services {
        let pods = pods_of(scene.facts(), service).map(|(place, _)| place);
        let of = services.entry(&service.namespace).or_default();
        of.push((service, pods.collect()));
    }
    let rules = scene.namespaced_rules();
    let rules = rules.filter(|rule| rule.direction == Direction::Ingress || !is_early(scene));
    rules
        .flat_map(|rule| in_rule(scene, &services, rule))
        .collect()
}

/// Whether policies of egress look at a connection before its Service is resolved.
fn is_early(scene: &Scene<'_>) -> bool {
    let mut dialects = scene.dialects.iter();
    dialects.all(|one| one.service_addresses == Translation::Before)
}

fn in_rule(scene: &Scene<'_>, services: &Services<'_>, rule: Placed<'_>) -> Vec<Fault> {
    let numbers = rule.rule.ports.iter().enumerate();
    let numbers = numbers.filter_map(|(place, port)| Some((place, single(port)?)));
    let numbers: Vec<(usize, (Protocol, u16))> = numbers.collect();
    if numbers.is_empty() {
        return Vec::new();
    }
    let pods: BTreeMap<usize, &Pod> = scene.pods(&scene.destinations(&rule)).collect();
    let faults = numbers.into_iter().filter_map(|(place, (protocol, port))| {
        let (service, targets) = meant(services, &pods, (protocol, port))?;
        let allowed = Ports::of(rule.rule).numbers;
        if targets.iter().all(|target| allowed.contains(protocol, *target)) {
            return None;
        }
        let targets: Vec<String> = targets.iter().map(u16::to_string).collect();
        let targets = targets.join(", ");
        let (namespace, name) = (&service.namespace, &service.name);
        let message = format!(
            "{port} is the port of Service `{namespace}/{name}`; policies see the one of its pods, {targets}"
        );
        let path = rule.port_path(place);
        let fault = warning(Lint::ServicePort, rule.policy, path, message);
        Some(fault.hint(format!("write {targets}")))
    });
    faults.collect()
}

/// The one port of an entry.
fn single(port: &PortRule) -> Option<(Protocol, u16)> {
    let PortRule::Numbers(numbers) = port else {
        return None;
    };
    let mut ranges = numbers.ranges();
    match (ranges.next(), ranges.next()) {
        (Some((protocol, first, last)), None) if first == last => Some((protocol, first)),
        _ => None,
    }
}

/// The Service whose port was taken for one of pods, and the ports of these.
fn meant<'a>(
    services: &Services<'a>,
    pods: &BTreeMap<usize, &Pod>,
    (protocol, port): (Protocol, u16),
) -> Option<(&'a Service, BTreeSet<u16>)> {
    let listens = |pod: &&Pod| {
        let mut own = pod.ports.iter();
        own.any(|one| (one.protocol, one.number) == (protocol, port))
    };
    if pods.values().any(listens) {
        return None;
    }
    let namespaces: BTreeSet<&str> = pods.values().map(|pod| &*pod.namespace).collect();
    let near = namespaces.iter().filter_map(|name| services.get(name));
    let mut found = None;
    for (service, places) in near.flatten() {
        let behind = pods.iter().filter(|(place, _)| places.contains(place));
        let behind: Vec<&Pod> = behind.map(|(_, pod)| *pod).collect();
        if behind.is_empty() {
            continue;
        }
        for own in service.ports.iter().filter(|one| one.protocol == protocol) {
            let targets = targets(own, &behind);
            if targets.contains(&port) || (own.port == port && targets.is_empty()) {
                return None;
            }
            if own.port == port && found.is_none() {
                found = Some((*service, targets));
            }
        }
    }
    found
}

fn targets(port: &ServicePort, pods: &[&Pod]) -> BTreeSet<u16> {
    match &port.target {
        Target::Number(number) => BTreeSet::from([*number]),
        Target::Name(name) => {
            let numbers = pods.iter();
            numbers
                .flat_map(|pod| numbers_of(pod, name, port.protocol))
                .collect()
        }
    }
}
