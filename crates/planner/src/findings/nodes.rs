//! Node pools: labels and taints of their nodes.

use std::collections::BTreeSet;

use cofferdam_model::node_pool::{ManageTaint, NodePool, TaintEffect};
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::REGISTERED;
use cofferdam_objects::managed_fields::{Claim, last_writer};
use cofferdam_state::finding::{Author, Class, Effect, Finding};
use k8s_openapi::api::core::v1::{Taint, Toleration};
use serde_json::Value;

use super::namespaces::HELD;
use super::{Judged, finding};
use crate::guards::{can_pin, is_pinned, told_pod, told_template};
use crate::pools::{PooledNode, nodes, taint_of};
use crate::provider::taint_command;
use crate::view::{KeyState, View};
use cofferdam_model::count::listed;

/// `node-pool`, and `changed` and `conflict` of pool labels and taints.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.observed.nodes.known().is_none() {
        return Vec::new();
    }
    let all: Vec<PooledNode<'_>> = nodes(view).collect();
    let mut found = Vec::new();
    for pool in &view.bundle.pools {
        let members = all
            .iter()
            .filter(|node| node.pools.iter().any(|one| one.name == pool.name));
        let members: Vec<&PooledNode<'_>> = members.collect();
        found.extend(whole_pool(view, pool, &members));
        for node in members.into_iter().filter(|node| node.pools.len() == 1) {
            found.extend(label(view, pool, node));
            if view.bundle.is_pool_tainted(pool) {
                found.extend(taint(view, pool, node));
            }
        }
    }
    found.extend(all.iter().filter_map(|node| contested(view, node)));
    found.extend(all.iter().filter_map(|node| stale(view, node)));
    found
}

/// What is wrong with a pool as a whole.
fn whole_pool(view: &View<'_>, pool: &NodePool, members: &[&PooledNode<'_>]) -> Vec<Finding> {
    let object = ObjectKey::cluster(view.bundle.cluster.as_str());
    let mut found = Vec::new();
    if !members.iter().any(|node| node.live.ready) {
        let message = format!("pool `{}` selects no ready node", pool.name);
        let hint = format!(
            "mend `spec.nodes` of NodePool `{}`, or its nodes",
            pool.name
        );
        found.push(finding(view, Class::NodePool, object.clone(), message).with_hint(&hint));
    }
    if !view.bundle.is_pool_tainted(pool) {
        return found;
    }
    let held = intolerant(view, pool);
    if held.is_empty() {
        return found;
    }
    let told = listed(held.iter().map(String::as_str));
    let tainted = |node: &&PooledNode<'_>| node.taint_state(pool) == KeyState::InSync;
    let waits = members.iter().any(|node| !tainted(node)).then(|| {
        format!(
            "the taint of pool `{}` is held back: {told} would not tolerate it",
            pool.name
        )
    });
    let keeps_out = members.iter().any(tainted).then(|| {
        format!(
            "nodes of pool `{}` keep its own zones out: {told} do not tolerate its taint, and new pods of theirs do \
             not run there",
            pool.name
        )
    });
    let hint = toleration_hint(pool, members.iter().copied());
    let messages = waits.into_iter().chain(keeps_out);
    found.extend(
        messages.map(|message| {
            finding(view, Class::NodePool, object.clone(), message).with_hint(&hint)
        }),
    );
    found
}

/// What lets a taint be written: that what runs there tolerates it, and what it is to replace until then.
pub(crate) fn toleration_hint<'a>(
    pool: &NodePool,
    nodes: impl IntoIterator<Item = &'a PooledNode<'a>>,
) -> String {
    let nodes = nodes.into_iter();
    let old: BTreeSet<String> = nodes
        .flat_map(PooledNode::taints_to_replace)
        .map(|taint| format!("`{}`", taint_text(taint)))
        .collect();
    let new = pool_taint_text(pool);
    if old.is_empty() {
        return format!("add a toleration for `{new}` to them");
    }
    let old: Vec<String> = old.into_iter().collect();
    format!(
        "add a toleration for `{new}` to them, beside that for {}, which stands until then",
        old.join(", ")
    )
}

/// The taint of a pool as kubectl writes it.
fn pool_taint_text(pool: &NodePool) -> String {
    taint_text(&taint_of(pool))
}

/// A taint as kubectl writes it.
pub(crate) fn taint_text(taint: &Taint) -> String {
    let Taint {
        key, value, effect, ..
    } = taint;
    match value.as_deref().unwrap_or_default() {
        "" => format!("{key}:{effect}"),
        value => format!("{key}={value}:{effect}"),
    }
}

