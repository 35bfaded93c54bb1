//! The admin tier in both versions (checklist 53 to 69, 70, 71 and 76).

use super::check;

/// A policy of the admin tier in each version, about all pods. `Allow` is written so in both.
fn both_versions(priority: u16, rules: &str) -> [String; 2] {
    let document = |kind: &str, tier: &str, rules: &str| {
        format!(
            "
kind: {kind}
metadata: {{name: p{priority}}}
spec: {{{tier}priority: {priority}, subject: {{namespaces: {{}}}}, {rules}}}
---"
        )
    };
    [
        document("AdminNetworkPolicy", "", rules),
        document(
            "ClusterNetworkPolicy",
            "tier: Admin, ",
            &rules.replace("Allow", "Accept"),
        ),
    ]
}

fn check_both(policies: &[(u16, &str)], others: &str, expected: &[&str]) {
    for version in 0..2 {
        let of_version = policies.iter();
        let text: String = of_version
            .map(|(priority, rules)| both_versions(*priority, rules)[version].clone())
            .collect();
        check(&(text + others), expected);
    }
}

const DENY_INGRESS: &str = "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Ingress]}
";

/// 53.
#[test]
fn the_lower_priority_and_the_earlier_rule_win() {
    let from_all = "from: [{namespaces: {}}]";
    check_both(
        &[
            (6, &format!("ingress: [{{action: Allow, {from_all}}}]")),
            (5, &format!("ingress: [{{action: Deny, {from_all}}}]")),
        ],
        "",
        &["x/a -> x/b tcp/80 denied"],
    );
    check_both(
        &[(
            5,
            &format!("ingress: [{{action: Allow, {from_all}}}, {{action: Deny, {from_all}}}]"),
        )],
        DENY_INGRESS,
        &["x/a -> x/b tcp/80 allowed"],
    );
    check_both(
        &[(
            5,
            "egress: [{action: Deny, to: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: b}}}}]}, {action: Allow, to: [{namespaces: {}}]}]",
        )],
        "",
        &["x/a -> x/b tcp/80 denied", "x/b -> x/a tcp/80 allowed"],
    );
}

/// 54.
#[test]
fn allow_is_final_in_its_direction_only() {
    check_both(
        &[(1, "egress: [{action: Allow, to: [{namespaces: {}}]}]")],
        DENY_INGRESS,
        &["x/a -> x/b tcp/80 denied", "x/a -> y/a tcp/80 allowed"],
    );
    check_both(
        &[(1, "ingress: [{action: Allow, from: [{namespaces: {}}]}]")],
        DENY_INGRESS,
        &[
            "x/a -> x/b tcp/80 allowed",
            "203.0.113.1 -> x/b tcp/80 denied",
        ],
    );
    check_both(
        &[(1, "ingress: [{action: Deny, from: [{namespaces: {}}]}]")],
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {ingress: [{}]}
",
        &[
            "x/a -> x/b tcp/80 denied",
            "203.0.113.1 -> x/b tcp/80 allowed",
        ],
    );
}

/// 55.
#[test]
fn pass_leaves_the_tier() {
    let passed = [
        (1, "ingress: [{action: Pass, from: [{namespaces: {}}]}]"),
        (2, "ingress: [{action: Deny, from: [{namespaces: {}}]}]"),
    ];
    check_both(
        &passed,
        DENY_INGRESS,
        &["x/a -> y/a tcp/80 allowed", "y/a -> x/a tcp/80 denied"],
    );
    check_both(
        &passed,
        "
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: red}}}]}]}
",
        &["x/a -> y/a tcp/80 denied", "y/a -> x/a tcp/80 allowed"],
    );
}

/// 58, 59.
#[test]
fn what_no_rule_matches_is_left_to_the_next_tier() {
    check_both(
        &[(
            1,
            "ingress: [{action: Allow, from: [{namespaces: {matchLabels: {team: red}}}]}]",
        )],
        "",
        &[
            "y/a -> x/a tcp/80 allowed",
            "203.0.113.1 -> x/a tcp/80 allowed",
            "x/a -> y/a tcp/80 allowed",
        ],
    );
    for rules in ["ingress: [], egress: []", ""] {
        check_both(
            &[(1, rules)],
            DENY_INGRESS,
            &["x/a -> y/a tcp/80 allowed", "y/a -> x/a tcp/80 denied"],
        );
    }
}

