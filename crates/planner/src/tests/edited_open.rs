//! Open policies that somebody edited, so that they open less: nothing is isolated beside them as if they
//! opened everything.

use cofferdam_state::plan::Phase;
use cofferdam_testkit::generate::{act, cluster, open_edit, sketch};
use cofferdam_testkit::{Act, Edit, Faults, SHOP, Trial, model};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::cut_over::steps;
use super::passes::{is_settled, watched_from_here};
use super::{cases, planner, refused, trial};

/// The shop at a level of enforcement. No policy but the open one isolates the ingress of `web`.
fn at(level: &str) -> String {
    let bare = SHOP.replacen("sensitivity: low", "sensitivity: low, withinZone: deny", 1);
    bare.replace("enforcement: enforce", &format!("enforcement: {level}"))
}

/// The staged shop after somebody acted, with the model that asks for another level.
fn staged(acts: &[Act], level: &str) -> Trial {
    let mut trial = Trial::shop(&at("stage"), planner);
    trial.apply();
    for act in acts {
        trial.cluster.act(act);
    }
    trial.model = model(&at(level));
    trial
}

/// The edit of the open policy for the ingress of `web`, which is the last of four.
fn edited(edit: Edit) -> Act {
    Act::EditOpen(3, edit)
}

#[track_caller]
fn check(acts: &[Act], level: &str, want: &[&str]) {
    let mut trial = staged(acts, level);
    let plan = trial.plan();
    assert_eq!(steps(&plan, "web"), want, "{acts:?} to {level}");
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    trial.apply();
    assert_eq!(trial.plan().steps, Vec::new());
}

const WRITTEN_BACK: [&str; 5] = [
    "open update cofferdam-open-ingress",
    "deny create cofferdam-default-deny-egress",
    "deny create cofferdam-default-deny-ingress",
    "close delete cofferdam-open-egress",
    "close delete cofferdam-open-ingress",
];

#[test]
fn an_edited_open_policy_is_written_back_before_pods_are_denied_that_nothing_isolates() {
    let both = Edit::Types(&["Egress", "Ingress"]);
    for edit in [Edit::Pods, Edit::Peers, Edit::Types(&["Egress"]), both] {
        check(&[edited(edit)], "enforce", &WRITTEN_BACK);
    }
    // What the egress of `web` is isolated by is in place already.
    check(
        &[Act::EditOpen(2, Edit::Pods)],
        "enforce",
        &WRITTEN_BACK[1..],
    );
    for edit in [Edit::Pods, Edit::Peers, Edit::Types(&["Egress"])] {
        check(
            &[edited(edit)],
            "observe",
            &[
                "open update cofferdam-open-ingress",
                "prune delete cofferdam-allow-dns",
                "prune delete cofferdam-flow-web-to-orders-out",
                "close delete cofferdam-open-egress",
                "close delete cofferdam-open-ingress",
            ],
        );
    }
    check(
        &[edited(Edit::Pods)],
        "stage",
        &["open update cofferdam-open-ingress"],
    );
}

#[test]
fn no_open_policy_is_written_back_where_every_pod_is_denied_already() {
    let mut trial = staged(&[], "enforce");
    let plan = trial.plan();
    let denied = plan.steps.iter().filter(|step| step.phase < Phase::Close);
    let faults = Faults {
        killed_after: Some(denied.count()),
        ..Faults::default()
    };
    trial.carry_out(&plan, &faults, |_, _| {});
    trial.cluster.act(&edited(Edit::Pods));
    let closing = [
        "close delete cofferdam-open-egress",
        "close delete cofferdam-open-ingress",
    ];
    let plan = trial.plan();
    assert_eq!(steps(&plan, "web"), closing);
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
}

#[test]
fn a_cut_over_waits_for_an_edited_open_policy_that_is_being_deleted() {
    let dying = Act::TerminatePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-open-ingress".to_owned(),
    };
    check(&[edited(Edit::Pods), dying], "enforce", &[]);
}

#[test]
fn an_open_policy_that_somebody_deleted_is_made_again_beside_what_isolates_few_pods() {
    let narrow = SHOP.replace(
        "to: { zone: back }",
        "to: { zone: back, workload: { matchLabels: { app: server } } }",
    );
    let deny = narrow.replace(
        "sensitivity: high\n",
        "sensitivity: high\n  withinZone: deny\n",
    );
    let mut trial = Trial::shop(
        &deny.replace("enforcement: enforce", "enforcement: stage"),
        planner,
    );
    trial.apply();
    trial.cluster.act(&Act::DeletePolicy {
        namespace: "orders".to_owned(),
        name: "cofferdam-open-ingress".to_owned(),
    });
    trial.model = model(&deny);
    let plan = trial.plan();
    let first = steps(&plan, "orders");
    assert_eq!(first.first().unwrap(), "open create cofferdam-open-ingress");
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn nothing_is_cut_on_the_way_although_somebody_edits_open_policies(
        sketch in sketch(),
        cluster in cluster(),
        before in vec(select(vec!["observe", "stage"]), 3),
        after in vec(select(vec!["observe", "stage", "enforce", "enforce"]), 3),
        killed_after in option::of(any::<Index>()),
        edits in vec(prop_oneof![3 => open_edit(), 1 => act()], 1..4),
        shuffle in any::<u64>(),
    ) {
        let mut trial = trial(&sketch.at(&before), cluster, &[]);
        trial.apply();
        trial.model = model(&sketch.at(&after).text());
        if let Some(place) = killed_after {
            let plan = trial.plan();
            let faults = Faults {
                killed_after: Some(place.index(plan.steps.len() + 1)),
                ..Faults::default()
            };
            trial.carry_out(&plan, &faults, |_, _| {});
        }
        for edit in &edits {
            trial.cluster.act(edit);
        }
        watched_from_here(&mut trial, shuffle)?;
        is_settled(&trial)?;
    }
}
