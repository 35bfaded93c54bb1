//! Pins: on which nodes they may bind pods, and when pods cannot do without them.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::names::PoolName;
use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::admission::{AdmissionKind, AdmissionObject};
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::digest::short_digest;
use cofferdam_state::footing::Footing;
use cofferdam_state::guard::{DesiredGuard, Rail};
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::{Phase, Step, TaintPatch, taint_field};
use k8s_openapi::api::core::v1::Taint;
use serde_json::Value;

use super::needed::{needed, needed_after};
use super::pin_text::{PinText, is_pin, namespaces};
use super::refused_already::{refusing, sees};
use super::{
    GuardState, Obstacle, is_ours, is_served, live, live_level, obstacles, pool_of, state,
};
use crate::findings::intolerant_if;
use crate::pools::{PooledNode, is_taint_of, nodes};
use crate::steps::{
    bound_labels, having_after, is_taint_wanted, is_text_held, loses, selecting_old,
};
use crate::view::{KeyState, View};

/// Whether the pin of a pool is in force, or can be before taints are written.
pub(crate) fn can_pin(view: &View<'_>, pool: &NodePool) -> bool {
    rail_of(view, Rail::Pin, &pool.name).is_some_and(|pin| {
        let free = [&pin.policy, &pin.deny];
        is_served(view, pin)
            && free
                .iter()
                .all(|object| state(view, object) != GuardState::Taken)
            && (live_level(view, pin).is_some() || obstacles(view, pin).is_empty())
    })
}

/// Whether the pin of a pool is there, and its new text waits.
pub(crate) fn pin_waits(view: &View<'_>, pool: &NodePool) -> bool {
    rail_of(view, Rail::Pin, &pool.name).is_some_and(|pin| {
        pin_in_force(view, &pin.policy.name).is_some()
            && state(view, &pin.policy) != GuardState::InSync
            && !obstacles(view, pin).is_empty()
    })
}

/// Why a pin may not be written as it is wanted: pods would be bound to nodes that do not exist, or lose what lets
/// them tolerate a taint that stays. One that only lets go of namespaces may always be.
pub(super) fn obstacle(view: &View<'_>, pin: &DesiredGuard, pool: &NodePool) -> Option<Obstacle> {
    let bound = live(view, &pin.policy.key()).filter(|_| live(view, &pin.deny.key()).is_some());
    if bound.is_some_and(|live| only_lets_go(live, &pin.policy.spec)) {
        return None;
    }
    if let Some(namespace) = refused_by_rail(view, pin) {
        return Some(Obstacle {
            reason: format!(
                "the guard rail that keeps other pods off pool `{}` does not let those of namespace `{namespace}` pass yet",
                pool.name
            ),
            hint: "mend what that one waits for".to_owned(),
        });
    }
    if serving(view, pool).is_none() {
        return Some(Obstacle {
            reason: format!(
                "pool `{}` has no ready node that has its label, or is about to get it, and that pods could be bound to",
                pool.name
            ),
            hint: format!(
                "mend `spec.nodes` of NodePool `{}`, or its nodes; `cofferdam apply` labels them",
                pool.name
            ),
        });
    }
    // Taken for granted that pins are in force: they are, before a taint is written.
    let pools = view.bundle.pools.iter();
    let tolerated = pools.filter(|pool| intolerant_if(view, pool, true).is_empty());
    let tolerated: BTreeSet<&PoolName> = tolerated.map(|pool| &pool.name).collect();
    let text = PinText::of(&pin.policy.spec);
    let goes = |node: &PooledNode<'_>, taint: &Taint| {
        let mut own = node.pools.iter().copied();
        let due =
            own.find(|pool| tolerated.contains(&pool.name) && is_taint_wanted(view, node, pool));
        let replaced = node.is_recorded(&taint_field(taint)) && !node.waits_for_taint(due);
        text.makes_tolerate(taint) || (replaced && node.pools.len() < 2)
    };
    let own = std::iter::once(pin.policy.name.as_str());
    let mut pins = own.chain(predecessors(view, pin));
    let need = pins.find_map(|name| needed(view, name, goes))?;
    Some(need.into())
}

