//! `NetworkPolicy`.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::pods::{PORT_NAMES, PORTS, PROTOCOLS};
use super::random::Random;
use super::{Corners, Families, object};

/// Blocks around the addresses of pods, of nodes and from outside, each in its smaller parts too.
const BLOCKS: [&str; 13] = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/30",
    "10.0.0.4/30",
    "10.0.0.3/32",
    "10.0.0.5/24",
    "192.168.0.0/24",
    "192.168.0.1/32",
    "198.51.100.0/31",
    "203.0.113.0/24",
    "203.0.113.128/25",
    "203.0.113.7/32",
    "0.0.0.0/1",
];

const BLOCKS_OF_IPV6: [&str; 8] = [
    "::/0",
    "fd00::/64",
    "fd00::/126",
    "fd00::3/128",
    "fd01::/64",
    "2001:db8::/32",
    "2001:db8::/64",
    "::ffff:0:0/96",
];

pub(super) fn policy(random: &mut Random, corners: Corners, index: usize) -> Value {
    let types = match random.below(6) {
        0 | 1 => None,
        2 => Some(json!([])),
        3 => Some(json!(["Ingress"])),
        4 => Some(json!(["Egress"])),
        _ => Some(json!(["Ingress", "Egress"])),
    };
    let spec = object([
        ("podSelector", random.some(85, Random::pod_selector)),
        ("policyTypes", types),
        (
            "ingress",
            random.list(2, |random| rule(random, corners, "from")),
        ),
        (
            "egress",
            random.list(2, |random| rule(random, corners, "to")),
        ),
    ]);
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": { "namespace": random.namespace(), "name": format!("policy{index}") },
        "spec": spec,
    })
}

fn rule(random: &mut Random, corners: Corners, peers: &str) -> Value {
    object([
        (peers, random.list(2, |random| peer(random, corners))),
        ("ports", ports(random, port)),
    ])
}

fn peer(random: &mut Random, corners: Corners) -> Value {
    match random.below(6) {
        0 => json!({ "podSelector": random.pod_selector() }),
        1 => json!({ "namespaceSelector": random.namespace_selector() }),
        2 | 3 => json!({
            "namespaceSelector": random.namespace_selector(),
            "podSelector": random.pod_selector(),
        }),
        _ => json!({ "ipBlock": ip_block(random, corners) }),
    }
}

fn ip_block(random: &mut Random, corners: Corners) -> Value {
    let cidr = block(random, corners);
    let inside = |smaller: &&str| {
        let whole: Option<IpNet> = cidr.parse().ok();
        let part: Option<IpNet> = smaller.parse().ok();
        whole.zip(part).is_some_and(|(whole, part)| {
            whole.contains(&part) && whole.prefix_len() < part.prefix_len()
        })
    };
    let all = BLOCKS.iter().chain(&BLOCKS_OF_IPV6).copied();
    let parts: Vec<&str> = all.filter(inside).collect();
    let excepts = random.some(if parts.is_empty() { 0 } else { 40 }, |random| {
        random.items(2, |random| json!(random.pick(&parts)))
    });
    object([("cidr", Some(json!(cidr))), ("except", excepts)])
}

/// A block of a family that the cluster may have.
pub(super) fn block(random: &mut Random, corners: Corners) -> &'static str {
    if corners.families == Families::Both && random.chance(30) {
        random.pick(&BLOCKS_OF_IPV6)
    } else {
        random.pick(&BLOCKS)
    }
}

/// Half of the time all of them, so that what a rule says about peers shows.
pub(super) fn ports(random: &mut Random, port: impl Fn(&mut Random) -> Value) -> Option<Value> {
    if random.chance(50) {
        return None;
    }
    random.list(2, port)
}

fn port(random: &mut Random) -> Value {
    let protocol = random.some(60, |random| json!(random.pick(&PROTOCOLS)));
    let first = random.pick(&PORTS);
    let (port, last) = match random.below(10) {
        0 | 1 => (None, None),
        2..=4 => (Some(json!(random.pick(&PORT_NAMES))), None),
        5 | 6 => {
            let last = first.saturating_add(random.pick(&[0, 1, 10]));
            (Some(json!(first)), Some(json!(last)))
        }
        _ => (Some(json!(first)), None),
    };
    object([("protocol", protocol), ("port", port), ("endPort", last)])
}
