//! Policies of the bundle, and those of ours that left it.

use std::collections::BTreeSet;

use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Sensitivity;
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_objects::policy::{allows_anything, isolates};
use cofferdam_state::bundle::{DesiredPolicy, Role, role_of};
use cofferdam_state::finding::{Author, Class, Effect, Finding, Severity};
use cofferdam_state::observed::LivePolicy;

use super::change::effect_of_change;
use super::{Judged, finding};
use crate::blocked::is_record_lost;
use crate::view::{PolicyState, View};

/// `missing`, `changed`, `name-taken`, `impostor-object` and `orphan` of policies.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let Some(policies) = view.observed.policies.known() else {
        return Vec::new();
    };
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut wanted_keys = BTreeSet::new();
    let (governed, released) = (view.governed(), view.released());
    for namespace in governed.iter().copied() {
        for (name, wanted) in view.wanted_policies(namespace) {
            let key = (namespace.to_string(), name.to_owned());
            if view
                .namespace(namespace.as_str())
                .is_some_and(|live| !live.terminating)
            {
                found.extend(about(view, wanted, &key, policies.get(&key)));
            }
            wanted_keys.insert(key);
        }
    }
    for (key, live) in policies {
        let ours = view.is_ours(&key.0, &key.1);
        if wanted_keys.contains(key) {
            continue;
        }
        let object = ObjectKey::policy(&key.0, &key.1);
        let zone = view.wanted_namespace(&key.0).map(|wanted| &wanted.zone);
        let is_label_ours = view.carries_our_label(live);
        let pruned = NamespaceName::parse(&key.0)
            .is_ok_and(|namespace| governed.contains(&namespace) || released.contains(&namespace));
        let (class, message) = if ours && pruned {
            (Class::Orphan, "the model no longer asks for it")
        } else if ours && denies_no_longer(&key.1, live) {
            (
                Class::Orphan,
                "the model no longer mentions its namespace, and somebody changed it: it denies no longer",
            )
        } else if ours {
            (Class::Orphan, "the model no longer mentions its namespace")
        } else if is_label_ours {
            (
                Class::ImpostorObject,
                "it carries our label, but is not in our record",
            )
        } else {
            continue;
        };
        let by = author(live, &["spec"]);
        let one = finding(view, class, object, message.to_owned()).in_zone(zone);
        let hint = if class == Class::ImpostorObject {
            Some(if is_record_lost(view, &key.0) {
                NOT_NEEDED_LOST
            } else {
                NOT_NEEDED
            })
        } else {
            Some(if pruned { PRUNED } else { LEFT_THERE })
        };
        found.push(Finding {
            by,
            hint: hint.map(ToOwned::to_owned),
            ..one.with_effect(orphan_effect(&key.1, live), sensitivity(view, &key.0))
        });
    }
    found
}

fn orphan_effect(name: &str, live: &LivePolicy) -> Effect {
    match role_of(name) {
        Role::Open(_) | Role::Allow => Effect::Widens,
        Role::Deny(_) if denies_no_longer(name, live) => Effect::Widens,
        Role::Deny(_) => Effect::Narrows,
    }
}

/// Whether a policy has the name of a deny and lets connections through.
fn denies_no_longer(name: &str, live: &LivePolicy) -> bool {
    match role_of(name) {
        Role::Deny(direction) => {
            !isolates(&live.spec, direction) || allows_anything(&live.spec, direction)
        }
        Role::Open(_) | Role::Allow => false,
    }
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
            let message = "it carries our label, but is not in our record".to_owned();
            (Class::ImpostorObject, Vec::new(), Effect::Unknown, message)
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
    let one = one.with_effect(effect, sensitivity(view, &key.0));
    let labelled = live.is_some_and(|live| view.carries_our_label(live));
    let hint = match (labelled, is_record_lost(view, &key.0)) {
        (true, true) => UNRECORDED_LOST,
        (true, false) => UNRECORDED,
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

const NOT_NEEDED: &str = "it is left alone: delete it, or take our labels off it";
const NOT_NEEDED_LOST: &str = "it is left alone. If Cofferdam wrote it, the record of this cluster was lost: restore \
    ConfigMap cofferdam-system/cofferdam from a backup; else delete it, or take our labels off it";
const PRUNED: &str = "`cofferdam apply` deletes it";
const LEFT_THERE: &str =
    "it stays as last applied: put its namespace back into a zone, or delete it by hand";
const UNRECORDED: &str = "it is left alone, and stays in force as it is: delete it, and nothing else that carries our \
    label; what it denies is open until the next `apply`";
const UNRECORDED_LOST: &str = "it is left alone, and stays in force as it is. If Cofferdam wrote it, the record of this \
    cluster was lost: restore ConfigMap cofferdam-system/cofferdam from a backup; without one, delete all that carry \
    our label in the namespace, which is open until the next `apply`";
const NOT_OURS: &str = "it is left alone: delete it or give it another name, then apply again";

/// What it does when a policy of ours is missing.
fn effect_of_absence(role: Role) -> Effect {
    match role {
        Role::Deny(_) => Effect::Widens,
        Role::Allow | Role::Open(_) => Effect::Narrows,
    }
}

fn author(live: &LivePolicy, path: &[&str]) -> Option<Author> {
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

fn sensitivity(view: &View<'_>, namespace: &str) -> Option<Sensitivity> {
    view.wanted_namespace(namespace)
        .map(|wanted| wanted.sensitivity)
}
