//! Services.

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use serde_json::Value;

use super::Reader;
use super::pod::{items, text};
use crate::facts::{Service, ServiceExposure, ServicePort, Target};
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
            exposure: exposure(spec),
            ports: items(spec, "ports").iter().filter_map(port).collect(),
        };
        self.facts.services.push(service);
    }
}

fn cluster_addresses(spec: &Value) -> Vec<std::net::IpAddr> {
    let several = items(spec, "clusterIPs").iter().filter_map(Value::as_str);
    let mut addresses: Vec<_> = several.filter_map(|one| one.parse().ok()).collect();
    if addresses.is_empty() {
        addresses.extend(text(spec, "/clusterIP").parse::<std::net::IpAddr>());
    }
    addresses
}

fn exposure(spec: &Value) -> ServiceExposure {
    let keeps_client = text(spec, "/externalTrafficPolicy") == "Local";
    match text(spec, "/type") {
        "LoadBalancer" => ServiceExposure::LoadBalancer { keeps_client },
        "NodePort" => ServiceExposure::Nodes { keeps_client },
        "ExternalName" => ServiceExposure::ExternalName,
        _ if !items(spec, "externalIPs").is_empty() => ServiceExposure::ExternalAddresses,
        _ => ServiceExposure::Cluster,
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
        protocol: match text(port, "/protocol") {
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            _ => Protocol::Tcp,
        },
        port: number,
        target,
    })
}
