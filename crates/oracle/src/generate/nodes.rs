//! Nodes.

use serde_json::{Value, json};

use super::random::Random;
use super::selectors::NODE_LABELS;
use super::{Corners, Families, object};

/// The addresses of the node with this number, IPv4 first.
pub(super) fn addresses(corners: Corners, index: usize) -> Vec<String> {
    let mut all = vec![format!("192.168.0.{index}")];
    if corners.families == Families::Both {
        all.push(format!("fd01::{index}"));
    }
    all
}

pub(super) fn node(random: &mut Random, corners: Corners, index: usize) -> Value {
    let mut listed = vec![json!({ "type": "Hostname", "address": format!("n{index}") })];
    if random.chance(90) {
        let internal = addresses(corners, index).into_iter();
        listed.extend(internal.map(|address| json!({ "type": "InternalIP", "address": address })));
    }
    if random.chance(40) {
        let external = format!("198.51.100.{index}");
        listed.push(json!({ "type": "ExternalIP", "address": external }));
    }
    let labels = random.some(80, |random| random.labels(&NODE_LABELS));
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": object([("name", Some(json!(format!("n{index}")))), ("labels", labels)]),
        "status": { "addresses": listed },
    })
}
