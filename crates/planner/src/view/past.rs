//! What we did in a cluster before, by the record and by what is still there.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::policy::Direction;
use cofferdam_state::bundle::{Bundle, Role, deny_name, open_name, role_of};
use cofferdam_state::detach::Scope;
use cofferdam_state::observed::{LivePolicy, Observed};
use cofferdam_state::plan::{ISOLATED_FIELD, denied_field};

use super::{PolicyState, View};

impl<'a> View<'a> {
    /// A cluster of which a bundle asks `nothing`, so that all that is ours in the scope is taken back. What
    /// somebody deleted and made again is theirs.
    pub(crate) fn taking_back(nothing: &'a Bundle, observed: &'a Observed, scope: &Scope) -> Self {
        let mut view = Self::new(nothing, observed, Delivery::Push);
        let theirs: Vec<(&str, &str)> = view
            .policies()
            .filter(|((namespace, name), live)| {
                view.is_ours(namespace, name)
                    && view.is_remade(&ObjectKey::policy(namespace, name), live)
            })
            .map(|((namespace, name), _)| (namespace.as_str(), name.as_str()))
            .collect();
        view.ours.retain(|policy| !theirs.contains(policy));
        let places = view.ours.iter().map(|(namespace, _)| *namespace);
        let places = places.filter(|name| scope.holds(&ObjectKey::namespace(name)));
        view.released = places
            .filter_map(|name| NamespaceName::parse(name).ok())
            .collect();
        view
    }
}

impl View<'_> {
    /// Whether the pods of a namespace were denied in a direction, with nothing of ours to keep them open:
    /// who is on the way there for the first time was not.
    pub fn was_denied(&self, namespace: &NamespaceName, direction: Direction) -> bool {
        let field = denied_field(direction);
        self.observed
            .is_recorded_of_namespace(namespace.as_str(), &field)
    }

    /// Whether the pods of a namespace are denied in a direction, with nothing of ours to keep them open.
    pub(crate) fn is_denied(&self, namespace: &NamespaceName, direction: Direction) -> bool {
        let ours = self.our_policies(namespace.as_str());
        has_deny(&ours, direction) && !ours.contains_key(open_name(direction).as_str())
    }

    /// Whether the pods of a namespace were denied in every direction in which they are to be.
    pub(crate) fn was_enforced(&self, namespace: &NamespaceName) -> bool {
        let denied = Direction::BOTH.into_iter();
        let mut denied = denied
            .filter(|direction| self.bundle.denies(namespace, *direction))
            .peekable();
        denied.peek().is_some() && denied.all(|direction| self.was_denied(namespace, direction))
    }

    fn has_written(&self, namespace: &NamespaceName, name: &str) -> bool {
        let object = ObjectKey::policy(namespace.as_str(), name);
        let record = self.record();
        record.is_some_and(|record| record.has_written(&object, ""))
    }

    /// Whether both denies of a namespace are in place already.
    pub fn is_enforced_already(&self, namespace: &NamespaceName) -> bool {
        let ours = self.our_policies(namespace.as_str());
        let mut directions = Direction::BOTH.into_iter();
        directions.all(|direction| has_deny(&ours, direction))
    }

    /// Whether a name of the bundle is held by an object that is not ours, in a namespace that was not
    /// enforced before: nothing is isolated there until it is given back.
    pub fn is_held_up_by_others(&self, namespace: &NamespaceName) -> bool {
        let wanted = self.wanted_policies(namespace);
        let mut names = wanted.keys();
        let healed = self.was_enforced(namespace);
        // Without an open policy that is to stay, the allows beside it would isolate.
        let waits = |name: &str| !healed || matches!(role_of(name), Role::Open(_));
        names.any(|name| waits(name) && self.is_held_by_others(namespace.as_str(), name))
    }

    /// Whether our policies stand in a namespace, or did when we last wrote there: who deletes them all
    /// does not rid it of them. What a GitOps controller applies, it applies everywhere.
    pub(super) fn is_governed_already(&self, namespace: &NamespaceName) -> bool {
        let ours = self.our_policies(namespace.as_str());
        let first = (namespace.clone(), String::new());
        let wanted = self.bundle.policies.range(first..);
        let mut wanted = wanted.take_while(|((of, _), _)| of == namespace);
        self.delivery == Delivery::Gitops
            || ours.values().any(|live| !live.terminating)
            || wanted.any(|((_, name), _)| self.has_written(namespace, name))
    }

    /// Namespaces that are to be isolated no longer, asked once: who is ours is known by now.
    pub(super) fn to_be_released(&self) -> BTreeSet<NamespaceName> {
        let governed = self.governed();
        let live = self.observed.namespaces.known().into_iter().flatten();
        let live = live.filter_map(|(name, _)| NamespaceName::parse(name).ok());
        let left = live.filter(|name| {
            !governed.contains(name) && !self.bundle.system_namespaces.contains(name)
        });
        let released = left.filter(|name| {
            self.was_isolated(name.as_str()) && !self.our_policies(name.as_str()).is_empty()
        });
        released.collect()
    }

    /// Whether the record says that we isolated a namespace because no zone held it.
    pub(crate) fn was_isolated(&self, name: &str) -> bool {
        self.observed.is_recorded_of_namespace(name, ISOLATED_FIELD)
    }

    /// Whether all that is ours in a namespace that no zone holds, if anything, is as whoever isolates such
    /// namespaces wants it: nothing is left of a zone that held it before.
    pub(crate) fn is_isolated_as_wanted(&self, namespace: &NamespaceName) -> bool {
        let wanted = self.wanted_policies(namespace);
        let place = namespace.as_str();
        let is_as_wanted = |name: &str| {
            let policy = wanted.get(name);
            policy
                .is_some_and(|policy| self.policy_state(place, name, policy) == PolicyState::InSync)
        };
        let ours = self.our_policies(place);
        !wanted.is_empty() && ours.into_keys().all(is_as_wanted)
    }
}

/// Whether a deny is among policies of ours, and stays.
fn has_deny(ours: &BTreeMap<&str, &LivePolicy>, direction: Direction) -> bool {
    let deny = ours.get(deny_name(direction).as_str());
    deny.is_some_and(|live| !live.terminating)
}
