//! Policies that an API server refuses.

use serde_json::{Value, json};

use super::random::Random;

/// The policy with one part that is invalid.
pub(super) fn spoil(random: &mut Random, mut policy: Value) -> Value {
    let faults = match policy.get("kind").and_then(Value::as_str) {
        Some("NetworkPolicy") => of_network_policy(),
        Some("BaselineAdminNetworkPolicy") => of_baseline(),
        Some("ClusterNetworkPolicy") => of_cluster(),
        _ => of_admin(),
    };
    let (field, value) = random.pick(&faults);
    if let Some(Value::Object(spec)) = policy.get_mut("spec") {
        // What the policy says beside its fault does not count either, so let it say something.
        match (spec.get_mut(field), value) {
            (Some(Value::Array(items)), Value::Array(more)) => items.extend(more),
            (_, Value::Null) => {
                spec.remove(field);
            }
            (_, value) => {
                spec.insert(field.to_owned(), value);
            }
        }
    }
    policy
}

type Faults = Vec<(&'static str, Value)>;

fn of_network_policy() -> Faults {
    let from = |peer: Value| ("ingress", json!([{ "from": [peer] }]));
    let port = |port: Value| ("egress", json!([{ "ports": [port] }]));
    let selector = |expression: Value| ("podSelector", json!({ "matchExpressions": [expression] }));
    vec![
        from(json!({})),
        from(json!({ "ipBlock": { "cidr": "10.0.0.0/8" }, "podSelector": {} })),
        from(json!({ "ipBlock": { "cidr": "10.0.0.0/33" } })),
        from(json!({ "ipBlock": { "cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"] } })),
        from(json!({ "ipBlock": { "cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"] } })),
        port(json!({ "endPort": 80 })),
        port(json!({ "port": 80, "endPort": 79 })),
        port(json!({ "port": "http", "endPort": 80 })),
        port(json!({ "port": 0 })),
        port(json!({ "port": 65536 })),
        port(json!({ "protocol": "ICMP" })),
        ("policyTypes", json!(["Both"])),
        selector(json!({ "key": "app", "operator": "In", "values": [] })),
        selector(json!({ "key": "app", "operator": "NotIn" })),
        selector(json!({ "key": "app", "operator": "Exists", "values": ["web"] })),
        selector(json!({ "key": "app", "operator": "Gt", "values": ["1"] })),
    ]
}

/// What all policies of a cluster refuse.
fn of_each() -> Faults {
    let to = |peers: Value| ("egress", json!([{ "action": "Deny", "to": peers }]));
    vec![
        ("subject", json!({})),
        (
            "subject",
            json!({
                "namespaces": {},
                "pods": { "namespaceSelector": {}, "podSelector": {} },
            }),
        ),
        (
            "ingress",
            json!([{ "action": "Permit", "from": [{ "namespaces": {} }] }]),
        ),
        ("ingress", json!([{ "action": "Deny", "from": [] }])),
        ("ingress", json!([{ "action": "Deny" }])),
        to(json!([{ "networks": ["10.0.0.0"] }])),
        to(json!([{ "networks": ["10.0.0.0/8"], "nodes": {} }])),
    ]
}

fn of_first_version() -> Faults {
    let ports = |ports: Value, peer: Value| {
        (
            "egress",
            json!([{ "action": "Deny", "to": [peer], "ports": ports }]),
        )
    };
    let pods = || json!({ "namespaces": {} });
    let rule = json!({ "action": "Deny", "from": [pods()] });
    let mut faults = of_each();
    faults.extend([
        ("ingress", Value::Array(vec![rule; 101])),
        ports(json!([{ "portRange": { "start": 80, "end": 80 } }]), pods()),
        ports(json!([{ "portNumber": { "port": 0 } }]), pods()),
        ports(
            json!([{ "portNumber": { "port": 80, "protocol": "ICMP" } }]),
            pods(),
        ),
        ports(
            json!([{ "namedPort": "http" }]),
            json!({ "networks": ["10.0.0.0/8"] }),
        ),
        ports(json!([{ "namedPort": "http" }]), json!({ "nodes": {} })),
    ]);
    faults
}

fn of_admin() -> Faults {
    let mut faults = of_first_version();
    faults.extend([
        ("priority", json!(1001)),
        ("priority", json!(-1)),
        ("priority", Value::Null),
    ]);
    faults
}

fn of_baseline() -> Faults {
    let mut faults = of_first_version();
    faults.push((
        "ingress",
        json!([{ "action": "Pass", "from": [{ "namespaces": {} }] }]),
    ));
    faults
}

fn of_cluster() -> Faults {
    let protocols = |protocol: Value, peer: Value| {
        (
            "egress",
            json!([{ "action": "Deny", "to": [peer], "protocols": [protocol] }]),
        )
    };
    let pods = || json!({ "namespaces": {} });
    let rule = json!({ "action": "Deny", "from": [pods()] });
    let mut faults = of_each();
    faults.extend([
        ("priority", json!(1001)),
        ("tier", json!("NetworkPolicy")),
        ("tier", Value::Null),
        ("ingress", Value::Array(vec![rule; 26])),
        protocols(json!({ "tcp": {} }), pods()),
        protocols(
            json!({ "tcp": { "destinationPort": { "range": { "start": 9, "end": 9 } } } }),
            pods(),
        ),
        protocols(
            json!({ "destinationNamedPort": "http" }),
            json!({ "networks": ["10.0.0.0/8"] }),
        ),
        protocols(
            json!({ "destinationNamedPort": "http" }),
            json!({ "nodes": {} }),
        ),
    ]);
    faults
}

#[cfg(test)]
mod tests {
    use crate::generate::cluster_policies::{Version, policy};
    use crate::generate::{Corners, network_policies};
    use crate::valid::is_valid;

    use super::*;

    #[test]
    fn every_fault_is_one() {
        let mut random = Random::new(0);
        for round in 0..3000 {
            let made = match round % 4 {
                0 => network_policies::policy(&mut random, Corners::ALL, 1),
                1 => policy(&mut random, Corners::ALL, Version::Admin, 1),
                2 => policy(&mut random, Corners::ALL, Version::Baseline, 1),
                _ => policy(&mut random, Corners::ALL, Version::Cluster, 1),
            };
            assert!(is_valid(&made), "{made:#}");
            let spoilt = spoil(&mut random, made);
            assert!(!is_valid(&spoilt), "{spoilt:#}");
        }
    }
}
