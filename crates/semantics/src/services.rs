//! Services resolved to what is behind them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::flow::Protocol;

use crate::connectivity::Endpoint;
use crate::facts::{Facts, Pod, Service, ServiceKind, ServicePort, Target};

/// A port of a pod or address behind a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// The pod or address.
    pub end: Endpoint,
    /// The protocol.
    pub protocol: Protocol,
    /// The port on which it is reached: what policies are asked about.
    pub port: u16,
}

/// A port of a Service as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedPort<'a> {
    /// A number.
    Number(u16),
    /// A name.
    Name(&'a str),
}

/// Why a Service leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoBackend {
    /// It has no such port.
    NoPort,
    /// It has no selector, and no `EndpointSlice` that was read says where it leads.
    NoSelector,
    /// It has no selector, and none of its `EndpointSlice`s has an address on such a port.
    NoEndpoint,
    /// It only stands for a name in DNS.
    ExternalName,
    /// Its selector matches no pod.
    NoPod,
    /// None of its pods has a port of the name that it asks for.
    NoTarget,
    /// None of its pods is on the node that was asked, which passes connections on to its own alone.
    NoneOnNode,
}

impl NoBackend {
    /// What is the matter with the Service, as the end of a sentence.
    pub fn told(self) -> &'static str {
        match self {
            Self::NoPort => "has no such port",
            Self::NoSelector => {
                "has no selector, and no EndpointSlice that was read says where it leads"
            }
            Self::NoEndpoint => {
                "has no selector, and no EndpointSlice of it has an address on such a port"
            }
            Self::ExternalName => "only stands for a name in DNS",
            Self::NoPod => "selects no pod",
            Self::NoTarget => "asks for a port by a name that none of its pods has",
            Self::NoneOnNode => {
                "has no pod on this node, which passes connections on to its own alone"
            }
        }
    }
}

/// The service of a namespace by its name.
pub fn named<'a>(facts: &'a Facts, namespace: &str, name: &str) -> Option<&'a Service> {
    let mut services = facts.services.iter();
    services.find(|service| *service.namespace == *namespace && *service.name == *name)
}

/// The Services that are reached at an address in the cluster, or else those that accept connections from outside at it.
pub fn at(facts: &Facts, address: IpAddr) -> Vec<&Service> {
    let at = |addresses: fn(&Service) -> &[IpAddr]| -> Vec<&Service> {
        let services = facts.services.iter();
        let at = services.filter(|service| addresses(service).contains(&address));
        at.collect()
    };
    let own = at(|service| &service.cluster_addresses);
    if !own.is_empty() {
        return own;
    }
    let mut outside = at(|service| &service.external_addresses);
    let balanced = at(|service| &service.balancer_addresses);
    outside.extend(
        balanced
            .into_iter()
            .filter(|one| !one.external_addresses.contains(&address)),
    );
    outside
}

/// Where a port of a Service leads.
pub fn backends(
    facts: &Facts,
    service: &Service,
    asked: AskedPort<'_>,
    protocol: Option<Protocol>,
) -> Result<Vec<Backend>, NoBackend> {
    behind(facts, service, &asked_ports(service, asked, protocol))
}

/// The ports of a Service that are asked for.
pub fn asked_ports<'a>(
    service: &'a Service,
    asked: AskedPort<'_>,
    protocol: Option<Protocol>,
) -> Vec<&'a ServicePort> {
    let ports = service.ports.iter().filter(|port| {
        let is_asked = match asked {
            AskedPort::Number(number) => port.port == number,
            AskedPort::Name(name) => port.name.as_deref() == Some(name),
        };
        is_asked && protocol.is_none_or(|protocol| port.protocol == protocol)
    });
    ports.collect()
}

/// Where all ports of a Service lead.
pub fn all_backends(facts: &Facts, service: &Service) -> Result<Vec<Backend>, NoBackend> {
    behind(facts, service, &service.ports.iter().collect::<Vec<_>>())
}

