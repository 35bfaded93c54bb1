//! What an API server refuses is as if not there (checklist 21; each kind has its own file).

mod admin;
mod network_policy;

use super::{check, objects, read};
use cofferdam_oracle::is_valid;

fn check_valid(object: &str, expected: bool) {
    let objects = objects(object);
    let by_oracle: Vec<bool> = objects.iter().map(is_valid).collect();
    assert_eq!(by_oracle, [expected], "says the oracle of {object}");
    let facts = read(&objects);
    let by_engine = facts.policies.len() == 1;
    assert_eq!(
        by_engine, expected,
        "says the engine of {object}: {:?}",
        facts.gaps
    );
    assert!(
        expected || !facts.gaps.is_empty(),
        "what is refused is told: {object}"
    );
}

fn check_network_policy(spec: &str, expected: bool) {
    let document =
        format!("kind: NetworkPolicy\nmetadata: {{namespace: x, name: p}}\nspec: {spec}\n");
    check_valid(&document, expected);
}

/// As of a template that nobody rendered.
#[test]
fn names_of_namespaces() {
    for (name, expected) in [
        ("x", true),
        ("x-1", true),
        ("'{{ .Values.namespace }}'", false),
        ("'${NAMESPACE}'", false),
        ("SHOP", false),
        ("'shop '", false),
        ("-x", false),
    ] {
        let metadata = format!("{{namespace: {name}, name: p}}");
        let policy = format!("kind: NetworkPolicy\nmetadata: {metadata}\nspec: {{}}\n");
        check_valid(&policy, expected);
    }
}

#[test]
fn one_invalid_part_leaves_out_the_whole_policy() {
    check(
        "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {ingress: [{from: [{podSelector: {}}]}, {from: [{}]}]}
",
        &["y/a -> x/a tcp/80 allowed"],
    );
    check(
        "
kind: AdminNetworkPolicy
metadata: {name: p}
spec: {priority: 1001, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
",
        &["x/a -> x/b tcp/80 allowed"],
    );
}

/// 21.
#[test]
fn selectors() {
    for (expression, expected) in [
        ("{key: a, operator: In, values: [b]}", true),
        ("{key: a, operator: In, values: []}", false),
        ("{key: a, operator: In}", false),
        ("{key: a, operator: NotIn}", false),
        ("{key: a, operator: Exists}", true),
        ("{key: a, operator: Exists, values: [b]}", false),
        ("{key: a, operator: DoesNotExist, values: [b]}", false),
        ("{key: a, operator: Gt, values: ['1']}", false),
        ("{operator: Exists}", false),
    ] {
        let selector = format!("{{matchExpressions: [{expression}]}}");
        check_network_policy(&format!("{{podSelector: {selector}}}"), expected);
        check_network_policy(
            &format!("{{ingress: [{{from: [{{namespaceSelector: {selector}}}]}}]}}"),
            expected,
        );
        check_admin(
            "AdminNetworkPolicy",
            &format!(
                "priority: 1, subject: {{pods: {{namespaceSelector: {selector}, podSelector: {{}}}}}}"
            ),
            expected,
        );
        let to_nodes = format!("[{{action: Deny, to: [{{nodes: {selector}}}]}}]");
        check_admin(
            "ClusterNetworkPolicy",
            &format!("tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, egress: {to_nodes}"),
            expected,
        );
    }
}

fn check_admin(kind: &str, spec: &str, expected: bool) {
    let document = format!("kind: {kind}\nmetadata: {{name: default}}\nspec: {{{spec}}}\n");
    check_valid(&document, expected);
}
