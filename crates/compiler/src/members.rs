//! Which namespaces the zones hold in a cluster.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::model::Model;
use cofferdam_model::names::{NamespaceName, ZoneName};
use cofferdam_model::zone::{Enforcement, NamespaceChoice, NamespaceRule, Zone};

/// A namespace of a zone in one cluster.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The zone.
    pub zone: &'a Zone,
    /// The rule that puts it there.
    pub rule: &'a NamespaceRule,
    /// How far it is taken.
    pub enforcement: Enforcement,
}

/// The namespaces of the zones of one cluster. A namespace belongs to at most one zone.
pub type Members<'a> = BTreeMap<NamespaceName, Member<'a>>;

/// The namespaces that the zones hold in a cluster: those that a rule names, and those live ones
/// whose labels a rule selects. A rule that names a namespace goes before one that selects it.
pub fn members<'a>(
    model: &'a Model,
    cluster: &Cluster,
    capabilities: Option<&Capabilities>,
) -> Members<'a> {
    let Some(domain) = model.trust_domain_of(cluster) else {
        return Members::new();
    };
    let rules = || {
        model.zones_in(&domain.name).flat_map(|zone| {
            let here = |rule: &&NamespaceRule| rule.clusters.matches(&cluster.labels);
            zone.namespaces
                .iter()
                .filter(here)
                .map(move |rule| (zone, rule))
        })
    };
    let member = |zone: &'a Zone, rule: &'a NamespaceRule| Member {
        zone,
        rule,
        enforcement: zone.enforcement_in(&domain.name, rule),
    };
    let mut members = Members::new();
    for (zone, rule) in rules() {
        if let NamespaceChoice::Name(name) = &rule.choice {
            members
                .entry(name.clone())
                .or_insert_with(|| member(zone, rule));
        }
    }
    let Some(capabilities) = capabilities else {
        return members;
    };
    for (zone, rule) in rules() {
        let NamespaceChoice::Selector(selector) = &rule.choice else {
            continue;
        };
        for (name, labels) in &capabilities.namespaces {
            let system = model.is_system_namespace(name.as_str(), Some(capabilities));
            if !system && selector.matches(labels) {
                members
                    .entry(name.clone())
                    .or_insert_with(|| member(zone, rule));
            }
        }
    }
    members
}

/// The namespaces of a zone among the members, narrowed to `only` unless that is empty.
pub fn namespaces_of<'a>(
    members: &'a Members<'_>,
    zone: &'a ZoneName,
    only: &'a BTreeSet<NamespaceName>,
) -> impl Iterator<Item = (&'a NamespaceName, &'a Member<'a>)> {
    members
        .iter()
        .filter(move |(_, member)| member.zone.name == *zone)
        .filter(move |(name, _)| only.is_empty() || only.contains(*name))
}
