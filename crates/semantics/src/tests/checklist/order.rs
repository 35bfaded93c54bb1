//! Order that the API leaves open (checklist 60, 72, 78).

use super::check;

/// A policy about ingress from all pods.
fn document(kind: &str, name: &str, fields: &str, action: &str) -> String {
    format!(
        "
kind: {kind}
metadata: {{name: {name}}}
spec: {{{fields}subject: {{namespaces: {{}}}}, ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]}}
---"
    )
}

const ADMIN: &str = "AdminNetworkPolicy";
const CLUSTER: &str = "ClusterNetworkPolicy";
const DENY_IN_X: &str = "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {policyTypes: [Ingress]}
";

/// 60, 72.
#[test]
fn of_equal_priorities_any_may_count() {
    for (kind, fields, allow) in [
        (ADMIN, "priority: 5, ", "Allow"),
        (CLUSTER, "tier: Admin, priority: 5, ", "Accept"),
        (CLUSTER, "tier: Baseline, priority: 5, ", "Accept"),
    ] {
        let tied = |first: &str, second: &str| {
            document(kind, "one", fields, first) + &document(kind, "two", fields, second)
        };
        check(&tied(allow, "Deny"), &["x/a -> x/b tcp/80 undecided"]);
        check(&tied("Pass", "Deny"), &["x/a -> x/b tcp/80 undecided"]);
        check(&tied("Pass", allow), &["x/a -> x/b tcp/80 allowed"]);
        check(&tied("Deny", "Deny"), &["x/a -> x/b tcp/80 denied"]);
        check(&tied(allow, allow), &["x/a -> x/b tcp/80 allowed"]);
    }
}

/// Whether the tie matters depends on what is below.
#[test]
fn a_tie_with_pass_is_decided_where_the_next_tier_says_the_same() {
    let fields = "priority: 5, ";
    let tied = document(ADMIN, "one", fields, "Pass") + &document(ADMIN, "two", fields, "Deny");
    check(
        &(tied + DENY_IN_X),
        &["x/a -> x/b tcp/80 denied", "x/a -> y/a tcp/80 undecided"],
    );
    let tied = document(ADMIN, "one", fields, "Pass") + &document(ADMIN, "two", fields, "Allow");
    check(
        &(tied + DENY_IN_X),
        &["x/a -> x/b tcp/80 undecided", "x/a -> y/a tcp/80 allowed"],
    );
}

/// The tie is settled by a rule before it, by a direction that denies, and where only one matches.
#[test]
fn a_tie_counts_only_where_it_decides() {
    let tied = document(ADMIN, "one", "priority: 5, ", "Allow")
        + &document(ADMIN, "two", "priority: 5, ", "Deny");
    let before = document(ADMIN, "three", "priority: 4, ", "Deny");
    check(&(tied.clone() + &before), &["x/a -> x/b tcp/80 denied"]);
    check(
        &(tied.clone() + &document(ADMIN, "three", "priority: 6, ", "Deny")),
        &["x/a -> x/b tcp/80 undecided"],
    );
    check(
        &(tied
            + "
kind: NetworkPolicy
metadata: {namespace: y, name: p}
spec: {policyTypes: [Egress]}
"),
        &[
            "y/a -> x/a tcp/80 denied",
            "203.0.113.1 -> x/a tcp/80 allowed",
        ],
    );
}

/// 78.
#[test]
fn between_versions_any_may_count() {
    let admin = |action| document(ADMIN, "old", "priority: 1, ", action);
    let cluster = |action| document(CLUSTER, "new", "tier: Admin, priority: 900, ", action);
    check(
        &(admin("Deny") + &cluster("Accept")),
        &["x/a -> x/b tcp/80 undecided"],
    );
    check(
        &(admin("Deny") + &cluster("Deny")),
        &["x/a -> x/b tcp/80 denied"],
    );
    check(
        &(admin("Pass") + &cluster("Deny")),
        &["x/a -> x/b tcp/80 undecided"],
    );
    check(
        &(admin("Pass") + &cluster("Accept") + DENY_IN_X),
        &["x/a -> x/b tcp/80 undecided"],
    );
    check(
        &(admin("Pass") + &cluster("Accept")),
        &["x/a -> x/b tcp/80 allowed"],
    );
    let of_no_pod = cluster("Accept").replace(
        "from: [{namespaces: {}}]",
        "from: [{namespaces: {matchLabels: {no: 'one'}}}]",
    );
    check(&(admin("Deny") + &of_no_pod), &["x/a -> x/b tcp/80 denied"]);
    let old = document("BaselineAdminNetworkPolicy", "default", "", "Deny");
    let new = document(CLUSTER, "new", "tier: Baseline, priority: 1, ", "Pass");
    check(&(old.clone() + &new), &["x/a -> x/b tcp/80 undecided"]);
    check(&old, &["x/a -> x/b tcp/80 denied"]);
}
