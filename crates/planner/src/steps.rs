//! The plan: steps from observed to bundle, in the order of their phases.

mod guards;
mod keep;
mod moves;
mod namespaces;
mod nodes;
mod policies;

pub(crate) use guards::{is_text_held, written_in};
pub(crate) use keep::kept;
pub(crate) use nodes::{bound_labels, having_after, is_taint_wanted, loses, selecting_old};
pub(crate) use policies::{open_names_taken, phase_of, steps as released_policies, waiting};

use cofferdam_model::cluster::Delivery;
use cofferdam_model::zone::Sensitivity;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::observed::told_unknowns;
use cofferdam_state::plan::{Phase, Plan, Step};

use crate::guards::{Obstacle, footings, is_served_after, rests_on_pin};
use crate::notices::notices;
use crate::view::View;

/// The plan for one cluster, or every reason why none can be made: nothing is planned on what is not
/// known.
pub fn plan(view: &View<'_>, model: &cofferdam_model::Model) -> Result<Plan, Vec<String>> {
    let unknown = told_unknowns(&view.observed.unknowns());
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let mut steps = Vec::new();
    if view.delivery == Delivery::Push {
        steps.extend(namespaces::steps(view));
        steps.extend(policies::steps(view));
    }
    let PoolSteps { nodes, guards, .. } = pool_steps(view);
    steps.extend(nodes);
    steps.extend(guards);
    // What gives up connections comes in its order already.
    steps.sort_by_cached_key(|step| {
        let object = (step.phase != Phase::Narrow).then(|| step.action.object());
        (step.phase, closing_order(view, step), object)
    });
    let record = view.record();
    Ok(Plan {
        cluster: view.bundle.cluster.clone(),
        sequence: record.map_or(0, |record| record.sequence),
        revision: view.bundle.revision.clone(),
        bundle_hash: view.bundle.hash.clone(),
        notices: notices(view, model, &steps),
        kept: kept(view),
        probes: guards::probes(view, &steps),
        footings: footings(view, &steps),
        resumes: record.is_some_and(|record| !record.pending.is_empty()),
        steps,
    })
}

/// Steps about nodes and guard rails, which rest on each other.
pub(crate) struct PoolSteps {
    nodes: Vec<Step>,
    guards: Vec<Step>,
    /// Steps about nodes that wait, because a pin goes on binding pods to the label of the last of them.
    pub(crate) bound: Vec<Step>,
    /// Steps about pins that wait, because no node would be there for the pods that they bind.
    pub(crate) unserved: Vec<Step>,
    /// Pins that no bundle asks for any more and that stay, each with why.
    pub(crate) staying: Vec<(ObjectKey, Obstacle)>,
}

pub(crate) fn pool_steps(view: &View<'_>) -> PoolSteps {
    let nodes = nodes::steps(view);
    let (guards, staying) = guards::steps(view, &nodes);
    let (nodes, bound) = nodes::apart_from_bound(view, &guards, nodes);
    let served = |step: &Step| is_served_after(view, step, &nodes);
    let (guards, unserved): (Vec<Step>, Vec<Step>) = guards.into_iter().partition(served);
    let (unpinned, nodes) = nodes
        .into_iter()
        .partition(|step| rests_on_pin(view, step, &unserved));
    let bound = [bound, unpinned].concat();
    PoolSteps {
        nodes,
        guards,
        bound,
        unserved,
        staying,
    }
}

/// Open policies of the most sensitive zones are removed last.
fn closing_order(view: &View<'_>, step: &Step) -> Option<Sensitivity> {
    let namespace = step.action.object().namespace?;
    let wanted = view.wanted_namespace(&namespace)?;
    (step.phase == Phase::Close).then_some(wanted.sensitivity)
}
