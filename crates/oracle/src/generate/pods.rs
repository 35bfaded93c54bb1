//! Pods.

use serde_json::{Value, json};

use super::random::Random;
use super::selectors::POD_LABELS;
use super::{Corners, Families, nodes, object};

/// The names of ports that rules ask for.
pub(super) const PORT_NAMES: [&str; 3] = ["http", "dns", "metrics"];

/// The numbers of ports that pods and rules have.
pub(super) const PORTS: [u16; 6] = [80, 8080, 53, 443, 1, 65535];

pub(super) const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

pub(super) fn pod(random: &mut Random, corners: Corners, index: usize) -> Value {
    let labels = random.some(85, |random| random.labels(&POD_LABELS));
    let terminating = random.some(10, |_| json!("2026-01-01T00:00:00Z"));
    let node = if corners.nodes { random.below(5) } else { 0 };
    let host_network = corners.nodes && random.chance(15);
    let node_name = match node {
        0 => None,
        number => Some(json!(format!("n{number}"))),
    };
    let init_containers = random.some(30, |random| random.items(2, init_container));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": object([
            ("namespace", Some(json!(random.namespace()))),
            ("name", Some(json!(format!("p{index}")))),
            ("labels", labels),
            ("deletionTimestamp", terminating),
        ]),
        "spec": object([
            ("nodeName", node_name),
            ("hostNetwork", host_network.then_some(Value::Bool(true))),
            ("containers", Some(random.items(2, |random| container(random, None)))),
            ("initContainers", init_containers),
        ]),
        "status": if host_network {
            host_status(random, corners, node)
        } else {
            status(random, corners, index, node)
        },
    })
}

/// A pod with an address of its own, or with none yet.
fn status(random: &mut Random, corners: Corners, index: usize, node: usize) -> Value {
    let (four, six) = (format!("10.0.0.{index}"), format!("fd00::{index}"));
    let list = |addresses: &[&String]| {
        let items = addresses.iter();
        Some(items.map(|address| json!({ "ip": address })).collect())
    };
    let both = corners.families == Families::Both;
    let (address, addresses): (_, Option<Value>) = match random.below(10) {
        0 if both => (None, None),
        1 if both => (Some(json!(six)), list(&[&six])),
        2..=4 if both => (Some(json!(four)), list(&[&four, &six])),
        5 if both => (Some(json!(six)), list(&[&six, &four])),
        6 | 7 => (Some(json!(four)), None),
        _ => (Some(json!(four)), list(&[&four])),
    };
    let host = nodes::addresses(corners, node).into_iter().next();
    let host = host.filter(|_| node > 0 && random.chance(70));
    object([
        ("phase", Some(json!(phase(random)))),
        ("podIP", address),
        ("podIPs", addresses),
        ("hostIP", host.map(|host| json!(host))),
    ])
}

/// A pod in the host network tells the addresses of its node in any of several ways.
fn host_status(random: &mut Random, corners: Corners, node: usize) -> Value {
    let addresses = nodes::addresses(corners, node);
    let first = addresses.first().cloned().unwrap_or_default();
    let all: Value = addresses
        .iter()
        .map(|address| json!({ "ip": address }))
        .collect();
    let known = node > 0;
    let told = random.below(4);
    object([
        ("phase", Some(json!(phase(random)))),
        ("podIP", (known && told == 0).then(|| json!(first))),
        ("podIPs", (known && told == 0).then(|| all.clone())),
        ("hostIP", (known && told < 2).then(|| json!(first))),
        ("hostIPs", (known && told == 2).then_some(all)),
    ])
}

fn phase(random: &mut Random) -> &'static str {
    match random.below(20) {
        0 => "Succeeded",
        1 => "Failed",
        2 | 3 => "Pending",
        4 => "Unknown",
        _ => "Running",
    }
}

fn init_container(random: &mut Random) -> Value {
    let policy = random.some(60, |_| json!("Always"));
    container(random, policy)
}

/// A container gives a name to one of its ports only.
fn container(random: &mut Random, restart_policy: Option<Value>) -> Value {
    let mut ports = Vec::new();
    for name in PORT_NAMES {
        if random.chance(40) {
            let protocol = random.some(50, |random| json!(random.pick(&PROTOCOLS)));
            ports.push(object([
                ("name", Some(json!(name))),
                ("containerPort", Some(json!(random.pick(&PORTS)))),
                ("protocol", protocol),
            ]));
        }
    }
    if random.chance(20) {
        ports.push(json!({ "containerPort": random.pick(&PORTS) }));
    }
    object([
        ("ports", Some(json!(ports))),
        ("restartPolicy", restart_policy),
    ])
}