/// 62.
#[test]
fn a_subject_is_namespaces_or_pods() {
    for version in ["AdminNetworkPolicy", "ClusterNetworkPolicy"] {
        let policy = |subject: &str| {
            format!(
                "
kind: {version}
metadata: {{name: p}}
spec: {{tier: Admin, priority: 1, subject: {subject}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}]}}
"
            )
        };
        for (subject, verdicts) in [
            ("{namespaces: {}}", ["denied", "denied", "denied"]),
            (
                "{namespaces: {matchLabels: {team: red}}}",
                ["denied", "allowed", "allowed"],
            ),
            (
                "{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: a}}}}",
                ["denied", "denied", "allowed"],
            ),
            (
                "{pods: {namespaceSelector: {matchLabels: {team: blue}}, podSelector: {}}}",
                ["allowed", "denied", "denied"],
            ),
        ] {
            let [a, other, unlabelled] = verdicts;
            check(
                &policy(subject),
                &[
                    &format!("x/b -> x/a tcp/80 {a}"),
                    &format!("x/b -> y/a tcp/80 {other}"),
                    &format!("x/b -> y/c tcp/80 {unlabelled}"),
                ],
            );
        }
    }
}

/// 63: a peer that this version of the API does not know.
#[test]
fn an_unknown_peer_fails_closed() {
    for peer in ["{}", "{services: {}}", "{networks: [10.0.0.0/8]}"] {
        check_both(
            &[(1, &format!("ingress: [{{action: Allow, from: [{peer}]}}]"))],
            DENY_INGRESS,
            &["x/a -> x/b tcp/80 denied", "x/a -> y/a tcp/80 allowed"],
        );
        check_both(
            &[(
                1,
                &format!("ingress: [{{action: Allow, from: [{peer}, {{namespaces: {{}}}}]}}]"),
            )],
            DENY_INGRESS,
            &["x/a -> x/b tcp/80 denied", "x/a -> y/a tcp/80 allowed"],
        );
        for action in ["Deny", "Pass"] {
            check_both(
                &[(
                    1,
                    &format!(
                        "ingress: [{{action: {action}, from: [{{namespaces: {{matchLabels: {{no: 'one'}}}}}}, {peer}]}}]"
                    ),
                )],
                "",
                &[
                    "x/a -> x/b tcp/80 denied",
                    "203.0.113.1 -> x/b udp/9 denied",
                    "x/a -> 203.0.113.1 tcp/80 allowed",
                ],
            );
        }
    }
    check_both(
        &[(1, "egress: [{action: Deny, to: [{}]}]")],
        "",
        &[
            "x/a -> x/b tcp/80 denied",
            "x/a -> 203.0.113.1 tcp/80 denied",
        ],
    );
}

/// 65.
#[test]
fn networks_hold_pods_too_whatever_the_plugin() {
    for plugin in ["calico", "cilium"] {
        for version in both_versions(1, "egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]") {
            super::check_under(
                plugin,
                &version,
                &[
                    "x/a -> x/b tcp/80 denied",
                    "x/a -> 203.0.113.1 tcp/80 denied",
                    "x/a -> 192.168.0.2 tcp/80 denied",
                    "203.0.113.1 -> x/a tcp/80 allowed",
                ],
            );
        }
    }
    check_both(
        &[(
            1,
            "egress: [{action: Deny, to: [{networks: ['::/0', 10.0.0.2/31]}]}]",
        )],
        "
kind: Pod
metadata: {namespace: x, name: waits}
",
        &[
            "x/a -> x/b tcp/80 denied",
            "x/a -> y/a tcp/80 allowed",
            "x/a -> x/waits tcp/80 undecided",
        ],
    );
    check_both(
        &[(1, "egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]")],
        "
kind: Pod
metadata: {namespace: x, name: waits}
",
        &["x/a -> x/waits tcp/80 denied"],
    );
}

/// 66.
#[test]
fn nodes_are_their_addresses() {
    for (selector, control) in [
        ("{}", "denied"),
        ("{matchLabels: {role: worker}}", "allowed"),
    ] {
        check_both(
            &[(
                1,
                &format!("egress: [{{action: Deny, to: [{{nodes: {selector}}}]}}]"),
            )],
            "",
            &[
                "y/a -> 192.168.0.1 tcp/80 denied",
                &format!("x/a -> 192.168.0.2 tcp/80 {control}"),
                "x/a -> y/a tcp/80 allowed",
                "x/a -> 203.0.113.1 tcp/80 allowed",
            ],
        );
    }
}

/// 69: names are no addresses.
#[test]
fn domain_names_match_nothing_that_has_an_address() {
    check_both(
        &[
            (
                1,
                "egress: [{action: Allow, to: [{domainNames: ['*.example.com']}]}]",
            ),
            (2, "egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]"),
        ],
        "",
        &["x/a -> 203.0.113.1 tcp/443 denied"],
    );
}

/// 10, 76.
#[test]
fn a_pod_always_reaches_itself() {
    check_both(
        &[(
            1,
            "ingress: [{action: Deny, from: [{}]}], egress: [{action: Deny, to: [{}]}]",
        )],
        "",
        &["x/a -> x/a tcp/80 allowed", "x/a -> x/b tcp/80 denied"],
    );
}
