//! Which pods a peer of a `NetworkPolicy` selects (checklist 14 to 23).

use super::check;

/// Who reaches `x/b`, of `x/a`, `y/a`, `y/c` and an outside address.
fn check_from(from: &str, expected: [&str; 4]) {
    let policy = format!(
        "
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{podSelector: {{matchLabels: {{app: b}}}}, policyTypes: [Ingress], ingress: [{{from: {from}}}]}}
"
    );
    let sources = ["x/a", "y/a", "y/c", "203.0.113.1"];
    let lines = sources.iter().zip(expected);
    let lines: Vec<String> = lines
        .map(|(source, verdict)| format!("{source} -> x/b tcp/80 {verdict}"))
        .collect();
    check(
        &policy,
        &lines.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

/// 14, 15, 16, 18.
#[test]
fn a_pod_selector_alone_stays_in_the_namespace_of_the_policy() {
    let app_a = "podSelector: {matchLabels: {app: a}}";
    check_from(
        &format!("[{{{app_a}}}]"),
        ["allowed", "denied", "denied", "denied"],
    );
    check_from(
        &format!("[{{{app_a}, namespaceSelector: {{}}}}]"),
        ["allowed", "allowed", "denied", "denied"],
    );
    check_from(
        "[{podSelector: {}}]",
        ["allowed", "denied", "denied", "denied"],
    );
    let every_pod = ["allowed", "allowed", "allowed", "denied"];
    check_from("[{namespaceSelector: {}}]", every_pod);
    check_from("[{namespaceSelector: {}, podSelector: {}}]", every_pod);
}

/// 17.
#[test]
fn two_selectors_in_one_peer_both_hold_and_of_two_peers_one() {
    let blue = "namespaceSelector: {matchLabels: {team: blue}}";
    let app_a = "podSelector: {matchLabels: {app: a}}";
    check_from(
        &format!("[{{{blue}, {app_a}}}]"),
        ["denied", "allowed", "denied", "denied"],
    );
    check_from(
        &format!("[{{{blue}}}, {{{app_a}}}]"),
        ["allowed", "allowed", "allowed", "denied"],
    );
}

/// 19, 20.
#[test]
fn every_requirement_of_a_selector_holds() {
    let pods = |selector: &str| format!("[{{namespaceSelector: {{}}, podSelector: {selector}}}]");
    let one = |expression: &str| {
        pods(&format!(
            "{{matchExpressions: [{{key: app, {expression}}}]}}"
        ))
    };
    check_from(
        &one("operator: In, values: [a, z]"),
        ["allowed", "allowed", "denied", "denied"],
    );
    check_from(
        &one("operator: In, values: [z]"),
        ["denied", "denied", "denied", "denied"],
    );
    check_from(
        &one("operator: NotIn, values: [a]"),
        ["denied", "denied", "allowed", "denied"],
    );
    check_from(
        &one("operator: Exists"),
        ["allowed", "allowed", "denied", "denied"],
    );
    check_from(
        &one("operator: DoesNotExist"),
        ["denied", "denied", "allowed", "denied"],
    );
    check_from(
        &pods("{matchLabels: {app: a}, matchExpressions: [{key: tier, operator: Exists}]}"),
        ["denied", "denied", "denied", "denied"],
    );
    check_from(
        &pods("{matchLabels: {app: a}, matchExpressions: [{key: tier, operator: DoesNotExist}]}"),
        ["allowed", "allowed", "denied", "denied"],
    );
}

/// 22: also where the object lacks the label, names another value or is missing.
#[test]
fn the_name_of_a_namespace_is_always_a_label() {
    for namespace in [
        "",
        "kind: Namespace\nmetadata: {name: z}",
        "kind: Namespace\nmetadata: {name: z, labels: {kubernetes.io/metadata.name: other}}",
    ] {
        check(
            &format!(
                "
{namespace}
---
kind: Pod
metadata: {{namespace: z, name: d}}
status: {{podIP: 10.0.2.1}}
---
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: z}}}}}}]}}]}}
"
            ),
            &["z/d -> x/a tcp/80 allowed", "y/a -> x/a tcp/80 denied"],
        );
    }
    check_from(
        "[{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}]",
        ["denied", "allowed", "allowed", "denied"],
    );
}

/// 23.
#[test]
fn absent_and_empty_peers_are_everybody() {
    let everybody = ["allowed", "allowed", "allowed", "allowed"];
    check_from("[]", everybody);
    check_from("null", everybody);
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Egress], egress: [{to: [], ports: [{port: 443}]}]}
",
        &[
            "x/a -> 203.0.113.1 tcp/443 allowed",
            "x/a -> 203.0.113.1 tcp/80 denied",
        ],
    );
}
