//! Does every step bring the cluster nearer to the bundle, and take nothing of it away?

use std::sync::Arc;

use cofferdam_state::plan::{Action, KeyChange, TaintPatch};
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::opening::opens_everything;
use crate::{Case, Refusal, is_taint_of, refusal};

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let steps = case.plan.steps.iter();
    let faults = steps.filter_map(|step| {
        let fault = fault(case, &step.action)?;
        let message = format!("{}: {fault}", step.action.object());
        Some(refusal("not-in-bundle", message, ""))
    });
    faults.collect()
}

fn fault(case: &Case<'_>, action: &Action) -> Option<&'static str> {
    match action {
        Action::CreatePolicy { object } | Action::ReplacePolicy { object, .. } => {
            match case.wanted(&action.object()) {
                Some(wanted) => (!is_same(&wanted.object, object))
                    .then_some("it is not written as the bundle holds it"),
                None => (!opens_everything(object)).then_some("the bundle does not hold it"),
            }
        }
        Action::DeletePolicy { .. } => {
            let wanted = case.wanted(&action.object());
            wanted.map(|_| "the bundle holds it, and it would be deleted")
        }
        Action::ReleasePolicy { .. } => Some("only who is let go of gives it away"),
        // Whether an open policy may go is a question of order; guard rails have a check of their own.
        Action::DeleteOpened { .. }
        | Action::CreateGuard { .. }
        | Action::ReplaceGuard { .. }
        | Action::DeleteGuard { .. } => None,
        Action::CreateNamespace { name, labels } => {
            let all = labels.iter();
            is_label_unasked(case, name, all).then_some(UNASKED_LABEL)
        }
        Action::PatchNamespace { name, labels, .. } => {
            let set = labels.changes.iter().filter_map(set_value);
            is_label_unasked(case, name, set).then_some(UNASKED_LABEL)
        }
        Action::PatchNode {
            name,
            labels,
            taints,
            ..
        } => {
            let set: Vec<_> = labels.changes.iter().filter_map(set_value).collect();
            let taints = taints.iter().flat_map(TaintPatch::set);
            node_fault(case, name, &set, &taints.collect::<Vec<_>>())
        }
    }
}

/// Whether two policies say the same; a plan mostly holds the very objects of the bundle.
fn is_same(one: &Arc<NetworkPolicy>, other: &Arc<NetworkPolicy>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

const UNASKED_LABEL: &str = "the bundle asks for no such label";

fn set_value(change: &KeyChange) -> Option<(&String, &String)> {
    change.new.as_ref().map(|new| (&change.key, new))
}

fn is_label_unasked<'a>(
    case: &Case<'_>,
    namespace: &str,
    mut set: impl Iterator<Item = (&'a String, &'a String)>,
) -> bool {
    case.bundle.namespaces.get(namespace).is_some_and(|wanted| {
        set.any(|(key, value)| {
            let asked = [&wanted.labels, &wanted.labels_if_absent];
            !asked.iter().any(|labels| labels.get(key) == Some(value))
        })
    })
}

/// A node gets only what a pool that selects it asks for.
fn node_fault(
    case: &Case<'_>,
    name: &str,
    labels: &[(&String, &String)],
    taints: &[&Taint],
) -> Option<&'static str> {
    let live = case.observed.nodes.known()?.get(name)?;
    let pools = || {
        let all = case.bundle.pools.iter();
        all.filter(|pool| pool.selects(name, &live.labels, &live.provider_id))
    };
    let label = labels.iter().any(|(key, value)| {
        let mut asked = pools().map(|pool| &pool.label);
        !asked.any(|label| label.0 == **key && label.1 == **value)
    });
    let taint = taints.iter().any(|taint| {
        let mut tainting = pools().filter(|pool| case.bundle.is_pool_tainted(pool));
        !tainting.any(|pool| is_taint_of(pool, taint))
    });
    match (label, taint) {
        (true, _) => Some("no pool of the node asks for such a label"),
        (false, true) => Some("no pool of the node asks for such a taint"),
        (false, false) => None,
    }
}
