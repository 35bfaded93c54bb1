//! Services.

use std::net::IpAddr;
use std::str::FromStr;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use serde_json::Value;

use super::Reader;
use super::pod::{items, text};
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
            kind: kind(spec),
            keeps_client: text(spec, "/externalTrafficPolicy") == "Local",
            external_addresses: parsed(spec, "externalIPs").collect(),
            clients: parsed(spec, "loadBalancerSourceRanges").collect(),
            ports: items(spec, "ports").iter().filter_map(port).collect(),
        };
        self.facts.services.push(service);
    }
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
        "LoadBalancer" => ServiceKind::LoadBalancer,
        "NodePort" => ServiceKind::Nodes,
        "ExternalName" => ServiceKind::ExternalName,
        _ => ServiceKind::Cluster,
    }
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
