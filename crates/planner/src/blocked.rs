//! What the bundle asks for and nobody can write, because somebody else holds the name or the label.

use std::collections::BTreeMap;

use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;

use crate::view::{PolicyState, View};

/// Each object that is in the way, with why; nothing where policies or the record are unknown.
///
/// While anything is in the way, the bundle is not in place, however empty the plan.
pub fn blocked(view: &View<'_>) -> BTreeMap<ObjectKey, String> {
    if view.observed.policies.known().is_none() || view.observed.record.known().is_none() {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    for namespace in view.governed() {
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
    found
}

/// Whether a policy of the bundle cannot be written to a namespace because of its name.
pub(crate) fn is_name_held(view: &View<'_>, namespace: &NamespaceName) -> bool {
    in_the_way(view, namespace).next().is_some()
}

fn in_the_way<'a>(
    view: &'a View<'_>,
    namespace: &'a NamespaceName,
) -> impl Iterator<Item = (ObjectKey, String)> + 'a {
    let wanted = view.wanted_policies(namespace).into_iter();
    wanted.filter_map(|(name, policy)| {
        let why = match view.policy_state(namespace.as_str(), name, policy) {
            PolicyState::NameTaken => "somebody else's object has this name",
            PolicyState::Impostor => "it carries our label, but is not in our record",
            PolicyState::Missing
            | PolicyState::InSync
            | PolicyState::Changed(_)
            | PolicyState::Remade(_) => return None,
        };
        let object = ObjectKey::policy(namespace.as_str(), name);
        Some((object, why.to_owned()))
    })
}
