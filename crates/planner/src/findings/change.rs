//! What the change of a policy of ours lets through, or holds back.

use cofferdam_objects::compare::Difference;
use cofferdam_objects::policy::{Direction, allows_anything, isolates, selects_every_pod};
use cofferdam_state::bundle::{DesiredPolicy, Role};
use cofferdam_state::finding::Effect;
use serde_json::Value;

use crate::connections::connections;

/// The effect of the policy as it is, beside as it is wanted.
///
/// What it allows is compared by single connections, not by what these mean: a selector that is stricter
/// is another one, and counts as wider.
pub(super) fn effect_of_change(
    wanted: &DesiredPolicy,
    live: &Value,
    fields: &[Difference],
) -> Effect {
    if !fields.iter().any(|field| field.path.starts_with("spec")) {
        // Labels and annotations let nothing through and hold nothing back.
        return Effect::None;
    }
    let spec = serde_json::to_value(&wanted.object.spec).unwrap_or_default();
    let (allowed, asked) = (connections(live), connections(&spec));
    let opens = allowed.iter().any(|one| !asked.contains(one));
    let closes = asked.iter().any(|one| !allowed.contains(one));
    match wanted.role {
        Role::Deny(direction) if !denies(live, direction) => Effect::Widens,
        Role::Deny(_) | Role::Open(_) => Effect::Narrows,
        Role::Allow if opens => Effect::Widens,
        Role::Allow if closes => Effect::Narrows,
        Role::Allow => Effect::Unknown,
    }
}

/// Whether it isolates every pod in the direction, and lets nothing through in any.
pub(super) fn denies(spec: &Value, direction: Direction) -> bool {
    selects_every_pod(spec) && isolates(spec, direction) && !allows(spec)
}

/// Whether it lets the pods it selects connect with anything, in any direction.
pub(super) fn allows(spec: &Value) -> bool {
    let mut directions = Direction::BOTH.into_iter();
    directions.any(|direction| allows_anything(spec, direction))
}
