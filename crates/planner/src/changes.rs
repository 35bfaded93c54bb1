//! What single steps change, as fields with what is there and what comes.

use cofferdam_objects::compare::Difference;
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::{Action, LabelPatch, Step, TaintPatch};
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::Value;

use crate::findings::taint_text;
use crate::guards::object_differences;
use crate::view::policy_differences;

/// The fields that a step changes; none where it creates or deletes a whole object.
pub fn changes(observed: &Observed, step: &Step) -> Vec<Difference> {
    match &step.action {
        Action::PatchNamespace { labels, .. } | Action::ReleasePolicy { labels, .. } => {
            of_labels(labels).collect()
        }
        Action::PatchNode { labels, taints, .. } => {
            let taints = taints.iter().flat_map(of_taints);
            of_labels(labels).chain(taints).collect()
        }
        Action::ReplacePolicy { object, .. } => of_policy(observed, object).unwrap_or_default(),
        Action::ReplaceGuard { object, .. } => {
            let live = observed.admission.known();
            let live = live.and_then(|live| live.get(&object.key()));
            live.map(|live| object_differences(object, live))
                .unwrap_or_default()
        }
        Action::CreateNamespace { .. }
        | Action::CreateGuard { .. }
        | Action::DeleteGuard { .. }
        | Action::CreatePolicy { .. }
        | Action::DeletePolicy { .. }
        | Action::DeleteOpened { .. } => Vec::new(),
    }
}

fn of_labels(labels: &LabelPatch) -> impl Iterator<Item = Difference> + '_ {
    labels.changes.iter().map(|change| Difference {
        path: format!("metadata.labels[{}]", change.key),
        want: change.new.clone().map(Value::String),
        have: change.old.clone().map(Value::String),
    })
}

/// Taints that come beside those of their key and effect that were there, then those that go.
fn of_taints(taints: &TaintPatch) -> Vec<Difference> {
    let difference = |want: Option<&Taint>, have: Option<&Taint>| Difference {
        path: "spec.taints".to_owned(),
        want: want.map(|taint| Value::String(taint_text(taint))),
        have: have.map(|taint| Value::String(taint_text(taint))),
    };
    let replaced = |set: &Taint| {
        let same = |old: &&Taint| old.key == set.key && old.effect == set.effect;
        taints.old.iter().find(same)
    };
    let set = taints.set().map(|set| difference(Some(set), replaced(set)));
    let removed = taints.removed().map(|old| difference(None, Some(old)));
    set.chain(removed).collect()
}

fn of_policy(observed: &Observed, written: &NetworkPolicy) -> Option<Vec<Difference>> {
    let metadata = &written.metadata;
    let key = (metadata.namespace.clone()?, metadata.name.clone()?);
    let live = observed.policies.known()?.get(&key)?;
    Some(policy_differences(written, live))
}
