//! Which rules an explanation cites, and what they come to.

use std::sync::Arc;

use cofferdam_model::flow::Protocol;

use super::{dialect, objects, read};
use crate::Classes;
use crate::connectivity::{Connectivity, Endpoint};

/// Two pods of one namespace.
const PODS: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web, labels: {app: web}}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db, labels: {app: db}}}
";

/// What decides about the ingress of `db` from `web`, as `verdict`, then each rule as `action policy place`.
#[track_caller]
fn check(policies: &[String], expected: &[&str]) {
    let yaml: Vec<String> = policies.iter().map(|one| format!("---\n{one}\n")).collect();
    let facts = read(&objects(&format!("{PODS}{}", yaml.concat())));
    let engine = Connectivity::solve(Arc::new(Classes::of(&facts)), dialect("calico"));
    let pod = |name: &str| {
        let mut pods = facts.pods.iter();
        Endpoint::Pod(pods.position(|pod| *pod.name == *name).unwrap())
    };
    let on = (Protocol::Tcp, 80);
    let ingress = engine.explain(pod("web"), pod("db"), on).ingress;
    let mut told = vec![ingress.verdict.to_string()];
    let rules = ingress.matched.iter();
    told.extend(rules.map(|one| format!("{} {} {}", one.action.as_str(), one.of.policy, one.path)));
    assert_eq!(told, expected, "{yaml:?}");
}

/// An `AdminNetworkPolicy`, the name of which is its priority, with a rule of each action.
fn admin(priority: u16, actions: &[&str]) -> String {
    of_pods(
        &format!("AdminNetworkPolicy, metadata: {{name: p{priority}}}"),
        &format!("priority: {priority}, "),
        actions,
    )
}

fn baseline(action: &str) -> String {
    of_pods(
        "BaselineAdminNetworkPolicy, metadata: {name: default}",
        "",
        &[action],
    )
}

fn of_pods(head: &str, place: &str, actions: &[&str]) -> String {
    let rules = actions.iter();
    let rules = rules.map(|action| format!("{{action: {action}, from: [{{namespaces: {{}}}}]}}"));
    let rules: Vec<String> = rules.collect();
    format!(
        "{{apiVersion: policy.networking.k8s.io/v1alpha1, kind: {head}, spec: {{{place}subject: {{namespaces: {{}}}}, ingress: [{}]}}}}",
        rules.join(", ")
    )
}

/// A `NetworkPolicy` for `db` that lets in pods with this label.
fn network_policy(app: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{namespace: shop, name: db}}, \
         spec: {{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{app: {app}}}}}}}]}}]}}}}"
    )
}

#[test]
fn a_rule_that_passes_ends_what_administrators_say() {
    let pass = "pass AdminNetworkPolicy/p1 spec.ingress[0]";
    let later = || [admin(1, &["Pass"]), admin(2, &["Deny"])];
    check(&later(), &["allowed", pass]);
    // So it does within a policy.
    check(&[admin(1, &["Pass", "Deny"])], &["allowed", pass]);
    let [one, two] = later();
    let own = "allow NetworkPolicy/shop/db spec.ingress[0]";
    check(&[one, two, network_policy("web")], &["allowed", pass, own]);
    let [one, two] = later();
    let last = "deny BaselineAdminNetworkPolicy/default spec.ingress[0]";
    check(&[one, two, baseline("Deny")], &["denied", pass, last]);
}

#[test]
fn what_comes_after_a_decision_is_not_cited() {
    let first = "deny AdminNetworkPolicy/p1 spec.ingress[0]";
    check(
        &[
            admin(1, &["Deny", "Allow"]),
            admin(2, &["Allow"]),
            network_policy("web"),
        ],
        &["denied", first],
    );
    // A NetworkPolicy that isolates is the last to be asked, whether it names the other end or not.
    check(&[network_policy("cron"), baseline("Deny")], &["denied"]);
}
