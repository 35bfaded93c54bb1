//! `guard-missing`: guard rails that are not in force as compiled; `orphan`: those that nobody asks for any more.

use cofferdam_objects::admission::AdmissionObject;
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::last_writer;
use cofferdam_state::finding::{Author, Class, Effect, Finding};
use cofferdam_state::guard::{DesiredGuard, GuardLevel};

use super::{Judged, finding};
use crate::guards::{
    GuardState, UnaskedGuard, is_ours, is_served, is_unrecorded, is_untried, live, obstacles,
    restore, state, unasked_guards,
};
use crate::view::View;

/// One finding per rail that is not in force, or not as compiled.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.observed.admission.known().is_none() || view.observed.capabilities.known().is_none() {
        return Vec::new();
    }
    let guards = view.bundle.guards.values();
    let mut found: Vec<Finding> = guards.filter_map(|guard| missing(view, guard)).collect();
    for rail in unasked_guards(view) {
        found.extend(orphans(view, &rail));
    }
    found
}

/// One finding per policy and binding of ours that stands although the bundle does not hold it.
fn orphans(view: &View<'_>, rail: &UnaskedGuard<'_>) -> Vec<Finding> {
    let does = match rail.in_force {
        Some(GuardLevel::Deny) => ", and it is in force",
        Some(GuardLevel::Audit) => ", and it notes and warns",
        None => ", and it is without its policy or binding",
    };
    let mut message = format!("no zone or pool asks for this guard rail any more{does}");
    let hint = match &rail.stays {
        Some((why, hint)) => {
            message = format!("{message}; it stays: {why}");
            hint
        }
        None => GOES,
    };
    let objects = rail.objects.iter().copied();
    let ours = objects.filter_map(|key| Some((key, live(view, key)?)));
    let ours = ours.filter(|(key, live)| is_ours(view, key, live));
    ours.map(|(key, live)| {
        let one = finding(view, Class::Orphan, key.clone(), message.clone());
        Finding {
            by: last_writer(&live.managed_fields, &["spec"]).map(Author::from),
            ..one.with_effect(Effect::None, None).with_hint(hint)
        }
    })
    .collect()
}

const GOES: &str = "`cofferdam apply --allow-weakening` deletes it";

fn missing(view: &View<'_>, guard: &DesiredGuard) -> Option<Finding> {
    let fault = if is_served(view, guard) {
        unlike(view, guard)?
    } else {
        let since = if guard.is_mutating() { "1.36" } else { "1.30" };
        let what = format!(
            "this API server does not serve {}",
            guard.policy.kind.as_str()
        );
        let hint = format!("it is served since Kubernetes {since}; waive it until then");
        Fault::new(&guard.policy, what, hint)
    };
    let message = format!("nothing protects {}: {}", guard.rail.protects(), fault.what);
    let one = finding(view, Class::GuardMissing, fault.object, message);
    Some(Finding {
        fields: fault.fields,
        by: fault.by,
        ..one
            .with_effect(Effect::Unknown, None)
            .with_hint(&fault.hint)
    })
}

/// Why a rail is not in force as compiled, of which of its objects, and by whom.
struct Fault {
    object: ObjectKey,
    what: String,
    hint: String,
    fields: Vec<Difference>,
    by: Option<Author>,
}

impl Fault {
    fn new(object: &AdmissionObject, what: String, hint: String) -> Self {
        Self {
            object: object.key(),
            what,
            hint,
            fields: Vec::new(),
            by: None,
        }
    }
}

fn unlike(view: &View<'_>, guard: &DesiredGuard) -> Option<Fault> {
    let wanted = guard.binding(guard.level);
    let states = [
        (&guard.policy, state(view, &guard.policy)),
        (wanted, state(view, wanted)),
    ];
    if is_untried(view, guard) {
        let what = "it is in place, and was never seen to be in force".to_owned();
        return Some(Fault::new(
            &guard.policy,
            what,
            "`cofferdam apply` tries it out".to_owned(),
        ));
    }
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
    let why = |what: String| match reasons.as_slice() {
        [] => what,
        some => format!("{what}, for {}", some.join("; ")),
    };
    let audited = state(view, guard.binding(GuardLevel::Audit)) == GuardState::InSync;
    if guard.level == GuardLevel::Deny && audited && guard.audit.is_some() {
        let what = why("the guard rail only notes and warns".to_owned());
        if !reasons.is_empty() {
            return Some(Fault::new(&guard.policy, what, hint));
        }
        return Some(Fault {
            by: author(view, wanted),
            ..Fault::new(wanted, what, hint)
        });
    }
    let (object, state) = states
        .into_iter()
        .find(|(_, state)| *state != GuardState::InSync)?;
    let key = object.key();
    Some(match state {
        GuardState::InSync => return None,
        GuardState::Missing => Fault::new(object, why(format!("{key} is not there")), hint),
        GuardState::Taken if is_unrecorded(view, object) => Fault::new(
            object,
            format!("{key} bears our label, and is not in our record"),
            restore(view),
        ),
        GuardState::Taken => Fault::new(
            object,
            format!("{key} is somebody else's"),
            "delete it, or give it another name".to_owned(),
        ),
        GuardState::Changed(_, fields) => Fault {
            fields,
            by: author(view, object),
            ..Fault::new(object, format!("{key} was changed"), hint)
        },
    })
}

fn author(view: &View<'_>, object: &AdmissionObject) -> Option<Author> {
    let live = live(view, &object.key())?;
    last_writer(&live.managed_fields, &["spec"]).map(Author::from)
}
