//! Letting go: nothing of ours is left, nothing of others is touched, nobody is cut off on the way.

mod release;

use std::collections::BTreeMap;

use cofferdam_judge::{Departure, judge_detach};
use cofferdam_model::labels::Labels;
use cofferdam_objects::keys::INSTANCE;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_objects::policy::Direction;
use cofferdam_state::detach::{Detachment, Manner, Scope};
use cofferdam_testkit::generate::{act, cluster, foreign_policy, sketch};
use cofferdam_testkit::reach::{Reach, cuts, reach, reach_of_pod};
use cofferdam_testkit::{Faults, SHOP, model};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use cofferdam_model::names::ZoneName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::record::Record;

use super::*;
use crate::detach::{Leaving, detach, forgotten, namespaces_of_zone, nothing};

fn leaving(scope: &Scope, manner: Manner) -> Leaving<'_> {
    Leaving {
        scope,
        manner,
        delivery: Delivery::Push,
    }
}

fn removal(trial: &Trial, scope: &Scope) -> Detachment {
    let leaving = leaving(scope, Manner::Remove);
    detach(&trial.bundle(), &trial.cluster.observe(), leaving).unwrap()
}

/// Why the judge refuses it.
pub(super) fn judged(trial: &Trial, detachment: &Detachment) -> Vec<String> {
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let fleet = Fleet {
        model: &trial.model,
        clusters: Vec::new(),
        today: today(),
    };
    let departure = Departure {
        detachment,
        bundle: &bundle,
        observed: &observed,
        cluster: trial.document(),
        fleet: &fleet,
    };
    let refusals = judge_detach(&departure).into_iter();
    refusals
        .map(|refusal| format!("{}: {}", refusal.code, refusal.message))
        .collect()
}

/// What of a cluster can be told from that before the first apply.
type Content = (
    BTreeMap<(String, String), String>,
    BTreeMap<String, Labels>,
    BTreeMap<String, (Labels, String)>,
    Vec<String>,
);

fn content(cluster: &Cluster) -> Content {
    let policies = cluster.policies.iter();
    let policies =
        policies.map(|(key, live)| (key.clone(), format!("{:?} {:?}", live.labels, live.spec)));
    let namespaces = cluster.namespaces.iter();
    let namespaces = namespaces.filter(|(name, _)| *name != "cofferdam-system");
    let nodes = cluster.nodes.iter().map(|(name, live)| {
        (
            name.clone(),
            (live.labels.clone(), format!("{:?}", live.taints)),
        )
    });
    let guards = cluster.admission.keys();
    (
        policies.collect(),
        namespaces
            .map(|(name, live)| (name.clone(), live.labels.clone()))
            .collect(),
        nodes.collect(),
        guards.map(ToString::to_string).collect(),
    )
}

type Seen = [Reach; 3];

fn seen(cluster: &Cluster) -> Seen {
    let server = reach_of_pod(cluster, &[("app", "server")]);
    [reach(cluster), server, reach_of_pod(cluster, &[])]
}

/// Where nothing is opened on the way, since that would let in whom policies of others keep out: a notice says so.
fn isolated_by_others(trial: &Trial, scope: &Scope) -> Vec<String> {
    let (bundle, observed) = (nothing(&trial.bundle()), trial.cluster.observe());
    let view = View::taking_back(&bundle, &observed, scope);
    let places = trial.cluster.namespaces.keys();
    let places = places.flat_map(|name| Direction::BOTH.map(|direction| (name, direction)));
    places
        .filter(|(name, direction)| view.is_isolated_by_others(name, *direction))
        .map(|(name, direction)| format!("{} of {name}:", direction.policy_type()))
        .collect()
}

