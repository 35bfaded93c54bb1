//! Steps about guard rails: in as Audit first, and to Deny in the same pass where nothing that is there
//! would be refused.

use std::sync::Arc;

use cofferdam_objects::admission::AdmissionObject;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::finding::Effect;
use cofferdam_state::guard::{DesiredGuard, GuardLevel, Rail};
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::{Action, DueProbe, Expected, Phase, Step};

use crate::guards::{GuardState, is_ours, is_served, live, obstacles, pool_of, state};
use crate::view::View;

/// Everything that brings the rails where the bundle has them, as far as nothing is in the way.
pub(super) fn steps(view: &View<'_>) -> Vec<Step> {
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
    steps.extend(unwanted(view));
    steps
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
    let binding = live(view, &guard.deny.key());
    let audit = state(view, guard.binding(GuardLevel::Audit));
    let may_be_in_force = binding.is_some() && audit != GuardState::InSync;
    may_be_in_force && guard.level == GuardLevel::Deny && !obstacles(view, guard).is_empty()
}

fn changing(view: &View<'_>, guard: &DesiredGuard) -> Vec<Step> {
    let first = state(view, &guard.deny) == GuardState::Missing;
    if first && !obstacles(view, guard).is_empty() {
        return Vec::new();
    }
    let objects = [&guard.policy, &guard.deny].into_iter();
    objects
        .filter_map(|object| write(view, guard, object, Phase::Pin))
        .collect()
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

/// Rails of ours that no bundle asks for any more.
fn unwanted<'a>(view: &'a View<'_>) -> impl Iterator<Item = Step> + 'a {
    let all = view.observed.admission.known().into_iter().flatten();
    let ours = all.filter(|(key, live)| is_ours(view, key, live));
    let left = ours.filter(|(key, _)| !view.bundle.guards.contains_key(&key.name));
    left.filter_map(|(key, live)| {
        let action = delete(key, live)?;
        Some(step(
            Phase::Protect,
            action,
            "no zone or pool asks for this guard rail any more".to_owned(),
        ))
    })
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

/// Rails that are written are seen to be in force: a pin before the taint that rests on it, the others at
/// the end.
pub(super) fn probes(view: &View<'_>, steps: &[Step]) -> Vec<DueProbe> {
    let mut due = Vec::new();
    let guards = view.bundle.guards.values();
    for guard in guards.filter(|guard| is_served(view, guard)) {
        let Some(probe) = &guard.probe else { continue };
        let keys = [guard.policy.key(), guard.deny.key()];
        let mut written = steps
            .iter()
            .filter(|step| keys.contains(&step.action.object()));
        // Without a pin a taint rests on what pods tolerate already.
        let pins = guard.rail == Rail::Pin
            && [&guard.policy, &guard.deny].iter().all(|object| {
                let mut written = steps.iter().filter_map(|step| step.action.written_guard());
                state(view, object) == GuardState::InSync || written.any(|one| one == *object)
            });
        let tainted = pins && is_tainted(view, guard, steps);
        let denied = steps.iter().any(|step| {
            let written = step.action.written_guard();
            written.is_some_and(|object| **object == *guard.deny)
        });
        let in_force = denied || state(view, &guard.deny) == GuardState::InSync;
        let before = tainted.then_some(Phase::Taint);
        if tainted || (written.next().is_some() && in_force) {
            due.push(DueProbe {
                before,
                probe: probe.clone(),
            });
        }
    }
    due
}

fn is_tainted(view: &View<'_>, guard: &DesiredGuard, steps: &[Step]) -> bool {
    pool_of(view, guard).is_some_and(|pool| {
        steps.iter().any(|step| {
            let Action::PatchNode {
                taints: Some(taints),
                ..
            } = &step.action
            else {
                return false;
            };
            taints.set().any(|taint| taint.key == pool.taint.key)
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
    format!("the guard rail of {} {what}", guard.rail.protects())
}

fn in_force(guard: &DesiredGuard) -> String {
    format!(
        "nothing that is there would be refused: {} is protected now",
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
