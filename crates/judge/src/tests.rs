//! Tables of plans and the refusals that they get: legal plans of the planner, and what is wrong with
//! them, side by side.

use cofferdam_model::Model;
use cofferdam_model::cluster::{Cluster, Delivery};
use cofferdam_objects::key::ObjectKey;
use cofferdam_planner::view::View;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::observed::{LiveNamespace, LivePolicy, Observed, Reading};
use cofferdam_state::plan::{Action, Phase, Plan, Step};
use cofferdam_state::record::Record;
use cofferdam_testkit::{Act, SHOP, Trial, node, today};

use crate::{Allowances, Case, Fleet, Refusal, judge};

mod beyond;
mod budgets;
mod detach;
mod doubt;
mod edited_open;
mod guards;
mod healed;
mod in_place;
mod moves;
mod mutations;
mod platform;
mod pod_security;
mod reach;
mod released;
mod widening;

fn planner(bundle: &Bundle, observed: &Observed, model: &Model) -> Result<Plan, Vec<String>> {
    let view = View::new(bundle, observed, Delivery::Push);
    cofferdam_planner::plan(&view, model)
}

fn shop(text: &str) -> Trial {
    Trial::shop(text, planner)
}

/// Everything that the judge looks at, to be changed at will.
#[derive(Debug, Clone)]
struct Scene {
    plan: Plan,
    bundle: Bundle,
    observed: Observed,
    cluster: Cluster,
    model: Model,
    allowances: Allowances,
}

impl Scene {
    fn of(trial: &Trial) -> Self {
        Self {
            plan: trial.plan(),
            bundle: trial.bundle(),
            observed: trial.cluster.observe(),
            cluster: trial.document().clone(),
            model: trial.model.clone(),
            allowances: Allowances::default(),
        }
    }

    fn judge(&self) -> Vec<Refusal> {
        let fleet = Fleet {
            model: &self.model,
            clusters: vec![(&self.bundle, &self.observed)],
            today: today(),
        };
        let case = Case {
            plan: &self.plan,
            bundle: &self.bundle,
            observed: &self.observed,
            cluster: &self.cluster,
            fleet: &fleet,
        };
        judge(&case, &self.allowances)
    }

    fn record(&mut self) -> &mut Record {
        match &mut self.observed.record {
            Reading::Known(Some(live)) => &mut live.record,
            Reading::Known(None) | Reading::Unknown(_) => panic!("no record"),
        }
    }

    fn namespace(&mut self, name: &str) -> &mut LiveNamespace {
        match &mut self.observed.namespaces {
            Reading::Known(all) => all.get_mut(name).unwrap(),
            Reading::Unknown(_) => panic!("no namespaces"),
        }
    }

    fn policy(&mut self, namespace: &str, name: &str) -> &mut LivePolicy {
        let key = (namespace.to_owned(), name.to_owned());
        match &mut self.observed.policies {
            Reading::Known(all) => all.get_mut(&key).unwrap(),
            Reading::Unknown(_) => panic!("no policies"),
        }
    }

    /// The step about an object, as `Kind/[namespace/]name`, in a phase.
    fn step(&mut self, phase: Phase, object: &str) -> &mut Step {
        let found = self
            .plan
            .steps
            .iter()
            .position(|step| step.phase == phase && step.action.object().to_string() == object);
        let Some(found) = found else {
            panic!("no step {phase:?} {object}: {:#?}", self.plan.steps)
        };
        &mut self.plan.steps[found]
    }

    /// Takes the step out of the plan.
    fn drop(&mut self, phase: Phase, object: &str) -> Step {
        let step = self.step(phase, object).clone();
        self.plan.steps.retain(|other| *other != step);
        step
    }

    /// Adds a step where its phase is due.
    fn add(&mut self, phase: Phase, action: Action) {
        let mut step = self.plan.steps[0].clone();
        step.phase = phase;
        step.action = action;
        self.plan.steps.push(step);
        self.plan.steps.sort_by_key(|step| step.phase);
    }
}

/// The refusals as `code: message (hint)`, with the hint where there is one.
fn shown(refusals: &[Refusal]) -> Vec<String> {
    let show = |refusal: &Refusal| {
        let hint = refusal.hint.as_ref();
        let hint = hint.map_or_else(String::new, |hint| format!(" ({hint})"));
        format!("{}: {}{hint}", refusal.code, refusal.message)
    };
    refusals.iter().map(show).collect()
}
