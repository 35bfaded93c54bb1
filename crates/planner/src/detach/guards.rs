//! Guard rails on their way out.

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::detach::Left;
use cofferdam_state::finding::Effect;
use cofferdam_state::held::HeldStep;
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::{Action, Phase, Step};

use super::left;
use crate::guards::{Need, is_of_pin, is_ours, needed_after};
use crate::view::View;

/// What becomes of guard rails.
#[derive(Debug, Default)]
pub(super) struct Rails {
    /// Those that go.
    pub(super) steps: Vec<Step>,
    /// Pins that pods need because nodes keep their taints, each with why and what to do.
    pub(super) needed: Vec<(Step, Need)>,
    /// Whether a pin stays, for whichever reason: nodes keep the label that it binds pods to.
    pub(super) binds: bool,
}

/// What refuses, or taints new nodes, goes first. What makes pods tolerate taints goes after these, or pods would
/// be kept out meanwhile; and stays while nodes do not lose their taints by steps about `nodes`.
pub(super) fn rails(view: &View<'_>, nodes: &[Step], theirs: &mut Vec<Left>) -> Rails {
    let all = view.observed.admission.known().into_iter().flatten();
    let mut rails = Rails::default();
    for (key, live) in all {
        let Kind::Admission(kind) = key.kind else {
            continue;
        };
        let pins = is_of_pin(view, key);
        if !is_ours(view, key, live) {
            rails.binds |= pins && live.labels.contains_key(cofferdam_objects::keys::INSTANCE);
            if live.labels.contains_key(cofferdam_objects::keys::INSTANCE) {
                theirs.push(left(key, super::policies::IN_NO_RECORD));
            }
            continue;
        }
        if is_remade(view, key, live) {
            rails.binds |= pins;
            theirs.push(left(key, super::policies::MADE_AGAIN));
            continue;
        }
        let step = Step {
            phase: if pins { Phase::Protect } else { Phase::Guard },
            action: Action::DeleteGuard {
                kind,
                name: key.name.clone(),
                uid: live.uid.clone(),
                resource_version: live.resource_version.clone(),
            },
            reason: if pins {
                "no pod needs it to tolerate a taint".to_owned()
            } else {
                "what it protects is let go of".to_owned()
            },
            effect: Effect::None,
            zone: None,
        };
        match needed_after(view, &key.name, nodes) {
            Some(need) => {
                rails.binds = true;
                rails.needed.push((step, need));
            }
            None => rails.steps.push(step),
        }
    }
    rails
}

/// Whether somebody deleted it and made it again. One that a pass which was cut off was to write carries our
/// label and is pending.
fn is_remade(view: &View<'_>, key: &ObjectKey, live: &LiveAdmission) -> bool {
    let record = view.record();
    record.is_some_and(|record| record.knows_other_uid(key, "", &live.uid))
        && !view.observed.is_pending(key, "")
}

/// Steps about nodes, those apart that wait: labels that pods are bound to by pins which stay.
pub(super) fn beside(binds: bool, nodes: Vec<Step>) -> (Vec<HeldStep>, Vec<Step>) {
    let (kept, released): (Vec<Step>, Vec<Step>) = nodes
        .into_iter()
        .partition(|step| binds && step.phase == Phase::Unlabel);
    let kept = kept.iter().map(|step| HeldStep {
        operation: step.action.operation(),
        object: step.action.object(),
        phase: step.phase,
        reason: "a guard rail that stays binds pods to its labels".to_owned(),
        hint: "delete it with its binding where it is not ours any more, and detach again"
            .to_owned(),
    });
    (kept.collect(), released)
}

/// A pin that stays until nodes lose their taints.
pub(super) fn held((step, need): &(Step, Need)) -> HeldStep {
    HeldStep {
        operation: step.action.operation(),
        object: step.action.object(),
        phase: step.phase,
        reason: need.reason(),
        hint: format!("{}; then detach again", need.hint()),
    }
}
