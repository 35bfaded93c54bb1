//! `AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` and `ClusterNetworkPolicy` (checklist 61 to 64,
//! 67, 70, 71, 73 to 75).

use super::{check_admin, check_valid};

/// 61, 62.
#[test]
fn place_and_subject_of_the_first_version() {
    for (kind, spec, expected) in [
        (
            "AdminNetworkPolicy",
            "priority: 0, subject: {namespaces: {}}",
            true,
        ),
        (
            "AdminNetworkPolicy",
            "priority: 1000, subject: {namespaces: {}}",
            true,
        ),
        (
            "AdminNetworkPolicy",
            "priority: -1, subject: {namespaces: {}}",
            false,
        ),
        (
            "AdminNetworkPolicy",
            "priority: 1001, subject: {namespaces: {}}",
            false,
        ),
        ("AdminNetworkPolicy", "subject: {namespaces: {}}", false),
        ("AdminNetworkPolicy", "priority: 1", false),
        ("AdminNetworkPolicy", "priority: 1, subject: {}", false),
        (
            "AdminNetworkPolicy",
            "priority: 1, subject: {namespaces: {}, pods: {namespaceSelector: {}, podSelector: {}}}",
            false,
        ),
        (
            "AdminNetworkPolicy",
            "priority: 1, subject: {pods: {podSelector: {}}}",
            false,
        ),
        (
            "BaselineAdminNetworkPolicy",
            "subject: {namespaces: {}}",
            true,
        ),
    ] {
        check_admin(kind, spec, expected);
    }
    check_valid(
        "kind: BaselineAdminNetworkPolicy\nmetadata: {name: other}\nspec: {subject: {namespaces: {}}}\n",
        false,
    );
}

/// 62, 70.
#[test]
fn place_and_subject_of_the_second_version() {
    for (kind, spec, expected) in [
        (
            "ClusterNetworkPolicy",
            "tier: Admin, priority: 1, subject: {pods: {podSelector: {}}}",
            true,
        ),
        (
            "ClusterNetworkPolicy",
            "tier: Admin, priority: 1, subject: {pods: {namespaceSelector: {}}}",
            false,
        ),
        (
            "ClusterNetworkPolicy",
            "tier: Baseline, priority: 1, subject: {namespaces: {}}",
            true,
        ),
        (
            "ClusterNetworkPolicy",
            "tier: Other, priority: 1, subject: {namespaces: {}}",
            false,
        ),
        (
            "ClusterNetworkPolicy",
            "priority: 1, subject: {namespaces: {}}",
            false,
        ),
        (
            "ClusterNetworkPolicy",
            "tier: Admin, subject: {namespaces: {}}",
            false,
        ),
    ] {
        check_admin(kind, spec, expected);
    }
}

const ADMIN: (&str, &str) = ("AdminNetworkPolicy", "priority: 1");
const CLUSTER: (&str, &str) = ("ClusterNetworkPolicy", "tier: Baseline, priority: 1");
const BASELINE: (&str, &str) = ("BaselineAdminNetworkPolicy", "x: y");

fn check_rules((kind, place): (&str, &str), rules: &str, expected: bool) {
    check_admin(
        kind,
        &format!("{place}, subject: {{namespaces: {{}}}}, {rules}"),
        expected,
    );
}

/// 61, 63, 71.
#[test]
fn actions_and_peers() {
    let from =
        |action: &str, peers: &str| format!("ingress: [{{action: {action}, from: {peers}}}]");
    let to = |peers: &str| format!("egress: [{{action: Deny, to: {peers}}}]");
    for (kind, rules, expected) in [
        (ADMIN, from("Allow", "[{namespaces: {}}]"), true),
        (ADMIN, from("Pass", "[{namespaces: {}}]"), true),
        (ADMIN, from("Accept", "[{namespaces: {}}]"), false),
        (BASELINE, from("Allow", "[{namespaces: {}}]"), true),
        (BASELINE, from("Pass", "[{namespaces: {}}]"), false),
        (CLUSTER, from("Accept", "[{namespaces: {}}]"), true),
        (CLUSTER, from("Pass", "[{namespaces: {}}]"), true),
        (CLUSTER, from("Allow", "[{namespaces: {}}]"), false),
        (ADMIN, from("Deny", "[]"), false),
        (ADMIN, "ingress: [{action: Deny}]".to_owned(), false),
        (
            ADMIN,
            "ingress: [{from: [{namespaces: {}}]}]".to_owned(),
            false,
        ),
        (ADMIN, from("Deny", "[{}]"), true),
        (ADMIN, to("[{networks: [10.0.0.0/8], nodes: {}}]"), false),
        (ADMIN, to("[{networks: [10.0.0.0]}]"), false),
        (ADMIN, to("[{networks: []}]"), false),
        (CLUSTER, to("[{networks: [10.0.0.5/8, 'fd00::/8']}]"), true),
        (CLUSTER, to("[{pods: {podSelector: {}}}]"), true),
        (ADMIN, to("[{pods: {podSelector: {}}}]"), false),
    ] {
        check_rules(kind, &rules, expected);
    }
}

