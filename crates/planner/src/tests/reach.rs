//! What plans and drift do to what can be reached, on the shop.

use cofferdam_model::cluster::Delivery;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::policy_kind::POLICY_KINDS;
use cofferdam_state::change::Change;
use cofferdam_state::finding::{Class, Severity};
use cofferdam_state::observed::Reading;
use cofferdam_testkit::{Act, SHOP, Trial};
use serde_json::{Value, json};

use super::planner;
use crate::reach::{Ground, of_plan, weigh};
use crate::view::View;

/// The shop as it is enforced.
pub(super) fn applied() -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply();
    trial
}

pub(super) fn ask<T>(trial: &Trial, ask: impl Fn(Ground<'_>) -> T) -> T {
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    ask(Ground {
        view: &view,
        model: &trial.model,
        cluster: trial.document(),
    })
}

pub(super) fn shown(word: &str, change: &Change) -> String {
    let Change {
        from,
        to,
        ports,
        witness,
    } = change;
    format!(
        "{word} {from} -> {to}: {ports} ({} -> {})",
        witness.from, witness.to
    )
}

/// The findings about policies and namespaces, each with what it opens and closes.
fn found(trial: &Trial) -> Vec<String> {
    let findings = ask(trial, |ground| {
        let mut findings = crate::find(ground.view, ground.cluster, None);
        weigh(&mut findings, ground);
        findings
    });
    let mut lines = Vec::new();
    for finding in findings
        .iter()
        .filter(|one| one.class != Class::UnassignedNamespace)
    {
        let severity = finding.severity.map_or("-", Severity::as_str);
        let effect = finding.effect.as_str();
        let class = finding.class.as_str();
        lines.push(format!("{severity} {class} {}: {effect}", finding.object));
        let changes = finding.changes.clone().unwrap_or_default();
        lines.extend(changes.opens.iter().map(|one| shown("opens", one)));
        lines.extend(changes.closes.iter().map(|one| shown("closes", one)));
    }
    lines
}

#[track_caller]
fn check(acts: &[Act], want: &[&str]) {
    let mut trial = applied();
    for act in acts {
        trial.cluster.act(act);
    }
    assert_eq!(found(&trial), want);
}

pub(super) fn write(namespace: &str, name: &str, spec: Value) -> Act {
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    Act::WritePolicy {
        namespace,
        name,
        spec,
    }
}

pub(super) fn admits(pods: &str) -> Value {
    json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": pods}}}]}]})
}

const KUBE_SYSTEM: &str = "opens namespaces of no zone -> zone back: all (kube-system/no labels[any new pod] -> orders/server[Pod])";

#[test]
fn a_foreign_policy_counts_by_what_it_opens() {
    let everything = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]});
    check(
        &[write("orders", "theirs", everything)],
        &[
            "critical foreign-policy NetworkPolicy/orders/theirs: widens",
            "opens namespaces of no zone -> zone back: all (any new namespace/no labels[any new pod] -> orders/server[Pod])",
            "opens the internet -> zone back: all (0.0.0.0/0 -> orders/server[Pod])",
        ],
    );
}

#[test]
fn a_foreign_policy_that_allows_what_is_allowed_is_worth_knowing_only() {
    let mut spec = admits("web");
    spec["ingress"][0]["ports"] = json!([{"port": 8080}]);
    check(
        &[write("orders", "theirs", spec)],
        &["info foreign-policy NetworkPolicy/orders/theirs: none"],
    );
}

/// Neither opens anything beside the other.
#[test]
fn two_that_open_the_same_both_widen() {
    check(
        &[
            write("orders", "one", admits("kube-system")),
            write("orders", "two", admits("kube-system")),
        ],
        &[
            "critical foreign-policy NetworkPolicy/orders/one: widens",
            KUBE_SYSTEM,
            "critical foreign-policy NetworkPolicy/orders/two: widens",
            KUBE_SYSTEM,
        ],
    );
}

/// Neither opens anything alone: the one lets out what the other lets in.
#[test]
fn two_that_open_together_both_widen() {
    let lets_out = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "orders"}}}]}]});
    let opens = "opens zone front -> zone back: TCP 1-8079,8081-65535; UDP 1-65535; SCTP 1-65535 (web/server[Pod] -> orders/server[Pod])";
    check(
        &[
            write("orders", "in", admits("web")),
            write("web", "out", lets_out),
        ],
        &[
            "critical foreign-policy NetworkPolicy/orders/in: widens",
            opens,
            "critical foreign-policy NetworkPolicy/web/out: widens",
            opens,
        ],
    );
}

/// Beside two of which each admits what a third lets out, the third is no accident: none of the two is harmless.
#[test]
fn what_no_finding_alone_explains_is_laid_at_the_door_of_all() {
    let lets_out = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]});
    let mut trial = applied();
    for act in [
        write("orders", "one", admits("web")),
        write("orders", "two", admits("web")),
        write("web", "out", lets_out.clone()),
        write("web", "too", lets_out),
    ] {
        trial.cluster.act(&act);
    }
    let lines = found(&trial);
    let widening = lines.iter().filter(|line| line.ends_with(": widens"));
    assert_eq!(widening.count(), 4, "{lines:#?}");
}

/// Of two that let out and one that lets in, none is harmless: each of the first two opens nothing beside the other, and
/// nothing without the third.
#[test]
fn two_that_each_complete_what_a_third_opens_are_not_harmless() {
    let lets_out = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]});
    let mut trial = applied();
    for act in [
        write("orders", "in", admits("web")),
        write("web", "out", lets_out.clone()),
        write("web", "too", lets_out),
    ] {
        trial.cluster.act(&act);
    }
    let lines = found(&trial);
    let widening = lines.iter().filter(|line| line.ends_with(": widens"));
    assert_eq!(widening.count(), 3, "{lines:#?}");
}

