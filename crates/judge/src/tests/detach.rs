//! Detachments that take what is not ours, or cut somebody off, are refused.

use cofferdam_planner::detach::{Leaving, detach};
use cofferdam_state::detach::{Detachment, Manner, Scope};

use super::*;
use crate::{Departure, judge_detach};

/// The shop, applied, and how all of it is taken back.
fn leaving() -> (Scene, Detachment) {
    let mut trial = shop(SHOP);
    trial.apply();
    let mut scene = Scene::of(&trial);
    let leaving = Leaving {
        scope: &Scope::Cluster,
        manner: Manner::Remove,
        delivery: Delivery::Push,
    };
    let detachment = detach(&scene.bundle, &scene.observed, leaving).unwrap();
    scene.plan = detachment.plan.clone();
    (scene, detachment)
}

/// What is said of the detachment with the plan of the scene, each code once.
#[track_caller]
fn check(change: impl FnOnce(&mut Scene, &mut Detachment), want: &[&str]) {
    let (mut scene, mut detachment) = leaving();
    change(&mut scene, &mut detachment);
    detachment.plan = scene.plan.clone();
    let fleet = Fleet {
        model: &scene.model,
        clusters: Vec::new(),
        today: today(),
    };
    let refusals = judge_detach(&Departure {
        detachment: &detachment,
        bundle: &scene.bundle,
        observed: &scene.observed,
        cluster: &scene.cluster,
        fleet: &fleet,
    });
    let mut codes: Vec<&str> = refusals.iter().map(|one| one.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, want, "{:#?}", shown(&refusals));
}

const OPEN: &str = "NetworkPolicy/orders/cofferdam-open-ingress";
const DENY: &str = "NetworkPolicy/orders/cofferdam-default-deny-ingress";
const ALLOW: &str = "NetworkPolicy/orders/cofferdam-flow-web-to-orders-in";

#[test]
fn a_detachment_as_planned_is_let_through() {
    check(|_, _| {}, &[]);
}

#[test]
fn nobody_is_cut_off() {
    let unopened = |scene: &mut Scene, _: &mut Detachment| {
        scene.drop(Phase::Open, OPEN);
        scene.drop(Phase::Close, OPEN);
    };
    check(unopened, &["order"]);
    let stays = |scene: &mut Scene, _: &mut Detachment| drop(scene.drop(Phase::Prune, DENY));
    check(stays, &["order"]);
    let late = |scene: &mut Scene, _: &mut Detachment| {
        scene.step(Phase::Prune, ALLOW).phase = Phase::Close;
        scene.plan.steps.sort_by_key(|step| step.phase);
    };
    check(late, &["order"]);
}

#[test]
fn labels_go_last() {
    let early = |scene: &mut Scene, _: &mut Detachment| {
        scene.step(Phase::Unlabel, "Namespace/orders").phase = Phase::Guard;
        scene.plan.steps.sort_by_key(|step| step.phase);
    };
    check(early, &["order"]);
}

#[test]
fn only_what_is_ours_is_taken() {
    let remade = |scene: &mut Scene, _: &mut Detachment| {
        let step = scene.step(Phase::Prune, DENY);
        if let Action::DeletePolicy { uid, .. } = &mut step.action {
            "another".clone_into(uid);
        }
        "another".clone_into(&mut scene.policy("orders", "cofferdam-default-deny-ingress").uid);
    };
    check(remade, &["not-ours"]);
    let unrecorded = |scene: &mut Scene, _: &mut Detachment| scene.record().entries.clear();
    check(unrecorded, &["not-ours"]);
    let no_record =
        |scene: &mut Scene, _: &mut Detachment| scene.observed.record = Reading::Known(None);
    check(no_record, &["no-record", "not-ours"]);
}

#[test]
fn nothing_is_given_and_nothing_beyond_is_touched() {
    let kept_open = |scene: &mut Scene, _: &mut Detachment| drop(scene.drop(Phase::Close, OPEN));
    check(kept_open, &["not-taken-back"]);
    let elsewhere = |_: &mut Scene, detachment: &mut Detachment| {
        detachment.scope = Scope::Zone {
            zone: cofferdam_model::names::ZoneName::parse("front").unwrap(),
            namespaces: ["web".to_owned()].into(),
        };
    };
    check(elsewhere, &["out-of-scope"]);
    let leaves = |_: &mut Scene, detachment: &mut Detachment| detachment.manner = Manner::Leave;
    check(leaves, &["out-of-scope"]);
}
