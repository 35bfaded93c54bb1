//! Does a policy keep what another one of its namespace takes over, until that one is in place?

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::policy::{Direction, isolates};
use cofferdam_state::bundle::{Role, role_of};
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Phase, Step};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::Value;

use crate::{Case, Refusal, refusal};

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    // Only what is there already can give anything up: where nothing is rewritten, nothing moves.
    let policies = case.plan.steps.iter();
    let policies = policies.filter_map(|step| step.action.written_policy());
    let rewritten = policies.filter(|policy| live(case, policy).is_some());
    let places: BTreeSet<&str> = rewritten.filter_map(|policy| namespace(policy)).collect();
    let mut by_namespace: BTreeMap<&str, Vec<Shift>> = BTreeMap::new();
    for (index, step) in case.plan.steps.iter().enumerate() {
        let Some(policy) = step.action.written_policy() else {
            continue;
        };
        let place = namespace(policy).filter(|place| places.contains(place));
        let shift = place.and_then(|place| Some((place, Shift::of(case, step, policy, index)?)));
        if let Some((place, shift)) = shift.filter(|(_, shift)| shift.moves()) {
            by_namespace.entry(place).or_default().push(shift);
        }
    }
    by_namespace.values().flat_map(|all| faults(all)).collect()
}

fn namespace(policy: &NetworkPolicy) -> Option<&str> {
    policy.metadata.namespace.as_deref()
}

/// What is there under the name of a policy.
fn live<'a>(case: &Case<'a>, policy: &NetworkPolicy) -> Option<&'a LivePolicy> {
    let metadata = &policy.metadata;
    let key = (metadata.namespace.clone()?, metadata.name.clone()?);
    case.observed.policies.known()?.get(&key)
}

fn faults(shifts: &[Shift]) -> impl Iterator<Item = Refusal> {
    let waiting = on_or_behind_circles(shifts);
    shifts.iter().filter_map(move |loser| {
        let mut heirs = shifts.iter().filter(|heir| heir.inherits_from(loser));
        // Of a circle, one must go first; nothing that waits for it has an order either.
        let heir =
            heirs.find(|heir| heir.turn >= loser.turn && !waiting.contains(&heir.object.name))?;
        let message = format!(
            "{}: gives up what `{}` takes over, and that is not in place before",
            loser.object, heir.object.name
        );
        Some(refusal("order", message, ""))
    })
}

/// The policies that hand connections on in a circle, as two that swap theirs, and those that wait for
/// them.
fn on_or_behind_circles(shifts: &[Shift]) -> BTreeSet<String> {
    let mut left: Vec<&Shift> = shifts.iter().collect();
    loop {
        let waits = |loser: &Shift| left.iter().any(|heir| heir.inherits_from(loser));
        let still: Vec<&Shift> = left.iter().copied().filter(|one| waits(one)).collect();
        if still.len() == left.len() {
            return left.iter().map(|one| one.object.name.clone()).collect();
        }
        left = still;
    }
}

/// What a step takes away and brings, and when.
struct Shift {
    object: ObjectKey,
    /// What goes at once, in whatever order it arrives, has one turn; what narrows goes one by one.
    turn: (Phase, usize),
    /// An open policy takes nothing away: it allows all that any other one does.
    lost: BTreeSet<String>,
    gained: BTreeSet<String>,
}

impl Shift {
    fn of(case: &Case<'_>, step: &Step, policy: &NetworkPolicy, index: usize) -> Option<Self> {
        let object = step.action.object();
        let before = live(case, policy).map_or_else(BTreeSet::new, |live| allowed(&live.spec));
        let after = allowed(&serde_json::to_value(&policy.spec).ok()?);
        let lost = match role_of(&object.name) {
            Role::Open(_) => BTreeSet::new(),
            Role::Allow | Role::Deny(_) => before.difference(&after).cloned().collect(),
        };
        let place = if step.phase == Phase::Narrow {
            index
        } else {
            0
        };
        Some(Self {
            object,
            turn: (step.phase, place),
            lost,
            gained: after.difference(&before).cloned().collect(),
        })
    }

    fn moves(&self) -> bool {
        !self.lost.is_empty() || !self.gained.is_empty()
    }

    /// Whether this one takes over anything that another one gives up.
    fn inherits_from(&self, loser: &Self) -> bool {
        !self.gained.is_disjoint(&loser.lost)
    }
}

/// Every connection that a spec allows, as direction, pods, one peer and one port.
fn allowed(spec: &Value) -> BTreeSet<String> {
    let pods = spec.get("podSelector").unwrap_or(&Value::Null);
    let mut found = BTreeSet::new();
    for (direction, peers) in [(Direction::Ingress, "from"), (Direction::Egress, "to")] {
        let rules = spec.get(direction.field()).and_then(Value::as_array);
        let rules = rules.filter(|_| isolates(spec, direction));
        for rule in rules.into_iter().flatten() {
            let ports = items(rule, "ports", |port| vec![port.to_string()]);
            for peer in items(rule, peers, one_by_one) {
                let field = direction.field();
                found.extend(
                    ports
                        .iter()
                        .map(|port| format!("{field} {pods} {peer} {port}")),
                );
            }
        }
    }
    found
}

/// The items of a list as text; where there is none, the one that stands for any.
fn items(rule: &Value, field: &str, text: fn(&Value) -> Vec<String>) -> Vec<String> {
    let items = rule.get(field).and_then(Value::as_array);
    let texts: Vec<String> = items.into_iter().flatten().flat_map(text).collect();
    if texts.is_empty() {
        vec!["any".to_owned()]
    } else {
        texts
    }
}

/// A peer that names several namespaces, as one for each of them: these may move one by one.
fn one_by_one(peer: &Value) -> Vec<String> {
    let expressions = peer.pointer("/namespaceSelector/matchExpressions");
    let expressions = expressions.and_then(Value::as_array);
    let only = match expressions.map(Vec::as_slice) {
        Some([only]) if only.get("operator").and_then(Value::as_str) == Some("In") => only,
        Some(_) | None => return vec![peer.to_string()],
    };
    let values = only.get("values").and_then(Value::as_array);
    let mut rest = peer.clone();
    if let Some(values) = rest.pointer_mut("/namespaceSelector/matchExpressions/0/values") {
        *values = Value::Null;
    }
    let values = values.into_iter().flatten();
    values.map(|value| format!("{rest} at {value}")).collect()
}
