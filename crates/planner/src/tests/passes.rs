//! Properties of whole passes: nothing is cut on the way, a killed pass is taken up again, and the plan
//! after a complete pass is empty.

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_state::bundle::{Bundle, Role};
use cofferdam_testkit::generate::{Sketch, act, cluster, foreign_policy, level, sketch};
use cofferdam_testkit::reach::{Allowed, Reach, cuts, reach, reach_of_pod};
use cofferdam_testkit::{Cluster, Faults, Trial, model};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::Value;

use super::{cases, refused, trial};

/// What a cluster holds apart from UIDs, versions and who wrote it; and the keys of the record.
type Held = (
    BTreeMap<(String, String), (Labels, Labels, Value)>,
    BTreeMap<String, Labels>,
    BTreeMap<String, (Labels, String)>,
    Vec<String>,
    Vec<(String, Value)>,
);

fn held(cluster: &Cluster) -> Held {
    let policies = cluster.policies.iter().map(|(key, live)| {
        let content = (
            live.labels.clone(),
            live.annotations.clone(),
            (*live.spec).clone(),
        );
        (key.clone(), content)
    });
    let namespaces = cluster.namespaces.iter();
    let nodes = cluster.nodes.iter().map(|(name, live)| {
        (
            name.clone(),
            (live.labels.clone(), format!("{:?}", live.taints)),
        )
    });
    let record = cluster.record.as_ref().map(|live| &live.record);
    let guards = cluster.admission.iter();
    let entries = record.into_iter().flat_map(|record| record.entries.keys());
    (
        policies.collect(),
        namespaces
            .map(|(name, live)| (name.clone(), live.labels.clone()))
            .collect(),
        nodes.collect(),
        entries.cloned().collect(),
        guards
            .map(|(key, live)| (key.to_string(), live.spec.clone()))
            .collect(),
    )
}

/// What a cluster allows: taken by namespaces, and a pod that some flows select and one that none does.
type Seen = [Reach; 3];

fn seen(cluster: &Cluster) -> Seen {
    let server = reach_of_pod(cluster, &[("app", "server")]);
    [reach(cluster), server, reach_of_pod(cluster, &[])]
}

/// Where something is cut, or one half of a namespace is denied that nothing denied before.
fn faults_of(before: &Seen, now: &Cluster, after: &Seen, bundle: &Bundle) -> Vec<String> {
    let [places, ..] = before;
    let all = before.iter().zip(seen(now)).zip(after);
    let faults = all.flat_map(|((before, mut reached), after)| {
        // What was somebody else's when the pass began may be ours again.
        reached.retain(|place, _| before.contains_key(place) || !places.contains_key(place));
        faults((before, &reached, after), now, bundle)
    });
    faults.collect()
}

fn faults(
    (before, reached, after): (&Reach, &Reach, &Reach),
    now: &Cluster,
    bundle: &Bundle,
) -> Vec<String> {
    let mut faults = cuts(before, reached, after);
    for ((namespace, direction), allowed) in reached {
        let was = before.get(&(namespace.clone(), *direction));
        if *allowed == Allowed::Everything || was != Some(&Allowed::Everything) {
            continue;
        }
        let lacking = bundle.policies.iter().filter(|((ns, name), wanted)| {
            let there = now.policies.contains_key(&(ns.to_string(), name.clone()));
            ns.as_str() == namespace && matches!(wanted.role, Role::Deny(_) | Role::Allow) && !there
        });
        faults.extend(
            lacking.map(|((_, name), _)| {
                format!("{direction} of {namespace} is denied without {name}")
            }),
        );
    }
    faults
}

