//! Flows across clusters into a sensitive zone, judged by what the source clusters hold now.

use cofferdam_testkit::Cluster;

use super::*;

/// `web` in staging reaches `orders` in production.
const FLEET: &str = "
kind: ZoneModel
metadata: { name: shop }
spec: { tiers: [edge, data], defaults: { enforcement: enforce } }
---
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 10 } }
---
kind: TrustDomain
metadata: { name: staging }
spec: { clusters: { matchLabels: { environment: staging } }, rollout: { order: 20 } }
---
kind: Cluster
metadata: { name: prod, labels: { environment: production } }
spec:
  access: { kubeconfig: prod.yaml }
  identity: { uid: uid-prod }
  network: { podCidrs: [10.10.0.0/16], egressCidrs: [203.0.113.0/28], exposedCidrs: [198.51.100.7/32] }
---
kind: Cluster
metadata: { name: stage, labels: { environment: staging } }
spec:
  access: { kubeconfig: stage.yaml }
  identity: { uid: uid-stage }
  network: { podCidrs: [10.20.0.0/16], egressCidrs: [203.0.113.16/28], exposedCidrs: [198.51.100.23/32] }
---
kind: Zone
metadata: { name: front }
spec: { tier: edge, sensitivity: low, trustDomains: [staging], namespaces: [{ name: web }] }
---
kind: Zone
metadata: { name: back }
spec: { tier: data, sensitivity: high, trustDomains: [production], namespaces: [{ name: orders }] }
---
kind: Flow
metadata: { name: across }
spec:
  from: { zone: front }
  to: { zone: back }
  ports: [{ protocol: TCP, port: 8080 }]
  across: { from: staging, to: production, port: 443 }
  justification: customers order
  owner: shop
  approval: { by: security, at: 2026-09-01 }
";

/// A waiver until some day.
fn waiver(expires: &str) -> String {
    format!(
        "---\nkind: Waiver\nmetadata: {{ name: known }}\nspec:\n  for: {{ finding: cross-cluster-widens }}\n  reason: known\n  approval: {{ by: security, at: 2026-10-01 }}\n  expires: {expires}\n"
    )
}

/// Judges the first plan of production beside a staging cluster with these namespaces.
fn check(text: &str, namespaces: &[&str], want: &[&str]) {
    let mut trial = Trial::new(text, planner);
    trial.cluster.add_namespace("orders", &[]);
    let mut stage = trial.clone();
    stage.cluster = Cluster::new("stage");
    stage.cluster.namespaces.remove("default");
    for name in namespaces {
        stage.cluster.add_namespace(name, &[]);
    }
    let (source, seen) = (stage.bundle(), stage.cluster.observe());
    let scene = Scene::of(&trial);
    let fleet = Fleet {
        model: &scene.model,
        clusters: vec![(&source, &seen), (&scene.bundle, &scene.observed)],
        today: today(),
    };
    let case = Case {
        plan: &scene.plan,
        bundle: &scene.bundle,
        observed: &scene.observed,
        cluster: &scene.cluster,
        fleet: &fleet,
    };
    assert_eq!(shown(&judge(&case, &Allowances::default())), want);
}

const WIDENS: &str = "cross-cluster-widens: flow `across` admits whole clusters into a zone of sensitivity high, \
    and namespace `nobodys` in cluster `stage` is not isolated (put it into a zone, or isolate unassigned namespaces there)";

#[test]
fn a_cluster_with_a_namespace_of_nobody_is_not_admitted() {
    check(FLEET, &["web"], &[]);
    check(FLEET, &["web", "nobodys"], &[WIDENS]);
    check(FLEET, &["web", "kube-system"], &[]);
}

#[test]
fn where_unassigned_namespaces_are_isolated_the_cluster_is_admitted() {
    let isolated = FLEET.replace(
        "rollout: { order: 20 } }",
        "rollout: { order: 20 }, unassignedNamespaces: isolate }",
    );
    check(&isolated, &["web", "nobodys"], &[]);
}

#[test]
fn only_a_flow_with_mutual_tls_can_be_waived() {
    let mutual = FLEET.replace("  owner: shop\n", "  owner: shop\n  encryption: mtls\n");
    for (flow, expires, want) in [
        (mutual.as_str(), "2027-01-31", &[][..]),
        (&mutual, "2026-11-20", &[WIDENS]),
        (FLEET, "2027-01-31", &[WIDENS]),
    ] {
        let text = format!("{flow}{}", waiver(expires));
        check(&text, &["web", "nobodys"], want);
    }
}
