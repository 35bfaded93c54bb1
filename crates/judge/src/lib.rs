//! Refuses a plan before anyone applies it. Pure, and shares no logic with the planner: whatever the
//! planner got wrong is to be seen here.
//!
//! One file per check; each asks one question of (plan, bundle, observed).

mod budget;
mod bundle;
mod detach;
mod guards;
mod healing;
mod identity;
mod moves;
mod opening;
mod order;
mod ownership;
mod pod_security;
mod reach;
mod scope;
mod standing;
mod widening;

pub use detach::{Departure, judge_detach, judge_identity};
pub use widening::{Fleet, sources};

use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::{ClusterName, NamespaceName};
use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::bundle::{Bundle, DesiredPolicy};
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::Plan;
use k8s_openapi::api::core::v1::Taint;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The bundle it leads to.
    pub bundle: &'a Bundle,
    /// What it was made from.
    pub observed: &'a Observed,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The clusters around it.
    pub fleet: &'a Fleet<'a>,
}

impl<'a> Case<'a> {
    /// The policy of the bundle that an object is, if any.
    fn wanted(&self, object: &ObjectKey) -> Option<&'a DesiredPolicy> {
        let namespace = NamespaceName::parse(object.namespace.as_deref()?).ok()?;
        let key = (namespace, object.name.clone());
        (object.kind == Kind::NetworkPolicy)
            .then(|| self.bundle.policies.get(&key))
            .flatten()
    }
}

/// What the user has allowed beyond the budgets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a permission that stands alone"
)]
pub struct Allowances {
    /// Deletions without an equivalent successor.
    pub deletions: Option<usize>,
    /// Weakening of denies, taints and Pod Security levels.
    pub weakening: bool,
    /// New allows into a zone of sensitivity high from flows without approval.
    pub unapproved: bool,
    /// A revision that was applied before and is not the newest.
    pub rollback: bool,
    /// A cluster that a running controller manages.
    pub take_over: bool,
}

/// Why a plan is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A stable word.
    pub code: &'static str,
    /// Why, in one line.
    pub message: String,
    /// What to do; for a budget the exact flag.
    pub hint: Option<String>,
    /// Other clusters on which it rests: what they hold may lift it. Empty where it rests on this one alone.
    pub sources: Vec<ClusterName>,
}

/// Every reason to refuse the plan; none where it may be applied.
pub fn judge(case: &Case<'_>, allowances: &Allowances) -> Vec<Refusal> {
    let mut refusals = identity::check(case, allowances);
    refusals.extend(scope::check(case));
    refusals.extend(ownership::check(case));
    refusals.extend(bundle::check(case));
    refusals.extend(pod_security::check(case));
    refusals.extend(order::check(case));
    refusals.extend(moves::check(case));
    refusals.extend(guards::check(case));
    refusals.extend(widening::check(case));
    refusals.extend(reach::check(case));
    refusals.extend(budget::check(case, allowances));
    refusals
}

fn refusal(code: &'static str, message: String, hint: &str) -> Refusal {
    Refusal {
        code,
        message,
        hint: (!hint.is_empty()).then(|| hint.to_owned()),
        sources: Vec::new(),
    }
}

/// Whether a taint of a node is the one that a pool asks for.
fn is_taint_of(pool: &NodePool, taint: &Taint) -> bool {
    let asked = &pool.taint;
    taint.key == asked.key
        && taint.value.as_deref().unwrap_or_default() == asked.value
        && taint.effect == asked.effect.as_str()
}

#[cfg(test)]
mod tests;
