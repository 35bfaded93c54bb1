//! What we did in a cluster before, by the record and by what is still there.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_objects::policy::Direction;
use cofferdam_state::bundle::{Role, deny_name};

use super::View;

impl View<'_> {
    /// Whether we wrote denies of a namespace before, and every one that it is to hold: its pods are
    /// isolated or were meant to be.
    pub fn was_enforced(&self, namespace: &NamespaceName) -> bool {
        let denies = Direction::BOTH.map(|direction| {
            let deny = deny_name(direction);
            let was_written = self.has_written(namespace, &deny);
            let key = (namespace.clone(), deny);
            let is_wanted = self.bundle.policies.contains_key(&key);
            (was_written, is_wanted)
        });
        denies.iter().any(|(was_written, _)| *was_written)
            && denies
                .iter()
                .all(|(was_written, is_wanted)| *was_written || !is_wanted)
    }

    /// The denies of the bundle that are not there, in namespaces that are.
    pub(crate) fn missing_denies(&self) -> impl Iterator<Item = ObjectKey> + '_ {
        let denies = self.bundle.policies.iter();
        let denies = denies.filter(|(_, policy)| matches!(policy.role, Role::Deny(_)));
        let missing = denies.filter(|((namespace, name), _)| {
            let key = (namespace.to_string(), name.clone());
            let live = self.observed.policies.known();
            let is_there = live.is_none_or(|live| live.contains_key(&key));
            !is_there && self.namespace(namespace.as_str()).is_some()
        });
        missing.map(|((namespace, name), _)| ObjectKey::policy(namespace.as_str(), name))
    }

    fn has_written(&self, namespace: &NamespaceName, name: &str) -> bool {
        let object = ObjectKey::policy(namespace.as_str(), name);
        let record = self.record();
        record.is_some_and(|record| record.has_written(&object, ""))
    }

    /// Whether both denies of a namespace are in place already.
    pub fn is_enforced_already(&self, namespace: &NamespaceName) -> bool {
        let ours = self.our_policies(namespace.as_str());
        Direction::BOTH.into_iter().all(|direction| {
            let deny = ours.get(deny_name(direction).as_str());
            deny.is_some_and(|live| !live.terminating)
        })
    }

    /// Whether a name of the bundle is held by an object that is not ours, in a namespace that was not
    /// enforced before: nothing is isolated there until it is given back.
    pub fn is_held_up_by_others(&self, namespace: &NamespaceName) -> bool {
        let wanted = self.wanted_policies(namespace);
        let mut names = wanted.keys();
        names.any(|name| self.is_held_by_others(namespace.as_str(), name))
            && !self.was_enforced(namespace)
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

    /// Namespaces that we isolated because no zone holds them, and that are to be isolated no longer:
    /// what is ours there says that it comes from a trust domain, and nothing that it comes from a zone
    /// or flow. What left a zone stays as last applied.
    pub fn released(&self) -> BTreeSet<NamespaceName> {
        let governed = self.governed();
        let mut found: BTreeMap<NamespaceName, BTreeSet<&str>> = BTreeMap::new();
        for ((namespace, name), live) in self.policies() {
            let Ok(namespace) = NamespaceName::parse(namespace) else {
                continue;
            };
            let system = self.bundle.system_namespaces.contains(&namespace);
            if system || governed.contains(&namespace) {
                continue;
            }
            if self.is_ours(namespace.as_str(), name) {
                let source = live.annotations.get(keys::SOURCE);
                let kind = source.and_then(|source| source.split('/').next());
                found
                    .entry(namespace)
                    .or_default()
                    .insert(kind.unwrap_or_default());
            }
        }
        // Where names are resolved comes from the model as a whole.
        let isolating = |kind: &&str| matches!(*kind, "TrustDomain" | "ZoneModel");
        found.retain(|_, kinds| kinds.contains("TrustDomain") && kinds.iter().all(isolating));
        found.into_keys().collect()
    }
}
