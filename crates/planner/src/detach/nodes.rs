//! Taints of nodes, and their labels once nothing binds pods to these.

use std::collections::BTreeSet;

use cofferdam_model::labels::Labels;
use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::keys::REGISTERED;
use cofferdam_state::detach::Left;
use cofferdam_state::finding::Effect;
use cofferdam_state::plan::{
    Action, KeyChange, LabelPatch, Phase, Step, TaintPatch, label_field, taint_field,
};
use k8s_openapi::api::core::v1::Taint;

use super::keys::{REASON, Shared, taken_back};
use super::left;
use crate::findings::taint_text;
use crate::guards::told_template;
use crate::pools::{PooledNode, nodes, taint_of};
use crate::view::View;
use cofferdam_model::count::listed;

/// Takes back every taint and label that the record says we wrote and nobody changed since. `pools` tell the
/// values that taints had.
pub(super) fn steps(view: &View<'_>, pools: &[NodePool], theirs: &mut Vec<Left>) -> Vec<Step> {
    let mut steps = Vec::new();
    for node in nodes(view) {
        if let Some(taints) = untainted(&node, pools, theirs) {
            let reason = "the taint that we wrote is taken back".to_owned();
            steps.push(patch(
                Phase::Taint,
                &node,
                LabelPatch::default(),
                Some(taints),
                reason,
            ));
        }
        let recorded = |key: &&str| {
            let field = label_field(key);
            node.is_recorded(&field) || node.is_pending(&field)
        };
        let keys = node.live.labels.keys().map(String::as_str);
        let keys: Vec<&str> = keys.filter(recorded).collect();
        let shared = Shared {
            object: node.object.clone(),
            uid: &node.live.uid,
            labels: &node.live.labels,
            managed_fields: &node.live.managed_fields,
        };
        let labels = taken_back(view, &shared, &keys, theirs);
        if let Some(labels) = with_registered(labels, &node.live.labels) {
            steps.push(patch(
                Phase::Unlabel,
                &node,
                labels,
                None,
                REASON.to_owned(),
            ));
        }
    }
    steps
}

/// Beside these labels that which says which taint a node was given at registration.
fn with_registered(patch: Option<LabelPatch>, live: &Labels) -> Option<LabelPatch> {
    let Some(value) = live.get(REGISTERED) else {
        return patch;
    };
    let mut patch = patch.unwrap_or(LabelPatch {
        has_labels: true,
        changes: Vec::new(),
    });
    patch.changes.push(KeyChange {
        key: REGISTERED.to_owned(),
        old: Some(value.clone()),
        new: None,
    });
    Some(patch)
}

fn untainted(
    node: &PooledNode<'_>,
    pools: &[NodePool],
    theirs: &mut Vec<Left>,
) -> Option<TaintPatch> {
    let mut stays = Vec::new();
    for taint in &node.live.taints {
        let field = taint_field(taint);
        let values = pools.iter().map(taint_of);
        let values: Vec<Taint> = values.filter(|one| taint_field(one) == field).collect();
        let is_as_written = values.iter().any(|one| value(one) == value(taint));
        let ours = node.is_recorded(&field) && (values.is_empty() || is_as_written);
        let pending = node.is_pending(&field) && is_as_written;
        if ours || pending {
            continue;
        }
        if node.is_recorded(&field) {
            let reason = format!("taint `{}` was changed by somebody", taint_text(taint));
            theirs.push(left(&node.object, reason));
        }
        stays.push(taint.clone());
    }
    (stays.len() != node.live.taints.len()).then(|| TaintPatch {
        old: node.live.taints.clone(),
        new: stays,
    })
}

fn value(taint: &Taint) -> &str {
    taint.value.as_deref().unwrap_or_default()
}

fn patch(
    phase: Phase,
    node: &PooledNode<'_>,
    labels: LabelPatch,
    taints: Option<TaintPatch>,
    reason: String,
) -> Step {
    Step {
        phase,
        action: Action::PatchNode {
            name: node.object.name.clone(),
            uid: node.live.uid.clone(),
            labels,
            taints,
        },
        reason,
        effect: Effect::None,
        zone: None,
    }
}

/// That workloads ask for node labels that go, and find no node any more.
pub(super) fn selected(view: &View<'_>, steps: &[Step]) -> Option<String> {
    let unlabelled = steps.iter().flat_map(|step| step.action.node_labels());
    let keys: BTreeSet<&str> = unlabelled.map(|one| one.key.as_str()).collect();
    let templates = view.observed.templates.known().into_iter().flatten();
    let bound = templates.filter(|one| {
        one.node_selector
            .keys()
            .any(|key| keys.contains(key.as_str()))
    });
    let bound: Vec<String> = bound.map(told_template).collect();
    (!bound.is_empty()).then(|| {
        format!(
            "take our label out of the node selectors of {} first: no node has it any more, and new pods would wait",
            listed(bound.iter().map(String::as_str))
        )
    })
}
