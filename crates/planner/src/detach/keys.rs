//! Labels of namespaces, key by key.

use cofferdam_model::labels::Labels;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::NAMESPACE_KEYS;
use cofferdam_objects::managed_fields::{ManagedFields, is_held_by_us, last_writer};
use cofferdam_objects::policy::Direction;
use cofferdam_state::detach::{Left, Scope};
use cofferdam_state::finding::Effect;
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::{
    Action, ISOLATED_FIELD, KeyChange, LabelPatch, Phase, Step, denied_field, label_field,
};

use super::left;
use crate::view::View;

/// A shared object of which keys are taken back.
pub(super) struct Shared<'a> {
    pub(super) object: ObjectKey,
    pub(super) uid: &'a str,
    pub(super) labels: &'a Labels,
    pub(super) managed_fields: &'a ManagedFields,
}

/// Takes back every label that the record says we wrote and nobody changed since.
pub(super) fn steps(view: &View<'_>, scope: &Scope, theirs: &mut Vec<Left>) -> Vec<Step> {
    labels_of(view, scope, &NAMESPACE_KEYS, theirs)
}

/// The same of these labels alone.
pub(super) fn labels_of(
    view: &View<'_>,
    scope: &Scope,
    keys: &[&str],
    theirs: &mut Vec<Left>,
) -> Vec<Step> {
    let live = view.observed.namespaces.known().into_iter().flatten();
    let mut steps = Vec::new();
    for (name, live) in live.filter(|(_, live)| !live.terminating) {
        let shared = Shared {
            object: ObjectKey::namespace(name),
            uid: &live.uid,
            labels: &live.labels,
            managed_fields: &live.managed_fields,
        };
        if !scope.holds(&shared.object) {
            continue;
        }
        let Some(labels) = taken_back(view, &shared, keys, theirs) else {
            continue;
        };
        steps.push(Step {
            phase: Phase::Unlabel,
            action: Action::PatchNamespace {
                name: name.clone(),
                uid: live.uid.clone(),
                labels,
            },
            reason: REASON.to_owned(),
            effect: Effect::None,
            zone: None,
        });
    }
    steps
}

/// A label that stays while policies of ours do, because these may let in by it.
pub(super) fn held(step: &Step) -> HeldStep {
    HeldStep {
        operation: step.action.operation(),
        object: step.action.object(),
        phase: step.phase,
        reason: "policies that cannot go yet may let pods in by its labels".to_owned(),
        hint: "detach again when they are gone".to_owned(),
    }
}

/// Why labels go.
pub(super) const REASON: &str = "labels that we wrote are taken back";

/// The labels of a shared object that are ours still; those that somebody changed since are `theirs`.
pub(super) fn taken_back(
    view: &View<'_>,
    shared: &Shared<'_>,
    keys: &[&str],
    theirs: &mut Vec<Left>,
) -> Option<LabelPatch> {
    let mut changes = Vec::new();
    for key in keys {
        let (field, path) = (label_field(key), ["metadata", "labels", key]);
        let Some(value) = shared.labels.get(*key) else {
            continue;
        };
        let recorded = view
            .observed
            .is_recorded(&shared.object, &field, shared.uid);
        // What a pass that was cut off was to write may have been there before.
        let pending = view.observed.is_pending(&shared.object, &field)
            && is_held_by_us(shared.managed_fields, &path);
        if !recorded && !pending {
            continue;
        }
        if let Some(other) = last_writer(shared.managed_fields, &path) {
            let reason = format!("label `{key}` was written by `{}` since", other.manager);
            theirs.push(left(&shared.object, reason));
            continue;
        }
        changes.push(KeyChange {
            key: (*key).to_owned(),
            old: Some(value.clone()),
            new: None,
        });
    }
    (!changes.is_empty()).then_some(LabelPatch {
        has_labels: true,
        changes,
    })
}

/// Every field under which a record holds anything of a namespace.
pub(super) fn namespace_fields() -> Vec<String> {
    let labels = NAMESPACE_KEYS.into_iter().map(label_field);
    let denied = Direction::BOTH.into_iter().map(denied_field);
    labels
        .chain(denied)
        .chain([ISOLATED_FIELD.to_owned()])
        .collect()
}
