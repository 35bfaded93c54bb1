//! Ports of nodes that lead to containers.

use super::check_ways;

const DENY: &str = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: edge, name: p}
spec: {podSelector: {}}
";

const CLIENTS: &str = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: edge, name: p}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]}
";

/// What a `DaemonSet` with a pod spec is open to, as `ports … verdict`.
#[track_caller]
fn check(pod: &str, policies: &str, expected: &[&str]) {
    let expected: Vec<String> = expected
        .iter()
        .map(|one| one.replacen(" through", " through DaemonSet/edge/proxy HostPort", 1))
        .map(|one| format!("edge/proxy[DaemonSet]: {one}"))
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check_ways(
        &format!(
            "
apiVersion: apps/v1
kind: DaemonSet
metadata: {{namespace: edge, name: proxy}}
spec: {{template: {{metadata: {{labels: {{app: proxy}}}}, spec: {{{pod}}}}}}}
{policies}"
        ),
        &expected,
    );
}

/// The pod sees the client, or its own node, which no `NetworkPolicy` keeps out.
#[test]
fn a_host_port_is_a_way_in() {
    let port =
        "containers: [{ports: [{containerPort: 8080, hostPort: 80}, {containerPort: 9000}]}]";
    let seen = "TCP 8080 through, seen as Client or OwnNode";
    check(port, "", &[&format!("{seen}: allowed")]);
    check(port, DENY, &[&format!("{seen}: maybe TCP 8080, surely ")]);
    check(
        port,
        CLIENTS,
        &["TCP 8080 through from 203.0.113.0/24, seen as Client or OwnNode: allowed"],
    );
}

#[test]
fn what_only_the_node_itself_can_use_is_no_way_in() {
    for (pod, expected) in [
        (
            "containers: [{ports: [{containerPort: 53, hostPort: 53, hostIP: 127.0.0.1, protocol: UDP}]}]",
            None,
        ),
        (
            "containers: [{ports: [{containerPort: 53, hostPort: 53, hostIP: 192.168.0.1, protocol: UDP}]}]",
            Some("UDP 53 through, seen as Client or OwnNode: allowed"),
        ),
        (
            "initContainers: [{restartPolicy: Always, ports: [{containerPort: 53, hostPort: 53}]}]",
            Some("TCP 53 through, seen as Client or OwnNode: allowed"),
        ),
        (
            "initContainers: [{ports: [{containerPort: 53, hostPort: 53}]}]",
            None,
        ),
        ("containers: [{ports: [{containerPort: 53}]}]", None),
    ] {
        check(pod, "", expected.as_slice());
    }
}

/// In the network of a node every port of a container is one of the node, and no policy governs it.
#[test]
fn in_the_network_of_a_node_every_port_is_one_of_the_node() {
    let pod = "hostNetwork: true, containers: [{ports: [{containerPort: 80}]}]";
    for policies in ["", DENY] {
        check(
            pod,
            policies,
            &["TCP 80 through, seen as Client or OwnNode: allowed"],
        );
    }
}