/// Whoever makes a namespace with these labels walks in.
#[test]
fn whom_a_policy_admits_who_does_not_exist_yet_counts() {
    let strangers = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [
        {"namespaceSelector": {"matchLabels": {"team": "strangers"}}}]}]});
    let mut trial = applied();
    trial.cluster.act(&write("orders", "theirs", strangers));
    let lines = found(&trial);
    assert_eq!(
        lines[0],
        "critical foreign-policy NetworkPolicy/orders/theirs: widens"
    );
}

/// It stands until its finalizers are removed, and may be open until then.
#[test]
fn a_policy_that_is_being_deleted_is_no_less_urgent() {
    let (namespace, name) = (
        "orders".to_owned(),
        "cofferdam-default-deny-ingress".to_owned(),
    );
    let open = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]});
    let mut trial = applied();
    trial.cluster.act(&write(&namespace, &name, open));
    trial.cluster.act(&Act::TerminatePolicy { namespace, name });
    let lines = found(&trial);
    assert_eq!(
        lines,
        ["critical missing NetworkPolicy/orders/cofferdam-default-deny-ingress: widens"]
    );
}

#[test]
fn what_others_write_where_nothing_is_denied_yet_is_not_known_to_be_harmless() {
    let staged = SHOP.replace(
        "sensitivity: high",
        "sensitivity: high\n  enforcement: stage",
    );
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial
        .cluster
        .act(&write("orders", "theirs", admits("kube-system")));
    let lines = found(&trial);
    assert_eq!(
        lines,
        ["critical foreign-policy NetworkPolicy/orders/theirs: unknown"]
    );
}

#[test]
fn a_deny_that_is_missing_beside_allows_that_isolate_opens_nothing() {
    let delete = |namespace: &str, name: &str| Act::DeletePolicy {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    // A flow selects every pod of `orders`, and isolates it.
    check(
        &[delete("orders", "cofferdam-default-deny-ingress")],
        &["low missing NetworkPolicy/orders/cofferdam-default-deny-ingress: none"],
    );
    // Without the last of those that isolate it, everybody gets in.
    let opens = [
        "opens namespaces of no zone -> zone front: all (any new namespace/no labels[any new pod] -> web/server[Pod])",
        "opens the internet -> zone front: all (0.0.0.0/0 -> web/server[Pod])",
    ];
    check(
        &[
            delete("web", "cofferdam-default-deny-ingress"),
            delete("web", "cofferdam-within-zone"),
        ],
        &[
            "high missing NetworkPolicy/web/cofferdam-default-deny-ingress: widens",
            opens[0],
            opens[1],
            "high missing NetworkPolicy/web/cofferdam-within-zone: widens",
            opens[0],
            opens[1],
            "closes zone front -> zone front: all (web/server[Pod] -> web/no labels[any new pod])",
        ],
    );
    check(
        &[delete("orders", "cofferdam-flow-web-to-orders-in")],
        &[
            "medium missing NetworkPolicy/orders/cofferdam-flow-web-to-orders-in: narrows",
            "closes zone front -> zone back: TCP 8080 (web/server[Pod] -> orders/server[Pod])",
        ],
    );
}

/// Policies of administrators count like others, though they are of no namespace.
#[test]
fn a_policy_of_an_administrator_counts_by_what_it_opens() {
    let mut trial = applied();
    let kinds = POLICY_KINDS.iter();
    let kind = kinds.clone().find(|kind| kind.kind == "AdminNetworkPolicy");
    let key = ObjectKey {
        kind: Kind::OtherPolicy(kind.unwrap()),
        namespace: None,
        name: "metrics".to_owned(),
    };
    let of = |action: &str| {
        LiveSpec::from(
            json!({"priority": 10, "subject": {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "orders"}}}, "ingress": [
            {"action": action, "from": [{"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}]}),
        )
    };
    let (_, live) = trial.cluster.policies.iter().next().unwrap();
    let mut live = live.clone();
    for (action, want) in [
        (
            "Allow",
            "critical foreign-policy AdminNetworkPolicy.policy.networking.k8s.io/metrics: widens",
        ),
        (
            "Deny",
            "info foreign-policy AdminNetworkPolicy.policy.networking.k8s.io/metrics: none",
        ),
    ] {
        live.spec = of(action);
        trial
            .cluster
            .cluster_policies
            .insert(key.clone(), live.clone());
        assert_eq!(found(&trial)[0], want, "{:#?}", found(&trial));
    }
}

/// What was not read is not computed, and what nobody enforces neither.
#[test]
fn nothing_is_computed_where_something_that_decides_is_not_known() {
    let mut trial = applied();
    trial
        .cluster
        .act(&write("orders", "theirs", admits("kube-system")));
    let (bundle, mut observed) = (trial.bundle(), trial.cluster.observe());
    observed.nodes = Reading::Unknown("cut off".to_owned());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let ground = Ground {
        view: &view,
        model: &trial.model,
        cluster: trial.document(),
    };
    let before = crate::find(&view, trial.document(), None);
    let mut after = before.clone();
    weigh(&mut after, ground);
    assert_eq!(before, after);
    assert_eq!(
        of_plan(ground, &trial.plan()),
        Err(vec!["nodes: cut off".to_owned()])
    );
}
