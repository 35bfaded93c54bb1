//! How far each guard rail is taken, and why no further.

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::guard::{DesiredGuard, GuardLevel};
use cofferdam_state::observed::LiveAdmission;

use super::{
    GuardState, is_of_pin, is_ours, is_served, is_unrecorded, is_untried, live_level, needed_after,
    obstacles, restore, state,
};
use crate::view::View;

/// A guard rail beside what is in force of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardStatus<'a> {
    /// The rail.
    pub guard: &'a DesiredGuard,
    /// What is in force.
    pub standing: Standing,
    /// What keeps it from being taken further, each with what to do.
    pub obstacles: Vec<(String, String)>,
}

/// What of a guard rail is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is as compiled, at this level.
    InForce(GuardLevel),
    /// It is as compiled, and was never seen to refuse, or change, what it is meant to.
    Untried,
    /// It, or its binding, is not as compiled.
    Changed,
    /// It, or its binding, is not there.
    Missing,
    /// Somebody else's object has its name.
    Taken,
    /// The API server does not serve its kind.
    NotServed,
    /// What is there could not be read.
    Unknown,
}

impl Standing {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce(GuardLevel::Deny) => "deny",
            Self::InForce(GuardLevel::Audit) => "audit",
            Self::Untried => "untried",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Taken => "taken",
            Self::NotServed => "notServed",
            Self::Unknown => "unknown",
        }
    }
}

/// Every guard rail of the bundle, by name.
pub fn statuses<'a>(view: &View<'a>) -> Vec<GuardStatus<'a>> {
    let guards = view.bundle.guards.values();
    guards
        .map(|guard| {
            let standing = standing(view, guard);
            let waits = standing != Standing::InForce(guard.level);
            let obstacles = waits.then(|| obstacles(view, guard)).into_iter().flatten();
            let obstacles = obstacles.map(|one| (one.reason, one.hint));
            GuardStatus {
                guard,
                standing,
                obstacles: unrecorded(view, guard)
                    .into_iter()
                    .chain(obstacles)
                    .collect(),
            }
        })
        .collect()
}

/// That what there is of a rail bears our label and is in no record, and what to do.
fn unrecorded(view: &View<'_>, guard: &DesiredGuard) -> Option<(String, String)> {
    let objects = [&guard.policy, guard.binding(guard.level)];
    let unrecorded = objects.iter().any(|object| is_unrecorded(view, object));
    let reason = "it bears our label, and is not in our record";
    unrecorded.then(|| (reason.to_owned(), restore(view)))
}

fn standing(view: &View<'_>, guard: &DesiredGuard) -> Standing {
    let observed = view.observed;
    if observed.admission.known().is_none() || observed.capabilities.known().is_none() {
        return Standing::Unknown;
    }
    if !is_served(view, guard) {
        return Standing::NotServed;
    }
    if is_untried(view, guard) {
        return Standing::Untried;
    }
    if let Some(level) = live_level(view, guard) {
        return Standing::InForce(level);
    }
    let states = [&guard.policy, guard.binding(guard.level)].map(|object| state(view, object));
    if states.contains(&GuardState::Taken) {
        Standing::Taken
    } else if states.contains(&GuardState::Missing) {
        Standing::Missing
    } else {
        Standing::Changed
    }
}

/// Live policies and bindings of ours, by what becomes of them when guard rails are removed as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal<'a> {
    /// Those that go, bindings first.
    pub goes: Vec<(&'a ObjectKey, &'a LiveAdmission)>,
    /// Pins that pods need because nodes keep their taints, each with why and what to do.
    pub stays: Vec<(&'a ObjectKey, String, String)>,
}

/// Why a pin stays where it is not known what rests on it.
pub(super) const UNREAD: &str = "nodes could not be read, so it is not known whether pods need it";

/// What becomes of every policy and binding of ours. Where nodes could not be read, pins stay.
pub fn removal<'a>(view: &View<'a>) -> Removal<'a> {
    let mut removal = Removal {
        goes: Vec::new(),
        stays: Vec::new(),
    };
    let by_hand = "or delete it with kubectl";
    for (key, live) in live_guards(view) {
        if is_of_pin(view, key) && view.observed.nodes.known().is_none() {
            let why = UNREAD.to_owned();
            removal.stays.push((key, why, by_hand.to_owned()));
        } else if let Some(need) = needed_after(view, &key.name, &[]) {
            let hint = format!("{}; {by_hand}", need.hint());
            removal.stays.push((key, need.reason(), hint));
        } else {
            removal.goes.push((key, live));
        }
    }
    removal
}

/// Every live policy and binding of ours, bindings first: recorded, or labelled as of this zone model, since
/// who is locked out may have lost the record too.
pub(super) fn live_guards<'a>(view: &View<'a>) -> Vec<(&'a ObjectKey, &'a LiveAdmission)> {
    let all = view.observed.admission.known().into_iter().flatten();
    let instance = view.bundle.instance.as_str();
    let ours = all.filter(|(key, live)| {
        let label = live.labels.get(cofferdam_objects::keys::INSTANCE);
        is_ours(view, key, live) || label.is_some_and(|label| label == instance)
    });
    let mut ours: Vec<(&ObjectKey, &LiveAdmission)> = ours.collect();
    ours.sort_by_key(|(key, _)| (!is_binding(key), *key));
    ours
}

fn is_binding(key: &ObjectKey) -> bool {
    matches!(key.kind, Kind::Admission(kind) if kind.is_binding())
}
