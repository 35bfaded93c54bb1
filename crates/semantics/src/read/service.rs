//! Services.

use std::net::IpAddr;
use std::str::FromStr;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use cofferdam_objects::load_balancer;
use ipnet::IpNet;
use serde_json::Value;

use super::Reader;
use super::pod::{annotations, at, items, text};
use crate::facts::{Service, ServiceKind, ServicePort, Target};
use crate::policy::Source;

impl Reader {
    pub(super) fn service(&mut self, object: &Value, source: Source) {
        let Some(spec) = object.get("spec") else {
            return;
        };
        let selector = spec.get("selector").and_then(Value::as_object);
        let selector: Labels = selector
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        let service = Service {
            namespace: self.namespace_of(object),
            name: self.name_of(object),
            source,
            selector,
            cluster_addresses: cluster_addresses(spec),
            is_headless: text(spec, "/clusterIP") == "None",
            kind: kind(spec),
            keeps_client: text(spec, "/externalTrafficPolicy") == "Local",
            external_addresses: parsed(spec, "externalIPs").collect(),
            balancer_addresses: balancer_addresses(object),
            balancer_names: balancer_names(object),
            is_internal: load_balancer::is_internal(&annotations(object)),
            clients: clients(object),
            ports: items(spec, "ports").iter().filter_map(port).collect(),
        };
        self.facts.services.push(service);
    }
}

/// The addresses that a load balancer has, and the one that it was asked to have.
fn balancer_addresses(object: &Value) -> Vec<IpAddr> {
    let balancer = at(object, "/status/loadBalancer").unwrap_or(&Value::Null);
    let given = items(balancer, "ingress").iter();
    let given = given.map(|one| text(one, "/ip"));
    let asked = text(object, "/spec/loadBalancerIP");
    let mut addresses: Vec<IpAddr> = given
        .chain([asked])
        .filter_map(|one| one.parse().ok())
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// The names by which a load balancer is reached whose addresses are not told.
fn balancer_names(object: &Value) -> Vec<String> {
    let balancer = at(object, "/status/loadBalancer").unwrap_or(&Value::Null);
    let given = items(balancer, "ingress").iter();
    let others = given.filter(|one| text(one, "/ip").is_empty());
    let names = others.map(|one| text(one, "/hostname").to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// The only clients that a load balancer accepts, by the field or else the annotation.
fn clients(object: &Value) -> Vec<IpNet> {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let ranges = items(spec, "loadBalancerSourceRanges").iter();
    let mut ranges: Vec<&str> = ranges.filter_map(Value::as_str).collect();
    let annotations = annotations(object);
    if ranges.is_empty() {
        let written = annotations.get(load_balancer::SOURCE_RANGES);
        ranges.extend(written.iter().flat_map(|all| all.split(',')));
    }
    let ranges = ranges.into_iter();
    ranges.filter_map(|one| one.trim().parse().ok()).collect()
}

fn cluster_addresses(spec: &Value) -> Vec<IpAddr> {
    let mut addresses: Vec<_> = parsed(spec, "clusterIPs").collect();
    if addresses.is_empty() {
        addresses.extend(text(spec, "/clusterIP").parse::<IpAddr>());
    }
    addresses
}

/// The texts of a list that are what is wanted.
fn parsed<T: FromStr>(spec: &Value, field: &str) -> impl Iterator<Item = T> {
    let texts = items(spec, field).iter().filter_map(Value::as_str);
    texts.filter_map(|one| one.parse().ok())
}

fn kind(spec: &Value) -> ServiceKind {
    match text(spec, "/type") {
        "LoadBalancer" => ServiceKind::LoadBalancer {
            at_nodes: has_node_ports(spec),
        },
        "NodePort" => ServiceKind::Nodes,
        "ExternalName" => ServiceKind::ExternalName,
        _ => ServiceKind::Cluster,
    }
}

/// Whether nodes have ports for what a load balancer leads to, as they do unless it is said otherwise.
fn has_node_ports(spec: &Value) -> bool {
    let allocated = spec.get("allocateLoadBalancerNodePorts");
    let mut ports = items(spec, "ports").iter();
    allocated.and_then(Value::as_bool) != Some(false) || ports.any(|port| node_port(port).is_some())
}

/// The port of nodes that a port of a Service was given.
fn node_port(port: &Value) -> Option<u16> {
    let number = port.get("nodePort")?.as_u64()?;
    u16::try_from(number).ok().filter(|number| *number != 0)
}

fn port(port: &Value) -> Option<ServicePort> {
    let number = u16::try_from(port.get("port")?.as_u64()?).ok()?;
    let target = match port.get("targetPort") {
        Some(Value::String(name)) => Target::Name(name.clone()),
        Some(value) if !value.is_null() => Target::Number(u16::try_from(value.as_u64()?).ok()?),
        Some(_) | None => Target::Number(number),
    };
    Some(ServicePort {
        name: port.get("name").and_then(Value::as_str).map(str::to_owned),
        protocol: protocol(port),
        port: number,
        target,
        node_port: node_port(port),
    })
}

/// The protocol of a port; TCP where none is given.
pub(super) fn protocol(port: &Value) -> Protocol {
    match text(port, "/protocol") {
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}
