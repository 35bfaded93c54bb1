//! Which pods a `NetworkPolicy` isolates, in which direction (checklist 1 to 13).

use super::check;

/// 1.
#[test]
fn without_policies_everything_is_allowed() {
    check(
        "",
        &[
            "x/a -> x/b tcp/80 allowed",
            "x/a -> y/c sctp/1 allowed",
            "203.0.113.1 -> x/a udp/53 allowed",
            "x/a -> 203.0.113.1 tcp/443 allowed",
        ],
    );
}

/// 2, 9, 13: a reply needs no rule, and a policy knows the pods of its namespace only.
#[test]
fn isolation_is_per_direction_and_namespace() {
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress]}
",
        &[
            "x/a -> x/b tcp/80 allowed",
            "x/b -> x/a tcp/80 denied",
            "203.0.113.1 -> x/a tcp/80 denied",
            "x/b -> y/a tcp/80 allowed",
        ],
    );
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {podSelector: {matchLabels: {app: b}}, policyTypes: [Egress]}
",
        &["x/a -> x/b tcp/80 allowed", "x/b -> x/a tcp/80 denied"],
    );
}

/// 3.
#[test]
fn omitted_types_are_ingress_and_egress_where_it_has_a_rule() {
    for types in ["", "policyTypes: [], "] {
        check(
            &format!(
                "
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{podSelector: {{matchLabels: {{app: a}}}}, {types}egress: [{{ports: [{{protocol: UDP, port: 53}}]}}]}}
"
            ),
            &[
                "x/b -> x/a tcp/80 denied",
                "x/a -> x/b udp/53 allowed",
                "x/a -> x/b tcp/53 denied",
            ],
        );
        check(
            &format!(
                "
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{podSelector: {{matchLabels: {{app: a}}}}, {types}egress: []}}
"
            ),
            &["x/b -> x/a tcp/80 denied", "x/a -> x/b tcp/53 allowed"],
        );
    }
}

/// 4.
#[test]
fn rules_of_a_direction_that_is_not_named_mean_nothing() {
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]}
",
        &[
            "y/a -> x/b tcp/80 allowed",
            "x/a -> x/b tcp/80 denied",
            "x/a -> y/a tcp/80 denied",
        ],
    );
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Ingress], egress: [{ports: [{port: 1}]}]}
",
        &["x/a -> y/a tcp/80 allowed", "y/a -> x/a tcp/1 denied"],
    );
}

/// 5, 10: nothing goes in or out but from a pod to itself; its twin is another pod.
#[test]
fn both_types_without_rules_deny_all_but_the_pod_itself() {
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
kind: Pod
metadata: {namespace: x, name: a2, labels: {app: a}}
status: {podIP: 10.0.0.3}
",
        &[
            "x/a -> x/b tcp/80 denied",
            "x/b -> x/a tcp/80 denied",
            "x/a -> y/a tcp/80 denied",
            "x/a -> 203.0.113.1 tcp/80 denied",
            "x/a -> x/a tcp/80 allowed",
            "x/a -> x/a2 tcp/80 denied",
            "y/a -> y/c tcp/80 allowed",
        ],
    );
}

/// 6.
#[test]
fn no_rules_deny_and_an_empty_rule_allows_everything() {
    for rules in ["", "ingress: [], "] {
        check(
            &format!(
                "
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{{rules}policyTypes: [Ingress]}}
"
            ),
            &[
                "y/a -> x/a tcp/80 denied",
                "203.0.113.1 -> x/a tcp/80 denied",
            ],
        );
    }
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {ingress: [{}], policyTypes: [Ingress]}
",
        &[
            "y/a -> x/a tcp/80 allowed",
            "203.0.113.1 -> x/a sctp/9 allowed",
        ],
    );
}

/// 7.
#[test]
fn policies_add_up() {
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p1}
spec: {ingress: [{ports: [{port: 80}]}]}
---
kind: NetworkPolicy
metadata: {namespace: x, name: p2}
spec: {ingress: [{ports: [{port: 443}]}]}
---
kind: NetworkPolicy
metadata: {namespace: x, name: p3}
spec: {policyTypes: [Ingress]}
",
        &[
            "y/a -> x/a tcp/80 allowed",
            "y/a -> x/a tcp/443 allowed",
            "y/a -> x/a tcp/81 denied",
        ],
    );
}

/// 8.
#[test]
fn both_ends_have_to_allow() {
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}
---
kind: NetworkPolicy
metadata: {namespace: y, name: p}
spec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress]}
",
        &["x/a -> y/a tcp/80 denied", "x/a -> y/c tcp/80 allowed"],
    );
}

/// 12.
#[test]
fn an_empty_or_absent_selector_selects_every_pod_of_the_namespace() {
    for selector in ["", "podSelector: {}, "] {
        check(
            &format!(
                "
kind: NetworkPolicy
metadata: {{namespace: y, name: p}}
spec: {{{selector}policyTypes: [Ingress]}}
"
            ),
            &[
                "x/a -> y/a tcp/80 denied",
                "x/a -> y/c tcp/80 denied",
                "y/a -> x/a tcp/80 allowed",
            ],
        );
    }
}