/// Carries a detachment out up to so many steps, and asks after each whether what is allowed `before` and `after`
/// still is. Gives what a kill after each of them leaves.
fn carried_out(
    trial: &mut Trial,
    detachment: &Detachment,
    (before, after): (&Seen, &Seen),
) -> Result<Vec<Cluster>, TestCaseError> {
    prop_assert_eq!(
        judged(trial, detachment),
        Vec::<String>::new(),
        "{:#?}",
        detachment
    );
    let faults = Faults {
        killed_after: Some(detachment.plan.steps.len()),
        ..Faults::default()
    };
    let isolated = isolated_by_others(trial, &detachment.scope);
    let (mut left, mut complaints) = (Vec::new(), Vec::new());
    let ended = trial.carry_out(&detachment.plan, &faults, |now, step| {
        left.push(now.clone());
        let pairs = before.iter().zip(seen(now)).zip(after);
        let found = pairs.flat_map(|((before, now), after)| cuts(before, &now, after));
        let found = found.filter(|fault| !isolated.iter().any(|place| fault.starts_with(place)));
        let step = format!("{:?} {}", step.phase, step.action.object());
        complaints.extend(found.map(|fault| format!("after {step}: {fault}")));
    });
    prop_assert!(complaints.is_empty(), "{complaints:#?}\n{detachment:#?}");
    prop_assert_eq!(ended, None, "something was refused");
    prop_assert_eq!(left.len(), detachment.plan.steps.len());
    Ok(left)
}

/// The whole of it, from here to the end: nothing of ours is left.
fn whole(trial: &mut Trial) -> Result<Vec<Cluster>, TestCaseError> {
    let detachment = removal(trial, &Scope::Cluster);
    let mut last = trial.clone();
    let steps = detachment.plan.steps.len();
    last.carry_out(&detachment.plan, &killed_after(steps), |_, _| {});
    let (before, after) = (seen(&trial.cluster), seen(&last.cluster));
    carried_out(trial, &detachment, (&before, &after))
}

fn killed_after(steps: usize) -> Faults {
    Faults {
        killed_after: Some(steps),
        ..Faults::default()
    }
}

fn nothing_is_left(trial: &Trial) -> TestCaseResult {
    let again = removal(trial, &Scope::Cluster);
    prop_assert_eq!(&again.plan.steps, &Vec::new());
    Ok(())
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn what_was_before_the_first_apply_is_there_again(
        sketch in sketch(),
        cluster in cluster(),
        foreign in option::of(foreign_policy()),
        killed in option::of(0_usize..40),
    ) {
        let mut trial = trial(&sketch, cluster, foreign.as_slice());
        let mut before = content(&trial.cluster);
        match killed {
            Some(steps) => trial.apply_killed_after(steps),
            None => drop(trial.apply()),
        }
        whole(&mut trial)?;
        nothing_is_left(&trial)?;
        let after = content(&trial.cluster);
        // What was created stays, with nothing of ours.
        for (name, labels) in &after.1 {
            before.1.entry(name.clone()).or_insert_with(|| labels.clone());
            prop_assert!(!labels.keys().any(|key| key.starts_with("cofferdam.io/")), "{labels:?}");
        }
        prop_assert_eq!(after, before);
    }

    #[test]
    fn what_others_made_or_changed_is_untouched(
        sketch in sketch(),
        cluster in cluster(),
        acts in vec(act(), 0..5),
    ) {
        let mut trial = trial(&sketch, cluster, &[]);
        trial.apply();
        for act in &acts {
            trial.cluster.act(act);
        }
        let before = trial.cluster.clone();
        let held = removal(&trial, &Scope::Cluster).held;
        whole(&mut trial)?;
        nothing_is_left(&trial)?;
        let theirs = |cluster: &Cluster| {
            let policies = cluster.policies.iter();
            let policies = policies.filter(|(key, live)| {
                let object = ObjectKey::policy(&key.0, &key.1);
                let record = before.record.as_ref().map(|live| &live.record);
                !record.is_some_and(|record| {
                    record.has_written(&object, "") && !record.knows_other_uid(&object, "", &live.uid)
                }) && !live.labels.contains_key(INSTANCE)
            });
            let policies: Vec<_> = policies.map(|(key, live)| (key.clone(), live.clone())).collect();
            let labels = cluster.namespaces.iter().flat_map(|(name, live)| {
                let written = live.labels.iter().filter(|(key, _)| {
                    last_writer(&live.managed_fields, &["metadata", "labels", key]).is_some()
                });
                written.map(move |(key, value)| (name.clone(), key.clone(), value.clone()))
            });
            (policies, labels.collect::<Vec<_>>())
        };
        prop_assert_eq!(theirs(&trial.cluster), theirs(&before));
        // Of ours, only what cannot go yet is left.
        let waiting: Vec<ObjectKey> = held.into_iter().map(|held| held.object).collect();
        let record = before.record.as_ref().map(|live| live.record.clone()).unwrap_or_default();
        for ((namespace, name), live) in &trial.cluster.policies {
            let object = ObjectKey::policy(namespace, name);
            let ours = record.has_written(&object, "") && !record.knows_other_uid(&object, "", &live.uid);
            let usable = trial.cluster.namespaces.get(namespace).is_some_and(|ns| !ns.terminating);
            prop_assert!(!ours || !usable || waiting.contains(&object), "{object} is left");
        }
    }
}

