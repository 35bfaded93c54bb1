//! Does the plan stay within the budgets, or within what the user allowed?

use std::collections::BTreeSet;

use cofferdam_objects::admission::AdmissionObject;
use cofferdam_objects::compare::spec_differences;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::bundle::DesiredPolicy;
use cofferdam_state::plan::{Action, KeyChange, Step, content_field};
use serde_json::Value;

use crate::healing::is_label_healed;
use crate::{Allowances, Case, Refusal, refusal};

pub(super) fn check(case: &Case<'_>, allowances: &Allowances) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    refusals.extend(deletions(case, allowances));
    if !allowances.weakening {
        refusals.extend(weakening(case));
    }
    if !allowances.unapproved {
        refusals.extend(unapproved(case));
    }
    refusals
}

/// Objects left without an equivalent successor, above the larger of 5 and a fifth of ours.
fn deletions(case: &Case<'_>, allowances: &Allowances) -> Option<Refusal> {
    let record = case.observed.our_record()?;
    let live = case.observed.policies.known()?;
    let ours = live
        .keys()
        .filter(|(namespace, name)| record.holds(&ObjectKey::policy(namespace, name), ""));
    let budget = (ours.count() / 5).max(5);
    let lost = case
        .plan
        .steps
        .iter()
        .filter(|step| is_lost(case, step))
        .count();
    if lost <= allowances.deletions.unwrap_or(budget).max(budget) {
        return None;
    }
    let message = format!("{lost} objects would be deleted, more than the budget of {budget}");
    Some(refusal(
        "deletion-budget",
        message,
        &format!("--allow-deletions {lost}"),
    ))
}

fn is_lost(case: &Case<'_>, step: &Step) -> bool {
    let Action::DeletePolicy {
        namespace, name, ..
    } = &step.action
    else {
        return false;
    };
    // Denies have a budget of their own, and open policies stand only during a cut-over.
    if name.starts_with("cofferdam-open-") || name.starts_with("cofferdam-default-deny-") {
        return false;
    }
    let live = case.observed.policies.known();
    let spec = live.and_then(|live| live.get(&(namespace.clone(), name.clone())));
    let successor = |other: &Step| match &other.action {
        Action::CreatePolicy { object } => {
            object.metadata.namespace.as_ref() == Some(namespace)
                && spec
                    .zip(object.spec.as_ref())
                    .is_some_and(|(live, wanted)| spec_differences(wanted, &live.spec).is_empty())
        }
        Action::CreateNamespace { .. }
        | Action::PatchNamespace { .. }
        | Action::PatchNode { .. }
        | Action::ReplacePolicy { .. }
        | Action::DeletePolicy { .. }
        | Action::ReleasePolicy { .. }
        | Action::CreateGuard { .. }
        | Action::ReplaceGuard { .. }
        | Action::DeleteGuard { .. }
        | Action::DeleteOpened { .. } => false,
    };
    !case.plan.steps.iter().any(successor)
}

fn weakening(case: &Case<'_>) -> Option<Refusal> {
    let steps = case.plan.steps.iter();
    let weakened = steps.filter(|step| weakens(case, &step.action));
    let mut weakened: Vec<ObjectKey> = weakened.map(|step| step.action.object()).collect();
    // Guard rails weaken all at once, and are not to hide the rest.
    weakened.sort_by_key(|object| matches!(object.kind, Kind::Admission(_)));
    let weakened: Vec<String> = weakened.iter().map(ToString::to_string).collect();
    let mut message = format!("weakens {}", summary(&weakened)?);
    let steps = case.plan.steps.iter();
    let replaced = steps.filter_map(|step| {
        if let Action::ReplaceGuard { object, .. } = &step.action {
            Some(object)
        } else {
            None
        }
    });
    let spared: BTreeSet<&str> = replaced
        .flat_map(|object| newly_spared(case, object))
        .collect();
    let spared: Vec<String> = spared.iter().map(|name| format!("`{name}`")).collect();
    if let Some(names) = summary(&spared) {
        message = format!("{message}: pods of {names}, which no zone holds, would be let pass");
    }
    Some(refusal("weakening", message, "--allow-weakening"))
}

