//! Steps about nodes: the pool's label, and its taint where every pod of its zones tolerates it.

use std::collections::BTreeSet;

use cofferdam_model::names::PoolName;
use cofferdam_model::node_pool::{ManageTaint, NodePool};
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::Effect;
use cofferdam_state::plan::{Action, KeyChange, LabelPatch, Phase, Step, TaintPatch, taint_field};
use k8s_openapi::api::core::v1::Taint;

use crate::findings::intolerant;
use crate::guards::{is_pinned, staying_pins, told_template};
use crate::pools::{PooledNode, nodes, taint_of};
use crate::view::{KeyState, View};

/// Labels and taints the nodes of every pool, and takes back what no pool asks for any more; foreign
/// labels and taints stay. A node that two pools select is left alone.
pub(super) fn steps(view: &View<'_>) -> Vec<Step> {
    let pools = view.bundle.pools.iter();
    let tolerated = pools.filter(|pool| intolerant(view, pool).is_empty());
    let tolerated: BTreeSet<&PoolName> = tolerated.map(|pool| &pool.name).collect();
    let mut steps = Vec::new();
    for node in nodes(view) {
        match node.pools.as_slice() {
            [] => steps.extend(taint_step(&node, None, None)),
            [pool] => {
                let is_due = tolerated.contains(&pool.name) && is_taint_wanted(view, &node, pool);
                let due = is_due.then_some(*pool);
                match label_change(&node, pool) {
                    // Pods that a pin binds to a label before nodes have it wait for them; those that are bound to
                    // one which no node has any more would wait for ever. So a label changes together with the taint.
                    Some((change, why)) if change.old.is_some() => {
                        if node.keeps_labels(due) || !selecting_old(view, &node, pool).is_empty() {
                            let other = change.old.as_ref();
                            let mut pools = view.bundle.pools.iter();
                            let crossed = pools.any(|one| {
                                one.label.0 == change.key && Some(&one.label.1) == other
                            });
                            steps.extend(taint_step(&node, due.filter(|_| !crossed), None));
                        } else {
                            steps.extend(taint_step(&node, due, Some((change, why))));
                        }
                    }
                    Some((change, why)) => {
                        steps.push(patch(Phase::Labels, &node, vec![change], None, why));
                        steps.extend(taint_step(&node, due, None));
                    }
                    None => steps.extend(taint_step(&node, due, None)),
                }
            }
            _ => {}
        }
    }
    steps
}

/// What is to change of the label of a node's pool, and why.
fn label_change(node: &PooledNode<'_>, pool: &NodePool) -> Option<(KeyChange, String)> {
    let (key, value) = &pool.label;
    let reason = match node.label_state(pool) {
        KeyState::InSync | KeyState::Conflict => return None,
        KeyState::Missing => format!("the node belongs to pool `{}`", pool.name),
        KeyState::Changed => format!("the label of pool `{}` was changed", pool.name),
    };
    let change = KeyChange {
        key: key.clone(),
        old: node.live.labels.get(key).cloned(),
        new: Some(value.clone()),
    };
    Some((change, reason))
}

/// The steps, those apart that would take the last node from pods which a pin goes on binding to its label, as the
/// steps about guard rails leave it.
pub(crate) fn apart_from_bound(
    view: &View<'_>,
    guards: &[Step],
    mut steps: Vec<Step>,
) -> (Vec<Step>, Vec<Step>) {
    let bound = bound_labels(view, guards);
    let mut dropped = Vec::new();
    // A step that is taken out may have given a node to others.
    let without_node = |steps: &[Step]| {
        let mut bound = bound.iter();
        bound.find(|label| having_after(view, label, steps).is_empty())
    };
    while let Some(label) = without_node(&steps) {
        let (stay, go): (Vec<Step>, Vec<Step>) =
            steps.into_iter().partition(|step| loses(step, label));
        steps = go;
        dropped.extend(stay);
    }
    (steps, dropped)
}

/// Labels of ready nodes to which pins bind pods that are there and that no step is about.
pub(crate) fn bound_labels(view: &View<'_>, guards: &[Step]) -> BTreeSet<(String, String)> {
    let pins = staying_pins(view, guards);
    let ready = nodes(view).filter(|node| node.live.ready);
    let labels = ready.flat_map(|node| node.live.labels.clone());
    let bound = labels.filter(|(key, value)| pins.iter().any(|pin| pin.binds_to(key, value)));
    bound.collect()
}

/// Ready nodes that have a label and keep it, or get it.
pub(crate) fn having_after(
    view: &View<'_>,
    label: &(String, String),
    steps: &[Step],
) -> BTreeSet<ObjectKey> {
    let having = nodes(view).filter(|node| {
        let mut own = steps
            .iter()
            .filter(|step| step.action.is_of_node(&node.object.name));
        let has = node.live.labels.get(&label.0) == Some(&label.1);
        node.live.ready
            && if has {
                !own.any(|step| loses(step, label))
            } else {
                own.any(|step| gains(step, label))
            }
    });
    having.map(|node| node.object).collect()
}

