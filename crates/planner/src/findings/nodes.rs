//! Node pools: labels and taints of their nodes.

use std::collections::BTreeSet;

use cofferdam_model::node_pool::{CLOUD_POOL_LABELS, ManageTaint, NodePool};
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding};
use cofferdam_state::observed::LiveNode;
use cofferdam_state::plan::TAINT_FIELD;
use k8s_openapi::api::core::v1::Toleration;
use serde_json::Value;

use super::{Judged, finding};
use crate::view::{KeyState, View};

/// `node-pool`, and `changed` and `conflict` of pool labels and taints.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let Some(nodes) = view.observed.nodes.known() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for pool in &view.bundle.pools {
        let members: Vec<(&String, &LiveNode)> = nodes
            .iter()
            .filter(|(name, node)| pool.selects(name, &node.labels, &node.provider_id))
            .collect();
        let object = ObjectKey::cluster(view.bundle.cluster.as_str());
        if !members.iter().any(|(_, node)| node.ready) {
            let message = format!("pool `{}` selects no ready node", pool.name);
            found.push(finding(view, Class::NodePool, object.clone(), message));
        }
        let held = intolerant(view, pool);
        let untainted = members.iter().any(|(_, node)| !has_taint(pool, node));
        if untainted && !held.is_empty() {
            let message = format!(
                "the taint of pool `{}` is held back: {} would not tolerate it",
                pool.name,
                held.iter().cloned().collect::<Vec<_>>().join(", ")
            );
            let hint = format!(
                "add a toleration for `{}={}:{}` to them",
                pool.taint.key,
                pool.taint.value,
                pool.taint.effect.as_str()
            );
            found.push(finding(view, Class::NodePool, object, message).with_hint(&hint));
        }
        for (name, node) in members {
            found.extend(label(view, pool, name, node));
            found.extend(taint(view, pool, name, node));
        }
    }
    found
}

/// The pods and workloads of the pool's zones that do not tolerate its taint. Where they are not
/// known, one entry says so.
pub fn intolerant(view: &View<'_>, pool: &NodePool) -> BTreeSet<String> {
    let in_zones = |namespace: &str| {
        view.wanted_namespace(namespace)
            .is_some_and(|wanted| pool.zones.contains(&wanted.zone))
    };
    let (Some(pods), Some(templates)) =
        (view.observed.pods.known(), view.observed.templates.known())
    else {
        return ["pods or workloads that could not be read".to_owned()].into();
    };
    let pods = pods
        .iter()
        .filter(|pod| in_zones(&pod.namespace) && !pod.finished)
        .filter(|pod| !tolerates(&pod.tolerations, pool))
        .map(|pod| format!("Pod/{}/{}", pod.namespace, pod.name));
    let templates = templates
        .iter()
        .filter(|template| in_zones(&template.namespace))
        .filter(|template| !tolerates(&template.tolerations, pool))
        .map(|template| {
            let (kind, name) = template.workload.split_once('/').unwrap_or_default();
            format!("{kind}/{}/{name}", template.namespace)
        });
    pods.chain(templates).collect()
}

/// Whether a node carries the pool's taint.
pub(crate) fn has_taint(pool: &NodePool, node: &LiveNode) -> bool {
    node.taints.iter().any(|taint| {
        taint.key == pool.taint.key
            && taint.value.as_deref().unwrap_or_default() == pool.taint.value
            && taint.effect == pool.taint.effect.as_str()
    })
}

/// How the pool's taint is found on a node.
pub(crate) fn taint_state(
    view: &View<'_>,
    pool: &NodePool,
    name: &str,
    node: &LiveNode,
) -> KeyState {
    let recorded = view
        .observed
        .is_recorded(&ObjectKey::node(name), TAINT_FIELD, &node.uid);
    if has_taint(pool, node) {
        return KeyState::InSync;
    }
    match (
        recorded,
        node.taints.iter().any(|taint| taint.key == pool.taint.key),
    ) {
        (true, _) => KeyState::Changed,
        (false, true) => KeyState::Conflict,
        (false, false) => KeyState::Missing,
    }
}

/// Whether tolerations match the pool's taint, as the scheduler judges it.
fn tolerates(tolerations: &[Toleration], pool: &NodePool) -> bool {
    tolerations.iter().any(|toleration| {
        let effect = toleration.effect.as_deref().unwrap_or_default();
        let key = toleration.key.as_deref().unwrap_or_default();
        let value = toleration.value.as_deref().unwrap_or_default();
        let exists = toleration.operator.as_deref() == Some("Exists");
        (effect.is_empty() || effect == pool.taint.effect.as_str())
            && ((key.is_empty() && exists)
                || (key == pool.taint.key && (exists || value == pool.taint.value)))
    })
}

fn label(view: &View<'_>, pool: &NodePool, name: &str, node: &LiveNode) -> Option<Finding> {
    let (key, value) = &pool.label;
    let object = ObjectKey::node(name);
    let (class, message) =
        match view.key_state((&object, &node.uid), key, value, node.labels.get(key)) {
            KeyState::InSync => return None,
            KeyState::Missing => (Class::NodePool, "not yet labelled for the pool"),
            KeyState::Changed => (Class::Changed, "the pool label was changed or removed"),
            KeyState::Conflict => (Class::Conflict, "another manager holds the pool label"),
        };
    let message = format!("{message} `{}`", pool.name);
    let field = Difference {
        path: format!("metadata.labels[{key}]"),
        want: Some(Value::String(value.clone())),
        have: node.labels.get(key).cloned().map(Value::String),
    };
    let one = finding(view, class, object, message).with_effect(Effect::Unknown, None);
    Some(Finding {
        fields: vec![field],
        ..one
    })
}

fn taint(view: &View<'_>, pool: &NodePool, name: &str, node: &LiveNode) -> Option<Finding> {
    let object = ObjectKey::node(name);
    let wanted = format!(
        "{}={}:{}",
        pool.taint.key,
        pool.taint.value,
        pool.taint.effect.as_str()
    );
    let (class, message) = match taint_state(view, pool, name, node) {
        KeyState::InSync => return None,
        KeyState::Changed => (Class::Changed, "the pool taint was changed or removed"),
        KeyState::Conflict => (Class::Conflict, "another manager holds the pool taint"),
        KeyState::Missing => (Class::NodePool, "not yet tainted for the pool"),
    };
    let message = format!("{message} `{}`", pool.name);
    let hint = match pool.manages(&node.labels) {
        ManageTaint::Patch => None,
        ManageTaint::Report => {
            let owner = CLOUD_POOL_LABELS
                .iter()
                .find(|key| node.labels.contains_key(**key));
            Some(format!(
                "set taint `{wanted}` where the pool is defined{}",
                owner.map(|key| format!(" (`{key}`)")).unwrap_or_default()
            ))
        }
    };
    let field = Difference {
        path: "spec.taints".to_owned(),
        want: Some(Value::String(wanted)),
        have: None,
    };
    let one = finding(view, class, object, message).with_effect(Effect::Unknown, None);
    Some(Finding {
        fields: vec![field],
        hint,
        ..one
    })
}
