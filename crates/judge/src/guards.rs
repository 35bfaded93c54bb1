//! Would a guard rail lock us out, stop what runs, or be taken away?
//!
//! Read from the objects that a plan writes, and not from what the planner says of them.

mod in_force;
mod pins;
mod pods;

pub(super) use pins::{strands, unbound};

use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::admission::{AdmissionKind, AdmissionObject};
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::guard::Rail;
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::{Action, Expected, Operation, Phase, Step};
use serde_json::Value;

use crate::{Case, Refusal, is_taint_of, refusal};
use pods::{kept_out, stray, unselective};

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for step in &case.plan.steps {
        refusals.extend(unasked(case, step));
        refusals.extend(not_as_seen(case, step));
        refusals.extend(breaks(case, step));
        refusals.extend(untimely(step));
        refusals.extend(taints_unpinned(case, step));
        refusals.extend(pins::unfounded(case, step));
        refusals.extend(pins::crossed(case, step));
    }
    refusals.extend(unbound(case));
    refusals.extend(locks_out(case));
    refusals.extend(shuts_out(case).or_else(|| locked_out(case)));
    refusals
}

/// A rail is written as the bundle holds it, or noting only; and goes only where the bundle has none.
fn unasked(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let object = step.action.object();
    let held = case.bundle.guards.get(&object.name);
    let fault = if let Some(written) = step.action.written_guard() {
        let asked = held.is_some_and(|guard| {
            let all = [Some(&guard.policy), Some(&guard.deny), guard.audit.as_ref()];
            all.into_iter().flatten().any(|one| one == written)
        });
        (!asked).then_some("the bundle does not hold it so")
    } else if step.action.deletes_guard() {
        let keeps_out = held.is_some_and(|guard| pins::taints_too_early(case, guard));
        (held.is_some() && !keeps_out).then_some("the bundle holds it, and it would be deleted")
    } else {
        None
    };
    fault.map(|fault| refusal("not-in-bundle", format!("{object}: {fault}"), ""))
}

/// What is replaced or deleted is ours and as it was seen; what is created is not there.
pub(super) fn not_as_seen(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let key = step.action.object();
    let say = |code, what: &str| Some(refusal(code, format!("{key}: {what}"), "plan again"));
    let live = live(case, &key);
    let (uid, version) = match &step.action {
        Action::CreateGuard { .. } => {
            return live.and_then(|_| say("exists", "it is there already"));
        }
        Action::ReplaceGuard {
            expected: Expected::Written,
            ..
        } => {
            let mut steps = case.plan.steps.iter();
            let made = steps.any(|other| {
                matches!(other.action, Action::CreateGuard { .. })
                    && other.action.object() == key
                    && other.phase < step.phase
            });
            return (!made)
                .then(|| say("not-ours", "this pass does not write it before"))
                .flatten();
        }
        Action::ReplaceGuard {
            expected:
                Expected::Seen {
                    uid,
                    resource_version,
                },
            ..
        }
        | Action::DeleteGuard {
            uid,
            resource_version,
            ..
        } => (uid, resource_version),
        Action::CreateNamespace { .. }
        | Action::PatchNamespace { .. }
        | Action::PatchNode { .. }
        | Action::CreatePolicy { .. }
        | Action::ReplacePolicy { .. }
        | Action::DeletePolicy { .. }
        | Action::ReleasePolicy { .. }
        | Action::DeleteOpened { .. } => return None,
    };
    if !live.is_some_and(|live| live.uid == *uid && live.resource_version == *version) {
        return say("not-as-seen", "it is not as it was seen");
    }
    let record = case.observed.our_record();
    let recorded = record.is_some_and(|record| record.holds(&key, ""));
    (!recorded)
        .then(|| say("not-ours", "it is not in our record"))
        .flatten()
}

/// A rail about pods or DaemonSets refuses only where nothing that is there would be refused that is not already.
fn breaks(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let object = step.action.written_guard()?;
    if !refuses(case, object) {
        return None;
    }
    let guard = case.bundle.guards.get(&object.name)?;
    let mut pools = case.bundle.pools.iter();
    let pool = pools.find(|pool| guard.pool.as_ref() == Some(&pool.name))?;
    let victim = match guard.rail {
        Rail::Pods => stray(case, (guard, pool)),
        Rail::DaemonSets => unselective(case, (guard, pool)),
        // Looked at apart: these change what is admitted, and refuse nothing.
        Rail::Pin
        | Rail::Registration
        | Rail::Namespaces
        | Rail::Nodes
        | Rail::Policies
        | Rail::Record
        | Rail::Lease
        | Rail::Probes => None,
    }?;
    let message = format!("{}: would refuse {victim}, which is there", object.key());
    Some(refusal("guard-breaks", message, ""))
}

/// Whether a written object refuses, or changes, anything once it is written: a binding that denies, or a
/// policy whose binding does.
fn refuses(case: &Case<'_>, object: &AdmissionObject) -> bool {
    match object.kind {
        AdmissionKind::ValidatingBinding => denies(&object.spec),
        AdmissionKind::MutatingBinding => true,
        AdmissionKind::ValidatingPolicy => {
            let binding = ObjectKey::admission(AdmissionKind::ValidatingBinding, &object.name);
            live(case, &binding).is_some_and(|live| denies(&live.spec))
        }
        AdmissionKind::MutatingPolicy => false,
    }
}

fn denies(spec: &Value) -> bool {
    let actions = spec.get("validationActions").and_then(Value::as_array);
    actions.is_some_and(|actions| actions.iter().any(|action| action == "Deny"))
}