/// A node that more than one pool selects: it is not written, for nobody knows whose it is.
fn contested(view: &View<'_>, node: &PooledNode<'_>) -> Option<Finding> {
    if node.pools.len() < 2 {
        return None;
    }
    let pools = node.pools.iter().map(|pool| format!("`{}`", pool.name));
    let pools: Vec<String> = pools.collect();
    let message = format!(
        "pools {} all select it, so it is left alone",
        pools.join(", ")
    );
    let one = finding(view, Class::NodePool, node.object.clone(), message);
    Some(one.with_hint("narrow `nodes` of all of them but one"))
}

/// What we wrote on a node and no pool asks for any more. A node that two pools select is not written.
fn stale(view: &View<'_>, node: &PooledNode<'_>) -> Option<Finding> {
    // A node that has just registered is told as one that is not yet labelled.
    let registered = |key: &str| key == REGISTERED && !node.pools.is_empty();
    let labels = node.stale_labels().filter(|(key, _)| !registered(key));
    let labels = labels.map(|(key, value)| Difference {
        path: format!("metadata.labels[{key}]"),
        want: None,
        have: Some(Value::String(value.clone())),
    });
    let taints = node.stale_taints().map(|taint| Difference {
        path: "spec.taints".to_owned(),
        want: None,
        have: Some(Value::String(taint_text(taint))),
    });
    let fields: Vec<Difference> = labels.chain(taints).collect();
    if fields.is_empty() {
        return None;
    }
    let held = node.stale_taints().next().is_some() && node.waits_for_taint(None);
    let hint = if node.pools.len() > 1 {
        "it stays while more than one pool selects the node"
    } else if held {
        "it stays until the taint of the pool is in place"
    } else {
        "`cofferdam apply` takes it back"
    };
    let message = "no pool asks for what we wrote on this node any more".to_owned();
    let one = finding(view, Class::NodePool, node.object.clone(), message);
    Some(Finding {
        fields,
        ..one.with_hint(hint)
    })
}

/// The pods and workloads of the pool's zones that the taint would keep from its nodes, or drive away. Where
/// they are not known, one entry says so.
///
/// A pin makes new pods tolerate the taint; those that run are not touched by it, unless it evicts.
pub fn intolerant(view: &View<'_>, pool: &NodePool) -> BTreeSet<String> {
    intolerant_if(view, pool, can_pin(view, pool))
}

/// The same, by whether the pool can be pinned to.
pub(crate) fn intolerant_if(view: &View<'_>, pool: &NodePool, can_pin: bool) -> BTreeSet<String> {
    let evicts = pool.taint.effect == TaintEffect::NoExecute;
    let in_zones = |namespace: &str| {
        view.wanted_namespace(namespace)
            .is_some_and(|wanted| pool.zones.contains(&wanted.zone))
    };
    let is_bound = |namespace: &str| can_pin && is_pinned(view, pool, namespace);
    let (Some(pods), Some(templates)) =
        (view.observed.pods.known(), view.observed.templates.known())
    else {
        return ["pods or workloads that could not be read".to_owned()].into();
    };
    let pods = pods
        .iter()
        .filter(|pod| in_zones(&pod.namespace) && !pod.finished)
        .filter(|pod| evicts || !is_bound(&pod.namespace))
        .filter(|pod| !tolerates(&pod.tolerations, pool))
        .map(told_pod);
    let templates = templates
        .iter()
        .filter(|template| in_zones(&template.namespace) && !is_bound(&template.namespace))
        .filter(|template| !tolerates(&template.tolerations, pool))
        .map(told_template);
    pods.chain(templates).collect()
}

fn label(view: &View<'_>, pool: &NodePool, node: &PooledNode<'_>) -> Option<Finding> {
    let (key, value) = &pool.label;
    let by = last_writer(&node.live.managed_fields, &["metadata", "labels", key]);
    let there = node.live.labels.contains_key(key);
    let (class, message) = match node.label_state(pool) {
        KeyState::InSync => return None,
        KeyState::Missing => (Class::NodePool, not_yet("labelled", pool)),
        KeyState::Changed => (Class::Changed, changed("label", pool, (there, by.as_ref()))),
        KeyState::Conflict => (Class::Conflict, held("label", pool)),
    };
    let field = Difference {
        path: format!("metadata.labels[{key}]"),
        want: Some(Value::String(value.clone())),
        have: node.live.labels.get(key).cloned().map(Value::String),
    };
    let held = (class == Class::Conflict).then(|| HELD.to_owned());
    let one = about(view, (class, message), node, (field, by));
    Some(Finding { hint: held, ..one })
}

