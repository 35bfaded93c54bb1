//! `AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` and `ClusterNetworkPolicy`.

use serde_json::{Value, json};

use super::network_policies::{block, ports};
use super::pods::{PORT_NAMES, PORTS, PROTOCOLS};
use super::random::Random;
use super::{Corners, object};

/// The kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Admin,
    Baseline,
    Cluster,
}

pub(super) fn policy(
    random: &mut Random,
    corners: Corners,
    version: Version,
    index: usize,
) -> Value {
    let (kind, api_version) = match version {
        Version::Admin => ("AdminNetworkPolicy", "v1alpha1"),
        Version::Baseline => ("BaselineAdminNetworkPolicy", "v1alpha1"),
        Version::Cluster => ("ClusterNetworkPolicy", "v1alpha2"),
    };
    let name = match version {
        Version::Baseline => "default".to_owned(),
        Version::Admin | Version::Cluster => format!("policy{index}"),
    };
    // Few priorities, so that several policies have the same.
    let priority = random.pick(&[5, 5, 5, 0, 1000]);
    let tier = random.pick(&["Admin", "Admin", "Baseline"]);
    let rules =
        |random: &mut Random, peers| random.list(3, |random| rule(random, corners, version, peers));
    let spec = object([
        ("tier", (version == Version::Cluster).then(|| json!(tier))),
        (
            "priority",
            (version != Version::Baseline).then(|| json!(priority)),
        ),
        ("subject", Some(subject(random, version))),
        ("ingress", rules(random, "from")),
        ("egress", rules(random, "to")),
    ]);
    json!({
        "apiVersion": format!("policy.networking.k8s.io/{api_version}"),
        "kind": kind,
        "metadata": { "name": name },
        "spec": spec,
    })
}

/// The same policy under another name with other actions, where another one may have its priority.
pub(super) fn twin(random: &mut Random, mut policy: Value) -> Option<Value> {
    let allow = match policy.get("kind").and_then(Value::as_str) {
        Some("AdminNetworkPolicy") => "Allow",
        Some("ClusterNetworkPolicy") => "Accept",
        _ => return None,
    };
    *policy.pointer_mut("/metadata/name")? = json!("twin");
    for rules in ["/spec/ingress", "/spec/egress"] {
        let rules = policy.pointer_mut(rules).and_then(Value::as_array_mut);
        for action in rules
            .into_iter()
            .flatten()
            .filter_map(|rule| rule.get_mut("action"))
        {
            *action = json!(random.pick(&[allow, "Deny", "Pass"]));
        }
    }
    Some(policy)
}

fn subject(random: &mut Random, version: Version) -> Value {
    if random.chance(50) {
        return json!({ "namespaces": {} });
    }
    pods_or_namespaces(random, version)
}

fn pods_or_namespaces(random: &mut Random, version: Version) -> Value {
    if random.chance(50) {
        return json!({ "namespaces": random.namespace_selector() });
    }
    // Only the second version can leave it out.
    let always = if version == Version::Cluster { 80 } else { 100 };
    let namespaces = random.some(always, Random::namespace_selector);
    let pods = Some(random.pod_selector());
    json!({ "pods": object([("namespaceSelector", namespaces), ("podSelector", pods)]) })
}

fn rule(random: &mut Random, corners: Corners, version: Version, peers: &str) -> Value {
    let action = match version {
        Version::Admin => random.pick(&["Allow", "Deny", "Pass"]),
        Version::Baseline => random.pick(&["Allow", "Deny"]),
        Version::Cluster => random.pick(&["Accept", "Deny", "Pass"]),
    };
    let listed = random.items(2, |random| match peers {
        "from" => ingress_peer(random, version),
        _ => egress_peer(random, corners, version),
    });
    let selects_pods = |peer: &Value| {
        ["namespaces", "pods"]
            .iter()
            .any(|field| peer.get(field).is_some())
    };
    // Names go only with pods.
    let may_name = listed
        .as_array()
        .is_some_and(|listed| listed.iter().all(selects_pods));
    let (field, ports) = match version {
        Version::Cluster => (
            "protocols",
            random.list(2, |random| protocol(random, may_name)),
        ),
        Version::Admin | Version::Baseline => {
            ("ports", ports(random, |random| port(random, may_name)))
        }
    };
    object([
        ("action", Some(json!(action))),
        (peers, Some(listed)),
        (field, ports),
    ])
}

fn ingress_peer(random: &mut Random, version: Version) -> Value {
    match random.below(20) {
        0 => unknown_peer(random),
        1 => json!({ "networks": ["10.0.0.0/8"] }),
        _ => pods_or_namespaces(random, version),
    }
}

fn egress_peer(random: &mut Random, corners: Corners, version: Version) -> Value {
    match random.below(20) {
        0 => unknown_peer(random),
        1 if version != Version::Baseline => json!({ "domainNames": ["*.example.com"] }),
        2..=5 => json!({ "networks": random.items(2, |random| json!(block(random, corners))) }),
        6 | 7 => json!({ "nodes": random.node_selector() }),
        _ => pods_or_namespaces(random, version),
    }
}

/// A peer of a version of the API that nobody knows yet.
fn unknown_peer(random: &mut Random) -> Value {
    random.pick(&[json!({}), json!({ "services": {} })])
}

/// An entry of `ports`, in the first version.
fn port(random: &mut Random, may_name: bool) -> Value {
    if may_name && random.chance(30) {
        return json!({ "namedPort": random.pick(&PORT_NAMES) });
    }
    let protocol = random.some(60, |random| json!(random.pick(&PROTOCOLS)));
    if random.chance(30) {
        let (start, end) = range(random);
        let fields = [
            ("protocol", protocol),
            ("start", Some(start)),
            ("end", Some(end)),
        ];
        return json!({ "portRange": object(fields) });
    }
    let port = Some(json!(random.pick(&PORTS)));
    json!({ "portNumber": object([("protocol", protocol), ("port", port)]) })
}

/// An entry of `protocols`, in the second version.
fn protocol(random: &mut Random, may_name: bool) -> Value {
    if may_name && random.chance(30) {
        return json!({ "destinationNamedPort": random.pick(&PORT_NAMES) });
    }
    let port = if random.chance(30) {
        let (start, end) = range(random);
        json!({ "range": { "start": start, "end": end } })
    } else {
        json!({ "number": random.pick(&PORTS) })
    };
    let protocol = random.pick(&["tcp", "tcp", "udp", "sctp"]);
    json!({ protocol: { "destinationPort": port } })
}

fn range(random: &mut Random) -> (Value, Value) {
    let start = random.pick(&[1, 53, 80, 443, 8080, 65534]);
    let end = random.pick(&[start + 1, start + 1, 65535]);
    (json!(start), json!(end))
}