/// Applies the plan of a trial under the eyes of the judge, and asks after every step whether what
/// was allowed `before` and will be `after` still is. `each` gets the cluster as a kill after that step
/// leaves it.
fn watched(
    trial: &mut Trial,
    shuffle: u64,
    (before, after): (&Seen, &Seen),
    mut each: impl FnMut(&Cluster),
) -> TestCaseResult {
    let plan = trial.plan();
    let refusals = refused(trial, &plan);
    prop_assert!(refusals.is_empty(), "{refusals:#?}\n{plan:#?}");
    let bundle = trial.bundle();
    let faults = Faults {
        shuffle,
        ..Faults::default()
    };
    let mut complaints = Vec::new();
    let ended = trial.carry_out(&plan, &faults, |now, step| {
        each(now);
        let found = faults_of(before, now, after, &bundle).into_iter();
        let step = format!("{:?} {}", step.phase, step.action.object());
        complaints.extend(found.map(|fault| format!("after {step}: {fault}")));
    });
    prop_assert!(complaints.is_empty(), "{complaints:#?}\n{plan:#?}");
    prop_assert_eq!(&ended.unwrap().failed, &Vec::new());
    Ok(())
}

/// The same for a pass that begins here. Gives what a kill after each of its steps leaves.
pub(super) fn watched_from_here(
    trial: &mut Trial,
    shuffle: u64,
) -> Result<Vec<Cluster>, TestCaseError> {
    let mut whole = trial.clone();
    whole.apply();
    let (before, after) = (seen(&trial.cluster), seen(&whole.cluster));
    let mut killed = Vec::new();
    watched(trial, shuffle, (&before, &after), |now| {
        killed.push(now.clone());
    })?;
    Ok(killed)
}

/// The next plan is empty, and the record says what is there.
pub(super) fn is_settled(trial: &Trial) -> TestCaseResult {
    let plan = trial.plan();
    prop_assert_eq!(&plan.steps, &Vec::new());
    let record = &trial.cluster.record.as_ref().unwrap().record;
    prop_assert_eq!(&plan.kept, &record.entries);
    prop_assert!(record.pending.is_empty());
    prop_assert_eq!(&record.bundle_hash, &plan.bundle_hash);
    Ok(())
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn nothing_is_cut_on_the_way_and_the_next_plan_is_empty(
        sketch in sketch(),
        cluster in cluster(),
        acts in vec(act(), 0..4),
        shuffle in any::<u64>(),
    ) {
        let mut trial = trial(&sketch, cluster, &acts);
        watched_from_here(&mut trial, shuffle)?;
        is_settled(&trial)?;
    }

    #[test]
    fn drift_is_healed_by_one_pass(
        sketch in sketch(),
        cluster in cluster(),
        drift in vec(act(), 1..5),
    ) {
        let mut trial = trial(&sketch, cluster, &[]);
        trial.apply();
        for act in &drift {
            trial.cluster.act(act);
        }
        prop_assert_eq!(refused(&trial, &trial.plan()), Vec::<String>::new());
        trial.apply();
        is_settled(&trial)?;
    }

}

proptest! {
    // Each case is some thirty passes.
    #![proptest_config(cases(4))]

    #[test]
    fn a_killed_pass_is_taken_up_to_the_same_end(
        sketch in sketch(),
        cluster in cluster(),
        foreign in option::of(foreign_policy()),
        shuffle in any::<u64>(),
    ) {
        let mut whole = trial(&sketch, cluster, foreign.as_slice());
        let start = whole.clone();
        let killed = watched_from_here(&mut whole, shuffle)?;
        let (before, after) = (seen(&start.cluster), seen(&whole.cluster));
        let end = held(&whole.cluster);
        for cluster in killed {
            let mut trial = start.clone();
            trial.cluster = cluster;
            prop_assert!(trial.plan().resumes);
            watched(&mut trial, shuffle, (&before, &after), |_| {})?;
            is_settled(&trial)?;
            prop_assert_eq!(&held(&trial.cluster), &end);
        }
    }

}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn moves_between_levels_cut_nothing_and_settle(
        sketch in sketch(),
        cluster in cluster(),
        foreign in option::of(foreign_policy()),
        moves in vec((vec(level(), 3), any::<bool>(), any::<u64>()), 1..5),
    ) {
        let mut trial = trial(&sketch, cluster, foreign.as_slice());
        for (levels, isolate, shuffle) in moves {
            let next = Sketch { isolate, ..sketch.at(&levels) };
            trial.model = model(&next.text());
            watched_from_here(&mut trial, shuffle)?;
            is_settled(&trial)?;
        }
    }
}
