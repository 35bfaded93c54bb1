//! Namespaces of zones and their labels, and namespaces that pretend to be in a zone.

use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_state::bundle::DesiredNamespace;
use cofferdam_state::finding::{Author, Class, Effect, Finding};
use cofferdam_state::observed::LiveNamespace;
use cofferdam_state::plan::label_field;
use serde_json::Value;

use super::{Judged, admitted, finding};
use crate::left_behind::taken_back;
use crate::pod_security::{ENFORCE_KEYS, Standing, standing};
use crate::view::{KeyState, View};

/// `missing`, `changed` and `conflict` of labels, `missing-namespace`, `impostor-namespace`, `orphan`.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let Some(live) = view.observed.namespaces.known() else {
        return Vec::new();
    };
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (name, wanted) in &view.bundle.namespaces {
        match live.get(name.as_str()) {
            None => found.push(absent(view, name, wanted)),
            Some(live) if live.terminating => {
                let object = ObjectKey::namespace(name.as_str());
                let message = "the namespace is being deleted".to_owned();
                let hint = if wanted.create {
                    "when it is gone, `cofferdam apply` makes it again"
                } else {
                    "when it is gone, it counts as missing; write `create: true` beside its name to have it made"
                };
                let one = finding(view, Class::MissingNamespace, object, message).with_hint(hint);
                found.push(one.in_zone(Some(&wanted.zone)));
            }
            Some(live) => found.extend(labels(view, name, wanted, live)),
        }
    }
    for (name, live) in live {
        found.extend(stray(view, name, live));
    }
    found
}

fn absent(view: &View<'_>, name: &NamespaceName, wanted: &DesiredNamespace) -> Finding {
    let object = ObjectKey::namespace(name.as_str());
    if wanted.create {
        let message = "the namespace is to be created".to_owned();
        let one = finding(view, Class::Missing, object, message).in_zone(Some(&wanted.zone));
        return one.with_effect(Effect::Narrows, Some(wanted.sensitivity));
    }
    let message = "the namespace does not exist, and is not ours to create".to_owned();
    let until = if wanted.enforcement == Enforcement::Observe {
        " and take it to `stage`: in `observe` nothing is created"
    } else {
        ""
    };
    let hint = format!(
        "create it, or write `create: true` beside its name under `spec.namespaces` of Zone `{}`{until}, or narrow \
         that entry by `clusters`",
        wanted.zone
    );
    finding(view, Class::MissingNamespace, object, message)
        .in_zone(Some(&wanted.zone))
        .with_hint(&hint)
}

fn labels(
    view: &View<'_>,
    name: &NamespaceName,
    wanted: &DesiredNamespace,
    live: &LiveNamespace,
) -> Vec<Finding> {
    let object = ObjectKey::namespace(name.as_str());
    let breaks = matches!(
        standing(view, (name, wanted, live)),
        Standing::Breaks { .. }
    );
    // Told with the pods that are in its way, and as that to be waived.
    let is_told =
        |class: Class, key: &str| class == Class::Missing && breaks && ENFORCE_KEYS.contains(&key);
    let mut found = Vec::new();
    for (class, verdict) in [
        (Class::Missing, "not labelled"),
        (Class::Changed, "changed"),
        (
            Class::Conflict,
            "held by another manager with another value",
        ),
    ] {
        let fields: Vec<Difference> = wanted
            .labels
            .iter()
            .filter(|(key, value)| {
                let state = view.key_state((&object, &live.uid), key, value, live.labels.get(*key));
                class_of(state) == Some(class) && !is_told(class, key)
            })
            .map(|(key, value)| difference(key, Some(value), live.labels.get(key)))
            .collect();
        if !fields.is_empty() {
            found.push(unlike(view, (name, wanted, live), (class, verdict), fields));
        }
    }
    found
}

/// That labels are not as wanted.
fn unlike(
    view: &View<'_>,
    (name, wanted, live): (&NamespaceName, &DesiredNamespace, &LiveNamespace),
    (class, verdict): (Class, &str),
    fields: Vec<Difference>,
) -> Finding {
    let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
    let message = format!("{verdict}: {}", paths.join(", "));
    let first = paths.first().copied().unwrap_or_default();
    let key = first
        .trim_start_matches("metadata.labels[")
        .trim_end_matches(']');
    let by = last_writer(&live.managed_fields, &["metadata", "labels", key]).map(Author::from);
    let claimed = live
        .labels
        .get(keys::ZONE)
        .and_then(|zone| sensitivity_of(view, zone));
    let sensitivity = claimed.max(Some(wanted.sensitivity));
    let of_zone = paths.contains(&label_path(keys::ZONE).as_str());
    let admitted = of_zone.then(|| {
        let mut as_wanted = live.labels.clone();
        as_wanted.extend(wanted.labels.clone());
        admitted::by_zone_label(view, live, Some(&as_wanted))
    });
    let object = ObjectKey::namespace(name.as_str());
    let mut one = finding(view, class, object, message).in_zone(Some(&wanted.zone));
    let one = if let Some(admitted) = admitted.flatten() {
        one.message += ", and policies of ours admit it by that zone label";
        one.severity = None;
        one.with_effect(Effect::Widens, sensitivity.max(admitted.sensitivity))
    } else {
        one.with_effect(Effect::Unknown, sensitivity)
    };
    let hint = (class == Class::Conflict).then(|| HELD.to_owned());
    Finding {
        fields,
        by,
        hint,
        ..one
    }
}

