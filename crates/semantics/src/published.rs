//! What connections from outside may be led to, at which addresses, and what nodes pass on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::connectivity::Endpoint;
use crate::entrances;
use crate::facts::{Facts, GapKind, Pod, Service, Target};
use crate::ports::PortSet;
use crate::services::all_backends;

/// The addresses of load balancers, and others outside at which Services are reached.
pub fn published_at(facts: &Facts) -> impl Iterator<Item = IpAddr> {
    let addresses = facts.services.iter().flat_map(|service| {
        let balancers = service.balancer_addresses.iter();
        balancers.chain(&service.external_addresses)
    });
    addresses.copied()
}

/// The pods that connections from outside may be led to, by their places in the facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposed {
    /// Those of Services that have addresses outside, those behind Ingresses and routes, and those that share an address or
    /// ports with a node that has one of the addresses, or none that is known; none where not every way in is known, and it
    /// may be any.
    pods: Option<BTreeSet<usize>>,
    /// See [`Exposed::through_own_node`]; none where it may be any pod on any port.
    through_nodes: Option<BTreeMap<usize, PortSet>>,
}

impl Exposed {
    /// Whether connections may be led to a pod.
    pub fn may_lead_to(&self, pod: usize) -> bool {
        self.pods.as_ref().is_none_or(|pods| pods.contains(&pod))
    }

    /// The ports on which the own node of a pod may pass connections on to it under its own address, which policies do not
    /// keep out.
    pub fn through_own_node(&self, pod: usize) -> PortSet {
        match &self.through_nodes {
            Some(ports) => ports.get(&pod).cloned().unwrap_or_default(),
            None => PortSet::all(),
        }
    }
}

/// The pods that connections from outside to these addresses may be led to.
pub fn exposed(facts: &Facts, at: &[IpNet]) -> Exposed {
    let mut gaps = facts.entrance_gaps.iter();
    let is_read = !gaps.any(|gap| gap.kind == GapKind::NotRead);
    Exposed {
        pods: facts.entrance_gaps.is_empty().then(|| led_to(facts, at)),
        through_nodes: is_read.then(|| through_nodes(facts)),
    }
}

fn led_to(facts: &Facts, at: &[IpNet]) -> BTreeSet<usize> {
    let published = behind_published(facts).map(|(pod, ..)| pod);
    let mut led_to: BTreeSet<usize> = published.collect();
    let entrances = entrances::resolve(facts).entrances.into_iter();
    let backends = entrances.flat_map(|one| one.backends);
    led_to.extend(backends.filter_map(|backend| match backend.end {
        Endpoint::Pod(pod) => Some(pod),
        Endpoint::Address(_) => None,
    }));
    let hosts = facts.pods.iter().enumerate();
    let is_at_node = |pod: &Pod| {
        let mut of_node = facts.addresses_of_its_node(pod);
        of_node.extend(pod.addresses.iter().filter(|_| pod.place.host_network));
        let mut of_node = of_node.iter();
        of_node.len() == 0 || of_node.any(|one| at.iter().any(|network| network.contains(one)))
    };
    let hosts = hosts.filter(|(_, pod)| {
        (pod.place.host_network || !pod.host_ports.is_empty()) && is_at_node(pod)
    });
    led_to.extend(hosts.map(|(place, _)| place));
    led_to
}

/// The pods behind Services that are published, with the Service and the ports on which it leads there.
fn behind_published(facts: &Facts) -> impl Iterator<Item = (usize, &Service, PortSet)> {
    let services = facts.services.iter().filter(|one| one.is_published());
    services.flat_map(|service| {
        let backends = all_backends(facts, service).into_iter().flatten();
        let there = backends.filter_map(move |backend| match backend.end {
            Endpoint::Pod(pod) => Some((pod, PortSet::one(backend.protocol, backend.port))),
            Endpoint::Address(_) => None,
        });
        let there = there.chain(to_come(facts, service));
        there.map(move |(pod, ports)| (pod, service, ports))
    })
}

/// The pods that could be made and be selected by a Service: those of which the labels say nothing else.
fn to_come<'a>(
    facts: &'a Facts,
    service: &'a Service,
) -> impl Iterator<Item = (usize, PortSet)> + 'a {
    let pods = facts.pods.iter().enumerate();
    let pods = pods.filter(|(_, pod)| {
        let mut wanted = service.selector.iter();
        let may_be = |(key, value)| pod.labels.get(key).is_none_or(|own| own == value);
        let is_selecting = !service.selector.is_empty();
        pod.is_future && is_selecting && pod.namespace == service.namespace && wanted.all(may_be)
    });
    pods.flat_map(|(pod, _)| {
        let ports = service.ports.iter();
        ports.map(move |port| match port.target {
            Target::Number(number) => (pod, PortSet::one(port.protocol, number)),
            Target::Name(_) => (pod, PortSet::of_protocols([port.protocol])),
        })
    })
}

/// The ports on which the own node of a pod may pass connections from outside on to it, by the places of pods.
///
/// Whether what a node passes on under the address of the client counts as its own is up to the network plugin.
pub fn through_nodes(facts: &Facts) -> BTreeMap<usize, PortSet> {
    let published = behind_published(facts).filter(|(_, service, _)| service.is_at_nodes());
    let published = published.map(|(pod, _, ports)| (pod, ports));
    let pods = facts.pods.iter().enumerate();
    // What uses the network of the node is that node.
    let pods = pods.filter(|(_, pod)| !pod.place.host_network);
    let at_nodes = pods.flat_map(|(place, pod)| {
        let ports = pod.host_ports.iter();
        ports.map(move |port| (place, PortSet::one(port.protocol, port.target)))
    });
    let mut all: BTreeMap<usize, PortSet> = BTreeMap::new();
    for (pod, ports) in published.chain(at_nodes) {
        let known = all.entry(pod).or_default();
        *known = known.or(&ports);
    }
    all
}
