//! Steps about nodes: the pool's label, and its taint where every pod of its zones tolerates it.

use cofferdam_model::node_pool::{ManageTaint, NodePool};
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::Effect;
use cofferdam_state::observed::LiveNode;
use cofferdam_state::plan::{
    Action, KeyChange, LabelPatch, Phase, Step, TAINT_FIELD, TaintPatch, label_field,
};
use k8s_openapi::api::core::v1::Taint;

use crate::findings::{intolerant, taint_state};
use crate::view::{KeyState, View};

/// Labels and taints the nodes of every pool; foreign labels and taints stay. A node that two pools
/// select is left alone.
pub(super) fn steps(view: &View<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let pools = &view.bundle.pools;
    for (name, node) in view.observed.nodes.known().into_iter().flatten() {
        let selecting: Vec<&NodePool> = pools
            .iter()
            .filter(|pool| pool.selects(name, &node.labels, &node.provider_id))
            .collect();
        match selecting.as_slice() {
            [pool] => {
                steps.extend(label_step(view, pool, name, node));
                steps.extend(taint_step(view, pool, name, node));
            }
            [] => steps.extend(release(view, name, node)),
            _ => {}
        }
    }
    steps
}

fn label_step(view: &View<'_>, pool: &NodePool, name: &str, node: &LiveNode) -> Option<Step> {
    let (key, value) = &pool.label;
    let old = node.labels.get(key).cloned();
    let reason = match view.key_state(
        (&ObjectKey::node(name), &node.uid),
        key,
        value,
        old.as_ref(),
    ) {
        KeyState::InSync | KeyState::Conflict => return None,
        KeyState::Missing => format!("the node belongs to pool `{}`", pool.name),
        KeyState::Changed => format!("the label of pool `{}` was changed", pool.name),
    };
    let change = KeyChange {
        key: key.clone(),
        old,
        new: Some(value.clone()),
    };
    Some(patch(
        Phase::Labels,
        name,
        node,
        (vec![change], None),
        reason,
    ))
}

fn taint_step(view: &View<'_>, pool: &NodePool, name: &str, node: &LiveNode) -> Option<Step> {
    let state = taint_state(view, pool, name, node);
    let due = matches!(state, KeyState::Missing | KeyState::Changed);
    let ours_to_set = pool.manages(&node.labels) == ManageTaint::Patch;
    if !due || !ours_to_set || !intolerant(view, pool).is_empty() {
        return None;
    }
    let wanted = Taint {
        key: pool.taint.key.clone(),
        value: Some(pool.taint.value.clone()),
        effect: pool.taint.effect.as_str().to_owned(),
        time_added: None,
    };
    let others = node
        .taints
        .iter()
        .filter(|taint| taint.key != pool.taint.key)
        .cloned();
    let new = others.chain([wanted]).collect();
    let taints = TaintPatch {
        old: node.taints.clone(),
        new,
    };
    let reason = format!("nodes of pool `{}` are dedicated to its zones", pool.name);
    Some(patch(
        Phase::Taint,
        name,
        node,
        (Vec::new(), Some(taints)),
        reason,
    ))
}

/// Takes back label and taint from a node that no pool selects any more.
fn release(view: &View<'_>, name: &str, node: &LiveNode) -> Option<Step> {
    let object = ObjectKey::node(name);
    let recorded = |field: &str| view.observed.is_recorded(&object, field, &node.uid);
    let keys = view
        .bundle
        .pools
        .iter()
        .map(|pool| (&pool.label.0, &pool.taint.key));
    let mut changes = Vec::new();
    let mut new = node.taints.clone();
    for (label, taint) in keys {
        let old = node.labels.get(label).cloned();
        if old.is_some() && recorded(&label_field(label)) {
            changes.push(KeyChange {
                key: label.clone(),
                old,
                new: None,
            });
        }
        if recorded(TAINT_FIELD) {
            new.retain(|live| live.key != *taint);
        }
    }
    let taints = (new != node.taints).then(|| TaintPatch {
        old: node.taints.clone(),
        new,
    });
    if changes.is_empty() && taints.is_none() {
        return None;
    }
    let reason = "no pool selects the node any more".to_owned();
    Some(patch(Phase::Taint, name, node, (changes, taints), reason))
}

fn patch(
    phase: Phase,
    name: &str,
    node: &LiveNode,
    (changes, taints): (Vec<KeyChange>, Option<TaintPatch>),
    reason: String,
) -> Step {
    let labels = LabelPatch {
        has_labels: !node.labels.is_empty(),
        changes,
    };
    let uid = node.uid.clone();
    let action = Action::PatchNode {
        name: name.to_owned(),
        uid,
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
