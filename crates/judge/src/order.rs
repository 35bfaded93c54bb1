//! Is nothing isolated before what it needs is allowed?

use std::collections::BTreeMap;

use cofferdam_model::names::NamespaceName;
use cofferdam_objects::policy::{Direction, isolates};
use cofferdam_state::bundle::{Role, role_of};
use cofferdam_state::plan::{Action, Phase, Step};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::Value;

use crate::healing::{is_healed, is_obstructed};
use crate::opening::{Places, kept_open};
use crate::standing::Standing;
use crate::{Case, Refusal, is_taint_of, refusal};

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let phases: Vec<Phase> = case.plan.steps.iter().map(|step| step.phase).collect();
    if !phases.is_sorted() {
        let message = "steps are not in the order of their phases".to_owned();
        refusals.push(refusal("order", message, ""));
    }
    let written = written(case);
    let kept_open = kept_open(case);
    for step in &case.plan.steps {
        refusals.extend(closes_too_early(case, step, &written));
        refusals.extend(isolates_without_opening(case, &kept_open, step));
        refusals.extend(untaints_too_early(case, step));
    }
    refusals
}

/// An open policy may go only where every policy that the bundle has for the namespace is in place or
/// written in an earlier phase. Where the namespace is healed, it does not stay for what cannot be written.
fn closes_too_early(case: &Case<'_>, step: &Step, written: &Written) -> Option<Refusal> {
    let object = step.action.object();
    let deletes = matches!(
        step.action,
        Action::DeletePolicy { .. } | Action::DeleteOpened { .. }
    );
    if !deletes || !object.name.starts_with("cofferdam-open-") {
        return None;
    }
    if step.phase != Phase::Close || case.wanted(&object).is_some() {
        let message = format!("{object}: an open policy is removed out of order");
        return Some(refusal("order", message, ""));
    }
    let namespace = NamespaceName::parse(object.namespace.as_deref()?).ok()?;
    let from = (namespace.clone(), String::new());
    let wanted = case.bundle.policies.range(from..);
    let mut wanted = wanted
        .map(|(key, _)| key)
        .take_while(|(of, _)| *of == namespace);
    let standing = Standing::of(case);
    let is_healed = || match role_of(&object.name) {
        Role::Open(direction) => is_healed(case, &namespace, direction),
        Role::Allow | Role::Deny(_) => false,
    };
    let lacking = wanted.find(|(of, name)| {
        let key = (of.to_string(), name.clone());
        let policies = case.observed.policies.known();
        let live = policies.and_then(|live| live.get(&key));
        // Somebody else's of that name, or ours as somebody changed it, allows what it likes.
        let in_place = live.is_some_and(|live| standing.is_in_place(of, name, live));
        let is_due = written.get(&key).is_none_or(|phase| *phase >= step.phase);
        let is_obstacle = live.is_some_and(|live| !standing.is_writable(of, name, live));
        !in_place && is_due && !(is_obstacle && is_healed())
    });
    lacking.map(|(_, name)| {
        let message = format!("{object}: removed although `{name}` is not in place");
        refusal("order", message, "")
    })
}

/// The phase in which the plan writes each policy first, by namespace and name.
type Written = BTreeMap<(String, String), Phase>;

fn written(case: &Case<'_>) -> Written {
    let mut written = Written::new();
    for step in &case.plan.steps {
        if step.action.written_policy().is_none() {
            continue;
        }
        let object = step.action.object();
        if let Some(namespace) = object.namespace {
            let phase = written
                .entry((namespace, object.name))
                .or_insert(step.phase);
            *phase = step.phase.min(*phase);
        }
    }
    written
}

/// What isolates pods that nothing isolates yet needs an open policy before it; not where they are denied
/// again and there can be none.
fn isolates_without_opening(
    case: &Case<'_>,
    kept_open: &Places<'_>,
    step: &Step,
) -> Option<Refusal> {
    let policy = step.action.written_policy()?;
    if step.phase == Phase::Open {
        return None;
    }
    let namespace = policy.metadata.namespace.as_deref()?;
    let closed = Direction::BOTH
        .into_iter()
        .filter(|direction| !kept_open.contains(&(namespace, *direction)));
    let closed: Vec<Direction> = closed.collect();
    if closed.is_empty() {
        return None;
    }
    let spec = spec(policy);
    let heals_past_obstacles = |direction| {
        NamespaceName::parse(namespace).is_ok_and(|namespace| {
            is_healed(case, &namespace, direction) && is_obstructed(case, &namespace, direction)
        })
    };
    let bare = closed
        .into_iter()
        .find(|direction| isolates(&spec, *direction) && !heals_past_obstacles(*direction))?;
    let message = format!(
        "{}: isolates {} with nothing to keep it open",
        step.action.object(),
        bare.field()
    );
    Some(refusal("order", message, ""))
}

/// A node loses a taint only together with, or after, getting those that its pools ask for.
fn untaints_too_early(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let patch = step.action.node_taints()?;
    patch.removed().next()?;
    let name = &step.action.object().name;
    let live = case.observed.nodes.known()?.get(name)?;
    let mut pools = case.bundle.pools.iter().filter(|pool| {
        case.bundle.is_pool_tainted(pool) && pool.selects(name, &live.labels, &live.provider_id)
    });
    let lacking = pools.find(|pool| {
        let mut taints = patch.new.iter();
        !taints.any(|taint| is_taint_of(pool, taint))
    })?;
    let message = format!(
        "{}: loses a taint before it has that of pool `{}`",
        step.action.object(),
        lacking.name
    );
    Some(refusal("order", message, ""))
}

fn spec(policy: &NetworkPolicy) -> Value {
    serde_json::to_value(&policy.spec).unwrap_or(Value::Null)
}
