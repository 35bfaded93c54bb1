//! The zone model of the bench: 1,000 `NetworkPolicies` of about 900 bytes in 20 namespaces.
//!
//! Its zones are staged. Enforced ones get open policies that exist during a push only, which neither
//! kubectl nor the floor would write; staged ones keep theirs, so that all write the same objects.

use std::fmt::Write as _;

/// How many namespaces there are, in zones of one namespace each.
pub(super) const NAMESPACES: usize = 20;

/// What compiles to 1,000 policies: each flow gives one at either end, each staged namespace has four.
pub(super) const FLOWS: usize = 460;

/// How many policies the model compiles to.
pub(super) const POLICIES: usize = 2 * FLOWS + 4 * NAMESPACES;

/// The trust domain and the zones' tier.
const FOUNDATION: &str = "apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: bench }
spec: { tiers: [application] }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: bench }
spec: { clusters: { matchLabels: { environment: bench } }, rollout: { order: 10 } }
";

/// The name of a namespace, which is that of its zone too.
pub(super) fn namespace(number: usize) -> String {
    format!("bench-{number:02}")
}

/// The files of a model and fleet without its clusters.
pub(super) fn files() -> Vec<(&'static str, String)> {
    vec![
        ("policies/model.yaml", FOUNDATION.to_owned()),
        ("policies/zones.yaml", zones()),
        ("policies/flows.yaml", flows()),
    ]
}

/// Manifests of the namespaces.
pub(super) fn namespaces() -> String {
    (0..NAMESPACES).fold(String::new(), |mut text, number| {
        let name = namespace(number);
        // Writing to a String cannot fail.
        write!(
            text,
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{ name: {name} }}\n"
        )
        .ok();
        text
    })
}

fn zones() -> String {
    (0..NAMESPACES).fold(String::new(), |mut text, number| {
        let name = namespace(number);
        write!(
            text,
            "---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: {{ name: {name} }}
spec:
  tier: application
  sensitivity: medium
  trustDomains: [bench]
  enforcement: stage
  namespaces: [{{ name: {name} }}]
  internet: {{ ingress: deny, egress: deny }}
"
        )
        .ok();
        text
    })
}

/// Every namespace calls those that follow it, one workload another.
fn flows() -> String {
    (0..FLOWS).fold(String::new(), |mut text, number| {
        let turn = number / NAMESPACES;
        let from = number % NAMESPACES;
        let to = (from + 1 + turn % (NAMESPACES - 1)) % NAMESPACES;
        let (from, to) = (namespace(from), namespace(to));
        let (client, server) = (workload("client", turn), workload("server", turn));
        write!(
            text,
            "---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: {{ name: call-{number:03} }}
spec:
  from: {{ zone: {from}, workload: {client} }}
  to: {{ zone: {to}, workload: {server} }}
  ports: [{{ protocol: TCP, port: {port} }}, {{ protocol: TCP, port: 9090-9099 }}, {{ protocol: UDP, port: 4433 }}]
  justification: the client {turn} of {from} calls the server of {to}
  owner: bench
  review: {{ last: 2026-11-01, by: bench }}
",
            port = 8000 + turn,
        )
        .ok();
        text
    })
}

/// Labels as charts write them.
fn workload(role: &str, turn: usize) -> String {
    format!(
        "{{ matchLabels: {{ app.kubernetes.io/name: {role}-{turn:02}, app.kubernetes.io/component: {role}, app.kubernetes.io/part-of: bench }} }}"
    )
}
