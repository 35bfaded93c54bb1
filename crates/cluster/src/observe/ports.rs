//! Ports of containers, and protocols of ports.

use std::net::IpAddr;

use cofferdam_model::flow::Protocol;
use cofferdam_objects::pod_template::Port;
use cofferdam_state::observed::ContainerPort;

pub(crate) fn protocol(text: &str) -> Protocol {
    match text {
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}

/// The ports of containers and of those init containers that are sidecars.
pub(super) fn container_ports<'a>(
    containers: impl Iterator<Item = &'a Port>,
    sidecars: impl Iterator<Item = &'a Port>,
) -> Vec<ContainerPort> {
    let declared = |sidecar: bool| {
        move |port: &Port| {
            Some(ContainerPort {
                name: port.name.clone(),
                protocol: protocol(&port.protocol),
                number: u16::try_from(port.container_port).ok()?,
                sidecar,
                host_port: host_port(port),
            })
        }
    };
    let containers = containers.filter_map(declared(false));
    containers
        .chain(sidecars.filter_map(declared(true)))
        .collect()
}

/// The port of the node that leads to a container, unless only the node itself can use it.
fn host_port(port: &Port) -> Option<u16> {
    let address: Option<IpAddr> = port.host_ip.parse().ok();
    let number = u16::try_from(port.host_port).ok();
    number.filter(|number| *number != 0 && !address.is_some_and(|one| one.is_loopback()))
}

/// Whether an init container with this restart policy is a sidecar: it runs beside the others.
pub(super) fn is_sidecar(restart_policy: Option<&str>) -> bool {
    restart_policy == Some("Always")
}