/// Whether a step takes a label from a node.
pub(crate) fn loses(step: &Step, (key, value): &(String, String)) -> bool {
    let mut changes = step.action.node_labels().iter();
    changes.any(|change| change.key == *key && change.old.as_ref() == Some(value))
}

/// Whether a step gives a node a label.
fn gains(step: &Step, (key, value): &(String, String)) -> bool {
    let mut changes = step.action.node_labels().iter();
    changes.any(|change| change.key == *key && change.new.as_ref() == Some(value))
}

/// Workloads that ask for the value of a pool's label which a node has, and would find no node once it has another one. A
/// pin gives pods the new one, but the controller of DaemonSets goes by their templates alone.
pub(crate) fn selecting_old(
    view: &View<'_>,
    node: &PooledNode<'_>,
    pool: &NodePool,
) -> BTreeSet<String> {
    let (key, value) = &pool.label;
    let Some(old) = node.live.labels.get(key).filter(|old| *old != value) else {
        return BTreeSet::new();
    };
    let known = view.observed.capabilities.known();
    let pins = known.is_some_and(|known| known.admission.mutating_policies);
    let templates = view.observed.templates.known().into_iter().flatten();
    let selecting = templates.filter(|one| one.node_selector.get(key) == Some(old));
    let stranded = selecting.filter(|one| {
        one.workload.starts_with("DaemonSet/") || !(pins && is_pinned(view, pool, &one.namespace))
    });
    stranded.map(told_template).collect()
}

/// Whether the taint of a pool is ours to write on a node, once everybody tolerates it.
pub(crate) fn is_taint_wanted(view: &View<'_>, node: &PooledNode<'_>, pool: &NodePool) -> bool {
    let state = node.taint_state(pool);
    view.bundle.is_pool_tainted(pool)
        && matches!(state, KeyState::Missing | KeyState::Changed)
        && pool.manages(&node.live.labels) == ManageTaint::Patch
}

/// Sets the taint of a pool where it is due, changes its label, and takes back what we wrote and no pool asks for any
/// more: in one write, so that no node has the label of one pool and the taint of another. While a taint is held back,
/// the one that it is to replace stays, and so do our labels.
fn taint_step(
    node: &PooledNode<'_>,
    due: Option<&NodePool>,
    relabel: Option<(KeyChange, String)>,
) -> Option<Step> {
    let unlabels: Vec<KeyChange> = node
        .stale_labels()
        .filter(|_| !node.keeps_labels(due))
        .map(|(key, value)| KeyChange {
            key: key.clone(),
            old: Some(value.clone()),
            new: None,
        })
        .collect();
    let wanted = due.map(taint_of);
    let stale = node.stale_taints().filter(|_| !node.waits_for_taint(due));
    let stale: Vec<String> = stale.map(taint_field).collect();
    let replaced = wanted.as_ref().map(taint_field);
    let others = node.live.taints.iter().filter(|taint| {
        let field = taint_field(taint);
        !stale.contains(&field) && Some(field) != replaced
    });
    let new: Vec<Taint> = others.cloned().chain(wanted).collect();
    let taints = (new != node.live.taints).then(|| TaintPatch {
        old: node.live.taints.clone(),
        new,
    });
    let (relabels, relabelled): (Vec<KeyChange>, Vec<String>) = relabel.into_iter().unzip();
    if unlabels.is_empty() && relabels.is_empty() && taints.is_none() {
        return None;
    }
    let dedicated =
        due.map(|pool| format!("nodes of pool `{}` are dedicated to its zones", pool.name));
    let is_stale = !(unlabels.is_empty() && stale.is_empty());
    let released = is_stale.then(|| "no pool asks for what we wrote here any more".to_owned());
    let reasons = relabelled.into_iter().chain(dedicated).chain(released);
    let reasons: Vec<String> = reasons.collect();
    Some(patch(
        Phase::Taint,
        node,
        [relabels, unlabels].concat(),
        taints,
        reasons.join("; "),
    ))
}

fn patch(
    phase: Phase,
    node: &PooledNode<'_>,
    changes: Vec<KeyChange>,
    taints: Option<TaintPatch>,
    reason: String,
) -> Step {
    let labels = LabelPatch {
        has_labels: !node.live.labels.is_empty(),
        changes,
    };
    let action = Action::PatchNode {
        name: node.object.name.clone(),
        uid: node.live.uid.clone(),
        labels,
        taints,
    };
    Step {
        phase,
        action,
        reason,
        effect: Effect::None,
        zone: None,
    }
}
