//! Properties of namespaces that are enforced: who may write policies there keeps none of them open.

use cofferdam_objects::policy::isolates;
use cofferdam_state::bundle::{Role, open_name};
use cofferdam_testkit::generate::{cluster, sketch};
use cofferdam_testkit::{Act, Cluster, Faults, Trial};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use serde_json::json;

use super::passes::is_settled;
use super::{cases, refused, trial};

/// What becomes of a policy of ours.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Kept,
    Deleted,
    /// Deleted, while a finalizer holds it.
    Dying,
    Remade,
    Emptied,
}

impl Fate {
    fn act(self, place: usize) -> Option<Act> {
        match self {
            Self::Kept => None,
            Self::Deleted => Some(Act::DeleteOurs(place)),
            Self::Dying => Some(Act::TerminateOurs(place)),
            Self::Remade => Some(Act::RemakeOurs(place)),
            Self::Emptied => Some(Act::EmptyOurs(place)),
        }
    }
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let all = [
        Fate::Kept,
        Fate::Deleted,
        Fate::Deleted,
        Fate::Dying,
        Fate::Remade,
        Fate::Emptied,
    ];
    vec(select(all.to_vec()), 12)
}

/// Each of ours meets its fate, from the last to the first, so that those before keep their places.
fn meet(cluster: &mut Cluster, fates: &[Fate]) {
    let acts = (0..cluster.ours().len()).rev().zip(fates.iter().cycle());
    for act in acts.filter_map(|(place, fate)| fate.act(place)) {
        cluster.act(&act);
    }
}

/// A name that we might want in an enforced namespace, for a policy that opens nothing.
fn squatted() -> impl Strategy<Value = Act> {
    let places = select(vec!["edge-a", "application-a", "data-a"]);
    let names = select(vec![
        "cofferdam-open-ingress",
        "cofferdam-open-egress",
        "cofferdam-flow-flow-0-in",
        "cofferdam-within-zone",
    ]);
    (places, names, select(vec!["Ingress", "Egress"])).prop_map(|(namespace, name, direction)| {
        Act::WritePolicy {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            spec: json!({"podSelector": {"matchLabels": {"app": "none"}}, "policyTypes": [direction]}),
        }
    })
}

/// The denies of the bundle that are not there, and the open policies that stand beside them; whom a
/// finalizer holds, nobody can take away.
fn left_open(trial: &Trial) -> Vec<String> {
    let live = &trial.cluster.policies;
    let bundle = trial.bundle();
    let denies = bundle
        .policies
        .iter()
        .filter_map(|((namespace, name), wanted)| {
            let Role::Deny(direction) = wanted.role else {
                return None;
            };
            let there = trial.cluster.namespaces.contains_key(namespace.as_str());
            there.then(|| (namespace.to_string(), name.clone(), direction))
        });
    let left = denies.filter_map(|(namespace, name, direction)| {
        let key = (namespace.clone(), name);
        if !live
            .get(&key)
            .is_some_and(|deny| isolates(&deny.spec, direction))
        {
            return Some(format!("{key:?} is not there"));
        }
        let key = (namespace, open_name(direction));
        let opens = live.get(&key).filter(|open| !open.terminating);
        let opens =
            opens.is_some_and(|open| open.spec.get(direction.field()) == Some(&json!([{}])));
        opens.then(|| format!("{key:?} stands"))
    });
    left.collect()
}

/// The next plan is refused by nobody, leaves nothing open and nothing to do.
fn is_healed(mut trial: Trial) -> TestCaseResult {
    let plan = trial.plan();
    prop_assert_eq!(refused(&trial, &plan), Vec::<String>::new(), "{:#?}", plan);
    trial.apply();
    prop_assert_eq!(left_open(&trial), Vec::<String>::new(), "{:#?}", plan);
    is_settled(&trial)
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn nothing_that_was_denied_stays_open_whatever_became_of_its_policies(
        sketch in sketch(),
        cluster in cluster(),
        before in vec(squatted(), 0..3),
        fates in fates(),
        after in vec(squatted(), 0..3),
    ) {
        let mut trial = trial(&sketch.at(&["enforce"; 3]), cluster, &[]);
        trial.apply();
        let flows = std::mem::take(&mut trial.model.flows);
        trial.apply();
        // Names that the next model wants are taken before it is written.
        for act in &before {
            trial.cluster.act(act);
        }
        trial.model.flows = flows;
        meet(&mut trial.cluster, &fates);
        for act in &after {
            trial.cluster.act(act);
        }
        is_healed(trial)?;
    }

    #[test]
    fn nothing_that_was_denied_stays_open_although_passes_are_killed_or_fail(
        sketch in sketch(),
        cluster in cluster(),
        fates in fates(),
        killed_after in any::<Index>(),
        kills in any::<bool>(),
        again in fates(),
    ) {
        let mut trial = trial(&sketch.at(&["enforce"; 3]), cluster, &[]);
        trial.apply();
        meet(&mut trial.cluster, &fates);
        let plan = trial.plan();
        let place = killed_after.index(plan.steps.len() + 1);
        let refused = plan.steps.get(place).map(|step| step.action.object().to_string());
        let faults = Faults {
            killed_after: kills.then_some(place),
            refused: refused.filter(|_| !kills).into_iter().collect(),
            ..Faults::default()
        };
        trial.carry_out(&plan, &faults, |_, _| {});
        meet(&mut trial.cluster, &again);
        is_healed(trial)?;
    }
}
