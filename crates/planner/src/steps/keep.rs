//! Which entries of the record stay: those of what is still there, under the UID that we know.

use std::collections::BTreeMap;

use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::digest::digest;
use cofferdam_state::plan::{TAINT_FIELD, label_field};
use cofferdam_state::record::entry_key;

use crate::findings::intolerant;
use crate::view::View;

/// Entries for everything of ours that is in the cluster, whether or not it is as wanted.
///
/// An entry whose object is gone is dropped, so that what somebody makes under that name later is not
/// taken for ours.
pub(super) fn kept(view: &View<'_>) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    let mut keep = |object: &ObjectKey, field: &str, uid: &str| {
        if view.observed.is_recorded(object, field) {
            kept.insert(entry_key(object, field), digest(uid));
        }
    };
    for ((namespace, name), live) in view.policies() {
        keep(&ObjectKey::policy(namespace, name), "", &live.uid);
    }
    let pool_keys = view.bundle.pools.iter().map(|pool| pool.label.0.as_str());
    let pool_keys: Vec<&str> = pool_keys.collect();
    for (name, node) in view.observed.nodes.known().into_iter().flatten() {
        let object = ObjectKey::node(name);
        for key in &pool_keys {
            keep(&object, &label_field(key), &node.uid);
        }
        keep(&object, TAINT_FIELD, &node.uid);
    }
    for (name, live) in view.observed.namespaces.known().into_iter().flatten() {
        let object = ObjectKey::namespace(name);
        for key in keys::NAMESPACE_KEYS {
            keep(&object, &label_field(key), &live.uid);
        }
    }
    kept.extend(already_as_wanted(view));
    kept
}

/// Keys in our own domain that have the wanted value already: a pass that was cut off wrote them, or
/// somebody who knew it would be.
fn already_as_wanted(view: &View<'_>) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for (name, wanted) in &view.bundle.namespaces {
        let Some(live) = view.namespace(name.as_str()) else {
            continue;
        };
        for (key, value) in wanted.labels.iter().filter(|(key, _)| keys::is_ours(key)) {
            if live.labels.get(key) == Some(value) {
                let object = ObjectKey::namespace(name.as_str());
                entries.push((entry_key(&object, &label_field(key)), digest(&live.uid)));
            }
        }
    }
    for pool in &view.bundle.pools {
        let held = !intolerant(view, pool).is_empty();
        for (name, node) in view.observed.nodes.known().into_iter().flatten() {
            let (key, value) = &pool.label;
            let selected = pool.selects(name, &node.labels, &node.provider_id);
            if selected && !held && node.labels.get(key) == Some(value) && keys::is_ours(key) {
                let object = ObjectKey::node(name);
                entries.push((entry_key(&object, &label_field(key)), digest(&node.uid)));
            }
        }
    }
    entries
}
