//! Connections that move from one policy of a namespace to another.
//!
//! Each policy is a write of its own, and what goes at once arrives in any order. So a policy gives a
//! connection up only after the one that takes it over is in place and has settled.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::policy::{Direction, isolates};
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Action, Phase, Step};
use serde_json::{Value, json};

/// The steps that write policies of one namespace, with those that give something up, while another one
/// gains anything, put off to [`Phase::Narrow`] and in the order in which they must go.
///
/// Policies that pass connections on in a circle, as two that swap theirs, have no such order: each is
/// written whole and once, so that what the first of them gives up is cut until the last is written.
pub(super) fn ordered(steps: Vec<Step>, ours: &BTreeMap<&str, &LivePolicy>) -> Vec<Step> {
    let loses = |step: &Step| !Shift::of(step, ours).lost.is_empty();
    if !steps.iter().any(loses) {
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
        let is_free = |one: &Shift| {
            let mut others = waiting.iter();
            others.all(|(_, other)| one.lost.is_disjoint(&other.gained))
        };
        let next = waiting.iter().position(|(_, shift)| is_free(shift));
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
    lost: BTreeSet<String>,
    gained: BTreeSet<String>,
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
            | Action::DeleteOpened { .. } => return Self::nothing(),
        };
        if step.phase != Phase::Allow {
            return Self::nothing();
        }
        let spec = serde_json::to_value(&object.spec).unwrap_or(Value::Null);
        let after = connections(&spec);
        let before = live.map_or_else(BTreeSet::new, |live| connections(&live.spec));
        Self {
            lost: before.difference(&after).cloned().collect(),
            gained: after.difference(&before).cloned().collect(),
        }
    }

    fn nothing() -> Self {
        Self {
            lost: BTreeSet::new(),
            gained: BTreeSet::new(),
        }
    }

    fn gains(&self) -> bool {
        !self.gained.is_empty()
    }
}

/// What a policy allows, as single connections: direction, pods, one peer and one port.
fn connections(spec: &Value) -> BTreeSet<String> {
    let pods = spec.get("podSelector").unwrap_or(&Value::Null);
    let mut found = BTreeSet::new();
    for direction in Direction::BOTH {
        let field = match direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        let rules = list(spec, direction.field());
        for rule in rules.iter().filter(|_| isolates(spec, direction)) {
            let peers: Vec<Value> = list(rule, field).iter().flat_map(single_peers).collect();
            let ports = list(rule, "ports");
            for peer in or_any(&peers) {
                for port in or_any(ports) {
                    found.insert(format!("{} {pods} {peer} {port}", direction.field()));
                }
            }
        }
    }
    found
}

/// A peer for each of the namespaces that it names.
fn single_peers(peer: &Value) -> Vec<Value> {
    const VALUES: &str = "/namespaceSelector/matchExpressions/0/values";
    let expressions = peer.pointer("/namespaceSelector/matchExpressions");
    let expressions = expressions.and_then(Value::as_array);
    let one = expressions
        .filter(|all| all.len() == 1)
        .and_then(|all| all.first());
    let is_list = one.is_some_and(|one| one.get("operator").is_some_and(|word| word == "In"));
    let values = peer.pointer(VALUES).and_then(Value::as_array);
    let Some(values) = values.filter(|values| is_list && !values.is_empty()) else {
        return vec![peer.clone()];
    };
    let single = |value: &Value| {
        let mut single = peer.clone();
        if let Some(place) = single.pointer_mut(VALUES) {
            *place = json!([value]);
        }
        single
    };
    values.iter().map(single).collect()
}

/// An empty list of peers or ports stands for any.
fn or_any(items: &[Value]) -> Vec<&Value> {
    if items.is_empty() {
        vec![&Value::Null]
    } else {
        items.iter().collect()
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let items = value.get(field).and_then(Value::as_array);
    items.map(Vec::as_slice).unwrap_or_default()
}
