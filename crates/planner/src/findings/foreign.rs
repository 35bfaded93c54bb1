//! Policies that we do not own and that select pods of a zone, or of a namespace that we isolate.

use cofferdam_model::zone::Enforcement;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_objects::policy::{Direction, allows_anything};
use cofferdam_state::finding::{Author, Class, Effect, Finding};

use super::{Judged, finding};
use crate::view::View;
use crate::waivers::waiver_of;

/// `foreign-policy`, also of those that select no pod now: the next pod may be selected.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let governed = view.governed_names();
    let mut found = Vec::new();
    for ((namespace, name), live) in view.policies() {
        if !governed.contains(namespace.as_str()) {
            continue;
        }
        if view.carries_our_label(live) || view.is_ours(namespace, name) {
            continue;
        }
        if view.is_wanted(namespace, name) {
            continue;
        }
        let wanted = view.wanted_namespace(namespace);
        // What no zone holds is governed because it is isolated, which nothing stages.
        let enforcement = wanted.map_or(Enforcement::Enforce, |wanted| wanted.enforcement);
        let mut directions = Direction::BOTH.into_iter();
        let allows = directions.any(|direction| allows_anything(&live.spec, direction));
        let (effect, message) = match (allows, enforcement) {
            (true, Enforcement::Enforce) => (Effect::Widens, OPENS),
            (false, Enforcement::Enforce) => (Effect::None, "allows nothing of its own"),
            (_, Enforcement::Stage | Enforcement::Observe) => {
                (Effect::Unknown, "selects pods of the zone")
            }
        };
        let by = last_writer(&live.managed_fields, &["spec"]).map(Author::from);
        let object = ObjectKey::policy(namespace, name);
        let one = finding(view, Class::ForeignPolicy, object, message.to_owned())
            .in_zone(wanted.map(|wanted| &wanted.zone))
            .with_effect(effect, wanted.map(|wanted| wanted.sensitivity));
        let waiver = waiver_of(&one);
        let hint = format!("make it a flow of the model and delete it, or waive it by {waiver}");
        let one = one.with_hint(&hint);
        found.push(Finding { by, ..one });
    }
    found
}

/// Until the effective connectivity is computed, it counts as wider.
const OPENS: &str =
    "allows connections of its own; whether the model allows them too is not computed";
