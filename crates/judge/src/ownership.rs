//! Is everything that a step changes or deletes ours, and as the step expects it?

use std::collections::BTreeSet;

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::keys::{REGISTERED, is_ours};
use cofferdam_state::observed::{LiveNode, LivePolicy};
use cofferdam_state::plan::{Action, KeyChange, LabelPatch, TaintPatch, label_field, taint_field};

use k8s_openapi::api::core::v1::Taint;

use crate::{Case, Refusal, refusal};

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let steps = case.plan.steps.iter();
    let written: Written<'_> = steps.filter_map(|step| written(&step.action)).collect();
    let steps = case.plan.steps.iter();
    steps
        .filter_map(|step| fault(case, &written, &step.action))
        .collect()
}

/// The policies that the plan writes, by namespace and name.
type Written<'a> = BTreeSet<(&'a str, &'a str)>;

fn written(action: &Action) -> Option<(&str, &str)> {
    let metadata = &action.written_policy()?.metadata;
    Some((metadata.namespace.as_deref()?, metadata.name.as_deref()?))
}

fn fault(case: &Case<'_>, written: &Written<'_>, action: &Action) -> Option<Refusal> {
    let object = action.object();
    let say = |code, what: &str| Some(refusal(code, format!("{object}: {what}"), "plan again"));
    match action {
        Action::CreateNamespace { name, .. } => {
            let exists = case.observed.namespaces.known()?.contains_key(name);
            exists
                .then(|| say("exists", "it is there already"))
                .flatten()
        }
        Action::CreatePolicy { .. } => {
            live_policy(case, &object).and_then(|_| say("exists", "it is there already"))
        }
        Action::ReplacePolicy {
            uid,
            resource_version,
            ..
        }
        | Action::DeletePolicy {
            uid,
            resource_version,
            ..
        } => {
            let live = live_policy(case, &object);
            let same = live.is_some_and(|live| {
                live.uid == *uid && live.resource_version == *resource_version && !live.terminating
            });
            if !same {
                return say("not-as-seen", "it is not as it was seen");
            }
            let recorded = case
                .observed
                .our_record()
                .is_some_and(|record| record.holds(&object, ""));
            (!recorded)
                .then(|| say("not-ours", "it is not in our record"))
                .flatten()
        }
        Action::ReleasePolicy { uid, labels, .. } => release_fault(case, &object, (uid, labels)),
        Action::PatchNamespace { name, uid, labels } => {
            let live = case.observed.namespaces.known()?.get(name)?;
            if live.uid != *uid || live.terminating {
                return say("not-as-seen", "it is not as it was seen");
            }
            label_fault(case, &object, labels, &live.labels)
        }
        Action::PatchNode {
            name,
            uid,
            labels,
            taints,
        } => {
            let live = case.observed.nodes.known()?.get(name)?;
            let taints_same = taints.as_ref().is_none_or(|patch| patch.old == live.taints);
            if live.uid != *uid || !taints_same {
                return say("not-as-seen", "it is not as it was seen");
            }
            label_fault(case, &object, labels, &live.labels)
                .or_else(|| taint_fault(case, (&object, live), taints.as_ref()?))
        }
        // Guard rails have a check of their own.
        Action::CreateGuard { .. } | Action::ReplaceGuard { .. } | Action::DeleteGuard { .. } => {
            None
        }
        Action::DeleteOpened { namespace, name } => {
            if written.contains(&(namespace.as_str(), name.as_str())) {
                None
            } else {
                say("not-ours", "this pass does not write it")
            }
        }
    }
}

/// A policy is given away as it was seen, and only where it is ours.
fn release_fault(
    case: &Case<'_>,
    object: &ObjectKey,
    (uid, labels): (&str, &LabelPatch),
) -> Option<Refusal> {
    let live = live_policy(case, object);
    let live = live.filter(|live| live.uid == uid && !live.terminating);
    let mut changes = labels.changes.iter();
    let same = live.is_some_and(|live| {
        changes.all(|change| live.labels.get(&change.key) == change.old.as_ref())
    });
    let record = case.observed.our_record();
    let recorded = record.is_some_and(|record| record.holds(object, ""));
    let (code, fault) = match (same, recorded) {
        (true, true) => return None,
        (false, _) => ("not-as-seen", "it is not as it was seen"),
        (true, false) => ("not-ours", "it is not in our record"),
    };
    Some(refusal(code, format!("{object}: {fault}"), "plan again"))
}

/// A key that we never wrote may be set where it is absent; where another holds it, it is theirs.
fn label_fault(
    case: &Case<'_>,
    object: &ObjectKey,
    patch: &LabelPatch,
    live: &cofferdam_model::labels::Labels,
) -> Option<Refusal> {
    patch.changes.iter().find_map(|change| {
        let recorded = case
            .observed
            .our_record()
            .is_some_and(|record| record.holds(object, &label_field(&change.key)))
            || is_registration(object, change);
        let fault = if live.get(&change.key) != change.old.as_ref() {
            "is not as it was seen"
        } else if change.old.is_some() && !recorded {
            "belongs to another manager"
        } else if change.new.is_none() && !recorded && !is_ours(&change.key) {
            "was never written by us"
        } else {
            return None;
        };
        let message = format!("{object}: label `{}` {fault}", change.key);
        Some(refusal("not-ours", message, "plan again"))
    })
}

/// Whether the label goes that only the guard rail at registration writes.
fn is_registration(object: &ObjectKey, change: &KeyChange) -> bool {
    object.kind == Kind::Node && change.key == REGISTERED && change.new.is_none()
}

/// A taint goes, or gets another value, only where we wrote it: the record says so, or the node's label.
fn taint_fault(
    case: &Case<'_>,
    (object, live): (&ObjectKey, &LiveNode),
    patch: &TaintPatch,
) -> Option<Refusal> {
    let touched = patch.old.iter().filter(|old| !patch.new.contains(old));
    let mut foreign = touched.filter(|old| {
        let record = case.observed.our_record();
        let field = taint_field(old);
        let recorded = record.is_some_and(|record| record.holds(object, &field));
        let registered = live.is_registered_with(&field) && is_of_a_pool(case, old);
        !(recorded || registered)
    });
    let taint = foreign.next()?;
    let message = format!("{object}: taint `{}` was never written by us", taint.key);
    Some(refusal("not-ours", message, "plan again"))
}

/// Whether a pool asks for a taint, or the live text of what is recorded as ours names its key and effect.
fn is_of_a_pool(case: &Case<'_>, taint: &Taint) -> bool {
    let mut pools = case.bundle.pools.iter();
    let asked =
        pools.any(|pool| pool.taint.key == taint.key && pool.taint.effect.as_str() == taint.effect);
    let live = case.observed.admission.known().into_iter().flatten();
    let record = case.observed.our_record();
    let mut ours = live.filter(|(key, _)| record.is_some_and(|record| record.holds(key, "")));
    let literals = [&taint.key, &taint.effect].map(|word| format!("'{word}'"));
    asked
        || ours.any(|(_, live)| {
            let written = live.spec.get("mutations").map(ToString::to_string);
            written.is_some_and(|text| literals.iter().all(|literal| text.contains(literal)))
        })
}

fn live_policy<'a>(case: &Case<'a>, object: &ObjectKey) -> Option<&'a LivePolicy> {
    let key = (object.namespace.clone()?, object.name.clone());
    case.observed.policies.known()?.get(&key)
}
