//! What needs a flag, and the flag that the refusal prints.

use cofferdam_state::record::Apply;
use cofferdam_testkit::Faults;

use super::*;

/// Judges the way from one model to another, and compares the refusals. With the allowances that the
/// flags stand for there are none.
fn check(before: &str, after: &str, want: &[&str], allowances: Allowances) {
    let mut trial = shop(before);
    trial.apply();
    trial.model = cofferdam_testkit::model(after);
    check_plan(&Scene::of(&trial), want, allowances);
}

fn check_plan(scene: &Scene, want: &[&str], allowances: Allowances) {
    assert_eq!(shown(&scene.judge()), want);
    let allowed = Scene {
        allowances,
        ..scene.clone()
    };
    assert_eq!(shown(&allowed.judge()), Vec::<String>::new());
}

/// The shop with this many more flows.
fn with_flows(count: usize) -> String {
    let flow = SHOP.rsplit_once("---\n").unwrap().1;
    let flows = (0..count).map(|number| {
        let port = format!("{}", 9000 + number);
        let name = format!("more-{number}");
        flow.replace("web-to-orders", &name).replace("8080", &port)
    });
    let documents: Vec<String> = [SHOP.to_owned()].into_iter().chain(flows).collect();
    documents.join("---\n")
}

#[test]
fn five_deletions_are_always_within_the_budget() {
    // Two policies per flow.
    check(&with_flows(2), SHOP, &[], Allowances::default());
    check(
        &with_flows(3),
        SHOP,
        &[
            "deletion-budget: 6 objects would be deleted, more than the budget of 5 (--allow-deletions 6)",
        ],
        Allowances {
            deletions: Some(6),
            ..Allowances::default()
        },
    );
}

#[test]
fn a_fifth_of_what_is_ours_is_within_the_budget() {
    // 8 policies of the baseline and 2 per flow: 32 at first, of which 6 go.
    check(&with_flows(11), &with_flows(8), &[], Allowances::default());
    check(
        &with_flows(11),
        &with_flows(7),
        &[
            "deletion-budget: 8 objects would be deleted, more than the budget of 6 (--allow-deletions 8)",
        ],
        Allowances {
            deletions: Some(8),
            ..Allowances::default()
        },
    );
}

#[test]
fn fewer_deletions_allowed_than_needed_are_not_enough() {
    let mut trial = shop(&with_flows(3));
    trial.apply();
    trial.model = cofferdam_testkit::model(SHOP);
    let mut scene = Scene::of(&trial);
    scene.allowances.deletions = Some(5);
    let codes: Vec<&str> = scene.judge().iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, ["deletion-budget"]);
}

#[test]
fn a_policy_that_only_gets_another_name_is_no_deletion() {
    let renamed = with_flows(3).replace("more-", "other-");
    check(&with_flows(3), &renamed, &[], Allowances::default());
}

#[test]
fn a_first_apply_has_no_deletion_budget_but_needs_its_approvals() {
    let unapproved = SHOP.replace("  approval: { by: security, at: 2026-09-01 }\n", "");
    let allowances = Allowances {
        unapproved: true,
        ..Allowances::default()
    };
    let want = "unapproved: new allows into a zone of sensitivity high without approval: \
                NetworkPolicy/orders/cofferdam-flow-web-to-orders-in (--allow-unapproved)";
    check_plan(&Scene::of(&shop(&unapproved)), &[want], allowances);
    // What is in place needs none again.
    let mut trial = shop(&unapproved);
    trial.apply();
    check_plan(&Scene::of(&trial), &[], Allowances::default());
}

/// The shop whose flow nobody approved, applied after all, where somebody deleted what lets it in.
fn admitted() -> Trial {
    let mut trial = shop(&without_approval());
    trial.apply();
    trial.cluster.act(&delete_flow());
    trial
}

fn without_approval() -> String {
    SHOP.replace("  approval: { by: security, at: 2026-09-01 }\n", "")
}

fn delete_flow() -> Act {
    Act::DeletePolicy {
        namespace: "orders".to_owned(),
        name: "cofferdam-flow-web-to-orders-in".to_owned(),
    }
}

/// That the allow of the flow asks for its flag.
fn is_unapproved(trial: &Trial) -> bool {
    let refusals = Scene::of(trial).judge();
    refusals.iter().any(|refusal| refusal.code == "unapproved")
}

