//! Tables and properties, on clusters in memory.

use cofferdam_judge::{Allowances, Case, Fleet, judge};
use cofferdam_model::Model;
use cofferdam_model::cluster::Delivery;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::Plan;
use cofferdam_testkit::generate::Sketch;
use cofferdam_testkit::{Act, Cluster, Trial, today};
use proptest::test_runner::Config;

use crate::view::View;

mod chains;
mod claims;
mod cut_over;
mod detach;
mod edited_open;
mod evaluated;
mod fences;
mod findings;
mod gitops;
mod guard_expressions;
mod guard_probes;
mod guard_texts;
mod guards;
mod healing;
mod intent;
mod isolated;
mod led_on;
mod moves;
mod node_expressions;
mod opens;
mod passes;
mod pins;
mod pod_security;
mod pools;
mod proof;
mod reach;
mod registration_expressions;
mod service_claims;
mod somebody_else;
mod unaddressed;
mod unfinished;
mod words;
mod zones;

/// The planner as a [`Trial`] takes it.
fn planner(bundle: &Bundle, observed: &Observed, model: &Model) -> Result<Plan, Vec<String>> {
    let view = View::new(bundle, observed, Delivery::Push);
    crate::plan(&view, model)
}

/// A property over this many cases; `PROPTEST_CASES`, 256 where it is not set, makes it more.
fn cases(count: u32) -> Config {
    let usual = Config::default();
    Config {
        cases: count * usual.cases / 256,
        failure_persistence: None,
        ..usual
    }
}

/// A trial of a sketch on a cluster, after these acts.
fn trial(sketch: &Sketch, cluster: Cluster, acts: &[Act]) -> Trial {
    let mut trial = Trial::new(&sketch.text(), planner);
    trial.cluster = cluster;
    for act in acts {
        trial.cluster.act(act);
    }
    trial
}

/// Why the judge refuses the plan, budgets and the holes that others made aside.
fn refused(trial: &Trial, plan: &Plan) -> Vec<String> {
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let fleet = Fleet {
        model: &trial.model,
        clusters: vec![(&bundle, &observed)],
        today: today(),
    };
    let case = Case {
        plan,
        bundle: &bundle,
        observed: &observed,
        cluster: trial.document(),
        fleet: &fleet,
    };
    let allowances = Allowances {
        deletions: Some(1000),
        weakening: true,
        unapproved: true,
        rollback: true,
        take_over: true,
    };
    let refusals = judge(&case, &allowances).into_iter();
    let refusals = refusals.filter(|refusal| refusal.code != "beyond-flows");
    refusals
        .map(|refusal| format!("{}: {}", refusal.code, refusal.message))
        .collect()
}