/// A namespace whose pods would get the toleration of the pool, and be refused for it.
fn refused_by_rail<'a>(view: &View<'_>, pin: &'a DesiredGuard) -> Option<&'a str> {
    let rail = rail_of(view, Rail::Pods, pin.pool.as_ref()?)?;
    let live = refusing(view, rail).filter(|_| is_text_held(view, rail))?;
    let mut namespaces = namespaces(&pin.policy.spec)?.into_iter();
    namespaces.find(|name| sees(&live.spec, name))
}

/// The rail of this kind that the bundle has for a pool.
fn rail_of<'a>(view: &View<'a>, rail: Rail, pool: &PoolName) -> Option<&'a DesiredGuard> {
    let mut guards = view.bundle.guards.values();
    guards.find(|one| one.rail == rail && one.pool.as_ref() == Some(pool))
}

/// Names of pins in force that the bundle does not hold and that bind pods of a namespace of this one.
fn predecessors<'a>(view: &View<'a>, pin: &DesiredGuard) -> impl Iterator<Item = &'a str> {
    let wanted = namespaces(&pin.policy.spec).unwrap_or_default();
    let wanted: BTreeSet<String> = wanted.into_iter().map(ToOwned::to_owned).collect();
    let unasked = pins_in_force(view).filter(|(name, _)| !view.bundle.guards.contains_key(*name));
    unasked
        .filter(move |(_, live)| {
            namespaces(&live.spec).is_none_or(|all| all.iter().any(|name| wanted.contains(*name)))
        })
        .map(|(name, _)| name)
}

/// The pin of the bundle that binds all pods which the pin of this name, as it is there, does.
fn successor<'a>(view: &View<'a>, name: &str) -> Option<&'a DesiredGuard> {
    let bound = namespaces(&pin_in_force(view, name)?.spec)?;
    let mut pins = view.bundle.guards.values();
    pins.find(|one| {
        one.rail == Rail::Pin
            && namespaces(&one.policy.spec).is_some_and(|all| bound.is_subset(&all))
    })
}

/// Why a pin that nobody asks for stays, once steps about nodes are done; and when it goes where it may: as soon as
/// another one takes its place.
pub(crate) fn leaves(view: &View<'_>, name: &str, nodes: &[Step]) -> Result<Phase, Obstacle> {
    if let Some(need) = needed_after(view, name, nodes) {
        return Err(need.into());
    }
    let Some(successor) = successor(view, name) else {
        return Ok(Phase::Protect);
    };
    let obstacle = obstacles(view, successor).into_iter().next();
    obstacle.map_or(Ok(Phase::Pin), Err)
}

/// What pins do that are there and that no step is about.
pub(crate) fn staying_pins(view: &View<'_>, steps: &[Step]) -> Vec<PinText> {
    let is_touched = |name: &str| {
        let mut objects = steps.iter().map(|step| step.action.object());
        objects.any(|object| object.name == name)
    };
    let pins = pins_in_force(view).filter(|(name, _)| !is_touched(name));
    pins.map(|(_, live)| PinText::of(&live.spec)).collect()
}

fn pins_in_force<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a str, &'a LiveAdmission)> {
    let all = view.observed.admission.known().into_iter().flatten();
    let policies = all.filter(|(key, live)| {
        key.kind == Kind::Admission(AdmissionKind::MutatingPolicy) && is_ours(view, key, live)
    });
    policies.filter_map(|(key, _)| Some((key.name.as_str(), pin_in_force(view, &key.name)?)))
}

/// Whether a pin that is there does as the wanted one, to the same namespaces and maybe some more.
fn only_lets_go(live: &LiveAdmission, wanted: &Value) -> bool {
    let (before, after) = (namespaces(&live.spec), namespaces(wanted));
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    PinText::of(&live.spec) == PinText::of(wanted) && after.is_subset(&before)
}

/// The nodes whose label steps let pods of a pool find a node: none of them where one has the label already.
/// `None` where no ready node has it or gets it.
fn serving(view: &View<'_>, pool: &NodePool) -> Option<BTreeSet<ObjectKey>> {
    let ready = || nodes(view).filter(|node| node.live.ready && node.is_only_in(pool));
    if ready().any(|node| node.label_state(pool) == KeyState::InSync) {
        return Some(BTreeSet::new());
    }
    // Taken for granted that the pin is in force: it is, before a taint is written.
    let tolerated = intolerant_if(view, pool, true).is_empty();
    let due = ready().filter(|node| {
        let taint = (tolerated && is_taint_wanted(view, node, pool)).then_some(pool);
        match node.label_state(pool) {
            KeyState::Missing => true,
            KeyState::Changed => {
                !node.live.labels.contains_key(&pool.label.0)
                    || (!node.keeps_labels(taint) && selecting_old(view, node, pool).is_empty())
            }
            KeyState::InSync | KeyState::Conflict => false,
        }
    });
    let due: BTreeSet<ObjectKey> = due.map(|node| node.object).collect();
    (!due.is_empty()).then_some(due)
}

