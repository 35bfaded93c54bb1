//! Does a policy keep what another one of its namespace takes over, until that one is in place?

use std::collections::BTreeSet;

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::plan::{Action, Phase, Step};
use serde_json::Value;

use crate::{Case, Refusal, refusal};

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let allows = || case.plan.phase(Phase::Allow);
    let shifts = allows().filter(|step| matches!(step.action, Action::ReplacePolicy { .. }));
    let losing = shifts.filter_map(|step| {
        let object = step.action.object();
        let (before, after) = states(case, step)?;
        let lost: BTreeSet<String> = before.difference(&after).cloned().collect();
        (!lost.is_empty()).then_some((object, lost))
    });
    losing
        .filter_map(|(object, lost)| {
            let mut heirs = allows().filter(|step| takes_over(case, step, &object, &lost));
            let heir = heirs.next()?.action.object();
            let message = format!("{object}: gives up what `{}` takes over at once", heir.name);
            Some(refusal("order", message, ""))
        })
        .collect()
}

/// Whether a step brings to the namespace of `object` any of what that one loses.
fn takes_over(case: &Case<'_>, step: &Step, object: &ObjectKey, lost: &BTreeSet<String>) -> bool {
    let other = step.action.object();
    other.namespace == object.namespace
        && other != *object
        && states(case, step).is_some_and(|(before, after)| {
            after
                .iter()
                .any(|one| lost.contains(one) && !before.contains(one))
        })
}

/// What a policy allows before a step writes it, and after.
fn states(case: &Case<'_>, step: &Step) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let (Action::CreatePolicy { object } | Action::ReplacePolicy { object, .. }) = &step.action
    else {
        return None;
    };
    let ObjectKey {
        namespace, name, ..
    } = step.action.object();
    let live = case.observed.policies.known()?.get(&(namespace?, name));
    let before = live.map_or_else(BTreeSet::new, |live| allowed(&live.spec));
    let after = serde_json::to_value(&object.spec).ok()?;
    Some((before, allowed(&after)))
}

/// Every pair of peer and port that the rules of a spec name.
fn allowed(spec: &Value) -> BTreeSet<String> {
    let items = |value: &Value, field: &str| {
        let items = value.get(field).and_then(Value::as_array);
        let texts = items.into_iter().flatten().map(ToString::to_string);
        let texts: Vec<String> = texts.collect();
        if texts.is_empty() {
            vec!["any".to_owned()]
        } else {
            texts
        }
    };
    let pods = spec.get("podSelector");
    let mut found = BTreeSet::new();
    for (field, peers) in [("ingress", "from"), ("egress", "to")] {
        let rules = spec.get(field).and_then(Value::as_array);
        for rule in rules.into_iter().flatten() {
            for peer in items(rule, peers) {
                let ports = items(rule, "ports");
                found.extend(ports.iter().map(|port| format!("{pods:?} {peer} {port}")));
            }
        }
    }
    found
}
