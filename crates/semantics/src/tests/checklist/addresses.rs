//! Blocks of addresses in a `NetworkPolicy` (checklist 25 to 28), and families of addresses.

use super::{check, check_cluster, check_under};

/// The egress of namespace `x` to one block.
fn to_block(ip_block: &str) -> String {
    format!(
        "
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{policyTypes: [Egress], egress: [{{to: [{{ipBlock: {ip_block}}}]}}]}}
"
    )
}

/// 25.
#[test]
fn a_block_is_without_its_exceptions() {
    check(
        &to_block("{cidr: 203.0.0.0/16, except: [203.0.113.0/24, 203.0.114.7/32]}"),
        &[
            "x/a -> 203.0.112.255 tcp/80 allowed",
            "x/a -> 203.0.113.0 tcp/80 denied",
            "x/a -> 203.0.113.255 tcp/80 denied",
            "x/a -> 203.0.114.6 tcp/80 allowed",
            "x/a -> 203.0.114.7 tcp/80 denied",
            "x/a -> 203.1.0.0 tcp/80 denied",
            "x/a -> x/b tcp/80 denied",
        ],
    );
}

/// 26.
#[test]
fn an_exception_does_not_reach_into_another_rule() {
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec:
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 172.0.0.0/8, except: [172.1.0.0/16]}}]
  - to: [{ipBlock: {cidr: 172.1.2.0/24}}]
",
        &[
            "x/a -> 172.2.0.1 tcp/80 allowed",
            "x/a -> 172.1.1.1 tcp/80 denied",
            "x/a -> 172.1.2.3 tcp/80 allowed",
        ],
    );
}

/// 27: an IPv4 address written as IPv6 is an IPv6 address.
#[test]
fn a_block_is_of_one_family_and_host_bits_do_not_matter() {
    let pod = "
---
kind: Pod
metadata: {namespace: x, name: d}
status: {podIP: 10.0.0.9, podIPs: [{ip: 10.0.0.9}, {ip: 'fd00::9'}]}
";
    check(
        &(to_block("{cidr: '::/0'}") + pod),
        &[
            "x/d -> 1.2.3.4 tcp/80 denied",
            "x/d -> 2001:db8::1 tcp/80 allowed",
            "x/d -> ::ffff:1.2.3.4 tcp/80 allowed",
            "x/a -> 2001:db8::1 tcp/80 denied",
        ],
    );
    check(
        &(to_block("{cidr: 0.0.0.0/0}") + pod),
        &[
            "x/d -> 1.2.3.4 tcp/80 allowed",
            "x/d -> 2001:db8::1 tcp/80 denied",
            "x/d -> ::ffff:1.2.3.4 tcp/80 denied",
        ],
    );
    check(
        &to_block("{cidr: 172.0.0.5/24}"),
        &[
            "x/a -> 172.0.0.0 tcp/80 allowed",
            "x/a -> 172.0.0.255 tcp/80 allowed",
            "x/a -> 172.0.1.0 tcp/80 denied",
        ],
    );
}

/// 28.
#[test]
fn whether_a_block_holds_pods_and_nodes_is_up_to_the_plugin() {
    let inside = to_block("{cidr: 0.0.0.0/0}");
    check_under(
        "calico",
        &inside,
        &[
            "x/a -> x/b tcp/80 allowed",
            "x/a -> 192.168.0.2 tcp/80 allowed",
            "x/a -> 203.0.113.1 tcp/80 allowed",
        ],
    );
    check_under(
        "cilium",
        &inside,
        &[
            "x/a -> x/b tcp/80 denied",
            "x/a -> 192.168.0.2 tcp/80 denied",
            "x/a -> 203.0.113.1 tcp/80 allowed",
        ],
    );
}

/// A connection takes either family that both ends have.
#[test]
fn one_family_that_works_is_enough() {
    let cluster = |policy: &str| {
        format!(
            "
kind: Pod
metadata: {{namespace: x, name: four}}
status: {{podIP: 10.0.0.1, podIPs: [{{ip: 10.0.0.1}}]}}
---
kind: Pod
metadata: {{namespace: x, name: six}}
status: {{podIPs: [{{ip: 'fd00::1'}}]}}
---
kind: Pod
metadata: {{namespace: x, name: both}}
status: {{podIPs: [{{ip: 'fd00::2'}}, {{ip: 10.0.0.2}}]}}
---
kind: Pod
metadata: {{namespace: x, name: none}}
---
{policy}"
        )
    };
    check_cluster(
        "calico",
        &cluster(""),
        &[
            "x/four -> x/both tcp/80 allowed",
            "x/six -> x/both tcp/80 allowed",
            "x/four -> x/six tcp/80 denied",
            "x/six -> x/four tcp/80 denied",
            "x/none -> x/four tcp/80 allowed",
            "x/none -> x/both tcp/80 allowed",
            "x/none -> x/six tcp/80 allowed",
            "x/none -> x/none tcp/80 allowed",
            "x/four -> 2001:db8::1 tcp/80 denied",
            "x/both -> 2001:db8::1 tcp/80 allowed",
        ],
    );
    check_cluster(
        "calico",
        &cluster(&to_block("{cidr: 'fd00::/64'}")),
        &[
            "x/four -> x/both tcp/80 denied",
            "x/six -> x/both tcp/80 allowed",
            "x/both -> x/six tcp/80 allowed",
        ],
    );
}

/// A pod without an address may get one of every family that something else in the cluster has.
#[test]
fn a_pod_without_an_address_is_in_what_holds_a_whole_family() {
    let pods = "
kind: Pod
metadata: {namespace: x, name: a}
---
kind: Pod
metadata: {namespace: x, name: b}
---
";
    for (block, expected) in [
        (
            "{cidr: 0.0.0.0/0}",
            [
                "x/a -> x/b tcp/80 allowed",
                "x/a -> 2001:db8::1 tcp/80 denied",
            ],
        ),
        (
            "{cidr: 10.0.0.0/8}",
            [
                "x/a -> x/b tcp/80 undecided",
                "x/a -> 2001:db8::1 tcp/80 denied",
            ],
        ),
        (
            "{cidr: '::/0'}",
            [
                "x/a -> x/b tcp/80 allowed",
                "x/a -> 2001:db8::1 tcp/80 allowed",
            ],
        ),
        (
            "{cidr: '2001:db8::/32'}",
            [
                "x/a -> x/b tcp/80 undecided",
                "x/a -> 2001:db8::1 tcp/80 allowed",
            ],
        ),
        (
            "{cidr: '::/0', except: ['fd00::/8']}",
            [
                "x/a -> x/b tcp/80 undecided",
                "x/a -> 2001:db8::1 tcp/80 allowed",
            ],
        ),
    ] {
        check_cluster("calico", &format!("{pods}{}", to_block(block)), &expected);
    }
}
