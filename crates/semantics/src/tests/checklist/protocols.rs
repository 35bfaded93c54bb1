//! Ports and protocols of the policies of a cluster (checklist 64, 73 and 74).

use super::{check, check_cluster, check_under};

/// Which connections to `x/b` a rule with these ports denies.
fn check_ports(kind: &str, ports: &str, expected: &[&str]) {
    check(
        &format!(
            "
kind: {kind}
metadata: {{name: p}}
spec: {{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}], {ports}}}]}}
"
        ),
        expected,
    );
}

#[test]
fn absent_ports_are_all() {
    for (kind, ports) in [
        ("AdminNetworkPolicy", ""),
        ("AdminNetworkPolicy", "ports: []"),
        ("ClusterNetworkPolicy", ""),
        ("ClusterNetworkPolicy", "protocols: []"),
    ] {
        check_ports(
            kind,
            ports,
            &[
                "x/a -> x/b tcp/1 denied",
                "x/a -> x/b udp/65535 denied",
                "x/a -> x/b sctp/80 denied",
            ],
        );
    }
}

#[test]
fn numbers_and_ranges_are_of_one_protocol() {
    for (kind, ports) in [
        (
            "AdminNetworkPolicy",
            "ports: [{portNumber: {port: 80}}, {portRange: {protocol: UDP, start: 90, end: 99}}]",
        ),
        (
            "ClusterNetworkPolicy",
            "protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 90, end: 99}}}}]",
        ),
    ] {
        check_ports(
            kind,
            ports,
            &[
                "x/a -> x/b tcp/80 denied",
                "x/a -> x/b udp/80 allowed",
                "x/a -> x/b tcp/81 allowed",
                "x/a -> x/b udp/89 allowed",
                "x/a -> x/b udp/90 denied",
                "x/a -> x/b udp/99 denied",
                "x/a -> x/b udp/100 allowed",
                "x/a -> x/b tcp/90 allowed",
            ],
        );
    }
    check_ports(
        "AdminNetworkPolicy",
        "ports: [{portRange: {start: 90, end: 99}}, {portNumber: {protocol: SCTP, port: 5}}]",
        &[
            "x/a -> x/b tcp/90 denied",
            "x/a -> x/b udp/90 allowed",
            "x/a -> x/b sctp/5 denied",
        ],
    );
    check_ports(
        "ClusterNetworkPolicy",
        "protocols: [{sctp: {destinationPort: {number: 5}}}]",
        &["x/a -> x/b sctp/5 denied", "x/a -> x/b tcp/5 allowed"],
    );
}

/// Nobody reads the switch by which these let SCTP through, and what policies deny is denied either way.
#[test]
fn sctp_that_may_be_off_is_possible_and_never_certain() {
    let policy = "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec:
  podSelector: {matchLabels: {app: b}}
  ingress: [{ports: [{port: 3868, protocol: SCTP}, {port: 3868}]}]
---
kind: NetworkPolicy
metadata: {namespace: y, name: p}
spec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress]}
";
    for plugin in ["cilium", "gke-dataplane-v2"] {
        check_under(
            plugin,
            policy,
            &[
                "x/a -> x/b sctp/3868 undecided",
                "x/a -> x/b sctp/3869 denied",
                "x/a -> x/b tcp/3868 allowed",
                "x/a -> y/a sctp/3868 denied",
                "x/a -> y/c sctp/3868 undecided",
                "x/a -> x/a sctp/3868 undecided",
                "192.168.0.1 -> x/b sctp/3869 undecided",
                "192.168.0.2 -> x/b sctp/3869 denied",
                "203.0.113.1 -> y/c sctp/9 undecided",
            ],
        );
    }
    check_under("calico", policy, &["x/a -> x/b sctp/3868 allowed"]);
}

#[test]
fn a_name_takes_its_protocol_from_the_pod() {
    for (kind, port) in [
        ("AdminNetworkPolicy", "ports: [{namedPort: dns}]"),
        (
            "ClusterNetworkPolicy",
            "protocols: [{destinationNamedPort: dns}]",
        ),
    ] {
        check_cluster(
            "calico",
            &format!(
                "
kind: Pod
metadata: {{namespace: x, name: a}}
---
kind: Pod
metadata: {{namespace: x, name: b}}
spec: {{containers: [{{ports: [{{name: dns, containerPort: 53, protocol: UDP}}, {{name: dns, containerPort: 54}}]}}]}}
---
kind: {kind}
metadata: {{name: p}}
spec: {{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, egress: [{{action: Deny, to: [{{namespaces: {{}}}}], {port}}}]}}
"
            ),
            &[
                "x/a -> x/b udp/53 denied",
                "x/a -> x/b tcp/53 allowed",
                "x/a -> x/b tcp/54 denied",
                "x/b -> x/a udp/53 allowed",
            ],
        );
    }
}

/// A field of the other version is unknown, and an API server drops it.
#[test]
fn fields_of_another_version_mean_nothing() {
    check_ports(
        "AdminNetworkPolicy",
        "protocols: [{tcp: {destinationPort: {number: 80}}}]",
        &["x/a -> x/b tcp/81 denied"],
    );
    check_ports(
        "ClusterNetworkPolicy",
        "protocols: [{tcp: {destinationPort: {number: 80}}, portNumber: {port: 81}, namedPort: http}]",
        &["x/a -> x/b tcp/80 denied", "x/a -> x/b tcp/81 allowed"],
    );
    for (kind, peer) in [
        (
            "AdminNetworkPolicy",
            "{namespaces: {}, networks: [203.0.113.0/24], services: {}}",
        ),
        (
            "ClusterNetworkPolicy",
            "{namespaces: {}, nodes: {}, services: {}}",
        ),
    ] {
        check(
            &format!(
                "
kind: {kind}
metadata: {{name: p}}
spec: {{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, ingress: [{{action: Deny, from: [{peer}]}}]}}
"
            ),
            &[
                "x/a -> x/b tcp/80 denied",
                "203.0.113.1 -> x/b tcp/80 allowed",
                "192.168.0.2 -> x/b tcp/80 allowed",
            ],
        );
    }
}