fn taint(view: &View<'_>, pool: &NodePool, node: &PooledNode<'_>) -> Option<Finding> {
    let by = last_writer(&node.live.managed_fields, &["spec", "taints"]);
    let found = node.taint_found(pool);
    let (class, message) = match node.taint_state(pool) {
        KeyState::InSync => return None,
        KeyState::Missing => (Class::NodePool, not_yet("tainted", pool)),
        KeyState::Changed => (
            Class::Changed,
            changed("taint", pool, (found.is_some(), by.as_ref())),
        ),
        KeyState::Conflict => (Class::Conflict, held("taint", pool)),
    };
    let labels = &node.live.labels;
    let hint = (pool.manages(labels) == ManageTaint::Report).then(|| {
        let name = &pool.name;
        let command = taint_command(pool, node.live).unwrap_or_else(|| {
            let taint = pool_taint_text(pool);
            format!("set taint `{taint}` where the pool is defined")
        });
        format!("{command}, or write `manage: patch` under `spec` of NodePool `{name}` to have it set here")
    });
    let held = (class == Class::Conflict).then(|| HELD.to_owned());
    let field = Difference {
        path: "spec.taints".to_owned(),
        want: Some(Value::String(pool_taint_text(pool))),
        have: found.map(|found| Value::String(taint_text(found))),
    };
    let one = about(view, (class, message), node, (field, by));
    Some(Finding {
        hint: held.or(hint),
        ..one
    })
}

fn not_yet(done: &str, pool: &NodePool) -> String {
    format!("not yet {done} for pool `{}`", pool.name)
}

/// What became of a key that we wrote, for this pool or for one before it: the record does not say which. With whether
/// it is there, and who else wrote it since.
fn changed(what: &str, pool: &NodePool, (is_there, by): (bool, Option<&Claim>)) -> String {
    let name = &pool.name;
    match (is_there, by) {
        (false, _) => {
            format!("the pool {what} that we wrote was removed; pool `{name}` asks for it")
        }
        (true, Some(_)) => {
            format!("the pool {what} that we wrote was changed; pool `{name}` asks for another")
        }
        (true, None) => format!(
            "it still has the {what} of another pool, or that of pool `{name}` by earlier documents"
        ),
    }
}

fn held(what: &str, pool: &NodePool) -> String {
    format!("another manager holds the {what} of pool `{}`", pool.name)
}

fn about(
    view: &View<'_>,
    (class, message): (Class, String),
    node: &PooledNode<'_>,
    (field, by): (Difference, Option<Claim>),
) -> Finding {
    // Who only never met the pool's wishes made no change.
    let changed = matches!(class, Class::Changed | Class::Conflict);
    Finding {
        fields: vec![field],
        by: by.filter(|_| changed).map(Author::from),
        ..finding(view, class, node.object.clone(), message).with_effect(Effect::Unknown, None)
    }
}

/// Whether tolerations match the pool's taint for sure, as the scheduler judges it.
fn tolerates(tolerations: &[Toleration], pool: &NodePool) -> bool {
    tolerates_taint(tolerations, &taint_of(pool))
}

/// Whether tolerations match the pool's taint, or may: the operators that compare numbers, and those that are yet
/// to come, are taken for matching.
pub(crate) fn may_tolerate(tolerations: &[Toleration], pool: &NodePool) -> bool {
    let taint = taint_of(pool);
    tolerations.iter().any(|one| matches(one, &taint, true))
}

/// Whether tolerations match a taint for sure, as the scheduler judges it.
pub(crate) fn tolerates_taint(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|one| matches(one, taint, false))
}

fn matches(toleration: &Toleration, taint: &Taint, by_other_operators: bool) -> bool {
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let key = toleration.key.as_deref().unwrap_or_default();
    let value = toleration.value.as_deref().unwrap_or_default();
    let same_key = key == taint.key;
    let of_key = match toleration.operator.as_deref().unwrap_or_default() {
        "" | "Equal" => same_key && value == taint.value.as_deref().unwrap_or_default(),
        "Exists" => same_key || key.is_empty(),
        _ => same_key && by_other_operators,
    };
    (effect.is_empty() || effect == taint.effect) && of_key
}