/// A rail begins to refuse only after everything else was written.
fn untimely(step: &Step) -> Option<Refusal> {
    let object = step
        .action
        .written_guard()
        .filter(|object| denies(&object.spec))?;
    let creates = step.action.operation() == Operation::Create;
    let fault = if creates {
        "it refuses from the start, and was not seen to note only before"
    } else {
        "it begins to refuse out of order"
    };
    let message = format!("{}: {fault}", object.key());
    (creates || step.phase != Phase::Protect).then(|| refusal("order", message, ""))
}

/// A taint is written only where the pods of the pool's zones are pinned, or tolerate it already.
fn taints_unpinned(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let taints = step.action.node_taints()?;
    let mut pools = case.bundle.pools.iter();
    let pool = pools.find(|pool| taints.set().any(|taint| is_taint_of(pool, taint)))?;
    let victim = kept_out(case, pool, is_pinned(case, pool))?;
    let message = format!(
        "{}: the taint of pool `{}` would keep out {victim}, which is not pinned",
        step.action.object(),
        pool.name
    );
    Some(refusal("order", message, ""))
}

/// Whether the pin of a pool is in place or written by the plan, and tried out before taints are.
fn is_pinned(case: &Case<'_>, pool: &NodePool) -> bool {
    let mut guards = case.bundle.guards.values();
    let Some(pin) =
        guards.find(|one| one.rail == Rail::Pin && one.pool.as_ref() == Some(&pool.name))
    else {
        return false;
    };
    let is_there = |object: &AdmissionObject| {
        let live = live(case, &object.key());
        let as_wanted = live.is_some_and(|live| {
            cofferdam_objects::compare::differences("spec", &object.spec, &live.spec).is_empty()
        });
        let mut steps = case.plan.steps.iter();
        as_wanted
            || steps.any(|step| {
                let written = step.action.written_guard();
                step.phase < Phase::Taint && written.is_some_and(|written| **written == *object)
            })
    };
    let tried = case.plan.probes.iter().any(|due| {
        due.before.is_some_and(|phase| phase <= Phase::Taint)
            && due.probe.policy == pin.policy.key()
    });
    tried && is_there(&pin.policy) && is_there(&pin.deny)
}

/// No rail begins to refuse while the identity that writes is not one whom it lets pass.
fn locks_out(case: &Case<'_>) -> Option<Refusal> {
    let mut written = case
        .plan
        .steps
        .iter()
        .filter_map(|step| step.action.written_guard());
    let object = written.find(|object| refuses(case, object))?;
    if is_let_pass(case) {
        return None;
    }
    let message = format!(
        "{}: {} would be locked out by it",
        object.key(),
        told_identity(case)
    );
    Some(refusal("lock-out", message, &writers_hint(case)))
}

/// Rails in force are to have other texts, by which the identity that writes is no longer let pass: it could never
/// write them, so nothing else is begun either.
fn shuts_out(case: &Case<'_>) -> Option<Refusal> {
    if is_let_pass(case) {
        return None;
    }
    let live = case.observed.admission.known()?;
    let is_other = |wanted: &AdmissionObject, have: &LiveAdmission| {
        !cofferdam_objects::compare::differences("spec", &wanted.spec, &have.spec).is_empty()
    };
    let mut guards = case.bundle.guards.values();
    let changed = guards.find(|guard| {
        let binding = live.get(&guard.deny.key());
        let text = live.get(&guard.policy.key());
        binding.is_some_and(|binding| denies(&binding.spec))
            && text.is_some_and(|text| is_other(&guard.policy, text))
    })?;
    let message = format!(
        "{}: {} is not among `guards.writers`, and would be locked out by its new text",
        changed.policy.key(),
        told_identity(case)
    );
    Some(refusal("lock-out", message, &writers_hint(case)))
}

/// Rails in force would refuse the rest of the plan: nothing of it is begun.
pub(super) fn locked_out(case: &Case<'_>) -> Option<Refusal> {
    let live = case.observed.admission.known()?;
    let in_force = case.bundle.guards.values().any(|guard| {
        let live = live.get(&guard.deny.key());
        live.is_some_and(|live| denies(&live.spec))
    });
    if case.plan.steps.is_empty() || !in_force || is_let_pass(case) {
        return None;
    }
    let message = format!(
        "guard rails are in force that let only {} change what they protect, and {} is none of them",
        case.cluster.guards.writers.join(", "),
        told_identity(case)
    );
    Some(refusal("locked-out", message, &writers_hint(case)))
}

fn writers_hint(case: &Case<'_>) -> String {
    format!(
        "add the identity to `guards.writers` (`cofferdam doctor --pin --cluster {}`) and apply once more as one whom \
         they let pass; `cofferdam guards --remove` takes them away",
        case.cluster.name
    )
}

fn is_let_pass(case: &Case<'_>) -> bool {
    let guards = &case.cluster.guards;
    case.observed.identity.known().is_some_and(|who| {
        guards.is_writer(&who.user, &who.groups) || guards.is_break_glass(&who.user, &who.groups)
    })
}

fn told_identity(case: &Case<'_>) -> String {
    match case.observed.identity.known() {
        Some(who) => format!("`user:{}`", who.user),
        None => "the unknown identity that writes".to_owned(),
    }
}

fn live<'a>(case: &Case<'a>, key: &ObjectKey) -> Option<&'a LiveAdmission> {
    case.observed.admission.known()?.get(key)
}
