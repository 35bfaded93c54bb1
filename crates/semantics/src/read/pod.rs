//! Pods and nodes.

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::labels::Labels;
use serde_json::Value;

use super::Reader;
use super::service::protocol;
use super::workload::Owned;
use crate::facts::{ContainerPort, HostPort, Place, Pod, Workload};
use crate::policy::Source;

/// Phases after which a pod sends and receives nothing any more.
const ENDED: [&str; 2] = ["Succeeded", "Failed"];

impl Reader {
    pub(super) fn pod(&mut self, object: &Value, source: Source) {
        if ENDED.contains(&text(object, "/status/phase")) {
            return;
        }
        let namespace = self.namespace_of(object);
        let name: Arc<str> = text(object, "/metadata/name").into();
        let pod_kind = self.shared("Pod");
        let owner = self.controller_of(object);
        let labels = labels(object);
        let of_template = labels.get(TEMPLATE_HASH).cloned();
        let pod = Pod {
            workload: Workload {
                kind: pod_kind,
                name: Arc::clone(&name),
            },
            labels: self.shared_labels(labels),
            ports: self.container_ports(object.get("spec").unwrap_or(&Value::Null)),
            host_ports: host_ports(object.get("spec").unwrap_or(&Value::Null)),
            addresses: addresses(object, "/status/podIPs", "/status/podIP"),
            place: self.place(object),
            is_template: false,
            is_future: false,
            namespace,
            name,
            source,
        };
        self.owned.push(Owned { owner, of_template });
        self.facts.pods.push(pod);
    }

    fn place(&mut self, object: &Value) -> Place {
        let node = text(object, "/spec/nodeName");
        Place {
            node: (!node.is_empty()).then(|| self.shared(node)),
            host_addresses: addresses(object, "/status/hostIPs", "/status/hostIP"),
            host_network: is_host_network(object.get("spec").unwrap_or(&Value::Null)),
        }
    }

    /// The ports that the containers of a pod spec declare, those of sidecars among them.
    pub(super) fn container_ports(&mut self, spec: &Value) -> Arc<[ContainerPort]> {
        let mut ports = Vec::new();
        for (port, sidecar) in declared(spec) {
            ports.extend(self.container_port(port, sidecar));
        }
        ports.sort();
        ports.dedup();
        if let Some(known) = self.ports.get(ports.as_slice()) {
            return Arc::clone(known);
        }
        let ports: Arc<[ContainerPort]> = ports.into();
        self.ports.insert(Arc::clone(&ports));
        ports
    }

    fn container_port(&mut self, port: &Value, sidecar: bool) -> Option<ContainerPort> {
        let name = text(port, "/name");
        let number = port.get("containerPort")?.as_u64()?;
        Some(ContainerPort {
            name: self.shared(name),
            protocol: protocol(port),
            number: u16::try_from(number).unwrap_or(0),
            sidecar,
        })
    }
}

/// The ports of the containers of a pod spec that go on to run, and whether each is of a sidecar.
fn declared(spec: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let fields = [("containers", false), ("initContainers", true)].into_iter();
    fields.flat_map(move |(field, sidecar)| {
        let containers = items(spec, field).iter();
        let containers =
            containers.filter(move |one| !sidecar || text(one, "/restartPolicy") == "Always");
        let ports = containers.flat_map(|container| items(container, "ports"));
        ports.map(move |port| (port, sidecar))
    })
}

/// The ports of nodes that lead to the pods of a spec, but those that only their node itself can use.
pub(super) fn host_ports(spec: &Value) -> Box<[HostPort]> {
    let host_network = is_host_network(spec);
    let ports = declared(spec).filter_map(|(port, _)| {
        let number = |field: &str| -> Option<u16> {
            let number = port.get(field)?.as_u64()?;
            u16::try_from(number).ok().filter(|number| *number != 0)
        };
        let target = number("containerPort")?;
        let address: Option<IpAddr> = text(port, "/hostIP").parse().ok();
        let of_node = if host_network {
            Some(target)
        } else {
            let is_open = !address.is_some_and(|address| address.is_loopback());
            number("hostPort").filter(|_| is_open)
        };
        Some(HostPort {
            protocol: protocol(port),
            number: of_node?,
            target,
        })
    });
    let mut ports: Vec<HostPort> = ports.collect();
    ports.sort();
    ports.dedup();
    ports.into()
}

/// The label by which a Deployment tells its `ReplicaSet`s apart; their names end with its value.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// Whether the pods of a spec use the network of their node.
pub(super) fn is_host_network(spec: &Value) -> bool {
    spec.get("hostNetwork").and_then(Value::as_bool) == Some(true)
}

/// The labels of an object.
pub(super) fn labels(object: &Value) -> Labels {
    let labels = at(object, "/metadata/labels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    labels
        // A value of null is an empty text to an API server.
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// The annotations of an object.
pub(super) fn annotations(object: &Value) -> Labels {
    let annotations = at(object, "/metadata/annotations").and_then(Value::as_object);
    let annotations = annotations.into_iter().flatten();
    annotations
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The own addresses of a node.
pub(super) fn node_addresses(object: &Value) -> Box<[IpAddr]> {
    let addresses = at(object, "/status/addresses").and_then(Value::as_array);
    let addresses = addresses.into_iter().flatten();
    addresses
        .filter_map(|address| text(address, "/address").parse().ok())
        .collect()
}

/// The addresses of a list of `{ip}`, or else the single one.
fn addresses(object: &Value, list: &str, single: &str) -> Box<[IpAddr]> {
    let several = at(object, list).and_then(Value::as_array);
    let mut several = several
        .into_iter()
        .flatten()
        .filter_map(|one| text(one, "/ip").parse().ok())
        .peekable();
    match several.peek() {
        Some(_) => several.collect(),
        None => text(object, single).parse().into_iter().collect(),
    }
}

/// The value at a path of fields, such as `/metadata/name`.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut fields = path.split('/').skip(1);
    fields.try_fold(value, |value, field| value.get(field))
}

/// The text at a path of fields; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list; none where there is no list.
pub(super) fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let items = value.get(field).and_then(Value::as_array);
    items.map(Vec::as_slice).unwrap_or_default()
}
