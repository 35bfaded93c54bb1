//! Which node pools a cluster gets, and how far they are taken.

use cofferdam_model::node_pool::NodePool;
use cofferdam_model::zone::Enforcement;

use crate::backend::Scope;

/// The pools of the cluster's trust domain of which something is written, each with how far it is taken.
pub(crate) fn pools<'a>(scope: &Scope<'a>) -> Vec<(&'a NodePool, Enforcement)> {
    let pools = scope.model.node_pools.values();
    let here = pools.filter(|pool| pool.trust_domains.contains(&scope.domain.name));
    here.map(|pool| (pool, level(scope, pool)))
        .filter(|(_, level)| *level > Enforcement::Observe)
        .collect()
}

/// As far as the zone of the pool that is taken furthest: it is for that one that nodes are dedicated.
fn level(scope: &Scope<'_>, pool: &NodePool) -> Enforcement {
    let zones = scope.model.zones_in(&scope.domain.name);
    let zones = zones.filter(|zone| pool.zones.contains(&zone.name));
    let levels = zones.flat_map(|zone| {
        let rules = zone.namespaces.iter();
        let here = rules.filter(|rule| rule.clusters.matches(&scope.cluster.labels));
        here.map(|rule| zone.enforcement_in(&scope.domain.name, rule))
    });
    levels.max().unwrap_or(Enforcement::Observe)
}
