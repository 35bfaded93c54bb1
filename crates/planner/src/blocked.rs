//! What the bundle asks for and nobody can write, because somebody else holds the name or the label,
//! or because what has the name is still being deleted.

use std::collections::BTreeMap;

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::Class;

use crate::guards::{GuardState, is_unrecorded, state};
use crate::steps::open_names_taken;
use crate::view::View;

/// Each object that is in the way, with why; nothing where policies or the record are unknown.
///
/// While anything is in the way, the bundle is not in place, however empty the plan.
pub fn blocked(view: &View<'_>) -> BTreeMap<ObjectKey, String> {
    if view.observed.policies.known().is_none() || view.observed.record.known().is_none() {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    for namespace in view.attended() {
        let Some(live) = view.namespace(namespace.as_str()) else {
            continue;
        };
        if live.terminating {
            continue;
        }
        if view.is_zone_in_conflict(namespace, live) {
            let why = "another manager gave it another zone label, so that it gets no policies";
            found.insert(ObjectKey::namespace(namespace.as_str()), why.to_owned());
        }
        found.extend(in_the_way(view, namespace));
    }
    let guards = view.bundle.guards.values();
    let objects = guards.flat_map(|guard| [&guard.policy, guard.binding(guard.level)]);
    let taken = objects.filter(|object| state(view, object) == GuardState::Taken);
    found.extend(taken.map(|object| {
        let why = if is_unrecorded(view, object) {
            NOT_IN_RECORD
        } else {
            NAME_TAKEN
        };
        (object.key(), why.to_owned())
    }));
    found
}

/// Objects of a bundle that a GitOps controller applies and that are not as it says; none for a
/// cluster that we write.
pub fn left_to_gitops(view: &View<'_>) -> Vec<ObjectKey> {
    if view.delivery == Delivery::Push {
        return Vec::new();
    }
    let classes = [Class::Missing, Class::Changed, Class::Conflict];
    let findings = crate::findings::of_manifests(view).into_iter();
    findings
        .filter(|finding| classes.contains(&finding.class))
        .map(|finding| finding.object)
        .collect()
}

/// Why what somebody else made is in the way.
pub(crate) const NAME_TAKEN: &str = "somebody else's object has this name";

/// Why what carries our label is in the way.
pub(crate) const NOT_IN_RECORD: &str = "it carries our label, but is not in our record";

/// Whether the record knows no policy of a namespace, as after it was lost: only then may all that carry our
/// label there be deleted at once, since none of them is one that we keep up.
pub(crate) fn is_record_lost(view: &View<'_>, namespace: &str) -> bool {
    view.our_policies(namespace).is_empty()
}

fn in_the_way<'a>(
    view: &'a View<'_>,
    namespace: &'a NamespaceName,
) -> impl Iterator<Item = (ObjectKey, String)> + 'a {
    let ours = view.our_policies(namespace.as_str()).into_iter();
    let dying = ours.filter(|(_, live)| live.terminating);
    let dying = dying.map(|(name, _)| {
        let why = "it is being deleted, and stands until its finalizers are removed";
        (ObjectKey::policy(namespace.as_str(), name), why.to_owned())
    });
    let names = view.wanted_policies(namespace).into_keys();
    let held = names.filter(|name| view.is_held_by_others(namespace.as_str(), name));
    let held = held.map(ToOwned::to_owned);
    let held = held.chain(open_names_taken(view, namespace)).map(|name| {
        let key = (namespace.to_string(), name.clone());
        let live = view.observed.policies.known().and_then(|all| all.get(&key));
        let why = if live.is_some_and(|live| view.carries_our_label(live)) {
            NOT_IN_RECORD
        } else {
            NAME_TAKEN
        };
        (ObjectKey::policy(namespace.as_str(), &name), why.to_owned())
    });
    dying.chain(held)
}