/// Whether, once steps about nodes are done, some node is there for pods that a step about a pin comes to bind: ready,
/// with the label of the pool and without the taint of another one. Where none is, new nodes are not tainted either.
pub(crate) fn is_served_after(view: &View<'_>, step: &Step, steps: &[Step]) -> bool {
    let written = step.action.written_guard();
    let guard = written.and_then(|object| view.bundle.guards.get(&object.name));
    let guard = guard.filter(|guard| matches!(guard.rail, Rail::Pin | Rail::Registration));
    let Some((guard, pool)) = guard.and_then(|guard| Some((guard, pool_of(view, guard)?))) else {
        return true;
    };
    let before = pin_in_force(view, &guard.policy.name);
    let is_open = |node: &PooledNode<'_>| {
        let mut own = steps
            .iter()
            .filter(|step| step.action.is_of_node(&node.object.name));
        let after = own.find_map(|step| step.action.node_taints());
        let mut taints = after.map_or(&node.live.taints, |taints| &taints.new).iter();
        let others = || {
            view.bundle
                .pools
                .iter()
                .filter(|other| other.name != pool.name)
        };
        node.is_only_in(pool)
            && !taints.any(|taint| others().any(|other| is_taint_of(other, taint)))
    };
    let having = having_after(view, &pool.label, steps);
    before.is_some_and(|live| only_lets_go(live, &guard.policy.spec))
        || nodes(view).any(|node| having.contains(&node.object) && is_open(&node))
}

/// Whether a step sets the taint of a pool whose pin waits, and who is to run there tolerates it by that pin alone.
pub(crate) fn rests_on_pin(view: &View<'_>, step: &Step, waiting: &[Step]) -> bool {
    let pins = waiting
        .iter()
        .filter_map(|step| step.action.written_guard());
    let pins = pins.filter_map(|object| view.bundle.guards.get(&object.name));
    let mut pools = pins.filter_map(|pin| pool_of(view, pin));
    pools.any(|pool| {
        let mut set = step
            .action
            .node_taints()
            .into_iter()
            .flat_map(TaintPatch::set);
        set.any(|taint| is_taint_of(pool, taint)) && !intolerant_if(view, pool, false).is_empty()
    })
}

/// What steps about pins rest on: that some node gets the label which pods are bound to, and that every node loses
/// the taint which pods come to tolerate no longer. So do those that taint new nodes.
pub(crate) fn footings(view: &View<'_>, steps: &[Step]) -> BTreeMap<ObjectKey, Footing> {
    let mut footings = BTreeMap::new();
    let handed_over = handed_over(view, steps);
    for step in steps {
        let object = step.action.object();
        let footing = if let Some(written) = step.action.written_guard() {
            of_pool(view, written, steps)
        } else if step.action.deletes_guard() && !view.bundle.guards.contains_key(&object.name) {
            Footing {
                any: BTreeSet::new(),
                all: replaced_by(view, steps),
            }
        } else {
            let mut given = handed_over.iter().filter(|(label, _)| loses(step, label));
            let given = given.next().map(|(_, having)| having.clone());
            Footing {
                any: given.unwrap_or_default(),
                all: BTreeSet::new(),
            }
        };
        if footing != Footing::default() {
            footings.insert(object, footing);
        }
    }
    footings
}

