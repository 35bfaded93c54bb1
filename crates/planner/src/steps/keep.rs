//! Which entries of the record stay: those of what is still there and is ours.

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::digest::digest;
use cofferdam_state::observed::LiveNode;
use cofferdam_state::plan::{TAINT_FIELD, label_field};
use cofferdam_state::record::entry_key;

use crate::findings::has_taint;
use crate::view::View;

/// Entries for everything of ours that is in the cluster, whether or not it is as wanted.
///
/// An entry whose object is gone is dropped, so that what somebody makes under that name later is not
/// taken for ours. What a pass that was cut off may have written counts as ours where it is as wanted.
pub(super) fn kept(view: &View<'_>) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for ((namespace, name), live) in view.policies() {
        if view.is_ours(namespace, name, live) {
            let object = ObjectKey::policy(namespace, name);
            kept.insert(entry_key(&object, ""), digest(&live.uid));
        }
    }
    for (name, live) in view.observed.namespaces.known().into_iter().flatten() {
        let wanted = view.wanted_namespace(name);
        let object = ObjectKey::namespace(name);
        for key in keys::NAMESPACE_KEYS {
            let wanted = wanted.and_then(|wanted| {
                wanted
                    .labels
                    .get(key)
                    .or_else(|| wanted.labels_if_absent.get(key))
            });
            if keeps_label(view, (&object, &live.uid), key, wanted, &live.labels) {
                kept.insert(entry_key(&object, &label_field(key)), digest(&live.uid));
            }
        }
    }
    for (name, node) in view.observed.nodes.known().into_iter().flatten() {
        let object = ObjectKey::node(name);
        for pool in &view.bundle.pools {
            let selected = pool.selects(name, &node.labels, &node.provider_id);
            let (key, value) = &pool.label;
            let wanted = selected.then_some(value);
            if keeps_label(view, (&object, &node.uid), key, wanted, &node.labels) {
                kept.insert(entry_key(&object, &label_field(key)), digest(&node.uid));
            }
            if keeps_taint(view, &object, node, pool) {
                kept.insert(entry_key(&object, TAINT_FIELD), digest(&node.uid));
            }
        }
    }
    kept
}

fn keeps_label(
    view: &View<'_>,
    (object, uid): (&ObjectKey, &str),
    key: &str,
    wanted: Option<&String>,
    live: &Labels,
) -> bool {
    let field = label_field(key);
    let as_wanted = wanted.is_some() && live.get(key) == wanted;
    let concerns_us = wanted.is_some() || live.contains_key(key);
    (view.observed.is_recorded(object, &field, uid) && concerns_us)
        || (as_wanted && (keys::is_ours(key) || view.observed.is_pending(object, &field)))
}

fn keeps_taint(view: &View<'_>, object: &ObjectKey, node: &LiveNode, pool: &NodePool) -> bool {
    let there = has_taint(pool, node);
    let selected = pool.selects(&object.name, &node.labels, &node.provider_id);
    let recorded = view.observed.is_recorded(object, TAINT_FIELD, &node.uid);
    let pending = view.observed.is_pending(object, TAINT_FIELD);
    (recorded && (there || selected)) || (pending && there)
}
