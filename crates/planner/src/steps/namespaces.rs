//! Steps about namespaces: created where asked, labelled key by key.

use std::collections::BTreeSet;

use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_objects::managed_fields::is_held_by_us;
use cofferdam_state::bundle::DesiredNamespace;
use cofferdam_state::finding::Effect;
use cofferdam_state::observed::LiveNamespace;
use cofferdam_state::plan::{Action, KeyChange, LabelPatch, Phase, Step, label_field};

use crate::pod_security::{ENFORCE_KEYS, Standing, standing};
use crate::view::{KeyState, View};

/// Creates and labels the namespaces of zones. A namespace that left the model is not touched.
pub(super) fn steps(view: &View<'_>) -> Vec<Step> {
    let step = |(name, wanted): (&NamespaceName, &DesiredNamespace)| {
        let (action, reason) = match view.namespace(name.as_str()) {
            None if wanted.create => create(name, wanted),
            Some(live) if !live.terminating => patch(view, name, wanted, live)?,
            None | Some(_) => return None,
        };
        Some(Step {
            phase: Phase::Labels,
            action,
            reason,
            effect: Effect::None,
            zone: Some(wanted.zone.clone()),
        })
    };
    view.bundle.namespaces.iter().filter_map(step).collect()
}

fn create(name: &NamespaceName, wanted: &DesiredNamespace) -> (Action, String) {
    let labels: Labels = wanted
        .labels
        .iter()
        .chain(&wanted.labels_if_absent)
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let reason = format!("zone `{}` says `create: true`", wanted.zone);
    (
        Action::CreateNamespace {
            name: name.to_string(),
            labels,
        },
        reason,
    )
}

fn patch(
    view: &View<'_>,
    name: &NamespaceName,
    wanted: &DesiredNamespace,
    live: &LiveNamespace,
) -> Option<(Action, String)> {
    let object = ObjectKey::namespace(name.as_str());
    let mut reasons = BTreeSet::new();
    let mut changes = Vec::new();
    let is_enforceable = standing(view, (name, wanted, live)) == Standing::Clean;
    for (key, value) in &wanted.labels {
        if ENFORCE_KEYS.contains(&key.as_str()) && !is_enforceable {
            continue;
        }
        let old = live.labels.get(key).cloned();
        match view.key_state((&object, &live.uid), key, value, old.as_ref()) {
            KeyState::InSync | KeyState::Conflict => continue,
            KeyState::Missing => reasons.insert("labels of the zone are missing"),
            KeyState::Changed => reasons.insert("labels were changed"),
        };
        changes.push(KeyChange {
            key: key.clone(),
            old,
            new: Some(value.clone()),
        });
    }
    for (key, value) in &wanted.labels_if_absent {
        if !live.labels.contains_key(key) {
            reasons.insert("labels of the zone are missing");
            changes.push(KeyChange {
                key: key.clone(),
                old: None,
                new: Some(value.clone()),
            });
        }
    }
    for key in keys::NAMESPACE_KEYS {
        let is_wanted =
            wanted.labels.contains_key(key) || wanted.labels_if_absent.contains_key(key);
        let old = live.labels.get(key).cloned();
        let recorded = view
            .observed
            .is_recorded(&object, &label_field(key), &live.uid);
        // What its owner has changed since is the owner's.
        let path = ["metadata", "labels", key];
        let ours = keys::is_ours(key) || is_held_by_us(&live.managed_fields, &path);
        if !is_wanted && old.is_some() && recorded && ours {
            reasons.insert(match wanted.enforcement {
                Enforcement::Observe => {
                    "the namespace is only observed now: labels that we wrote are taken back"
                }
                Enforcement::Stage | Enforcement::Enforce => {
                    "the model no longer asks for labels that we wrote"
                }
            });
            changes.push(KeyChange {
                key: key.to_owned(),
                old,
                new: None,
            });
        }
    }
    if changes.is_empty() {
        return None;
    }
    let labels = LabelPatch {
        has_labels: !live.labels.is_empty(),
        changes,
    };
    let action = Action::PatchNamespace {
        name: name.to_string(),
        uid: live.uid.clone(),
        labels,
    };
    Some((action, reasons.into_iter().collect::<Vec<_>>().join("; ")))
}
