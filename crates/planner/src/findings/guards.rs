//! `guard-missing`: guard rails that are not in force as compiled.

use cofferdam_objects::admission::AdmissionObject;
use cofferdam_objects::compare::Difference;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_state::finding::{Author, Class, Effect, Finding};
use cofferdam_state::guard::{DesiredGuard, GuardLevel};

use super::{Judged, finding};
use crate::guards::{GuardState, is_served, live, obstacles, state};
use crate::view::View;

/// One finding per rail that is not in force, or not as compiled.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.observed.admission.known().is_none() || view.observed.capabilities.known().is_none() {
        return Vec::new();
    }
    let guards = view.bundle.guards.values();
    guards.filter_map(|guard| missing(view, guard)).collect()
}

fn missing(view: &View<'_>, guard: &DesiredGuard) -> Option<Finding> {
    let (what, hint, fields, by) = if is_served(view, guard) {
        unlike(view, guard)?
    } else {
        let since = if guard.is_mutating() { "1.36" } else { "1.30" };
        let what = format!(
            "this API server does not serve {}",
            guard.policy.kind.as_str()
        );
        let hint = format!("it is served since Kubernetes {since}; waive it until then");
        (what, hint, Vec::new(), None)
    };
    let message = format!("nothing protects {}: {what}", guard.rail.protects());
    let one = finding(view, Class::GuardMissing, guard.policy.key(), message);
    Some(Finding {
        fields,
        by,
        ..one.with_effect(Effect::Unknown, None).with_hint(&hint)
    })
}

type Unlike = (String, String, Vec<Difference>, Option<Author>);

fn unlike(view: &View<'_>, guard: &DesiredGuard) -> Option<Unlike> {
    let wanted = guard.binding(guard.level);
    let states = [
        (&guard.policy, state(view, &guard.policy)),
        (wanted, state(view, wanted)),
    ];
    if states.iter().all(|(_, state)| *state == GuardState::InSync) {
        return None;
    }
    let obstacles = obstacles(view, guard);
    let reasons: Vec<&str> = obstacles.iter().map(|one| one.reason.as_str()).collect();
    let hints: Vec<&str> = obstacles.iter().map(|one| one.hint.as_str()).collect();
    let hint = if hints.is_empty() {
        "`cofferdam apply` puts it in force".to_owned()
    } else {
        hints.join("; ")
    };
    let audited = state(view, guard.binding(GuardLevel::Audit)) == GuardState::InSync;
    if guard.level == GuardLevel::Deny && audited && guard.audit.is_some() {
        let why = match reasons.as_slice() {
            [] => "the guard rail only notes and warns".to_owned(),
            some => format!(
                "the guard rail only notes and warns, for {}",
                some.join("; ")
            ),
        };
        return Some((why, hint, Vec::new(), None));
    }
    for (object, state) in &states {
        match state {
            GuardState::InSync => {}
            GuardState::Missing => {
                let mut why = format!("{} is not there", object.key());
                if !reasons.is_empty() {
                    why = format!("{why}, for {}", reasons.join("; "));
                }
                return Some((why, hint, Vec::new(), None));
            }
            GuardState::Taken => {
                let why = format!("{} is somebody else's", object.key());
                return Some((
                    why,
                    "delete it, or give it another name".to_owned(),
                    Vec::new(),
                    None,
                ));
            }
            GuardState::Changed(_, fields) => {
                let why = format!("{} was changed", object.key());
                return Some((why, hint, fields.clone(), author(view, object)));
            }
        }
    }
    None
}

fn author(view: &View<'_>, object: &AdmissionObject) -> Option<Author> {
    let live = live(view, &object.key())?;
    last_writer(&live.managed_fields, &["spec"]).map(Author::from)
}