/// 75.
#[test]
fn there_may_be_only_so_many() {
    let many = |item: &str, count: usize| vec![item; count].join(", ");
    for (kind, most) in [(CLUSTER, 25), (ADMIN, 100), (BASELINE, 100)] {
        for (count, expected) in [(most, true), (most + 1, false)] {
            let rules = many("{action: Deny, from: [{namespaces: {}}]}", count);
            check_rules(kind, &format!("ingress: [{rules}]"), expected);
            let peers = many("{namespaces: {}}", count);
            check_rules(
                kind,
                &format!("egress: [{{action: Deny, to: [{peers}]}}]"),
                expected,
            );
        }
        for (count, expected) in [(25, true), (26, false)] {
            let networks = many("10.0.0.0/8", count);
            let rules = format!("egress: [{{action: Deny, to: [{{networks: [{networks}]}}]}}]");
            check_rules(kind, &rules, expected);
        }
    }
}

/// A rule of egress to pods and to one other peer.
fn egress(ports: &str, peer: &str) -> String {
    format!("egress: [{{action: Deny, to: [{{namespaces: {{}}}}, {peer}], {ports}}}]")
}

const PODS: &str = "{namespaces: {}}";
const NETWORKS: &str = "{networks: [10.0.0.0/8]}";

/// 64, 67.
#[test]
fn ports_of_the_first_version() {
    for (kind, ports, peer, expected) in [
        (
            ADMIN,
            "ports: [{portNumber: {protocol: ICMP, port: 1}}]",
            PODS,
            false,
        ),
        (
            ADMIN,
            "ports: [{portRange: {start: 80, end: 81}}]",
            PODS,
            true,
        ),
        (
            ADMIN,
            "ports: [{portRange: {start: 80, end: 80}}]",
            PODS,
            false,
        ),
        (
            ADMIN,
            "ports: [{portNumber: {port: 80}, namedPort: http}]",
            PODS,
            false,
        ),
        (ADMIN, "ports: [{}]", PODS, false),
        (ADMIN, "ports: [{namedPort: http}]", PODS, true),
        (ADMIN, "ports: [{namedPort: http}]", NETWORKS, false),
        (ADMIN, "ports: [{namedPort: http}]", "{nodes: {}}", false),
        (
            ADMIN,
            "ports: [{namedPort: http}]",
            "{domainNames: [example.com]}",
            false,
        ),
        (BASELINE, "ports: [{namedPort: http}]", NETWORKS, false),
    ] {
        check_rules(kind, &egress(ports, peer), expected);
    }
}

/// 67, 73, 74.
#[test]
fn protocols_of_the_second_version() {
    for (kind, ports, peer, expected) in [
        (
            CLUSTER,
            "protocols: [{tcp: {destinationPort: {number: 80}}}]",
            NETWORKS,
            true,
        ),
        (CLUSTER, "protocols: [{tcp: {}}]", PODS, false),
        (CLUSTER, "protocols: [{}]", PODS, false),
        (CLUSTER, "protocols: [{icmp: {}}]", PODS, false),
        (
            CLUSTER,
            "protocols: [{udp: {destinationPort: {}}}]",
            PODS,
            false,
        ),
        (
            CLUSTER,
            "protocols: [{udp: {destinationPort: {number: 65536}}}]",
            PODS,
            false,
        ),
        (
            CLUSTER,
            "protocols: [{sctp: {destinationPort: {range: {start: 9, end: 9}}}}]",
            PODS,
            false,
        ),
        (
            CLUSTER,
            "protocols: [{tcp: {destinationPort: {number: 8, range: {start: 8, end: 9}}}}]",
            PODS,
            false,
        ),
        (
            CLUSTER,
            "protocols: [{tcp: {destinationPort: {number: 8}}, destinationNamedPort: http}]",
            PODS,
            false,
        ),
        (
            CLUSTER,
            "protocols: [{destinationNamedPort: http}]",
            PODS,
            true,
        ),
        (
            CLUSTER,
            "protocols: [{destinationNamedPort: http}]",
            NETWORKS,
            false,
        ),
        (
            CLUSTER,
            "protocols: [{destinationNamedPort: http}]",
            "{nodes: {}}",
            false,
        ),
    ] {
        check_rules(kind, &egress(ports, peer), expected);
    }
}
