//! What a plan opens and closes, and what enforcing zones would cut.

use cofferdam_model::Model;
use cofferdam_pass::examined::Examined;
use cofferdam_planner::reach::{Computed, Enforcing, Ground, enforcing, of_plan};
use cofferdam_report::wire::change::WireZoneChange;
use cofferdam_report::wire::plan::WireEnforcing;
use cofferdam_state::change::Change;

use cofferdam_pass::decide::Decision;

/// What a plan does to what can be reached, as reports tell it.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// What it opens; none where that is not computed.
    pub(super) opens: Option<Vec<WireZoneChange>>,
    /// What it closes.
    pub(super) closes: Option<Vec<WireZoneChange>>,
    /// What enforcing zones would cut.
    pub(super) enforcing: Vec<WireEnforcing>,
    /// Why it is not computed, or may not be all.
    pub(super) doubts: Option<String>,
}

/// What the plan of a cluster does to what can be reached there; nothing where there is no plan.
pub(super) fn reached(one: &Examined<'_>, decision: &Decision, model: &Model) -> Reached {
    let Some(plan) = &decision.plan else {
        return Reached::default();
    };
    let view = one.view();
    let ground = Ground {
        view: &view,
        model,
        cluster: one.cluster,
    };
    let Computed {
        changes,
        incomplete_because,
    } = match of_plan(ground, plan) {
        Ok(computed) => computed,
        Err(because) => {
            let because = because.join("; ");
            let doubts = format!("what it opens and closes is not computed: {because}");
            return Reached {
                doubts: Some(doubts),
                ..Reached::default()
            };
        }
    };
    let told = enforcing(ground, plan).into_iter();
    let told = told.map(|Enforcing { zone, cuts }| WireEnforcing {
        zone: zone.to_string(),
        cuts: wire(&cuts),
    });
    let because = incomplete_because.join("; ");
    let doubts = format!("what it opens and closes may not be all: {because}");
    Reached {
        opens: Some(wire(&changes.opens)),
        closes: Some(wire(&changes.closes)),
        enforcing: told.collect(),
        doubts: (!because.is_empty()).then_some(doubts),
    }
}

fn wire(changes: &[Change]) -> Vec<WireZoneChange> {
    changes.iter().map(Into::into).collect()
}
