//! Denies that somebody deleted where the model no longer mentions their namespace.

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding};

use super::{Judged, finding, namespaces};
use crate::left_behind::lost_denies;
use crate::view::View;

/// `missing` of what no plan writes anew.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let lost = lost_denies(view).into_iter();
    lost.map(|object| about(view, object)).collect()
}

fn about(view: &View<'_>, object: ObjectKey) -> Finding {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let sensitivity = namespaces::sensitivity_at(view, namespace);
    let message =
        "the model no longer mentions its namespace, and it no longer stands as last applied";
    finding(view, Class::Missing, object, message.to_owned())
        .with_effect(Effect::Widens, sensitivity)
        .with_hint(
            "put its namespace back into a zone, and `cofferdam apply` writes it anew; to leave it open for good, delete \
             our other policies and `cofferdam.io` labels there too",
        )
}
