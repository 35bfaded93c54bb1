//! Enforced namespaces of which ingress cannot be denied.

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding};

use super::{Judged, finding};
use crate::view::View;

/// `not-enforced` of a namespace that the control plane must reach, from where nobody can tell.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let held = view.bundle.held_open.iter();
    held.map(|(name, reason)| {
        let wanted = view.wanted_namespace(name.as_str());
        let message = format!("ingress stays open although the zone is enforced: {reason}");
        finding(
            view,
            Class::NotEnforced,
            ObjectKey::namespace(name.as_str()),
            message,
        )
        .in_zone(wanted.map(|wanted| &wanted.zone))
        .with_effect(Effect::Widens, wanted.map(|wanted| wanted.sensitivity))
        .with_hint("declare `network.controlPlaneCidrs` of the cluster, or mend the webhook")
    })
    .collect()
}
