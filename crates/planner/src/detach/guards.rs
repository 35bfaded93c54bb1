//! Guard rails on their way out.

use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::detach::Left;
use cofferdam_state::finding::Effect;
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::{Action, Phase, Step};
use serde_json::Value;

use super::left;
use crate::guards::is_ours;
use crate::view::View;

/// What refuses, or taints new nodes, goes first. What makes pods tolerate taints goes after these, or pods would
/// be kept out meanwhile.
pub(super) fn steps(view: &View<'_>, theirs: &mut Vec<Left>) -> Vec<Step> {
    let all = view.observed.admission.known().into_iter().flatten();
    let mut steps = Vec::new();
    for (key, live) in all {
        let Kind::Admission(kind) = key.kind else {
            continue;
        };
        if !is_ours(view, key, live) {
            if live.labels.contains_key(cofferdam_objects::keys::INSTANCE) {
                theirs.push(left(key, super::policies::IN_NO_RECORD));
            }
            continue;
        }
        if is_remade(view, key, live) {
            theirs.push(left(key, super::policies::MADE_AGAIN));
            continue;
        }
        let pins = is_mutating(kind) && is_about_pods(view, key);
        steps.push(Step {
            phase: if pins { Phase::Protect } else { Phase::Guard },
            action: Action::DeleteGuard {
                kind,
                name: key.name.clone(),
                uid: live.uid.clone(),
                resource_version: live.resource_version.clone(),
            },
            reason: if pins {
                "no taint is left that pods would need it for".to_owned()
            } else {
                "what it protects is let go of".to_owned()
            },
            effect: Effect::None,
            zone: None,
        });
    }
    steps
}

/// Whether somebody deleted it and made it again. One that a pass which was cut off was to write carries our
/// label and is pending.
fn is_remade(view: &View<'_>, key: &ObjectKey, live: &LiveAdmission) -> bool {
    let record = view.record();
    record.is_some_and(|record| record.knows_other_uid(key, "", &live.uid))
        && !view.observed.is_pending(key, "")
}

fn is_mutating(kind: AdmissionKind) -> bool {
    match kind {
        AdmissionKind::MutatingPolicy | AdmissionKind::MutatingBinding => true,
        AdmissionKind::ValidatingPolicy | AdmissionKind::ValidatingBinding => false,
    }
}

/// Whether the policy of that name changes pods; one that cannot be found is taken to.
fn is_about_pods(view: &View<'_>, key: &ObjectKey) -> bool {
    let policy = ObjectKey::admission(AdmissionKind::MutatingPolicy, &key.name);
    let live = view.observed.admission.known();
    let Some(policy) = live.and_then(|live| live.get(&policy)) else {
        return true;
    };
    let rules = policy.spec.pointer("/matchConstraints/resourceRules");
    let mut rules = rules.and_then(Value::as_array).into_iter().flatten();
    rules.any(|rule| {
        let resources = rule.get("resources").and_then(Value::as_array);
        let mut resources = resources.into_iter().flatten();
        resources.any(|one| one.as_str() == Some("pods"))
    })
}
