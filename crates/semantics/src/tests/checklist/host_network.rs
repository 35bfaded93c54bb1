//! Pods in the host network are their node (checklist 40 and 68).

use super::check;

const HOST_POD: &str = "
---
kind: Pod
metadata: {namespace: x, name: host, labels: {app: a}}
spec: {hostNetwork: true, nodeName: n2, containers: [{ports: [{name: http, containerPort: 8000}]}]}
status: {podIP: 192.168.0.2, hostIP: 192.168.0.2}
";

#[test]
fn no_policy_has_a_pod_in_the_host_network_as_subject() {
    check(
        &("
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Ingress, Egress]}
---
kind: AdminNetworkPolicy
metadata: {name: p}
spec:
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
  egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]
"
        .to_owned()
            + HOST_POD),
        &[
            "203.0.113.1 -> x/host tcp/80 allowed",
            "x/host -> 203.0.113.1 tcp/80 allowed",
            "x/a -> x/host tcp/80 denied",
        ],
    );
}

#[test]
fn no_selector_matches_a_pod_in_the_host_network_but_blocks_do() {
    let from = |peer: &str| {
        format!(
            "
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{podSelector: {{matchLabels: {{app: b}}}}, ingress: [{{from: [{peer}]}}]}}
{HOST_POD}"
        )
    };
    for (peer, line) in [
        ("{namespaceSelector: {}}", "x/host -> x/b tcp/80 denied"),
        ("{podSelector: {}}", "x/host -> x/b tcp/80 denied"),
        (
            "{ipBlock: {cidr: 192.168.0.2/32}}",
            "x/host -> x/b tcp/80 allowed",
        ),
    ] {
        check(&from(peer), &[line]);
    }
    for (peer, line) in [
        ("{namespaces: {}}", "x/a -> x/host tcp/80 allowed"),
        (
            "{pods: {namespaceSelector: {}, podSelector: {}}}",
            "x/a -> x/host tcp/80 allowed",
        ),
        (
            "{nodes: {matchLabels: {role: control}}}",
            "x/a -> x/host tcp/80 denied",
        ),
        (
            "{nodes: {matchLabels: {role: worker}}}",
            "x/a -> x/host tcp/80 allowed",
        ),
        (
            "{networks: [192.168.0.0/24]}",
            "x/a -> x/host tcp/80 denied",
        ),
    ] {
        check(
            &format!(
                "
kind: AdminNetworkPolicy
metadata: {{name: p}}
spec: {{priority: 1, subject: {{namespaces: {{}}}}, egress: [{{action: Deny, to: [{peer}]}}]}}
{HOST_POD}"
            ),
            &[line],
        );
    }
}

#[test]
fn its_ports_have_names_too() {
    check(
        &("
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Egress], egress: [{ports: [{port: http}]}]}
"
        .to_owned()
            + HOST_POD),
        &[
            "x/a -> x/host tcp/8000 allowed",
            "x/a -> x/host tcp/80 denied",
        ],
    );
}

/// The addresses of its status, else those of its node, else one that is not known.
#[test]
fn it_has_the_addresses_of_its_node() {
    let host_pod = |spec: &str, status: &str| {
        format!(
            "
kind: Pod
metadata: {{namespace: x, name: host}}
spec: {{hostNetwork: true{spec}}}
status: {{{status}}}
---
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: 192.168.0.2/32}}}}]}}]}}
"
        )
    };
    for (spec, status, line) in [
        (", nodeName: n2", "", "x/a -> x/host tcp/80 allowed"),
        (", nodeName: gone", "", "x/a -> x/host tcp/80 undecided"),
        ("", "hostIP: 192.168.0.2", "x/a -> x/host tcp/80 allowed"),
        (
            "",
            "hostIPs: [{ip: 192.168.0.2}]",
            "x/a -> x/host tcp/80 allowed",
        ),
        (
            "",
            "podIPs: [{ip: 192.168.0.2}]",
            "x/a -> x/host tcp/80 allowed",
        ),
        ("", "hostIP: 192.168.0.3", "x/a -> x/host tcp/80 denied"),
        (
            ", nodeName: n2",
            "hostIP: 192.168.0.3",
            "x/a -> x/host tcp/80 denied",
        ),
    ] {
        check(&host_pod(spec, status), &[line]);
    }
}
