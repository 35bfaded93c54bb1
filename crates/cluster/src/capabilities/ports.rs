//! From ports of Services to ports on which pods listen.

use std::collections::BTreeSet;

use cofferdam_model::flow::{Port, PortNumber};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Inputs;
use crate::observe::ports::protocol;
use crate::observe::wire::{Service, ServicePort};

/// Where the pods of a Service listen for one of its ports: as its endpoints say, else as it says.
pub(super) fn targets(inputs: &Inputs<'_>, service: &Service, port: &ServicePort) -> Vec<Port> {
    let found = inputs.services.iter().find(|other| {
        other.metadata.namespace == service.metadata.namespace
            && other.metadata.name == service.metadata.name
    });
    let slices = found
        .into_iter()
        .flat_map(|service| inputs.slices_of(service));
    let wanted = protocol(&port.protocol);
    let numbers: BTreeSet<u16> = slices
        .flat_map(|slice| slice.ports.iter().flatten())
        .filter(|other| other.name.as_deref().unwrap_or_default() == port.name)
        .filter(|other| protocol(other.protocol.as_deref().unwrap_or_default()) == wanted)
        .filter_map(|other| other.port)
        .collect();
    let number = |number| Port {
        protocol: wanted,
        port: number,
    };
    if !numbers.is_empty() {
        let all = numbers.into_iter().map(PortNumber::Number);
        return all.map(number).collect();
    }
    let target = match &port.target_port {
        Some(IntOrString::Int(target)) => {
            PortNumber::Number(u16::try_from(*target).unwrap_or(port.port))
        }
        Some(IntOrString::String(name)) => PortNumber::Name(name.clone()),
        None => PortNumber::Number(port.port),
    };
    vec![number(target)]
}
