//! Guard rails: the admission policies of a cluster, one file per rail.
//!
//! They are made of what the documents say alone, whoever runs, so that every writer compiles the same.
//! Namespaces are matched by `kubernetes.io/metadata.name`, which nobody can change, and never by
//! `matchConditions` on `namespaceObject`, which fail for every request.

mod cel;
mod daemon_sets;
mod draft;
mod faults;
mod namespaces;
mod nodes;
mod objects;
mod pin;
mod pods;
mod probes;
mod registration;
mod subjects;

pub use faults::guard_faults;

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::names::{NamespaceName, PoolName};
use cofferdam_model::node_pool::NodePool;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::keys;
use cofferdam_state::bundle::DesiredNamespace;
use cofferdam_state::guard::{DesiredGuard, GuardLevel, Rail};

use crate::backend::Scope;

/// What rails are compiled from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// The model as seen from the cluster.
    pub(crate) scope: &'a Scope<'a>,
    /// The namespaces of its zones.
    pub(crate) namespaces: &'a BTreeMap<NamespaceName, DesiredNamespace>,
    /// Its pools, each with how far it is taken.
    pub(crate) pools: &'a [(&'a NodePool, Enforcement)],
    /// Namespaces that are never touched.
    pub(crate) system_namespaces: &'a BTreeSet<NamespaceName>,
}

impl Ground<'_> {
    /// Names of the namespaces of a pool's zones, however far they are taken.
    fn namespaces_of(&self, pool: &NodePool) -> BTreeSet<&str> {
        let all = self.namespaces.iter();
        all.filter(|(_, wanted)| pool.zones.contains(&wanted.zone))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Names of the namespaces whose pods are bound to a pool: those that are enforced.
    fn pinned_namespaces_of(&self, pool: &NodePool) -> BTreeSet<&str> {
        let all = self.namespaces.iter();
        all.filter(|(_, wanted)| pool.zones.contains(&wanted.zone))
            .filter(|(_, wanted)| wanted.enforcement == Enforcement::Enforce)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Names of system namespaces, that of probes aside: every rail about pods is tried out there.
    fn system(&self) -> BTreeSet<&str> {
        let detected = self.system_namespaces.iter().map(NamespaceName::as_str);
        let all = detected.chain(keys::NEVER_HELD_UP);
        all.filter(|name| *name != keys::PROBE_NAMESPACE).collect()
    }

    /// As far as the namespace that is taken furthest; none where nothing is written at all.
    fn level(&self) -> Option<GuardLevel> {
        let furthest = self.namespaces.values().map(|wanted| wanted.enforcement);
        match furthest.max()? {
            Enforcement::Observe => None,
            Enforcement::Stage => Some(GuardLevel::Audit),
            Enforcement::Enforce => Some(GuardLevel::Deny),
        }
    }
}

/// The guard rails of a cluster by name; none where no zone is taken further than `observe`, and none where
/// its document names no writers: whom they are to let pass is not for us to guess.
pub(crate) fn guards(ground: &Ground<'_>) -> BTreeMap<String, DesiredGuard> {
    let Some(level) = ground.level() else {
        return BTreeMap::new();
    };
    if ground.scope.cluster.guards.writers.is_empty() {
        return BTreeMap::new();
    }
    let mut drafts = vec![probes::rail(), namespaces::rail(), nodes::rail(ground)];
    drafts.extend(objects::rails());
    let dedicated = ground.pools.iter();
    for (pool, _) in dedicated.filter(|(_, level)| *level == Enforcement::Enforce) {
        drafts.push(pods::rail(ground, pool));
        drafts.push(pin::rail(ground, pool));
        drafts.push(daemon_sets::rail(ground, pool));
        drafts.extend(registration::rail(ground, pool));
    }
    let guards = drafts.into_iter().map(|draft| draft.finish(ground, level));
    guards
        .map(|guard| (guard.name().to_owned(), guard))
        .collect()
}

/// Which guard rail of ours has a name, with the name of its pool where it is about one; none where no rail is
/// called so.
pub fn rail_named(name: &str) -> Option<(Rail, Option<&str>)> {
    let everywhere = [
        (probes::NAME, Rail::Probes),
        (namespaces::NAME, Rail::Namespaces),
        (nodes::NAME, Rail::Nodes),
    ];
    let of_pools = [
        (pods::WHAT, Rail::Pods),
        (pin::WHAT, Rail::Pin),
        (daemon_sets::WHAT, Rail::DaemonSets),
        (registration::WHAT, Rail::Registration),
    ];
    let whole = everywhere.into_iter().chain(objects::RAILS);
    let mut whole = whole.filter(|(known, _)| *known == name);
    let about = |(what, rail): (&str, Rail)| {
        let pool = draft::pool_named(what, name)?;
        Some((rail, Some(pool)))
    };
    let found = whole.next().map(|(_, rail)| (rail, None));
    found.or_else(|| of_pools.into_iter().find_map(about))
}

/// Names of every guard rail that a cluster with these pools may come to have, for rights by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuardNames {
    /// Of policies that refuse, and of their bindings.
    pub refusing: BTreeSet<String>,
    /// Of policies that change what is admitted, and of their bindings.
    pub changing: BTreeSet<String>,
}

/// The names of guard rails for pools of these names, whether or not they are asked for yet, or still.
pub fn guard_names<'a>(pools: impl IntoIterator<Item = &'a PoolName>) -> GuardNames {
    let everywhere = [probes::NAME, namespaces::NAME, nodes::NAME].into_iter();
    let everywhere = everywhere.chain(objects::RAILS.map(|(name, _)| name));
    let mut names = GuardNames {
        refusing: everywhere.map(ToOwned::to_owned).collect(),
        changing: BTreeSet::new(),
    };
    for pool in pools {
        let refusing = [pods::WHAT, daemon_sets::WHAT];
        let changing = [pin::WHAT, registration::WHAT];
        let of_pool = |what: &&str| draft::name_for(what, pool);
        names.refusing.extend(refusing.iter().map(of_pool));
        names.changing.extend(changing.iter().map(of_pool));
    }
    names
}
