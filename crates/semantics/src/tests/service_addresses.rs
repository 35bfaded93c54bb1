//! Policies that let pods out to addresses of Services, which nobody tells of who asks about pods.

use super::{dialect, objects, read};
use crate::service_addresses::let_out;

/// A pod in a labelled namespace, and a Service of another one.
const CLUSTER: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web, labels: {app: web}}, status: {podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: data, name: db, labels: {app: db}}, status: {podIP: 10.0.0.2}}
---
apiVersion: v1
kind: Service
metadata: {namespace: data, name: db}
spec: {clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 80}]}
---
";

/// Which policies let out to the Service, under a plugin that is asked before addresses of Services are translated.
#[track_caller]
fn check(policy: &str, expected: &[&str]) {
    let facts = read(&objects(&format!("{CLUSTER}{policy}")));
    let told = |plugin: &str| -> Vec<String> {
        let named = let_out(&facts, &dialect(plugin));
        named.map(|(policy, _)| policy.id.to_string()).collect()
    };
    assert_eq!(told("aws-vpc-cni"), expected, "{policy}");
    assert!(told("calico").is_empty(), "{policy}");
}

fn network_policy(selector: &str, block: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{namespace: shop, name: p}}
spec: {{podSelector: {selector}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {block}}}]}}]}}
"
    )
}

/// A policy of each kind of administrators, with this subject and this rule.
fn of_administrators(subject: &str, rule: &str) -> [String; 3] {
    [
        ("v1alpha1", "AdminNetworkPolicy", "p", "priority: 1"),
        ("v1alpha1", "BaselineAdminNetworkPolicy", "default", ""),
        (
            "v1alpha2",
            "ClusterNetworkPolicy",
            "p",
            "tier: Admin, priority: 1",
        ),
    ]
    .map(|(version, kind, name, place)| {
        let place = if place.is_empty() {
            String::new()
        } else {
            format!("{place}, ")
        };
        let action = match version {
            "v1alpha2" => rule.replace("Allow", "Accept"),
            _ => rule.to_owned(),
        };
        format!(
            "
apiVersion: policy.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: {name}}}
spec: {{{place}subject: {subject}, egress: [{action}]}}
"
        )
    })
}

#[test]
fn a_block_of_addresses_of_services_lets_out_to_them() {
    let own = ["NetworkPolicy/shop/p"];
    check(&network_policy("{}", "{cidr: 10.96.0.0/12}"), &own);
    check(&network_policy("{}", "{cidr: 10.97.0.0/16}"), &[]);
    let except = "{cidr: 10.96.0.0/12, except: [10.96.0.0/24]}";
    check(&network_policy("{}", except), &[]);
    // What holds every address holds those of the pods.
    check(&network_policy("{}", "{cidr: 0.0.0.0/0}"), &[]);
    // It governs nobody.
    check(
        &network_policy("{matchLabels: {app: gone}}", "{cidr: 10.96.0.0/12}"),
        &[],
    );
}

#[test]
fn networks_of_policies_of_administrators_let_out_to_services_too() {
    let names = [
        "AdminNetworkPolicy/p",
        "BaselineAdminNetworkPolicy/default",
        "ClusterNetworkPolicy/p",
    ];
    let to =
        |networks: &str| format!("{{name: r, action: Allow, to: [{{networks: [{networks}]}}]}}");
    let all = "{namespaces: {}}";
    let team = "{namespaces: {matchLabels: {team: shop}}}";
    let pods = "{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}";
    let nobody = "{namespaces: {matchLabels: {team: gone}}}";
    for subject in [all, team, pods] {
        let policies = of_administrators(subject, &to("10.96.0.7/32"));
        for (policy, name) in policies.iter().zip(names) {
            check(policy, &[name]);
        }
    }
    for (subject, rule) in [
        (nobody, to("10.96.0.7/32")),
        (all, to("10.97.0.0/16")),
        (all, to("0.0.0.0/0")),
        (all, to("10.96.0.7/32").replace("Allow", "Deny")),
        (
            all,
            "{name: r, action: Allow, to: [{namespaces: {}}]}".to_owned(),
        ),
    ] {
        for policy in of_administrators(subject, &rule) {
            check(&policy, &[]);
        }
    }
}

/// Whoever is denied what is behind a Service may ask for the address of that.
#[test]
fn who_denies_only_what_is_behind_a_service_leaves_its_address_open() {
    let deny = |to: &str| format!("{{name: r, action: Deny, to: [{to}]}}");
    let all = "{namespaces: {}}";
    for (to, is_told) in [
        ("{namespaces: {}}", true),
        (
            "{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}}",
            true,
        ),
        (
            "{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}",
            false,
        ),
        ("{networks: [10.0.0.0/16]}", true),
        ("{networks: [10.1.0.0/16]}", false),
        ("{networks: [10.0.0.0/8]}", false),
        ("{networks: [10.96.0.7/32]}, {namespaces: {}}", false),
    ] {
        let names = [
            "AdminNetworkPolicy/p",
            "BaselineAdminNetworkPolicy/default",
            "ClusterNetworkPolicy/p",
        ];
        let policies = of_administrators(all, &deny(to));
        for (policy, name) in policies.iter().zip(names) {
            let expected: &[&str] = if is_told { &[name] } else { &[] };
            check(policy, expected);
        }
    }
}