#[test]
fn an_allow_without_approval_that_somebody_deletes_or_edits_is_no_new_one() {
    let trial = admitted();
    check_plan(&Scene::of(&trial), &[], Allowances::default());
    let mut edited = shop(&without_approval());
    edited.apply();
    edited.cluster.act(&Act::WritePolicy {
        namespace: "orders".to_owned(),
        name: "cofferdam-flow-web-to-orders-in".to_owned(),
        spec: serde_json::json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
    });
    check_plan(&Scene::of(&edited), &[], Allowances::default());
    // Nor where the documents changed in something else.
    let mut changed = trial.clone();
    let flow = SHOP.rsplit_once("---\n").unwrap().1;
    let other = flow
        .replace("web-to-orders", "more")
        .replace("8080", "9000");
    let more = format!("{}---\n{other}", without_approval());
    changed.model = cofferdam_testkit::model(&more);
    check_plan(&Scene::of(&changed), &[], Allowances::default());
    // Nor after a pass that could not write it, nor where its namespace was deleted with it.
    let mut again = trial.clone();
    let plan = again.plan();
    let flow = "NetworkPolicy/orders/cofferdam-flow-web-to-orders-in";
    let faults = Faults {
        refused: [flow.to_owned()].into(),
        ..Faults::default()
    };
    again.carry_out(&plan, &faults, |_, _| {});
    check_plan(&Scene::of(&again), &[], Allowances::default());
    let name = || "orders".to_owned();
    let mut anew = trial.clone();
    anew.cluster.act(&Act::DeleteNamespace { name: name() });
    anew.cluster.act(&Act::AddNamespace { name: name() });
    check_plan(&Scene::of(&anew), &[], Allowances::default());
}

#[test]
fn an_allow_without_approval_is_new_once_it_allows_something_else_or_was_taken_back() {
    let mut trial = admitted();
    trial.model = cofferdam_testkit::model(&without_approval().replace("8080", "8081"));
    assert!(is_unapproved(&trial));
    // Taken back by a pass that ended, or one that was cut off.
    let (without, _) = SHOP.rsplit_once("---\n").unwrap();
    for killed_after in [None, Some(1), Some(2)] {
        let mut trial = shop(&without_approval());
        trial.apply();
        let back = trial.model.clone();
        trial.model = cofferdam_testkit::model(without);
        let plan = trial.plan();
        let faults = Faults {
            killed_after,
            ..Faults::default()
        };
        trial.carry_out(&plan, &faults, |_, _| {});
        trial.cluster.act(&delete_flow());
        trial.model = back;
        assert!(is_unapproved(&trial), "{killed_after:?}");
    }
    // What a pass that was cut off was to write was never there.
    let mut trial = shop(&without_approval());
    trial.apply_killed_after(1);
    assert!(is_unapproved(&trial));
}

#[test]
fn a_flow_into_a_less_sensitive_zone_needs_no_approval() {
    let unapproved = SHOP.replace("  approval: { by: security, at: 2026-09-01 }\n", "");
    let low = unapproved.replace("sensitivity: high", "sensitivity: medium");
    check_plan(&Scene::of(&shop(&low)), &[], Allowances::default());
}

#[test]
fn taking_denies_back_is_a_weakening() {
    let weakening = Allowances {
        weakening: true,
        ..Allowances::default()
    };
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    // Of the namespaces it is their Pod Security level that is enforced no longer.
    let want = "weakening: weakens Namespace/orders, Namespace/web, \
                NetworkPolicy/orders/cofferdam-default-deny-egress, \
                NetworkPolicy/orders/cofferdam-default-deny-ingress, \
                NetworkPolicy/web/cofferdam-default-deny-egress and 2 more (--allow-weakening)";
    check(SHOP, &staged, &[want], weakening);
    check(&staged, SHOP, &[], Allowances::default());
}

#[test]
fn a_lower_pod_security_level_is_a_weakening() {
    let weakening = Allowances {
        weakening: true,
        ..Allowances::default()
    };
    let with = |level: &str| {
        let zone = format!("sensitivity: high\n  podSecurity: {level}");
        SHOP.replace("sensitivity: high", &zone)
    };
    let want = "weakening: weakens Namespace/orders (--allow-weakening)";
    check(&with("restricted"), &with("baseline"), &[want], weakening);
    check(
        &with("baseline"),
        &with("restricted"),
        &[],
        Allowances::default(),
    );
}

