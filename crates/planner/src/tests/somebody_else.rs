//! Properties of plans beside others: what is theirs stays as it is, what was not read is not touched,
//! and what they do meanwhile is met by the next pass.

use cofferdam_objects::keys::{INSTANCE, is_ours};
use cofferdam_state::observed::{Observed, Reading};
use cofferdam_testkit::generate::{act, cluster, sketch};
use cofferdam_testkit::{Cluster, Faults};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::passes::is_settled;
use super::{cases, refused, trial};

/// Everything in a cluster that is nobody's but theirs, as text.
fn theirs(cluster: &Cluster) -> Vec<String> {
    let policies = cluster
        .policies
        .iter()
        .filter(|(_, live)| !live.labels.contains_key(INSTANCE))
        .filter(|((_, name), _)| !name.starts_with("cofferdam-"))
        .map(|(key, live)| format!("{key:?} {live:?}"));
    let labels = cluster.namespaces.iter().flat_map(|(name, live)| {
        let labels = live.labels.iter();
        let theirs = labels.filter(|(key, value)| {
            *key == "unrelated" || *key == "zone-of" || (*key == "team" && *value != "shop")
        });
        theirs.map(move |label| format!("{name} {label:?}"))
    });
    let nodes = cluster.nodes.iter().flat_map(|(name, live)| {
        let labels = live.labels.iter().filter(|(key, _)| !is_ours(key));
        let labels = labels.map(move |label| format!("{name} {label:?}"));
        let taints = live.taints.iter().filter(|taint| taint.key == "theirs");
        labels.chain(taints.map(move |taint| format!("{name} {taint:?}")))
    });
    policies.chain(labels).chain(nodes).collect()
}

/// What may have become of our record.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Kept,
    Lost,
    /// A pass that was cut off may have made everything that it knew.
    Pending,
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn what_is_theirs_stays_whatever_the_record_says(
        sketch in sketch(),
        other in sketch(),
        cluster in cluster(),
        acts in vec(act(), 1..6),
        fate in prop_oneof![Just(Fate::Kept), Just(Fate::Lost), Just(Fate::Pending)],
    ) {
        let mut trial = trial(&other, cluster, &[]);
        trial.apply();
        for act in &acts {
            trial.cluster.act(act);
        }
        let record = trial.cluster.record.take();
        trial.cluster.record = record.filter(|_| !matches!(fate, Fate::Lost)).map(|mut live| {
            if matches!(fate, Fate::Pending) {
                live.record.pending = live.record.entries.keys().cloned().collect();
                live.record.entries.clear();
            }
            live
        });
        trial.model = cofferdam_testkit::model(&sketch.text());
        let before = theirs(&trial.cluster);
        let plan = trial.plan();
        prop_assert_eq!(refused(&trial, &plan), Vec::<String>::new(), "{:#?}", plan);
        trial.apply();
        prop_assert_eq!(theirs(&trial.cluster), before);
    }

    #[test]
    fn what_somebody_does_between_plan_and_write_is_met_by_the_next_pass(
        sketch in sketch(),
        cluster in cluster(),
        acts in vec(act(), 1..4),
        again in any::<bool>(),
    ) {
        let mut trial = trial(&sketch, cluster, &[]);
        if again {
            trial.apply();
            trial.cluster.act(&acts[0]);
        }
        let plan = trial.plan();
        for act in &acts {
            trial.cluster.act(act);
        }
        let before = theirs(&trial.cluster);
        trial.carry_out(&plan, &Faults::default(), |_, _| {});
        prop_assert_eq!(&theirs(&trial.cluster), &before);
        trial.apply();
        prop_assert_eq!(&theirs(&trial.cluster), &before);
        is_settled(&trial)?;
    }

    #[test]
    fn what_the_server_refused_is_written_by_the_next_pass(
        sketch in sketch(),
        cluster in cluster(),
        refused in vec(any::<Index>(), 1..3),
    ) {
        let mut trial = trial(&sketch, cluster, &[]);
        let plan = trial.plan();
        prop_assume!(!plan.is_empty());
        let objects = refused.iter().map(|index| index.get(&plan.steps).action.object().to_string());
        let faults = Faults { refused: objects.collect(), ..Faults::default() };
        let ended = trial.carry_out(&plan, &faults, |_, _| {}).unwrap();
        prop_assert!(!ended.failed.is_empty());
        let record = &trial.cluster.record.as_ref().unwrap().record;
        prop_assert_eq!(&record.bundle_hash, "");
        trial.apply();
        is_settled(&trial)?;
    }

    #[test]
    fn a_pass_that_could_not_be_read_back_is_taken_up(sketch in sketch(), cluster in cluster()) {
        let mut trial = trial(&sketch, cluster, &[]);
        let plan = trial.plan();
        let faults = Faults { unread_after: true, ..Faults::default() };
        trial.carry_out(&plan, &faults, |_, _| {});
        let next = trial.plan();
        prop_assert_eq!(&next.steps, &Vec::new());
        prop_assert_eq!(next.resumes, !plan.is_empty());
        trial.apply();
        is_settled(&trial)?;
    }
}

/// Makes one reading of an observation unknown.
type Forget = fn(&mut Observed);

fn unknown<T>() -> Reading<T> {
    Reading::Unknown("forbidden".to_owned())
}

const NEEDED: [(&str, Forget); 10] = [
    ("identity of the cluster", |seen| seen.uid = unknown()),
    ("capabilities", |seen| seen.capabilities = unknown()),
    ("record", |seen| seen.record = unknown()),
    ("namespaces", |seen| seen.namespaces = unknown()),
    ("NetworkPolicies", |seen| seen.policies = unknown()),
    ("nodes", |seen| seen.nodes = unknown()),
    ("pods", |seen| seen.pods = unknown()),
    ("workloads", |seen| seen.templates = unknown()),
    ("services", |seen| seen.services = unknown()),
    ("ingresses", |seen| seen.ingress_backends = unknown()),
];

const NOT_NEEDED: [(&str, Forget); 3] = [
    ("policies that we do not model", |seen| {
        seen.other_policies = unknown();
    }),
    ("our identity", |seen| seen.identity = unknown()),
    ("audit log", |seen| seen.writes = unknown()),
];

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn no_plan_is_made_of_what_is_not_known(
        sketch in sketch(),
        cluster in cluster(),
        acts in vec(act(), 0..4),
    ) {
        let mut trial = trial(&sketch, cluster, &[]);
        trial.apply();
        for act in &acts {
            trial.cluster.act(act);
        }
        for (what, forget) in NEEDED {
            let mut observed = trial.cluster.observe();
            forget(&mut observed);
            prop_assert_eq!(trial.replan(&observed), Err(vec![format!("{what}: forbidden")]));
        }
        for (what, forget) in NOT_NEEDED {
            // No guard rail refuses before it is known whom it would lock out.
            if what == "our identity" && sketch.guarded {
                continue;
            }
            let mut observed = trial.cluster.observe();
            forget(&mut observed);
            let steps = trial.replan(&observed).map(|plan| plan.steps);
            prop_assert_eq!(steps, Ok(trial.plan().steps), "{}", what);
        }
    }
}