/// What a rail rests on that binds pods to a pool, or taints its new nodes: nothing, where it is another one.
fn of_pool(view: &View<'_>, object: &AdmissionObject, steps: &[Step]) -> Footing {
    let guard = view.bundle.guards.get(&object.name);
    let guard = guard.filter(|guard| matches!(guard.rail, Rail::Pin | Rail::Registration));
    let Some(pool) = guard.and_then(|guard| pool_of(view, guard)) else {
        return Footing::default();
    };
    let pin = rail_of(view, Rail::Pin, &pool.name);
    let untainted = pin.map(|pin| untainted(view, &pin.policy.name, &pin.policy.spec, steps));
    let mut all = untainted.unwrap_or_default();
    // Whom a rail in force is to let pass by its new text it would refuse by the old.
    let rail = rail_of(view, Rail::Pods, &pool.name).filter(|rail| refusing(view, rail).is_some());
    let rail = rail.map(|rail| rail.policy.key());
    let mut written = steps.iter().map(|step| step.action.object());
    all.extend(rail.filter(|rail| written.any(|object| object == *rail)));
    Footing {
        any: serving(view, pool).unwrap_or_default(),
        all,
    }
}

/// Labels to which pods are bound and that no node has any more but those which get it, with these.
fn handed_over(view: &View<'_>, steps: &[Step]) -> BTreeMap<(String, String), BTreeSet<ObjectKey>> {
    let written: BTreeSet<ObjectKey> = steps.iter().map(|step| step.action.object()).collect();
    let bound = bound_labels(view, steps).into_iter();
    let lost = bound.filter(|label| steps.iter().any(|step| loses(step, label)));
    lost.map(|label| (having_after(view, &label, steps), label))
        .filter(|(having, _)| having.is_subset(&written))
        .map(|(having, label)| (label, having))
        .collect()
}

/// What takes the place of rails that go: those of pools that are written, and nodes that lose taints.
fn replaced_by(view: &View<'_>, steps: &[Step]) -> BTreeSet<ObjectKey> {
    let replacing = steps.iter().filter(|step| {
        let written = step.action.written_guard();
        let written = written.and_then(|object| view.bundle.guards.get(&object.name));
        let mut changed = step
            .action
            .node_taints()
            .into_iter()
            .flat_map(TaintPatch::lost);
        written.is_some_and(|guard| guard.pool.is_some()) || changed.next().is_some()
    });
    replacing.map(|step| step.action.object()).collect()
}

/// The nodes that lose a taint which the pin of this name makes pods tolerate, and its new text does not.
fn untainted(view: &View<'_>, name: &str, becomes: &Value, steps: &[Step]) -> BTreeSet<ObjectKey> {
    let Some(pin) = pin_in_force(view, name) else {
        return BTreeSet::new();
    };
    let (before, after) = (PinText::of(&pin.spec), PinText::of(becomes));
    let matters = |taint: &Taint| before.makes_tolerate(taint) && !after.makes_tolerate(taint);
    let untaints = steps.iter().filter(|step| {
        let mut lost = step
            .action
            .node_taints()
            .into_iter()
            .flat_map(TaintPatch::lost);
        lost.any(matters)
    });
    untaints.map(|step| step.action.object()).collect()
}

/// Whether a policy or binding is that of a pin; one whose policy cannot be found is taken for one.
pub(crate) fn is_of_pin(view: &View<'_>, key: &ObjectKey) -> bool {
    let policy = ObjectKey::admission(AdmissionKind::MutatingPolicy, &key.name);
    matches!(key.kind, Kind::Admission(kind) if kind.is_mutating())
        && live(view, &policy).is_none_or(|policy| is_pin(&policy.spec))
}

/// The live policy of this name, where it changes pods and its binding is there too.
pub(super) fn pin_in_force<'a>(view: &View<'a>, name: &str) -> Option<&'a LiveAdmission> {
    live(
        view,
        &ObjectKey::admission(AdmissionKind::MutatingBinding, name),
    )?;
    let policy = live(
        view,
        &ObjectKey::admission(AdmissionKind::MutatingPolicy, name),
    )?;
    is_pin(&policy.spec).then_some(policy)
}

/// Whether a rail of ours that is there gives new nodes the taint that a record holds under this field.
pub(crate) fn is_set_at_registration(view: &View<'_>, field: &str) -> bool {
    let all = view.observed.admission.known().into_iter().flatten();
    let mut policies = all.filter(|(key, live)| {
        key.kind == Kind::Admission(AdmissionKind::MutatingPolicy)
            && is_ours(view, key, live)
            && !is_pin(&live.spec)
    });
    let which = format!("'{}'", short_digest(field));
    policies.any(|(_, live)| {
        live.spec
            .get("mutations")
            .is_some_and(|all| all.to_string().contains(&which))
    })
}
