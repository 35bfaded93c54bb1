//! Which entries of the record stay: those of what is still there and is ours.

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::bundle::Role;
use cofferdam_state::digest::digest;
use cofferdam_state::plan::{
    ISOLATED_FIELD, content_field, denied_field, label_field, taint_field,
};
use cofferdam_state::record::entry_key;

use crate::left_behind::lost_denies;
use crate::pools::{nodes, taint_of};
use crate::view::{KeyState, PolicyState, View};

/// Entries for everything of ours that is in the cluster, whether or not it is as wanted.
///
/// An entry whose object is gone is dropped, so that what somebody makes under that name later is not
/// taken for ours; not that of a deny which nobody asks for and nobody should have deleted: it is told until
/// all that is ours is gone there. What a pass that was cut off may have written counts as ours where it
/// is as wanted.
pub(crate) fn kept(view: &View<'_>) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for ((namespace, name), live) in view.policies() {
        if view.is_ours(namespace, name) {
            let object = ObjectKey::policy(namespace, name);
            let key = entry_key(&object, "");
            // Until we have written it, what somebody made again is not what we recorded.
            let known = view.record().and_then(|record| record.entries.get(&key));
            let uid = known.filter(|_| view.is_remade(&object, live)).cloned();
            kept.insert(key, uid.unwrap_or_else(|| digest(&live.uid)));
        }
    }
    kept.extend(denied(view));
    kept.extend(isolated(view));
    kept.extend(admitted(view));
    kept.extend(lost(view));
    kept.extend(crate::guards::kept(view));
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
    for node in nodes(view) {
        let labels = node.live.labels.keys().map(String::as_str);
        let pooled = node.pools.iter().map(|pool| pool.label.0.as_str());
        let uid = &node.live.uid;
        for key in labels.chain(pooled) {
            let mut asked = node.pools.iter().map(|pool| &pool.label);
            let wanted = asked
                .find(|(asked, _)| asked == key)
                .map(|(_, value)| value);
            if keeps_label(view, (&node.object, uid), key, wanted, &node.live.labels) {
                kept.insert(entry_key(&node.object, &label_field(key)), digest(uid));
            }
        }
        let tainting = node.tainting();
        let as_wanted = tainting.filter(|pool| node.taint_state(pool) == KeyState::InSync);
        let as_wanted: Vec<String> = as_wanted.map(|pool| taint_field(&taint_of(pool))).collect();
        let wanted = node.tainting().map(|pool| taint_field(&taint_of(pool)));
        let there = node.live.taints.iter().map(taint_field);
        for field in wanted.chain(there) {
            let pending = node.is_pending(&field) && as_wanted.contains(&field);
            if node.is_recorded(&field) || pending {
                kept.insert(entry_key(&node.object, &field), digest(uid));
            }
        }
    }
    kept
}

/// Denies that are missing in namespaces that left the model.
fn lost<'a>(view: &'a View<'_>) -> impl Iterator<Item = (String, String)> + 'a {
    let recorded = view.record().map(|record| &record.entries);
    lost_denies(view).into_iter().filter_map(move |object| {
        let key = entry_key(&object, "");
        let uid = recorded?.get(&key)?.clone();
        Some((key, uid))
    })
}

/// That namespaces are denied, or were and are to be again: until then they are healed and not cut over,
/// which waits for whatever is in the way.
fn denied<'a>(view: &'a View<'_>) -> impl Iterator<Item = (String, String)> + 'a {
    let denies = view.bundle.policies.iter();
    let denies = denies.filter_map(|((namespace, _), policy)| match policy.role {
        Role::Deny(direction) => Some((namespace, direction)),
        Role::Allow | Role::Open(_) => None,
    });
    denies.filter_map(move |(namespace, direction)| {
        let live = view.namespace(namespace.as_str())?;
        let is_or_was =
            view.is_denied(namespace, direction) || view.was_denied(namespace, direction);
        let object = ObjectKey::namespace(namespace.as_str());
        let key = entry_key(&object, &denied_field(direction));
        is_or_was.then(|| (key, digest(&live.uid)))
    })
}

/// That namespaces are isolated as ones that no zone holds, from before the first write until all that is
/// ours there is gone or a zone holds them. One that a zone held counts only when nothing is left of that:
/// were it to count earlier, a pass that was cut off would leave the zone's own denies to be taken back.
fn isolated<'a>(view: &'a View<'_>) -> impl Iterator<Item = (String, String)> + 'a {
    let live = view.observed.namespaces.known().into_iter().flatten();
    live.filter_map(move |(name, live)| {
        let namespace = NamespaceName::parse(name).ok()?;
        let of_nobody = view.wanted_namespace(name).is_none();
        let is_or_was = view.is_isolated_as_wanted(&namespace)
            || (view.was_isolated(name) && !view.our_policies(name).is_empty());
        let key = entry_key(&ObjectKey::namespace(name), ISOLATED_FIELD);
        (of_nobody && is_or_was).then(|| (key, digest(&live.uid)))
    })
}

/// What was in place of the allows that nobody approved, and is asked for still: it is no new allow, whoever
/// deletes or edits it. Of whichever UID, so that nobody makes one of it by making its namespace anew.
fn admitted<'a>(view: &'a View<'_>) -> impl Iterator<Item = (String, String)> + 'a {
    let policies = view.bundle.policies.iter();
    let unapproved = policies.filter(|(_, policy)| policy.unapproved);
    unapproved.filter_map(move |((namespace, name), policy)| {
        let (place, field) = (namespace.as_str(), content_field(&policy.object));
        let object = ObjectKey::policy(place, name);
        let was_in_place = view
            .record()
            .is_some_and(|record| record.has_written(&object, &field));
        let in_place =
            was_in_place || view.policy_state(place, name, policy) == PolicyState::InSync;
        in_place.then(|| (entry_key(&object, &field), String::new()))
    })
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
