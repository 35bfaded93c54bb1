//! Ports of a `NetworkPolicy` (checklist 29 to 39).

use super::{check, check_cluster};

/// What reaches `x/b`, whose port 80 is named `http`.
fn check_ports(ports: &str, expected: &[&str]) {
    let policy = format!(
        "
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{podSelector: {{matchLabels: {{app: b}}}}, ingress: [{{ports: {ports}}}]}}
"
    );
    check(&policy, expected);
}

/// 29.
#[test]
fn absent_ports_are_all_ports_of_all_protocols() {
    for ports in ["null", "[]"] {
        check_ports(
            ports,
            &[
                "x/a -> x/b tcp/65535 allowed",
                "x/a -> x/b udp/1 allowed",
                "x/a -> x/b sctp/1 allowed",
            ],
        );
    }
}

/// 30, 31, 32.
#[test]
fn a_port_is_of_one_protocol() {
    check_ports(
        "[{protocol: UDP}]",
        &["x/a -> x/b udp/7 allowed", "x/a -> x/b tcp/7 denied"],
    );
    check_ports(
        "[{port: 53}]",
        &[
            "x/a -> x/b tcp/53 allowed",
            "x/a -> x/b udp/53 denied",
            "x/a -> x/b sctp/53 denied",
        ],
    );
    check_ports(
        "[{protocol: SCTP, port: 80}, {}]",
        &[
            "x/a -> x/b sctp/80 allowed",
            "x/a -> x/b sctp/81 denied",
            "x/a -> x/b tcp/9 allowed",
            "x/a -> x/b udp/80 denied",
        ],
    );
}

/// 33.
#[test]
fn a_range_holds_both_its_ends() {
    check_ports(
        "[{port: 80, endPort: 90}, {port: 100, endPort: 100}]",
        &[
            "x/a -> x/b tcp/79 denied",
            "x/a -> x/b tcp/80 allowed",
            "x/a -> x/b tcp/90 allowed",
            "x/a -> x/b tcp/91 denied",
            "x/a -> x/b tcp/100 allowed",
            "x/a -> x/b tcp/101 denied",
        ],
    );
}

/// 34.
#[test]
fn a_name_is_a_port_of_the_destination() {
    check_ports(
        "[{port: http}]",
        &["y/a -> x/b tcp/80 allowed", "y/a -> x/b tcp/8080 denied"],
    );
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Egress], egress: [{ports: [{port: http}]}]}
",
        &[
            "x/a -> x/b tcp/80 allowed",
            "x/a -> x/b tcp/8080 denied",
            "x/a -> y/a tcp/8080 allowed",
            "x/a -> y/a tcp/80 denied",
            "x/a -> y/c tcp/80 denied",
        ],
    );
}

/// 35, 36, 37: such an entry matches nothing, and its neighbours still count.
#[test]
fn a_name_without_such_a_port_matches_nothing() {
    check_ports(
        "[{port: http, protocol: UDP}]",
        &["x/a -> x/b udp/80 denied"],
    );
    check_ports(
        "[{port: metrics}, {port: 443}]",
        &["x/a -> x/b tcp/80 denied", "x/a -> x/b tcp/443 allowed"],
    );
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Egress], egress: [{to: [], ports: [{port: http}]}]}
",
        &[
            "x/a -> 203.0.113.1 tcp/80 denied",
            "x/a -> x/b tcp/80 allowed",
        ],
    );
}

/// 38.
#[test]
fn a_name_is_every_port_with_it() {
    let cluster = "
kind: Pod
metadata: {namespace: x, name: a}
---
kind: Pod
metadata: {namespace: x, name: b}
spec:
  containers:
  - ports: [{name: web, containerPort: 80, protocol: TCP}, {name: dns, containerPort: 53, protocol: UDP}]
  - ports: [{name: web, containerPort: 81}, {name: web, containerPort: 82, protocol: UDP}]
  initContainers:
  - {restartPolicy: Always, ports: [{name: web, containerPort: 83}]}
  - {ports: [{name: web, containerPort: 84}]}
---
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {ingress: [{ports: [{port: web}, {port: dns, protocol: UDP}]}]}
";
    let of_containers = [
        "x/a -> x/b tcp/80 allowed",
        "x/a -> x/b tcp/81 allowed",
        "x/a -> x/b tcp/82 denied",
        "x/a -> x/b udp/82 denied",
        "x/a -> x/b udp/53 allowed",
        "x/a -> x/b tcp/84 denied",
    ];
    for (plugin, of_sidecars) in [
        ("antrea", "x/a -> x/b tcp/83 denied"),
        ("calico", "x/a -> x/b tcp/83 allowed"),
    ] {
        check_cluster(plugin, cluster, &of_containers);
        check_cluster(plugin, cluster, &[of_sidecars]);
    }
}

/// 39.
#[test]
fn pods_of_one_owner_are_judged_each_for_itself() {
    let pod = |name: &str, label: &str, port: u16| {
        format!(
            "
kind: Pod
metadata: {{namespace: x, name: {name}, labels: {{app: w, slot: {label}}}, ownerReferences: [{{kind: ReplicaSet, name: w, uid: u}}]}}
spec: {{containers: [{{ports: [{{name: web, containerPort: {port}}}]}}]}}
---"
        )
    };
    check_cluster(
        "calico",
        &(pod("w1", "one", 80)
            + &pod("w2", "two", 81)
            + "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {ingress: [{from: [{podSelector: {matchLabels: {slot: one}}}], ports: [{port: web}]}]}
"),
        &[
            "x/w1 -> x/w2 tcp/81 allowed",
            "x/w1 -> x/w2 tcp/80 denied",
            "x/w2 -> x/w1 tcp/80 denied",
        ],
    );
}
