//! Policies that we do not own and that select pods of a zone, of a namespace that we isolate, or of one that left
//! the model and is still denied.

use std::collections::BTreeSet;

use cofferdam_model::zone::Enforcement;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_state::finding::{Author, Class, Effect, Finding};
use serde_json::Value;

use super::change::allows;
use super::namespaces::sensitivity_at;
use super::{Judged, finding};
use crate::left_behind::still_denied;
use crate::view::View;
use crate::waivers::waiver_of;

/// `foreign-policy`, also of those that select no pod now: the next pod may be selected.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let governed = view.governed_names();
    let left: BTreeSet<&str> = still_denied(view).collect();
    let mut found = Vec::new();
    for ((namespace, name), live) in view.policies() {
        let is_left = left.contains(namespace.as_str());
        if !is_left && !governed.contains(namespace.as_str()) {
            continue;
        }
        if view.carries_our_label(live) || view.is_ours(namespace, name) {
            continue;
        }
        if view.is_wanted(namespace, name) {
            continue;
        }
        let effect = effect_in(view, namespace, &live.spec);
        let message = match effect {
            Effect::Widens if is_left => OPENS_LEFT,
            Effect::Widens => OPENS,
            Effect::None => "allows nothing of its own",
            Effect::Narrows | Effect::Unknown => "selects pods of the zone",
        };
        let by = last_writer(&live.managed_fields, &["spec"]).map(Author::from);
        let object = ObjectKey::policy(namespace, name);
        let zone = view.wanted_namespace(namespace).map(|wanted| &wanted.zone);
        let one = finding(view, Class::ForeignPolicy, object, message.to_owned())
            .in_zone(zone)
            .with_effect(effect, sensitivity_at(view, namespace));
        let waiver = waiver_of(&one);
        let mend = if is_left {
            "put its namespace back into a zone, or delete it"
        } else {
            "make it a flow of the model and delete it"
        };
        let hint = format!("{mend}, or waive it by {waiver}");
        let one = one.with_hint(&hint);
        found.push(Finding { by, ..one });
    }
    found
}

/// What a policy that we did not write does in a namespace, as far as its rules tell.
pub(super) fn effect_in(view: &View<'_>, namespace: &str, spec: &Value) -> Effect {
    let wanted = view.wanted_namespace(namespace);
    // Where no zone is, our denies stand: isolation is never staged, and what left the model stays.
    let enforcement = wanted.map_or(Enforcement::Enforce, |wanted| wanted.enforcement);
    match enforcement {
        Enforcement::Enforce if allows(spec) => Effect::Widens,
        Enforcement::Enforce => Effect::None,
        Enforcement::Stage | Enforcement::Observe => Effect::Unknown,
    }
}

/// Until the effective connectivity is computed, it counts as wider.
const OPENS: &str =
    "allows connections of its own; whether the model allows them too is not computed";
const OPENS_LEFT: &str = "allows connections of its own where our denies stand, although the model no longer mentions the namespace";
