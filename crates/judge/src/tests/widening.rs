//! Flows across clusters into a sensitive zone, judged by what the source clusters hold now.

use cofferdam_model::capabilities::Enforces;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::key::Kind;
use cofferdam_objects::policy_kind::POLICY_KINDS;
use cofferdam_testkit::Cluster;
use serde_json::json;

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

/// A staging cluster that holds these namespaces beside its own, after an apply.
fn staging(text: &str, namespaces: &[&str]) -> Trial {
    let mut stage = untouched(text, namespaces);
    stage.apply();
    stage
}

/// The same before it.
fn untouched(text: &str, namespaces: &[&str]) -> Trial {
    let mut stage = Trial::new(text, planner);
    stage.cluster = Cluster::new("stage");
    stage.cluster.namespaces.remove("default");
    for name in namespaces {
        stage.cluster.add_namespace(name, &[]);
    }
    stage
}

/// Judges the first plan of production beside what was seen of staging.
fn judged(text: &str, stage: Option<(&Bundle, &Observed)>) -> Vec<String> {
    let mut trial = Trial::new(text, planner);
    trial.cluster.add_namespace("orders", &[]);
    let scene = Scene::of(&trial);
    let itself = (&scene.bundle, &scene.observed);
    let fleet = Fleet {
        model: &scene.model,
        clusters: stage.into_iter().chain([itself]).collect(),
        today: today(),
    };
    let case = Case {
        plan: &scene.plan,
        bundle: &scene.bundle,
        observed: &scene.observed,
        cluster: &scene.cluster,
        fleet: &fleet,
    };
    shown(&judge(&case, &Allowances::default()))
}

/// Judges the first plan of production beside a staging cluster with these namespaces.
#[track_caller]
fn check(text: &str, namespaces: &[&str], want: &[&str]) {
    check_beside(text, &staging(text, namespaces), want);
}

#[track_caller]
fn check_beside(text: &str, stage: &Trial, want: &[&str]) {
    let (source, seen) = (stage.bundle(), stage.cluster.observe());
    assert_eq!(judged(text, Some((&source, &seen))), want);
}

/// The refusal, with why, and what to do.
fn widens(why: &str, remedy: &str) -> String {
    format!(
        "cross-cluster-widens: flow `across` admits whole clusters into a zone of sensitivity high, and {why} ({remedy}; only with `encryption: mtls` can this be waived)"
    )
}

const NOT_ISOLATED: &str = "namespace `nobodys` in cluster `stage` is not isolated";
const ISOLATE: &str = "put it into a zone, or isolate unassigned namespaces there";

/// The fleet with unassigned namespaces of staging isolated.
fn isolated() -> String {
    FLEET.replace(
        "rollout: { order: 20 } }",
        "rollout: { order: 20 }, unassignedNamespaces: isolate }",
    )
}

#[test]
fn a_cluster_with_a_namespace_of_nobody_is_not_admitted() {
    check(FLEET, &["web"], &[]);
    check(
        FLEET,
        &["web", "nobodys"],
        &[&widens(NOT_ISOLATED, ISOLATE)],
    );
    check(FLEET, &["web", "kube-system"], &[]);
}

#[test]
fn where_unassigned_namespaces_are_isolated_the_cluster_is_admitted() {
    check(&isolated(), &["web", "nobodys"], &[]);
}

#[test]
fn what_a_namespace_of_the_source_holds_now_decides_whether_it_is_isolated() {
    let text = isolated();
    let egress = |rules: serde_json::Value| json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": rules});
    let write = |name: &str, rules| Act::WritePolicy {
        namespace: "nobodys".to_owned(),
        name: name.to_owned(),
        spec: egress(rules),
    };
    let deny = "cofferdam-default-deny-egress";
    let delete = Act::DeletePolicy {
        namespace: "nobodys".to_owned(),
        name: deny.to_owned(),
    };
    let all = || json!([{}]);
    let allowed = |policy: &str| {
        widens(
            &format!(
                "namespace `nobodys` in cluster `stage` lets out what policy `{policy}` allows and the model does not"
            ),
            "delete that policy, or let the model allow it",
        )
    };
    let not_yet = widens(
        "namespace `nobodys` in cluster `stage` is not isolated yet",
        "apply to cluster `stage` first, with `--cluster stage`",
    );
    for (act, want) in [
        (delete, vec![not_yet]),
        (write("theirs", all()), vec![allowed("theirs")]),
        (write(deny, all()), vec![allowed(deny)]),
        (write("theirs", json!([])), vec![]),
    ] {
        let mut stage = staging(&text, &["web", "nobodys"]);
        stage.cluster.act(&act);
        let want: Vec<&str> = want.iter().map(String::as_str).collect();
        check_beside(&text, &stage, &want);
    }
    let kind = POLICY_KINDS
        .iter()
        .find(|one| one.kind == "CiliumNetworkPolicy")
        .unwrap();
    let mut stage = staging(&text, &["web", "nobodys"]);
    stage.cluster.other_policies.push(ObjectKey {
        kind: Kind::OtherPolicy(kind),
        namespace: Some("nobodys".to_owned()),
        name: "theirs".to_owned(),
    });
    let want = widens(
        "namespace `nobodys` in cluster `stage` may let out what CiliumNetworkPolicy.cilium.io/nobodys/theirs allows, a kind that is not modelled",
        "delete it",
    );
    check_beside(&text, &stage, &[&want]);
}

