//! Single ways between levels of enforcement, step by step.

use cofferdam_model::cluster::Delivery;
use cofferdam_state::plan::Plan;
use cofferdam_testkit::reach::{cuts, reach};
use cofferdam_testkit::{Act, Faults, SHOP, Trial, model};
use serde_json::json;

use super::{planner, refused};
use crate::view::View;

/// The steps of a plan that concern a namespace, as `phase operation object`.
pub(super) fn steps(plan: &Plan, namespace: &str) -> Vec<String> {
    let steps = plan.steps.iter();
    let here = steps.filter(|step| step.action.object().namespace.as_deref() == Some(namespace));
    here.map(|step| {
        let (phase, operation) = (step.phase.as_str(), step.action.operation().as_str());
        format!("{phase} {operation} {}", step.action.object().name)
    })
    .collect()
}

/// The shop applied at one level and then planned at another, after somebody acted in between.
fn planned(from: &str, acts: &[Act], to: &str) -> (Trial, Plan) {
    let at = |level: &str| SHOP.replace("enforcement: enforce", &format!("enforcement: {level}"));
    let mut trial = Trial::shop(&at(from), planner);
    trial.apply();
    for act in acts {
        trial.cluster.act(act);
    }
    trial.model = model(&at(to));
    let plan = trial.plan();
    (trial, plan)
}

fn check(from: &str, acts: &[Act], to: &str, want: &[&str]) {
    let (_, plan) = planned(from, acts, to);
    assert_eq!(steps(&plan, "web"), want, "{from} to {to}");
}

/// A policy of others that isolates the pods of `web` for ingress.
fn isolated() -> Act {
    Act::WritePolicy {
        namespace: "web".to_owned(),
        name: "theirs".to_owned(),
        spec: json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
    }
}

#[test]
fn open_policies_come_first_and_go_last() {
    check(
        "observe",
        &[],
        "enforce",
        &[
            "open create cofferdam-open-egress",
            "open create cofferdam-open-ingress",
            "allow create cofferdam-allow-dns",
            "allow create cofferdam-flow-web-to-orders-out",
            "allow create cofferdam-within-zone",
            "deny create cofferdam-default-deny-egress",
            "deny create cofferdam-default-deny-ingress",
            "close delete cofferdam-open-egress",
            "close delete cofferdam-open-ingress",
        ],
    );
    check(
        "stage",
        &[],
        "enforce",
        &[
            "deny create cofferdam-default-deny-egress",
            "deny create cofferdam-default-deny-ingress",
            "close delete cofferdam-open-egress",
            "close delete cofferdam-open-ingress",
        ],
    );
    check(
        "enforce",
        &[],
        "stage",
        &[
            "open create cofferdam-open-egress",
            "open create cofferdam-open-ingress",
            "prune delete cofferdam-default-deny-egress",
            "prune delete cofferdam-default-deny-ingress",
        ],
    );
}

#[test]
fn a_namespace_that_others_isolate_gets_labels_only_when_staged() {
    let at = |level: &str| SHOP.replace("enforcement: enforce", &format!("enforcement: {level}"));
    let mut trial = Trial::shop(&at("stage"), planner);
    trial.cluster.act(&isolated());
    assert_eq!(steps(&trial.plan(), "web"), Vec::<String>::new());
    let why = |theirs: &str, adopt: &str| {
        format!(
            "namespace `web`: `stage` writes labels only while policies of others isolate pods there, for an open \
             policy beside them would allow what they deny: {theirs}; delete them once flows allow what they do{adopt}, \
             or go on to `enforce`, which writes beside them and has no cut-over without a gap"
        )
    };
    assert_eq!(trial.plan().notices, [why("NetworkPolicy/web/theirs", "")]);
    let mut named = trial.clone();
    named.cluster.act(&Act::WritePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-allow-dns".to_owned(),
        spec: json!({"podSelector": {}, "policyTypes": ["Egress"]}),
    });
    let both = "NetworkPolicy/web/cofferdam-allow-dns, NetworkPolicy/web/theirs";
    let adopt = ", take over those with a name of ours by `cofferdam adopt --cluster prod OBJECT`";
    assert_eq!(named.plan().notices, [why(both, adopt)]);
    assert!(
        trial
            .plan()
            .steps
            .iter()
            .any(|step| step.action.object().name == "web")
    );
}

#[test]
fn an_enforced_namespace_that_is_staged_keeps_its_policies_while_others_isolate_it() {
    let (mut trial, plan) = planned("enforce", &[isolated()], "stage");
    let deleted = steps(&plan, "web");
    assert!(
        deleted
            .iter()
            .all(|step| !step.contains("allow") && !step.contains("flow")),
        "{deleted:?}"
    );
    let before = reach(&trial.cluster);
    trial.carry_out(&plan, &Faults::default(), |_, _| {});
    let after = reach(&trial.cluster);
    // What was allowed is still allowed, for the policies that were in place.
    assert_eq!(cuts(&before, &after, &before), Vec::<String>::new());
    assert!(trial.plan().is_empty());
}

/// Begins to delete a policy of `web`.
fn terminated(name: &str) -> Act {
    Act::TerminatePolicy {
        namespace: "web".to_owned(),
        name: name.to_owned(),
    }
}