proptest! {
    // Each case is some thirty passes.
    #![proptest_config(cases(4))]

    #[test]
    fn a_killed_detachment_is_taken_up_to_the_same_end(
        sketch in sketch(),
        cluster in cluster(),
        foreign in option::of(foreign_policy()),
    ) {
        let mut trial = trial(&sketch, cluster, foreign.as_slice());
        trial.apply();
        let before = seen(&trial.cluster);
        let start = trial.clone();
        let killed = whole(&mut trial)?;
        let (end, after) = (content(&trial.cluster), seen(&trial.cluster));
        for cluster in killed {
            let mut trial = start.clone();
            trial.cluster = cluster;
            let rest = removal(&trial, &Scope::Cluster);
            carried_out(&mut trial, &rest, (&before, &after))?;
            nothing_is_left(&trial)?;
            prop_assert_eq!(&content(&trial.cluster), &end);
        }
    }
}

/// The shop, applied.
fn applied() -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply();
    trial
}

#[test]
fn leaving_deletes_guard_rails_only() {
    let trial = applied();
    let scope = Scope::Cluster;
    let leaving = leaving(&scope, Manner::Leave);
    let left = detach(&trial.bundle(), &trial.cluster.observe(), leaving).unwrap();
    let others = left.plan.steps.iter();
    let others = others.filter(|step| {
        !matches!(
            step.action,
            cofferdam_state::plan::Action::DeleteGuard { .. }
        )
    });
    assert_eq!(others.count(), 0);
    assert_eq!(judged(&trial, &left), Vec::<String>::new());
}

#[test]
fn a_zone_that_the_model_takes_further_than_observe_is_not_let_go_of() {
    let mut trial = applied();
    let zone = ZoneName::parse("front").unwrap();
    let found = |trial: &Trial| {
        let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
        namespaces_of_zone(&View::new(&bundle, &observed, Delivery::Push), &zone)
    };
    assert_eq!(found(&trial), Err(vec!["web".to_owned()]));
    let gone = |text: &&str| !text.contains("{ name: front }") && !text.contains("kind: Flow");
    let left: Vec<&str> = SHOP.split("---\n").filter(gone).collect();
    trial.model = model(&left.join("---\n"));
    assert_eq!(found(&trial), Ok(["web".to_owned()].into()));
}

#[test]
fn only_the_zone_is_taken_back_and_forgotten() {
    let mut trial = applied();
    let scope = Scope::Zone {
        zone: ZoneName::parse("front").unwrap(),
        namespaces: ["web".to_owned()].into(),
    };
    let detachment = removal(&trial, &scope);
    assert_eq!(judged(&trial, &detachment), Vec::<String>::new());
    for step in &detachment.plan.steps {
        assert!(
            scope.holds(&step.action.object()),
            "{}",
            step.action.object()
        );
    }
    trial.carry_out(
        &detachment.plan,
        &killed_after(detachment.plan.steps.len()),
        |_, _| {},
    );
    let record = trial.cluster.record.as_ref().unwrap().record.clone();
    let kept = forgotten(record.entries, &trial.cluster.observe(), &scope);
    let after = Record {
        entries: kept,
        pending: [].into(),
        ..record
    };
    let holds = |object: &ObjectKey, field: &str| after.has_written(object, field);
    let label = cofferdam_state::plan::label_field("cofferdam.io/zone");
    assert!(!holds(&ObjectKey::namespace("web"), &label));
    assert!(holds(&ObjectKey::namespace("orders"), &label));
    assert!(holds(
        &ObjectKey::policy("orders", "cofferdam-allow-dns"),
        ""
    ));
    assert!(
        trial
            .cluster
            .policies
            .keys()
            .all(|(namespace, _)| namespace != "web")
    );
}