#[test]
fn what_is_staged_or_not_applied_yet_denies_nothing() {
    let stage = untouched(FLEET, &["web"]);
    let want = widens(
        "namespace `web` in cluster `stage` is not isolated yet",
        "apply to cluster `stage` first, with `--cluster stage`",
    );
    check_beside(FLEET, &stage, &[&want]);
    let stage = staging(FLEET, &["web"]);
    let (mut bundle, seen) = (stage.bundle(), stage.cluster.observe());
    for wanted in bundle.namespaces.values_mut() {
        wanted.enforcement = Enforcement::Stage;
    }
    let want = widens(
        "namespace `web` in cluster `stage` is not enforced",
        "enforce its zone there",
    );
    assert_eq!(judged(FLEET, Some((&bundle, &seen))), [want]);
}

/// Makes a part of what was seen unknown, for a reason.
type Hide = fn(&mut Observed, String);

#[test]
fn a_source_cluster_that_was_not_observed_is_not_admitted() {
    let want = widens(
        "source cluster `stage` was not observed",
        "observe it too, with `--cluster stage`",
    );
    assert_eq!(judged(FLEET, None), [want]);
    let stage = staging(FLEET, &["web"]);
    let bundle = stage.bundle();
    let parts: [(&str, Hide); 5] = [
        ("identity of the cluster", |seen, why| {
            seen.uid = Reading::Unknown(why);
        }),
        ("namespaces", |seen, why| {
            seen.namespaces = Reading::Unknown(why);
        }),
        ("NetworkPolicies", |seen, why| {
            seen.policies = Reading::Unknown(why);
        }),
        ("record", |seen, why| seen.record = Reading::Unknown(why)),
        ("capabilities", |seen, why| {
            seen.capabilities = Reading::Unknown(why);
        }),
    ];
    for (part, hide) in parts {
        let mut seen = stage.cluster.observe();
        hide(&mut seen, "forbidden".to_owned());
        let want = widens(
            &format!("source cluster `stage` was not observed wholly: {part}: forbidden"),
            "see to it that it can be read",
        );
        assert_eq!(judged(FLEET, Some((&bundle, &seen))), [want]);
    }
}

#[test]
fn what_another_cluster_holds_says_nothing_of_the_source() {
    let stage = staging(FLEET, &["web"]);
    let (bundle, mut seen) = (stage.bundle(), stage.cluster.observe());
    seen.uid = Reading::Known("uid-prod".to_owned());
    let want = widens(
        "the kubeconfig of source cluster `stage` leads to another one",
        "check `access` and `identity` of its Cluster document",
    );
    assert_eq!(judged(FLEET, Some((&bundle, &seen))), [want]);
}

#[test]
fn a_source_that_nothing_identifies_is_not_admitted() {
    let unpinned = FLEET.replace("  identity: { uid: uid-stage }\n", "");
    let stage = staging(&unpinned, &["web"]);
    let (bundle, seen) = (stage.bundle(), stage.cluster.observe());
    let want = widens(
        "source cluster `stage` is not pinned, so that another one may answer for it",
        "pin it with `cofferdam doctor --pin --cluster stage`",
    );
    assert_eq!(judged(&unpinned, Some((&bundle, &seen))), [want]);
}

#[test]
fn a_source_in_which_nothing_enforces_policies_is_not_admitted() {
    let no = widens(
        "nothing enforces policies in source cluster `stage`",
        "give it a network plugin that does",
    );
    let unknown = widens(
        "it is not known whether source cluster `stage` enforces policies",
        "`cofferdam status` says what is known of its network plugin",
    );
    for (enforces, want) in [(Enforces::No, no), (Enforces::Unknown, unknown)] {
        let mut stage = staging(FLEET, &["web"]);
        stage.cluster.capabilities.cni.enforces = enforces;
        let (bundle, seen) = (stage.bundle(), stage.cluster.observe());
        assert_eq!(judged(FLEET, Some((&bundle, &seen))), [want]);
    }
}

#[test]
fn only_a_flow_with_mutual_tls_can_be_waived() {
    let mutual = FLEET.replace("  owner: shop\n", "  owner: shop\n  encryption: mtls\n");
    let waivable = format!(
        "cross-cluster-widens: flow `across` admits whole clusters into a zone of sensitivity high, and {NOT_ISOLATED} ({ISOLATE}, or waive it by a Waiver with `for: {{ finding: cross-cluster-widens, object: Flow/across }}`)"
    );
    let refused = widens(NOT_ISOLATED, ISOLATE);
    for (flow, expires, want) in [
        (mutual.as_str(), "2027-01-31", &[][..]),
        (&mutual, "2026-11-20", &[waivable.as_str()]),
        (FLEET, "2027-01-31", &[refused.as_str()]),
    ] {
        let text = format!("{flow}{}", waiver(expires));
        check(&text, &["web", "nobodys"], want);
    }
}