#[test]
fn a_pod_security_level_that_somebody_raised_is_healed() {
    let with = |level: &str| {
        let zone = format!("sensitivity: high\n  podSecurity: {level}");
        SHOP.replace("sensitivity: high", &zone)
    };
    for level in ["warn", "audit"] {
        let mut trial = shop(&with("baseline"));
        trial.apply();
        trial.cluster.act(&Act::Label {
            namespace: "orders".to_owned(),
            key: format!("pod-security.kubernetes.io/{level}"),
            value: Some("restricted".to_owned()),
        });
        check_plan(&Scene::of(&trial), &[], Allowances::default());
        let refused = |scene: &Scene| {
            let want = "weakening: weakens Namespace/orders (--allow-weakening)";
            shown(&scene.judge()).contains(&want.to_owned())
        };
        // Not where the documents ask for less than before, nor where others were applied meanwhile.
        let mut less = trial.clone();
        less.model = cofferdam_testkit::model(&with("privileged"));
        assert!(refused(&Scene::of(&less)));
        let mut scene = Scene::of(&trial);
        let other = Apply {
            revision: "other".to_owned(),
            complete: false,
            ..scene.record().applies.last().unwrap().clone()
        };
        scene.record().applies.push(other.clone());
        assert!(refused(&scene));
        // A pass of the same documents that failed changes nothing in what they ask for.
        let same = Apply {
            revision: trial.model.revision.clone(),
            ..other
        };
        scene.record().applies.push(same);
        assert!(!refused(&scene));
        // What the bundle does not ask for is no healing.
        let mut scene = Scene::of(&trial);
        let Action::PatchNamespace { labels, .. } =
            &mut scene.step(Phase::Labels, "Namespace/orders").action
        else {
            panic!("no patch")
        };
        labels.changes[0].new = Some("privileged".to_owned());
        assert!(refused(&scene));
    }
}

#[test]
fn taking_a_taint_back_is_a_weakening() {
    let weakening = Allowances {
        weakening: true,
        ..Allowances::default()
    };
    let left = SHOP.replace("pci-*", "other-*");
    check(
        SHOP,
        &left,
        &["weakening: weakens Node/pci-1 (--allow-weakening)"],
        weakening,
    );
    let replaced = SHOP.replace("zones: [back]", "zones: [back], taint: { value: cards }");
    check(SHOP, &replaced, &[], Allowances::default());
}

#[test]
fn an_older_revision_needs_a_flag() {
    let mut trial = shop(SHOP);
    trial.apply();
    trial.model = cofferdam_testkit::model(&with_flows(1));
    trial.apply();
    trial.model = cofferdam_testkit::model(SHOP);
    check_rollback(&Scene::of(&trial), &trial.model.revision);
}

/// The plan is refused as one that goes back to this revision, and for nothing else.
fn check_rollback(scene: &Scene, revision: &str) {
    let want = format!(
        "rollback: revision `{revision}` was applied before and is not the newest (--rollback)"
    );
    let allowances = Allowances {
        rollback: true,
        ..Allowances::default()
    };
    check_plan(scene, &[&want], allowances);
}

#[test]
fn documents_that_are_as_before_roll_nothing_back_where_nothing_is_written_or_healed_only() {
    let mut whole = shop(SHOP);
    whole.apply();
    let mut lost = whole.clone();
    let allow = ("web".to_owned(), "cofferdam-allow-dns".to_owned());
    lost.cluster.policies.remove(&allow);
    // With steps or without, after a newer revision that was applied whole or half, to this bundle or another.
    for (trial, complete, hash, rolls_back) in [
        (&whole, true, "same", false),
        (&whole, true, "other", false),
        (&whole, false, "same", false),
        (&whole, false, "other", false),
        (&lost, true, "same", false),
        (&lost, true, "other", true),
        (&lost, false, "same", true),
        (&lost, false, "other", true),
    ] {
        let mut scene = Scene::of(trial);
        let newer = Apply {
            revision: "newer".to_owned(),
            complete,
            ..scene.record().applies.last().unwrap().clone()
        };
        scene.record().applies.push(newer);
        if hash == "other" {
            hash.clone_into(&mut scene.record().bundle_hash);
        }
        if rolls_back {
            check_rollback(&scene, &trial.model.revision);
        } else {
            check_plan(&scene, &[], Allowances::default());
        }
    }
}

#[test]
fn a_running_controller_is_taken_over_only_with_a_flag() {
    let mut trial = shop(SHOP);
    trial.apply();
    let mut scene = Scene::of(&trial);
    scene.record().controller = Some("cofferdam-controller".to_owned());
    let want = "controller-runs: controller `cofferdam-controller` manages this cluster \
                (change the documents that it reads, or pause it with `apply --take-over 1h`)";
    let allowances = Allowances {
        take_over: true,
        ..Allowances::default()
    };
    check_plan(&scene, &[want], allowances);
}
