//! Steps about guard rails: in as Audit first, and to Deny in the same pass where nothing that is there
//! would be refused.

use std::sync::Arc;

use cofferdam_objects::admission::AdmissionObject;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::finding::Effect;
use cofferdam_state::guard::{DesiredGuard, GuardLevel, Rail};
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::{Action, DueProbe, Expected, Phase, Step, TaintPatch};

use crate::guards::{
    GuardState, Obstacle, is_of_pin, is_ours, is_served, is_untried, leaves, live, obstacles,
    pin_waits, pool_of, state, untainted,
};
use crate::view::View;

/// Everything that brings the rails where the bundle has them, as far as nothing is in the way, beside the steps
/// about nodes; and the pins that nobody asks for any more and that stay, each with why.
pub(super) fn steps(view: &View<'_>, nodes: &[Step]) -> (Vec<Step>, Vec<(ObjectKey, Obstacle)>) {
    let guards = view.bundle.guards.values();
    let served = guards.filter(|guard| is_served(view, guard));
    let mut steps: Vec<Step> = served
        .flat_map(|guard| {
            if guard.is_mutating() {
                changing(view, guard)
            } else {
                refusing(view, guard)
            }
        })
        .collect();
    let mut staying = Vec::new();
    for (key, live) in unasked(view) {
        match when_unasked(view, key, nodes) {
            Ok(phase) => {
                let why = "no zone or pool asks for this guard rail any more".to_owned();
                steps.extend(delete(key, live).map(|action| step(phase, action, why)));
            }
            Err(obstacle) => staying.push((key.clone(), obstacle)),
        }
    }
    (steps, staying)
}

fn refusing(view: &View<'_>, guard: &DesiredGuard) -> Vec<Step> {
    let denies = guard.level == GuardLevel::Deny && obstacles(view, guard).is_empty();
    let is_held = is_text_held(view, guard);
    let mut steps = Vec::new();
    steps.extend(write(view, guard, &guard.policy, Phase::Guard).filter(|_| !is_held));
    let audit = guard.binding(GuardLevel::Audit);
    match state(view, audit) {
        GuardState::Missing => {
            steps.push(step(
                Phase::Guard,
                create(audit),
                reason(guard, "is missing"),
            ));
            if denies {
                let action = replace(&guard.deny, Expected::Written);
                steps.push(step(Phase::Protect, action, in_force(guard)));
            }
        }
        GuardState::InSync if denies => {
            let live = live(view, &audit.key());
            steps.extend(live.map(|live| {
                step(
                    Phase::Protect,
                    replace(&guard.deny, seen(live)),
                    in_force(guard),
                )
            }));
        }
        GuardState::InSync | GuardState::Taken => {}
        GuardState::Changed(live, _) => {
            let in_force_already = state(view, &guard.deny) == GuardState::InSync;
            if in_force_already && guard.level == GuardLevel::Deny {
                return steps;
            }
            let (phase, wanted) = if denies {
                (Phase::Protect, &guard.deny)
            } else {
                (Phase::Guard, audit)
            };
            let why = if in_force_already {
                "is to note only"
            } else {
                "was changed"
            };
            steps.push(step(phase, replace(wanted, seen(live)), reason(guard, why)));
        }
    }
    steps
}

/// Whether the newest text of a rail waits: it would take effect at once, and refuse what is there.
pub(crate) fn is_text_held(view: &View<'_>, guard: &DesiredGuard) -> bool {
    let notes = guard.audit.as_ref();
    let only_notes = notes.is_some_and(|audit| state(view, audit) == GuardState::InSync);
    live(view, &guard.deny.key()).is_some()
        && !only_notes
        && state(view, &guard.policy) != GuardState::InSync
        && guard.level == GuardLevel::Deny
        && !obstacles(view, guard).is_empty()
}

/// What changes pods and nodes is written only where nothing is in the way; new nodes are tainted only while that
/// holds.
fn changing(view: &View<'_>, guard: &DesiredGuard) -> Vec<Step> {
    let objects = [&guard.policy, &guard.deny];
    if obstacles(view, guard).is_empty() {
        let phase = written_in(guard);
        let written = objects.into_iter();
        return written
            .filter_map(|object| write(view, guard, object, phase))
            .collect();
    }
    // Where the pin of the pool waits, its taint does so too, and new nodes are as the others.
    let held_back = pool_of(view, guard)
        .filter(|pool| guard.rail == Rail::Registration && !pin_waits(view, pool));
    if held_back.and_then(|pool| untainted(view, pool)).is_none() {
        return Vec::new();
    }
    let there = objects.map(|object| {
        let key = object.key();
        let live = live(view, &key).filter(|live| is_ours(view, &key, live))?;
        let why = "new nodes are not tainted while the taint of the others waits".to_owned();
        Some(step(Phase::Guard, delete(&key, live)?, why))
    });
    there.into_iter().flatten().collect()
}

/// When a rail that changes what is admitted is written: a pin before the taints that rest on it, also those of
/// new nodes.
pub(crate) fn written_in(guard: &DesiredGuard) -> Phase {
    if guard.rail == Rail::Pin {
        Phase::Pin
    } else if guard.rail == Rail::Registration {
        Phase::Taint
    } else {
        Phase::Protect
    }
}

fn write(
    view: &View<'_>,
    guard: &DesiredGuard,
    object: &Arc<AdmissionObject>,
    phase: Phase,
) -> Option<Step> {
    let (action, why) = match state(view, object) {
        GuardState::InSync | GuardState::Taken => return None,
        GuardState::Missing => (create(object), "is missing"),
        GuardState::Changed(live, _) => (replace(object, seen(live)), "is not as compiled"),
    };
    Some(step(phase, action, reason(guard, why)))
}