/// What helps where somebody else holds a key of ours on an object that we share.
pub(super) const HELD: &str = "it is left alone: remove it there or set the wanted value and apply again, or take it over by `cofferdam adopt`";

/// The sensitivity of the zone that holds a namespace; of one that no zone holds, that of the zone whose
/// label it still carries.
pub(crate) fn sensitivity_at(view: &View<'_>, namespace: &str) -> Option<Sensitivity> {
    if let Some(wanted) = view.wanted_namespace(namespace) {
        return Some(wanted.sensitivity);
    }
    let zone = view.namespace(namespace)?.labels.get(keys::ZONE)?;
    sensitivity_of(view, zone)
}

/// The sensitivity of the zone that a label names, where the bundle has it.
pub(super) fn sensitivity_of(view: &View<'_>, zone: &str) -> Option<Sensitivity> {
    let mut namespaces = view.bundle.namespaces.values();
    let found = namespaces.find(|wanted| wanted.zone.as_str() == zone);
    found.map(|wanted| wanted.sensitivity)
}

fn class_of(state: KeyState) -> Option<Class> {
    match state {
        KeyState::InSync => None,
        KeyState::Missing => Some(Class::Missing),
        KeyState::Changed => Some(Class::Changed),
        KeyState::Conflict => Some(Class::Conflict),
    }
}

/// A namespace with our zone label that the model does not put there.
fn stray(view: &View<'_>, name: &str, live: &LiveNamespace) -> Option<Finding> {
    let value = live.labels.get(keys::ZONE)?;
    let wanted = view.wanted_namespace(name);
    if wanted.is_some_and(|wanted| wanted.labels.contains_key(keys::ZONE)) {
        return None;
    }
    let object = ObjectKey::namespace(name);
    let recorded = view
        .observed
        .is_recorded(&object, &label_field(keys::ZONE), &live.uid);
    let fields = vec![difference(keys::ZONE, None, Some(value))];
    let (class, message, hint) = if recorded && wanted.is_some() {
        let message = "the namespace is only observed now, and still has our labels";
        let hint = "`cofferdam apply` takes them back".to_owned();
        (Class::Orphan, message, hint)
    } else if recorded {
        let message = "the model no longer mentions the namespace";
        let taken_back = taken_back(view, std::iter::once(name));
        let hint = format!("it stays as last applied: put it back into a zone, or {taken_back}");
        (Class::Orphan, message, hint)
    } else {
        let message = "it carries a zone label that the model does not give it";
        let hint = "remove the label, or put the namespace into the zone".to_owned();
        (Class::ImpostorNamespace, message, hint)
    };
    let by =
        last_writer(&live.managed_fields, &["metadata", "labels", keys::ZONE]).map(Author::from);
    // As a namespace of that zone it is admitted by its name, too.
    let is_of_zone = wanted.is_some_and(|wanted| wanted.zone.as_str() == value);
    let admitted = (!is_of_zone)
        .then(|| admitted::by_zone_label(view, live, None))
        .flatten();
    let sensitivity = admitted.and_then(|admitted| admitted.sensitivity);
    let message = match (admitted, recorded) {
        (Some(_), true) => format!("{message}, and policies of ours still admit it by that label"),
        (Some(_), false) => format!("{message}, and policies of ours admit it by that"),
        (None, _) => message.to_owned(),
    };
    let mut one = finding(view, class, object, message).in_zone(wanted.map(|wanted| &wanted.zone));
    let effect = match (admitted, recorded) {
        (Some(_), _) => {
            one.severity = one.severity.filter(|_| class != Class::Orphan);
            Effect::Widens
        }
        (None, true) => Effect::None,
        // Who else goes by the label is not known.
        (None, false) => Effect::Unknown,
    };
    let one = one.with_effect(effect, sensitivity).with_hint(&hint);
    Some(Finding { fields, by, ..one })
}

fn label_path(key: &str) -> String {
    format!("metadata.labels[{key}]")
}

pub(super) fn difference(key: &str, want: Option<&String>, have: Option<&String>) -> Difference {
    Difference {
        path: label_path(key),
        want: want.cloned().map(Value::String),
        have: have.cloned().map(Value::String),
    }
}
