//! The baseline tier in both versions (checklist 56, 57, 61, 70 to 72).

use super::check;

const DENY_ALL: [&str; 2] = [
    "
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
  egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]
---",
    "
kind: ClusterNetworkPolicy
metadata: {name: deny}
spec:
  tier: Baseline
  priority: 7
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
  egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]
---",
];

/// 56, 57.
#[test]
fn it_counts_only_where_no_network_policy_selects_the_pod_for_the_direction() {
    for deny in DENY_ALL {
        check(
            deny,
            &[
                "203.0.113.1 -> x/a tcp/80 allowed",
                "x/a -> 203.0.113.1 tcp/80 denied",
                "x/a -> x/b tcp/80 denied",
            ],
        );
        check(
            &(deny.to_owned()
                + "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {ingress: [{ports: [{port: 80}]}]}
---
kind: NetworkPolicy
metadata: {namespace: y, name: p}
spec: {policyTypes: [Egress], egress: [{}]}
"),
            &[
                "y/a -> x/a tcp/80 allowed",
                "y/a -> x/a tcp/81 denied",
                "x/a -> x/b tcp/80 denied",
                "y/a -> y/c tcp/80 denied",
                "y/a -> 203.0.113.1 tcp/80 allowed",
            ],
        );
    }
}

/// 61, 71: what a rule allows, a later one does not deny.
#[test]
fn its_rules_are_read_in_order() {
    for (kind, fields, allow) in [
        ("BaselineAdminNetworkPolicy", "", "Allow"),
        (
            "ClusterNetworkPolicy",
            "tier: Baseline, priority: 1, ",
            "Accept",
        ),
    ] {
        check(
            &format!(
                "
kind: {kind}
metadata: {{name: default}}
spec:
  {{{fields}subject: {{namespaces: {{}}}},
  ingress: [{{action: {allow}, from: [{{namespaces: {{matchLabels: {{team: red}}}}}}]}}, {{action: Deny, from: [{{namespaces: {{}}}}]}}]}}
"
            ),
            &["x/a -> x/b tcp/80 allowed", "y/a -> x/b tcp/80 denied"],
        );
    }
}

/// 70: the same policy in each tier, against a `NetworkPolicy` that allows.
#[test]
fn the_tier_says_whether_it_is_before_or_after_network_policies() {
    for (tier, verdict) in [("Admin", "denied"), ("Baseline", "allowed")] {
        check(
            &format!(
                "
kind: ClusterNetworkPolicy
metadata: {{name: p}}
spec: {{tier: {tier}, priority: 1, subject: {{namespaces: {{}}}}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}]}}
---
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{ingress: [{{}}]}}
"
            ),
            &[&format!("x/a -> x/b tcp/80 {verdict}"), "x/a -> y/a tcp/80 denied"],
        );
    }
}

/// 71, 72.
#[test]
fn pass_skips_the_rest_of_the_tier() {
    check(
        &("
kind: ClusterNetworkPolicy
metadata: {name: pass}
spec: {tier: Baseline, priority: 1, subject: {namespaces: {}}, ingress: [{action: Pass, from: [{namespaces: {matchLabels: {team: blue}}}]}]}
---"
        .to_owned()
            + DENY_ALL[1]
            + "
kind: NetworkPolicy
metadata: {namespace: y, name: p}
spec: {policyTypes: [Egress], egress: [{}]}
"),
        &["y/a -> x/a tcp/80 allowed", "y/a -> y/c tcp/80 allowed", "x/a -> y/a tcp/80 denied"],
    );
}

/// 63: of all kinds, only this one has no names of domains, so that such a peer is unknown to it.
#[test]
fn it_does_not_know_domain_names() {
    check(
        "
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {subject: {namespaces: {}}, egress: [{action: Deny, to: [{domainNames: [example.com]}]}]}
",
        &["x/a -> x/b tcp/80 denied"],
    );
}