fn behind(
    facts: &Facts,
    service: &Service,
    ports: &[&ServicePort],
) -> Result<Vec<Backend>, NoBackend> {
    if service.kind == ServiceKind::ExternalName {
        return Err(NoBackend::ExternalName);
    }
    if ports.is_empty() {
        return Err(NoBackend::NoPort);
    }
    let by_slices = by_slices(facts, service, ports);
    if service.selector.is_empty() {
        return by_slices;
    }
    // Whatever somebody adds to what the selector finds counts as well.
    match (by_selector(facts, service, ports), by_slices) {
        (Ok(mut selected), Ok(added)) => {
            selected.extend(added);
            Ok(selected
                .into_iter()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect())
        }
        (Err(_), Ok(added)) => Ok(added),
        (selected, Err(_)) => selected,
    }
}

/// Where the pods lead that a Service selects.
fn by_selector(
    facts: &Facts,
    service: &Service,
    ports: &[&ServicePort],
) -> Result<Vec<Backend>, NoBackend> {
    let pods: Vec<(usize, &Pod)> = pods_of(facts, service).collect();
    if pods.is_empty() {
        return Err(NoBackend::NoPod);
    }
    let mut backends = BTreeSet::new();
    for port in ports {
        for (place, pod) in &pods {
            let numbers = match &port.target {
                Target::Number(number) => vec![*number],
                Target::Name(name) => numbers_of(pod, name, port.protocol),
            };
            let end = Endpoint::Pod(*place);
            let protocol = port.protocol;
            backends.extend(numbers.into_iter().map(|port| Backend {
                end,
                protocol,
                port,
            }));
        }
    }
    if backends.is_empty() {
        return Err(NoBackend::NoTarget);
    }
    Ok(backends.into_iter().collect())
}

/// Where the slices of a Service lead.
fn by_slices(
    facts: &Facts,
    service: &Service,
    ports: &[&ServicePort],
) -> Result<Vec<Backend>, NoBackend> {
    let key = (&service.namespace, &service.name);
    let first = facts
        .slices
        .partition_point(|slice| (&slice.namespace, &slice.service) < key);
    let own = facts.slices.iter().skip(first);
    let own = own.take_while(|slice| (&slice.namespace, &slice.service) == key);
    let mut own = own.peekable();
    if own.peek().is_none() {
        return Err(NoBackend::NoSelector);
    }
    let mut backends = BTreeSet::new();
    for slice in own {
        for port in ports {
            let name = port.name.as_deref().unwrap_or_default();
            let named = slice.ports.iter();
            let named = named.filter(|one| one.name == name && one.protocol == port.protocol);
            for number in named.map(|one| one.port.unwrap_or(port.port)) {
                let ends = slice.endpoints.iter();
                backends.extend(ends.map(|(address, pod)| Backend {
                    end: end(facts, service, (*address, pod.as_deref())),
                    protocol: port.protocol,
                    port: number,
                }));
            }
        }
    }
    if backends.is_empty() {
        return Err(NoBackend::NoEndpoint);
    }
    Ok(backends.into_iter().collect())
}

/// Who has an address behind a Service: whichever pod it is, and the one that is named where it is nobody's.
fn end(facts: &Facts, service: &Service, (address, pod): (IpAddr, Option<&str>)) -> Endpoint {
    let is_named = |one: &Pod| {
        one.namespace == service.namespace && Some(&*one.name) == pod && !one.is_template
    };
    let has_it = |one: &Pod| !one.place.host_network && one.addresses.contains(&address);
    let pods = &facts.pods;
    let place = pods.iter().position(has_it);
    let place = place.or_else(|| pods.iter().position(is_named));
    place.map_or(Endpoint::Address(address), Endpoint::Pod)
}

/// The pods that a Service selects, with their places in the facts.
pub fn pods_of<'a>(
    facts: &'a Facts,
    service: &'a Service,
) -> impl Iterator<Item = (usize, &'a Pod)> {
    let selected = |pod: &Pod| {
        let mut wanted = service.selector.iter();
        pod.namespace == service.namespace
            && wanted.all(|(key, value)| pod.labels.get(key) == Some(value))
    };
    facts
        .pods
        .iter()
        .enumerate()
        .filter(move |(_, pod)| selected(pod))
}

/// The numbers of a named port of a pod.
pub fn numbers_of(pod: &Pod, name: &str, protocol: Protocol) -> Vec<u16> {
    let own = pod.ports.iter();
    let own = own.filter(|port| *port.name == *name && port.protocol == protocol);
    own.map(|port| port.number).collect()
}
