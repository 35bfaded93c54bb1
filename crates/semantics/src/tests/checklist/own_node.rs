//! The node that a pod runs on (checklist 11 and 79).

use super::{check_cluster, check_under};

const NETWORK_POLICY: &str = "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Ingress, Egress]}
";

const CLUSTER_POLICY: &str = "
kind: ClusterNetworkPolicy
metadata: {name: p}
spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]}
";

#[test]
fn a_network_policy_never_keeps_the_own_node_out() {
    for plugin in ["calico", "aws-vpc-cni", "antrea", "cilium"] {
        check_under(
            plugin,
            NETWORK_POLICY,
            &[
                "192.168.0.1 -> x/a tcp/80 allowed",
                "192.168.0.2 -> x/a tcp/80 denied",
            ],
        );
    }
}

#[test]
fn whether_egress_to_the_own_node_is_governed_is_up_to_the_plugin() {
    for policy in [NETWORK_POLICY, CLUSTER_POLICY] {
        for (plugin, own) in [
            ("antrea", "x/a -> 192.168.0.1 tcp/80 allowed"),
            ("calico", "x/a -> 192.168.0.1 tcp/80 denied"),
        ] {
            check_under(plugin, policy, &[own, "x/a -> 192.168.0.2 tcp/80 denied"]);
        }
    }
}

/// Ingress peers of a cluster's policies cannot name a node, but `{}` denies everything.
#[test]
fn whether_a_policy_of_the_cluster_keeps_the_own_node_out_is_up_to_the_plugin() {
    let policy = |tier: &str| {
        format!(
            "
kind: ClusterNetworkPolicy
metadata: {{name: p}}
spec: {{tier: {tier}, priority: 1, subject: {{namespaces: {{}}}}, ingress: [{{action: Deny, from: [{{}}]}}]}}
"
        )
    };
    for tier in ["Admin", "Baseline"] {
        for (plugin, own) in [
            ("calico", "192.168.0.1 -> x/a tcp/80 allowed"),
            ("aws-vpc-cni", "192.168.0.1 -> x/a tcp/80 denied"),
        ] {
            check_under(
                plugin,
                &policy(tier),
                &[own, "192.168.0.2 -> x/a tcp/80 denied"],
            );
        }
    }
    check_under(
        "aws-vpc-cni",
        &(policy("Baseline") + "---" + NETWORK_POLICY),
        &["192.168.0.1 -> x/a tcp/80 allowed"],
    );
}

#[test]
fn a_node_is_known_by_name_address_and_pods() {
    check_cluster(
        "aws-vpc-cni",
        &("
kind: Pod
metadata: {namespace: x, name: a}
spec: {nodeName: n9}
status: {podIP: 10.0.0.1, hostIP: 192.168.0.9, hostIPs: [{ip: 192.168.0.9}, {ip: 'fd00::9'}]}
---
kind: Pod
metadata: {namespace: x, name: same-name}
spec: {hostNetwork: true, nodeName: n9}
status: {podIP: 192.168.0.7}
---
kind: Pod
metadata: {namespace: x, name: same-address}
spec: {hostNetwork: true}
status: {podIP: 192.168.0.9}
---
kind: Pod
metadata: {namespace: x, name: other}
spec: {hostNetwork: true, nodeName: n8}
status: {podIP: 192.168.0.8}
---
kind: Pod
metadata: {namespace: x, name: neighbour}
spec: {nodeName: n9}
status: {podIP: 10.0.0.2}
---
kind: Pod
metadata: {namespace: x, name: nowhere}
status: {podIP: 10.0.0.3}
---"
        .to_owned()
            + NETWORK_POLICY),
        &[
            "192.168.0.9 -> x/a tcp/80 allowed",
            "192.168.0.8 -> x/a tcp/80 denied",
            "x/same-name -> x/a tcp/80 allowed",
            "x/same-address -> x/a tcp/80 allowed",
            "x/other -> x/a tcp/80 denied",
            "x/neighbour -> x/a tcp/80 denied",
            "x/same-address -> x/nowhere tcp/80 undecided",
            "x/a -> x/same-name tcp/80 allowed",
            "x/a -> x/other tcp/80 denied",
        ],
    );
}
