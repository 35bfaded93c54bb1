//! What is to be done about each cluster, and whether it may be.

use std::collections::BTreeSet;

use crate::clock;
use crate::examined::Examined;
use cofferdam_judge::{Allowances, Case, Fleet, Refusal, judge, sources};
use cofferdam_model::Model;
use cofferdam_model::names::ClusterName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::held::HeldStep;
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::Plan;

use crate::only::{Only, blocked, held_back};

/// What is to be done about a cluster.
#[derive(Debug)]
pub struct Decision {
    /// The plan, where one could be made.
    pub plan: Option<Plan>,
    /// Steps that wait for something.
    pub held: Vec<HeldStep>,
    /// What is in the way of the part that was asked for, and why.
    pub in_the_way: Vec<(ObjectKey, String)>,
    /// Why it may not be applied.
    pub refusals: Vec<Refusal>,
    /// Other clusters on which it rests whether it may.
    pub sources: BTreeSet<ClusterName>,
}

/// What plans are made of and judged by.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Zone model and fleet.
    pub model: &'a Model,
    /// What may be done beyond the budgets.
    pub allowances: Allowances,
    /// What is meant of the plans.
    pub only: Only<'a>,
}

/// Plans for each cluster, and judges the plans beside what was seen of other clusters `around`; of what was
/// seen more than once, the first there counts.
pub fn decide<'a>(
    examined: &'a [Examined<'_>],
    around: impl IntoIterator<Item = (&'a Bundle, &'a Observed)>,
    terms: &Terms<'a>,
) -> Vec<Decision> {
    let Terms {
        model,
        allowances,
        only,
    } = *terms;
    let all = around.into_iter().chain(examined.iter().map(seen));
    let fleet = Fleet {
        model,
        clusters: all.collect(),
        today: clock::today(),
    };
    let decide = |one| decide_one(one, &fleet, &only, &allowances);
    examined.iter().map(decide).collect()
}

/// What the judge of another cluster looks at.
pub fn seen<'a>(one: &'a Examined<'_>) -> (&'a Bundle, &'a Observed) {
    (&one.bundle, &one.observed)
}

fn decide_one(
    one: &Examined<'_>,
    fleet: &Fleet<'_>,
    only: &Only<'_>,
    allowances: &Allowances,
) -> Decision {
    let mut refusals = Vec::new();
    refusals.extend(one.told_twin().map(|message| Refusal {
        code: "wrong-cluster",
        message,
        hint: None,
        sources: Vec::new(),
    }));
    for error in &one.errors {
        let at = format!("{}:{}", error.place.file, error.place.line);
        let message = format!("{at}: {}", error.message);
        refusals.push(Refusal {
            code: error.code,
            message,
            hint: error.hint.clone(),
            sources: Vec::new(),
        });
    }
    let view = one.view();
    let mut plan = match cofferdam_planner::plan(&view, fleet.model) {
        Ok(plan) => plan,
        Err(reasons) => {
            let unknown = |message: String| Refusal {
                code: "unknown",
                message,
                hint: None,
                sources: Vec::new(),
            };
            refusals.extend(reasons.into_iter().map(unknown));
            return Decision {
                plan: None,
                held: Vec::new(),
                in_the_way: Vec::new(),
                refusals,
                sources: BTreeSet::new(),
            };
        }
    };
    let held = held_back(&view, &mut plan, only);
    let case = Case {
        plan: &plan,
        bundle: &one.bundle,
        observed: &one.observed,
        cluster: one.cluster,
        fleet,
    };
    refusals.extend(judge(&case, allowances));
    let sources = sources(&case);
    Decision {
        plan: Some(plan),
        held,
        in_the_way: blocked(&view, only),
        refusals,
        sources,
    }
}
