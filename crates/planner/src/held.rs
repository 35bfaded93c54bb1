//! Steps that wait for somebody else: they are in no plan, and to be known before one is applied.

use std::collections::BTreeSet;

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::node_pool::{ManageTaint, NodePool};
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::{Operation, Phase};

use crate::findings::{intolerant, toleration_hint};
use crate::guards::{GuardState, is_served, is_untried, obstacles, state};
use crate::pod_security;
use crate::pools::nodes;
use crate::steps::{
    PoolSteps, is_text_held, phase_of, pool_steps, selecting_old, waiting, written_in,
};
use crate::view::{KeyState, View};
use cofferdam_model::count::listed;

/// Policies of namespaces that are not there or in which a name is taken, Pod Security levels that running pods violate, and taints that
/// would keep out what runs in the pool's own zones.
pub fn held_back(view: &View<'_>) -> Vec<HeldStep> {
    let mut held = Vec::new();
    if view.delivery == Delivery::Push {
        held.extend(
            view.governed()
                .into_iter()
                .flat_map(|name| policies(view, name).into_iter().chain(held_up(view, name))),
        );
    }
    held.extend(pod_security::held(view));
    held.extend(taints(view));
    held.extend(labels(view));
    held.extend(guards(view));
    let PoolSteps {
        bound,
        unserved,
        staying,
        ..
    } = pool_steps(view);
    held.extend(unserved.into_iter().map(|step| {
        HeldStep {
            operation: step.action.operation(),
            object: step.action.object(),
            phase: step.phase,
            reason:
                "the nodes of its pool stay with another one, and pods could run on none of them"
                    .to_owned(),
            hint: "see what is held back of these nodes".to_owned(),
        }
    }));
    held.extend(bound.into_iter().map(|step| HeldStep {
        operation: step.action.operation(),
        object: step.action.object(),
        phase: step.phase,
        reason: "a pin binds pods to its label, which no other ready node has".to_owned(),
        hint: "mend `spec.nodes` of their NodePool, or its nodes".to_owned(),
    }));
    held.extend(staying.into_iter().map(|(object, why)| HeldStep {
        operation: Operation::Delete,
        object,
        phase: Phase::Protect,
        reason: why.reason,
        hint: why.hint,
    }));
    held
}

/// Guard rails that are not taken as far as they should be.
fn guards(view: &View<'_>) -> Vec<HeldStep> {
    let mut held = Vec::new();
    for guard in view.bundle.guards.values() {
        let wanted = guard.binding(guard.level);
        let in_place = state(view, wanted) == GuardState::InSync && !is_text_held(view, guard);
        if is_untried(view, guard) {
            held.push(HeldStep {
                operation: Operation::Update,
                object: wanted.key(),
                phase: written_in(guard),
                reason: "it is in place, and was never seen to be in force".to_owned(),
                hint: "`cofferdam apply` tries it out".to_owned(),
            });
        }
        if in_place || !is_served(view, guard) || state(view, wanted) == GuardState::Taken {
            continue;
        }
        held.extend(obstacles(view, guard).into_iter().map(|obstacle| HeldStep {
            operation: Operation::Update,
            object: wanted.key(),
            phase: written_in(guard),
            reason: format!("the guard rail waits: {}", obstacle.reason),
            hint: obstacle.hint,
        }));
    }
    held
}

fn policies(view: &View<'_>, namespace: &NamespaceName) -> Vec<HeldStep> {
    let created = view
        .wanted_namespace(namespace.as_str())
        .is_some_and(|wanted| wanted.create);
    let (reason, hint) = match view.namespace(namespace.as_str()) {
        None if created => return Vec::new(),
        None => ("does not exist, and is not ours to create", MAKE_IT),
        Some(live) if live.terminating => {
            ("is being deleted", if created { AGAIN } else { MAKE_IT })
        }
        Some(_) => return Vec::new(),
    };
    let names = view.wanted_policies(namespace).into_iter();
    names
        .map(|(name, policy)| HeldStep {
            operation: Operation::Create,
            object: ObjectKey::policy(namespace.as_str(), name),
            phase: phase_of(policy.role),
            reason: format!("namespace `{namespace}` {reason}"),
            hint: hint.to_owned(),
        })
        .collect()
}

const MAKE_IT: &str =
    "create it, or write `create: true` beside its name under `spec.namespaces` of its Zone";
const AGAIN: &str = "apply again when it is gone";

/// Policies that wait for a name which somebody else's object has.
fn held_up(view: &View<'_>, namespace: &NamespaceName) -> Vec<HeldStep> {
    if !view.is_usable(namespace) {
        return Vec::new();
    }
    let waiting = waiting(view, namespace).into_iter();
    waiting
        .map(|step| HeldStep {
            operation: step.action.operation(),
            object: step.action.object(),
            phase: step.phase,
            reason: format!(
                "another object has a name that is wanted in `{namespace}`; without what it allows, this would isolate"
            ),
            hint: "see what is in the way".to_owned(),
        })
        .collect()
}

/// Labels of nodes that stay while somebody asks for them.
fn labels(view: &View<'_>) -> Vec<HeldStep> {
    let mut held = Vec::new();
    for node in nodes(view) {
        let [pool] = node.pools.as_slice() else {
            continue;
        };
        let selecting = selecting_old(view, &node, pool);
        if selecting.is_empty() || node.label_state(pool) != KeyState::Changed {
            continue;
        }
        let named = listed(selecting.iter().map(String::as_str));
        held.push(HeldStep {
            operation: Operation::Patch,
            object: node.object.clone(),
            phase: Phase::Taint,
            reason: format!(
                "the label of pool `{}` waits: {named} ask for nodes with the old value and would find none",
                pool.name
            ),
            hint: format!(
                "write `{}: {}` under `nodeSelector` of their pod templates; where a guard rail refuses that, set their \
                 zone to `stage` meanwhile",
                pool.label.0, pool.label.1
            ),
        });
    }
    held
}

fn taints(view: &View<'_>) -> Vec<HeldStep> {
    let mut held = Vec::new();
    let tainted = view.bundle.pools.iter();
    for pool in tainted.filter(|pool| view.bundle.is_pool_tainted(pool)) {
        let in_the_way = intolerant(view, pool);
        if in_the_way.is_empty() {
            continue;
        }
        let waits = nodes(view).filter(|node| {
            node.is_only_in(pool)
                && pool.manages(&node.live.labels) == ManageTaint::Patch
                && matches!(
                    node.taint_state(pool),
                    KeyState::Missing | KeyState::Changed
                )
        });
        held.extend(waits.map(|node| HeldStep {
            operation: Operation::Patch,
            object: node.object.clone(),
            phase: Phase::Taint,
            reason: reason(pool, &in_the_way),
            hint: toleration_hint(pool, [&node]),
        }));
    }
    held
}

fn reason(pool: &NodePool, in_the_way: &BTreeSet<String>) -> String {
    let named = listed(in_the_way.iter().map(String::as_str));
    format!(
        "the taint of pool `{}` waits: {named} would not tolerate it",
        pool.name
    )
}
