//! Ports: numbers, ranges, and names that the destination gives a meaning.

use cofferdam_model::dialect::SidecarPorts;
use serde_json::Value;

use crate::connection::Connection;
use crate::fields::{field, items, text};

/// The number at a path.
pub(crate) fn number(value: &Value, path: &str) -> Option<i64> {
    field(value, path).and_then(Value::as_i64)
}

/// The protocol at a path; TCP where there is none.
pub(crate) fn protocol<'a>(value: &'a Value, path: &str) -> &'a str {
    match field(value, path) {
        None => "TCP",
        Some(protocol) => protocol.as_str().unwrap_or_default(),
    }
}

/// Whether the port lies between two numbers, both included.
pub(crate) fn is_between(connection: &Connection, first: i64, last: i64) -> bool {
    (first..=last).contains(&i64::from(connection.port))
}

/// Whether the destination gives this name to the connection's port and protocol.
pub(crate) fn is_named(connection: &Connection, name: &str, sidecars: SidecarPorts) -> bool {
    let Some(pod) = connection.to.pod else {
        return false;
    };
    let containers = items(pod, "/spec/containers").iter();
    let init_containers = items(pod, "/spec/initContainers").iter();
    let counted = init_containers.filter(|container| {
        sidecars == SidecarPorts::Count && text(container, "/restartPolicy") == "Always"
    });
    let mut ports = containers
        .chain(counted)
        .flat_map(|container| items(container, "/ports"));
    ports.any(|port| {
        text(port, "/name") == name
            && protocol(port, "/protocol") == connection.protocol.as_str()
            && number(port, "/containerPort") == Some(i64::from(connection.port))
    })
}
