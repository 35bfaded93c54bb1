//! Policies of the bundle.

use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_state::bundle::{DesiredPolicy, Role};
use cofferdam_state::finding::{Author, Class, Effect, Finding, Severity};
use cofferdam_state::observed::LivePolicy;

use super::change::effect_of_change;
use super::namespaces::sensitivity_at;
use super::{Judged, finding};
use crate::blocked::{NOT_IN_RECORD, is_record_lost};
use crate::view::{PolicyState, View, policy_differences};

/// `missing`, `changed`, `name-taken` and `impostor-object` of policies.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let Some(policies) = view.observed.policies.known() else {
        return Vec::new();
    };
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for namespace in view.governed() {
        let live = view.namespace(namespace.as_str());
        if live.is_none_or(|live| live.terminating) {
            continue;
        }
        for (name, wanted) in view.wanted_policies(namespace) {
            let key = (namespace.to_string(), name.to_owned());
            found.extend(about(view, wanted, &key, policies.get(&key)));
        }
    }
    found
}

fn about(
    view: &View<'_>,
    wanted: &DesiredPolicy,
    key: &(String, String),
    live: Option<&LivePolicy>,
) -> Option<Finding> {
    let effect = |fields: &[Difference]| {
        live.map_or(Effect::Unknown, |live| {
            effect_of_change(wanted, &live.spec, fields)
        })
    };
    let (class, fields, effect, message) = match view.policy_state(&key.0, &key.1, wanted) {
        PolicyState::InSync => return None,
        PolicyState::Missing => (
            Class::Missing,
            Vec::new(),
            effect_of_absence(wanted.role),
            "not there".to_owned(),
        ),
        PolicyState::Changed(fields) => {
            let message = format!("changed: {}", paths(&fields));
            let effect = effect(&fields);
            (Class::Changed, fields, effect, message)
        }
        PolicyState::Remade(fields) => {
            let message = "deleted and made again by somebody else".to_owned();
            let effect = effect(&fields);
            (Class::ImpostorObject, fields, effect, message)
        }
        PolicyState::Terminating => (
            Class::Missing,
            Vec::new(),
            effect_of_absence(wanted.role),
            "being deleted: it stands until its finalizers are removed, and is then gone"
                .to_owned(),
        ),
        PolicyState::Impostor => {
            // As after the record was lost: it may well be what we wrote, and what was made of it since.
            let fields =
                live.map_or_else(Vec::new, |live| policy_differences(&wanted.object, live));
            let differs = if fields.is_empty() {
                String::new()
            } else {
                format!(", and it differs: {}", paths(&fields))
            };
            let message = format!("{NOT_IN_RECORD}{differs}");
            let effect = effect(&fields);
            (Class::ImpostorObject, fields, effect, message)
        }
        PolicyState::NameTaken => {
            let message = "another object has this name".to_owned();
            (Class::NameTaken, Vec::new(), Effect::Unknown, message)
        }
    };
    let by = live.and_then(|live| author(live, &author_path(&fields)));
    let object = ObjectKey::policy(&key.0, &key.1);
    let not_ours = live.is_some() && !view.is_ours(&key.0, &key.1);
    let mut one = finding(view, class, object, message).in_zone(wanted.zone.as_ref());
    // Without effect it is still not as written.
    let harmless = class == Class::Changed && effect == Effect::None;
    one.severity = one.severity.or_else(|| harmless.then_some(Severity::Low));
    let one = one.with_effect(effect, sensitivity_at(view, &key.0));
    let labelled = live.is_some_and(|live| view.carries_our_label(live));
    let hint = match (labelled, is_record_lost(view, &key.0)) {
        (true, true) => RESTORE_RECORD,
        (true, false) => DELETE_ONLY_IT,
        (false, _) => NOT_OURS,
    };
    let hint = not_ours.then(|| hint.to_owned());
    Some(Finding {
        fields,
        by,
        hint,
        ..one
    })
}

const DELETE_ONLY_IT: &str = "it is left alone, and stays in force as it is: delete it, and nothing else that carries our \
    label; what it denies is open until the next `apply`";
const RESTORE_RECORD: &str = "it is left alone, and stays in force as it is. If Cofferdam wrote it, the record of this \
    cluster was lost: restore ConfigMap cofferdam-system/cofferdam from a backup, or `cofferdam adopt --all` takes \
    over what the bundle asks for";
const NOT_OURS: &str = "it is left alone: delete it or give it another name and apply again, or take it over by `cofferdam adopt`";

/// What it does when a policy of ours is missing.
fn effect_of_absence(role: Role) -> Effect {
    match role {
        Role::Deny(_) => Effect::Widens,
        Role::Allow | Role::Open(_) => Effect::Narrows,
    }
}

/// Who wrote it last, there or anywhere in it.
pub(super) fn author(live: &LivePolicy, path: &[&str]) -> Option<Author> {
    last_writer(&live.managed_fields, path)
        .or_else(|| last_writer(&live.managed_fields, &[]))
        .map(Author::from)
}

/// The path of the first difference as field names, as deep as managed fields tell it.
fn author_path(fields: &[Difference]) -> Vec<&str> {
    let path = fields.first().map_or("spec", |field| field.path.as_str());
    path.split(['.', '[']).take(2).collect()
}

fn paths(fields: &[Difference]) -> String {
    let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
    paths.join(", ")
}