/// Policies and bindings of ours that the bundle does not hold.
fn unasked<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a ObjectKey, &'a LiveAdmission)> {
    let all = view.observed.admission.known().into_iter().flatten();
    let ours = all.filter(|(key, live)| is_ours(view, key, live));
    ours.filter(|(key, _)| !view.bundle.guards.contains_key(&key.name))
}

/// In which phase what nobody asks for any more goes, or why it stays: pins may be needed.
fn when_unasked(view: &View<'_>, key: &ObjectKey, nodes: &[Step]) -> Result<Phase, Obstacle> {
    if is_of_pin(view, key) {
        leaves(view, &key.name, nodes)
    } else {
        Ok(Phase::Protect)
    }
}

fn delete(key: &ObjectKey, live: &LiveAdmission) -> Option<Action> {
    let Kind::Admission(kind) = key.kind else {
        return None;
    };
    Some(Action::DeleteGuard {
        kind,
        name: key.name.clone(),
        uid: live.uid.clone(),
        resource_version: live.resource_version.clone(),
    })
}

/// Rails that are written, and those that never were, are seen to be in force: a pin before the taint that rests on
/// it, the others at the end.
pub(super) fn probes(view: &View<'_>, steps: &[Step]) -> Vec<DueProbe> {
    let mut due = Vec::new();
    let guards = view.bundle.guards.values();
    for guard in guards.filter(|guard| is_served(view, guard)) {
        let keys = [guard.policy.key(), guard.deny.key()];
        let mut touched = steps
            .iter()
            .filter(|step| keys.contains(&step.action.object()));
        if touched.clone().any(|step| step.action.deletes_guard()) {
            continue;
        }
        // Without a pin a taint rests on what pods tolerate already.
        let pins = guard.rail == Rail::Pin
            && [&guard.policy, &guard.deny].iter().all(|object| {
                let mut written = steps.iter().filter_map(|step| step.action.written_guard());
                state(view, object) == GuardState::InSync || written.any(|one| one == *object)
            });
        let tainted = pins && are_tainted(view, guard, steps);
        let writes = |wanted: &Arc<AdmissionObject>| {
            let mut written = steps.iter().filter_map(|step| step.action.written_guard());
            written.any(|object| object == wanted)
        };
        let notes = guard.audit.as_ref().is_some_and(writes);
        let refuses = state(view, &guard.deny) == GuardState::InSync && !notes;
        let in_force = writes(&guard.deny) || refuses;
        let before = if tainted {
            Some(Phase::Taint)
        } else {
            pins_who_is_refused(view, guard, steps).then_some(Phase::Pin)
        };
        if tainted || (touched.next().is_some() && in_force) || is_untried(view, guard) {
            due.push(DueProbe {
                before,
                probe: guard.probe.clone(),
            });
        }
    }
    due
}

/// Whether a rail that refuses pods gets a new text, and the pin of its pool as well: whom it is to let pass by the new
/// one it would refuse by the old.
fn pins_who_is_refused(view: &View<'_>, guard: &DesiredGuard, steps: &[Step]) -> bool {
    let mut written = steps.iter().filter_map(|step| step.action.written_guard());
    let mut pins = written
        .clone()
        .filter_map(|object| view.bundle.guards.get(&object.name));
    guard.rail == Rail::Pods
        && crate::guards::refusing(view, guard).is_some()
        && written.any(|object| *object == guard.policy)
        && pins.any(|pin| pin.rail == Rail::Pin && pin.pool == guard.pool)
}

/// Whether steps taint nodes of a pin's pool, those that are there or those that register, or change the label to which
/// pods are bound.
fn are_tainted(view: &View<'_>, pin: &DesiredGuard, steps: &[Step]) -> bool {
    pool_of(view, pin).is_some_and(|pool| {
        steps.iter().any(|step| {
            let action = &step.action;
            let mut set = action.node_taints().into_iter().flat_map(TaintPatch::set);
            let mut labels = action.node_labels().iter();
            let written = action.written_guard();
            let written = written.and_then(|object| view.bundle.guards.get(&object.name));
            set.any(|taint| taint.key == pool.taint.key)
                || labels.any(|change| change.old.is_some() && change.key == pool.label.0)
                || written.is_some_and(|one| one.rail == Rail::Registration && one.pool == pin.pool)
        })
    })
}

fn create(object: &Arc<AdmissionObject>) -> Action {
    Action::CreateGuard {
        object: Arc::clone(object),
    }
}

fn replace(object: &Arc<AdmissionObject>, expected: Expected) -> Action {
    Action::ReplaceGuard {
        object: Arc::clone(object),
        expected,
    }
}

fn seen(live: &LiveAdmission) -> Expected {
    Expected::Seen {
        uid: live.uid.clone(),
        resource_version: live.resource_version.clone(),
    }
}

fn reason(guard: &DesiredGuard, what: &str) -> String {
    format!(
        "the guard rail that protects {} {what}",
        guard.rail.protects()
    )
}

fn in_force(guard: &DesiredGuard) -> String {
    format!(
        "nothing that is there would be refused: it protects {} now",
        guard.rail.protects()
    )
}

fn step(phase: Phase, action: Action, reason: String) -> Step {
    Step {
        phase,
        action,
        reason,
        effect: Effect::None,
        zone: None,
    }
}
