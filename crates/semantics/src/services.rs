//! Services resolved to the pods behind them.

use cofferdam_model::flow::Protocol;

use crate::facts::{Facts, Pod, Service, ServiceExposure, Target};

/// A port of a pod behind a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// The pod, by its place in the facts.
    pub pod: usize,
    /// The protocol.
    pub protocol: Protocol,
    /// The port on which the pod is reached: what policies are asked about.
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

/// Why a Service leads to no pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoBackend {
    /// It has no such port.
    NoPort,
    /// It has no selector, so that somebody else says where it leads.
    NoSelector,
    /// It only stands for a name in DNS.
    ExternalName,
    /// Its selector matches no pod.
    NoPod,
    /// None of its pods has a port of the name that it asks for.
    NoTarget,
}

/// The service of a namespace by its name.
pub fn named<'a>(facts: &'a Facts, namespace: &str, name: &str) -> Option<&'a Service> {
    let mut services = facts.services.iter();
    services.find(|service| *service.namespace == *namespace && *service.name == *name)
}

/// Where a port of a Service leads.
pub fn backends(
    facts: &Facts,
    service: &Service,
    asked: AskedPort<'_>,
    protocol: Option<Protocol>,
) -> Result<Vec<Backend>, NoBackend> {
    if service.exposure == ServiceExposure::ExternalName {
        return Err(NoBackend::ExternalName);
    }
    if service.selector.is_empty() {
        return Err(NoBackend::NoSelector);
    }
    let ports = service.ports.iter().filter(|port| {
        let is_asked = match asked {
            AskedPort::Number(number) => port.port == number,
            AskedPort::Name(name) => port.name.as_deref() == Some(name),
        };
        is_asked && protocol.is_none_or(|protocol| port.protocol == protocol)
    });
    let ports: Vec<_> = ports.collect();
    if ports.is_empty() {
        return Err(NoBackend::NoPort);
    }
    let pods: Vec<(usize, &Pod)> = pods_of(facts, service).collect();
    if pods.is_empty() {
        return Err(NoBackend::NoPod);
    }
    let mut backends = Vec::new();
    for port in ports {
        for (place, pod) in &pods {
            let numbers = match &port.target {
                Target::Number(number) => vec![*number],
                Target::Name(name) => numbers_of(pod, name, port.protocol),
            };
            let protocol = port.protocol;
            backends.extend(numbers.into_iter().map(|port| Backend {
                pod: *place,
                protocol,
                port,
            }));
        }
    }
    if backends.is_empty() {
        return Err(NoBackend::NoTarget);
    }
    Ok(backends)
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
