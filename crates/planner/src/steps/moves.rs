//! Connections that move from one policy of a namespace to another.
//!
//! Each policy is a write of its own, and what goes at once arrives in any order. So a policy gives a
//! connection up only after the one that takes it over is written; before the first of them goes, what
//! only gains has settled.

use std::collections::BTreeMap;

use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Action, Phase, Step};
use serde_json::Value;

use crate::connections::{Connection, connections};

/// The steps that write policies of one namespace, with those that give something up, while another one
/// gains anything, put off to [`Phase::Narrow`] and in the order in which they must go.
///
/// Policies that pass connections on in a circle, as two that swap theirs, have no such order: each is
/// written whole and once, so that what the first of them gives up is cut until the last is written.
pub(super) fn ordered(steps: Vec<Step>, ours: &BTreeMap<&str, &LivePolicy>) -> Vec<Step> {
    let rewrites = |step: &Step| matches!(step.action, Action::ReplacePolicy { .. });
    if !steps.iter().any(rewrites) {
        return steps;
    }
    let shifts: Vec<(Step, Shift)> = steps
        .into_iter()
        .map(|step| {
            let shift = Shift::of(&step, ours);
            (step, shift)
        })
        .collect();
    let gaining = shifts.iter().filter(|(_, shift)| shift.gains()).count();
    let (mut waiting, first): (Vec<_>, Vec<_>) = shifts.into_iter().partition(|(_, shift)| {
        let others = gaining - usize::from(shift.gains());
        !shift.lost.is_empty() && others > 0
    });
    let mut ordered: Vec<Step> = first.into_iter().map(|(step, _)| step).collect();
    // What only loses may lose to a rule that is wider than its own, and goes last.
    waiting.sort_by_key(|(_, shift)| !shift.gains());
    while !waiting.is_empty() {
        let is_free = |one: &Shift, passes_on: fn(&Connection, &Connection) -> bool| {
            let mut gained = waiting.iter().flat_map(|(_, other)| &other.gained);
            !gained.any(|gained| one.lost.iter().any(|lost| passes_on(lost, gained)))
        };
        let next = |passes_on| {
            let mut shifts = waiting.iter();
            shifts.position(|(_, shift)| is_free(shift, passes_on))
        };
        // Where what may be passed on goes in a circle, what certainly is decides.
        let next = next(Connection::may_overlap).or_else(|| next(Connection::eq));
        let (step, _) = waiting.remove(next.unwrap_or_default());
        ordered.push(Step {
            phase: Phase::Narrow,
            ..step
        });
    }
    ordered
}

/// What writing a policy takes away and brings.
struct Shift {
    lost: Vec<Connection>,
    gained: Vec<Connection>,
}

impl Shift {
    fn of(step: &Step, ours: &BTreeMap<&str, &LivePolicy>) -> Self {
        let (object, live) = match &step.action {
            Action::CreatePolicy { object } => (object, None),
            Action::ReplacePolicy { object, .. } => {
                let name = object.metadata.name.as_deref().unwrap_or_default();
                (object, ours.get(name))
            }
            Action::CreateNamespace { .. }
            | Action::PatchNamespace { .. }
            | Action::PatchNode { .. }
            | Action::DeletePolicy { .. }
            | Action::ReleasePolicy { .. }
            | Action::CreateGuard { .. }
            | Action::ReplaceGuard { .. }
            | Action::DeleteGuard { .. }
            | Action::DeleteOpened { .. } => return Self::nothing(),
        };
        if step.phase != Phase::Allow {
            return Self::nothing();
        }
        let spec = serde_json::to_value(&object.spec).unwrap_or(Value::Null);
        let after = connections(&spec);
        let before = live.map_or_else(Vec::new, |live| connections(&live.spec));
        let without = |all: &[Connection], others: &[Connection]| {
            let kept = all.iter().filter(|one| !others.contains(one));
            kept.cloned().collect()
        };
        Self {
            lost: without(&before, &after),
            gained: without(&after, &before),
        }
    }

    fn nothing() -> Self {
        Self {
            lost: Vec::new(),
            gained: Vec::new(),
        }
    }

    fn gains(&self) -> bool {
        !self.gained.is_empty()
    }
}
