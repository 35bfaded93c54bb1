//! Tables and properties, on clusters in memory.

use cofferdam_judge::{Allowances, Case, Fleet, judge};
use cofferdam_model::Model;
use cofferdam_model::cluster::Delivery;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::Plan;
use cofferdam_testkit::{Trial, today};

use crate::view::View;

mod passes;

/// The planner as a [`Trial`] takes it.
fn planner(bundle: &Bundle, observed: &Observed, model: &Model) -> Result<Plan, Vec<String>> {
    let delivery = Delivery::Push;
    let view = View {
        bundle,
        observed,
        delivery,
    };
    crate::plan(&view, model)
}

/// The codes for which the judge refuses the plan, budgets aside.
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
    refusals
        .map(|refusal| format!("{}: {}", refusal.code, refusal.message))
        .collect()
}