fn weakens(case: &Case<'_>, action: &Action) -> bool {
    match action {
        Action::DeletePolicy { name, .. } => name.starts_with("cofferdam-default-deny-"),
        Action::PatchNamespace { name, labels, .. } => {
            let mut lowered = labels.changes.iter().filter(|one| lowers_pod_security(one));
            lowered.any(|change| !is_label_healed(case, name, change))
        }
        Action::PatchNode {
            taints: Some(taints),
            ..
        } => taints.old.iter().any(|old| {
            !taints
                .new
                .iter()
                .any(|new| new.key == old.key && new.effect == old.effect)
        }),
        Action::DeleteGuard { .. } => true,
        Action::ReplaceGuard { object, .. } => {
            unbinds(case, object) || !newly_spared(case, object).is_empty()
        }
        Action::PatchNode { taints: None, .. }
        | Action::CreateGuard { .. }
        | Action::CreateNamespace { .. }
        | Action::CreatePolicy { .. }
        | Action::ReplacePolicy { .. }
        | Action::ReleasePolicy { .. }
        | Action::DeleteOpened { .. } => false,
    }
}

/// The namespaces in no zone whose pods a guard rail about pods comes to let pass.
fn newly_spared<'a>(case: &Case<'_>, object: &'a AdmissionObject) -> BTreeSet<&'a str> {
    fn spared(spec: &Value) -> BTreeSet<&str> {
        let selector = spec.pointer("/matchConstraints/namespaceSelector/matchExpressions/0");
        let selector = selector.filter(|one| one.get("operator").is_some_and(|is| is == "NotIn"));
        let names = selector.and_then(|one| one.get("values")?.as_array());
        names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
    let live = case.observed.admission.known();
    let live = live.and_then(|live| live.get(&object.key()));
    let before = live.map(|live| spared(&live.spec)).unwrap_or_default();
    let in_zone = |name: &str| {
        case.bundle
            .namespaces
            .keys()
            .any(|one| one.as_str() == name)
    };
    if before.is_empty() {
        return BTreeSet::new();
    }
    let more = spared(&object.spec).into_iter();
    more.filter(|name| !before.contains(name) && !in_zone(name))
        .collect()
}

/// Whether a guard rail that refuses is to note only.
fn unbinds(case: &Case<'_>, object: &AdmissionObject) -> bool {
    let denies = |spec: &Value| {
        let actions = spec.get("validationActions").and_then(Value::as_array);
        actions.is_some_and(|actions| actions.iter().any(|action| action == "Deny"))
    };
    let live = case.observed.admission.known();
    let live = live.and_then(|live| live.get(&object.key()));
    live.is_some_and(|live| denies(&live.spec)) && !denies(&object.spec) && object.kind.is_binding()
}

fn lowers_pod_security(change: &KeyChange) -> bool {
    let level = |value: Option<&String>| match value.map(String::as_str) {
        Some("restricted") => 2,
        Some("baseline") => 1,
        Some(_) | None => 0,
    };
    change.key.starts_with("pod-security.kubernetes.io/")
        && !change.key.ends_with("-version")
        && level(change.new.as_ref()) < level(change.old.as_ref())
}

/// New allows into a zone of sensitivity high from a flow without approval; also on a first apply. What was
/// in place before with the same content is not new, though somebody deleted or edited it since. What a
/// zone lets its own pods do among themselves (`withinZone`) is no flow, and asks for no approval.
fn unapproved(case: &Case<'_>) -> Option<Refusal> {
    let allows: Vec<String> = case
        .plan
        .steps
        .iter()
        .filter(|step| {
            let wanted = case.wanted(&step.action.object());
            step.action.written_policy().is_some()
                && wanted.is_some_and(|policy| {
                    policy.unapproved && !was_in_place(case, &step.action.object(), policy)
                })
        })
        .map(|step| step.action.object().to_string())
        .collect();
    let message = format!(
        "new allows into a zone of sensitivity high without approval: {}",
        summary(&allows)?
    );
    Some(refusal("unapproved", message, "--allow-unapproved"))
}

fn was_in_place(case: &Case<'_>, object: &ObjectKey, policy: &DesiredPolicy) -> bool {
    let field = content_field(&policy.object);
    let record = case.observed.our_record();
    record.is_some_and(|record| record.has_written(object, &field))
}

fn summary(objects: &[String]) -> Option<String> {
    let shown: Vec<&str> = objects.iter().take(5).map(String::as_str).collect();
    let more = objects.len().saturating_sub(shown.len());
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}
