//! Policies of kinds that we do not model: what they open or close is not known.

use std::collections::BTreeSet;

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding};

use super::namespaces::sensitivity_at;
use super::{Judged, finding};
use crate::left_behind::still_denied;
use crate::view::View;
use crate::waivers::waiver_of;

/// `foreign-policy` of those that may concern a namespace that we govern, or that left the model and is still
/// denied; none where they are unknown, which is a finding of its own.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let mut watched = view.governed_names();
    watched.extend(still_denied(view));
    let others = view.observed.other_policies.known().into_iter().flatten();
    others
        .filter_map(|other| about(view, &watched, other))
        .collect()
}

fn about(view: &View<'_>, watched: &BTreeSet<&str>, other: &ObjectKey) -> Option<Finding> {
    let (zone, sensitivity) = if let Some(namespace) = &other.namespace {
        if !watched.contains(namespace.as_str()) {
            return None;
        }
        let wanted = view.wanted_namespace(namespace);
        let sensitivity = sensitivity_at(view, namespace);
        (wanted.map(|wanted| &wanted.zone), sensitivity)
    } else {
        // It may concern every zone, also the most sensitive one.
        let namespaces = view.bundle.namespaces.values();
        (None, namespaces.map(|wanted| wanted.sensitivity).max())
    };
    let message = "a kind of policy that is not modelled: what it opens or closes is not known";
    let one = finding(
        view,
        Class::ForeignPolicy,
        other.clone(),
        message.to_owned(),
    )
    .in_zone(zone)
    .with_effect(Effect::Unknown, sensitivity);
    let waiver = waiver_of(&one);
    let hint = format!("read it; once you know that it opens nothing, waive it by {waiver}");
    Some(one.with_hint(&hint))
}