#[test]
fn a_policy_of_others_that_is_being_deleted_isolates_nothing_for_long() {
    check(
        "observe",
        &[isolated(), terminated("theirs")],
        "stage",
        &[
            "open create cofferdam-open-egress",
            "open create cofferdam-open-ingress",
            "allow create cofferdam-allow-dns",
            "allow create cofferdam-flow-web-to-orders-out",
            "allow create cofferdam-within-zone",
        ],
    );
}

#[test]
fn a_cut_over_waits_for_what_is_being_deleted() {
    let closing = &[
        "deny create cofferdam-default-deny-egress",
        "deny create cofferdam-default-deny-ingress",
        "close delete cofferdam-open-egress",
        "close delete cofferdam-open-ingress",
    ];
    check("stage", &[], "enforce", closing);
    check(
        "stage",
        &[terminated("cofferdam-allow-dns")],
        "enforce",
        &[],
    );
    // What is not wanted any more needs no waiting for, nor a second deletion.
    check(
        "enforce",
        &[terminated("cofferdam-default-deny-egress")],
        "stage",
        &[
            "open create cofferdam-open-egress",
            "open create cofferdam-open-ingress",
            "prune delete cofferdam-default-deny-ingress",
        ],
    );
}

fn deleted(name: &str) -> Act {
    Act::DeletePolicy {
        namespace: "web".to_owned(),
        name: name.to_owned(),
    }
}

/// The shop stays enforced: what is planned for `web`, which the judge lets pass, and which leaves nothing
/// to do but what is being deleted.
#[track_caller]
fn check_healed(acts: &[Act], want: &[&str]) {
    let (mut trial, plan) = planned("enforce", acts, "enforce");
    assert_eq!(steps(&plan, "web"), want);
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    trial.apply();
    assert_eq!(steps(&trial.plan(), "web"), Vec::<String>::new());
}

#[test]
fn the_denies_of_an_enforced_namespace_are_healed_beside_what_is_being_deleted() {
    let dying = terminated("cofferdam-allow-dns");
    let (ingress, egress) = (
        deleted("cofferdam-default-deny-ingress"),
        deleted("cofferdam-default-deny-egress"),
    );
    let denies = &[
        "deny create cofferdam-default-deny-egress",
        "deny create cofferdam-default-deny-ingress",
    ];
    check_healed(&[dying.clone(), ingress.clone(), egress.clone()], denies);
    // Nothing but what is being deleted isolates it any more.
    let within = deleted("cofferdam-within-zone");
    let flow = deleted("cofferdam-flow-web-to-orders-out");
    let mut want = vec![
        "allow create cofferdam-flow-web-to-orders-out",
        "allow create cofferdam-within-zone",
    ];
    want.extend(denies);
    check_healed(&[dying, ingress, egress, within, flow], &want);
    // A deny that is being deleted holds as long as it stands.
    check_healed(
        &[
            terminated("cofferdam-default-deny-ingress"),
            deleted("cofferdam-within-zone"),
        ],
        &["allow create cofferdam-within-zone"],
    );
}

#[test]
fn a_namespace_is_healed_although_somebody_has_the_name_of_its_open_policy() {
    let acts = of_that_name(&[
        deleted("cofferdam-default-deny-ingress"),
        deleted("cofferdam-within-zone"),
        deleted("cofferdam-allow-dns"),
    ]);
    check_healed(
        &acts,
        &[
            "allow create cofferdam-allow-dns",
            "allow create cofferdam-within-zone",
            "deny create cofferdam-default-deny-ingress",
        ],
    );
}

/// A policy of somebody else in `web` that has the name of an open policy and opens nothing there.
fn of_that_name(acts: &[Act]) -> Vec<Act> {
    let theirs = Act::WritePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-open-ingress".to_owned(),
        spec: json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}),
    };
    [&[theirs], acts].concat()
}

#[test]
fn who_has_the_name_of_an_open_policy_stops_its_own_namespace_only() {
    let way = "NetworkPolicy/web/cofferdam-open-ingress";
    let dying = terminated("cofferdam-open-ingress");
    for (from, acts, to) in [
        ("observe", of_that_name(&[]), "enforce"),
        ("observe", of_that_name(&[dying]), "enforce"),
        ("enforce", of_that_name(&[]), "observe"),
    ] {
        let (trial, plan) = planned(from, &acts, to);
        assert_eq!(steps(&plan, "web"), Vec::<String>::new(), "{from} to {to}");
        assert_eq!(refused(&trial, &plan), Vec::<String>::new());
        assert!(!steps(&plan, "orders").is_empty());
        let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
        let view = View::new(&bundle, &observed, Delivery::Push);
        let blocked = crate::blocked(&view).into_keys();
        let blocked: Vec<String> = blocked.map(|object| object.to_string()).collect();
        assert_eq!(blocked, [way], "{from} to {to}");
    }
}

#[test]
fn nobody_is_told_of_pods_where_nothing_will_be_written() {
    let isolates = |acts: &[Act]| -> Vec<String> {
        let (_, plan) = planned("observe", acts, "enforce");
        let notices = plan.notices.into_iter();
        notices
            .filter(|notice| notice.starts_with("newly isolated"))
            .collect()
    };
    let (orders, web) = (
        "newly isolated in `orders`: server",
        "newly isolated in `web`: server",
    );
    assert_eq!(isolates(&[]), [orders, web]);
    assert_eq!(isolates(&of_that_name(&[])), [orders]);
}
