//! Where zones and ends of flows exist.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::flow::{Across, AcrossEnd, End, Flow, PodEnd, ZoneChoice};
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{NamespaceChoice, NamespaceRule, Zone};

/// The rules of a zone that hold in a cluster, with their numbers.
pub(crate) fn rules_in<'a>(
    zone: &'a Zone,
    cluster: &'a Cluster,
) -> impl Iterator<Item = (usize, &'a NamespaceRule)> {
    zone.namespaces
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.clusters.matches(&cluster.labels))
}

/// The zones of the cluster's trust domain.
pub(crate) fn zones_of<'a>(model: &'a Model, cluster: &Cluster) -> Vec<&'a Zone> {
    match model.trust_domain_of(cluster) {
        Some(domain) => model.zones_in(&domain.name).collect(),
        None => Vec::new(),
    }
}

/// Namespaces that a zone holds in a cluster, as far as names and stored capabilities tell, each with
/// the number of the rule.
pub(crate) fn held(
    model: &Model,
    zone: &Zone,
    cluster: &Cluster,
) -> BTreeMap<NamespaceName, usize> {
    let mut held = BTreeMap::new();
    let seen = model.capabilities.get(&cluster.name);
    for (number, rule) in rules_in(zone, cluster) {
        match &rule.choice {
            NamespaceChoice::Name(name) => {
                held.entry(name.clone()).or_insert(number);
            }
            NamespaceChoice::Selector(selector) => {
                for (name, labels) in seen.iter().flat_map(|seen| &seen.namespaces) {
                    let system = model.is_system_namespace(name.as_str(), seen);
                    if !system && selector.matches(labels) {
                        held.entry(name.clone()).or_insert(number);
                    }
                }
            }
        }
    }
    held
}

/// Whether a zone chooses by labels in a cluster of which nothing is stored.
pub(crate) fn may_hold_more(model: &Model, zone: &Zone, cluster: &Cluster) -> bool {
    !model.capabilities.contains_key(&cluster.name)
        && rules_in(zone, cluster)
            .any(|(_, rule)| matches!(rule.choice, NamespaceChoice::Selector(_)))
}

/// The zones of an end.
pub(crate) fn zones_of_end<'a>(model: &'a Model, end: &PodEnd) -> Vec<&'a Zone> {
    match &end.zones {
        ZoneChoice::All => model.zones.values().collect(),
        ZoneChoice::Named(names) => names
            .iter()
            .filter_map(|name| model.zones.get(name))
            .collect(),
    }
}

/// Whether an end exists, or may exist, in a cluster.
pub(crate) fn end_in(model: &Model, end: &End, cluster: &Cluster) -> bool {
    let End::Pods(end) = end else {
        return true;
    };
    let Some(domain) = model.trust_domain_of(cluster) else {
        return false;
    };
    let narrowed =
        |name: &NamespaceName| end.namespaces.is_empty() || end.namespaces.contains(name);
    let seen = model.capabilities.get(&cluster.name);
    let holds = |rule: &NamespaceRule| match (&rule.choice, seen) {
        (NamespaceChoice::Name(name), _) => narrowed(name),
        (NamespaceChoice::Selector(_), None) => true,
        (NamespaceChoice::Selector(selector), Some(seen)) => {
            let mut chosen = seen
                .namespaces
                .iter()
                .filter(|(_, labels)| selector.matches(labels));
            chosen.any(|(name, _)| narrowed(name))
        }
    };
    zones_of_end(model, end)
        .into_iter()
        .filter(|zone| zone.trust_domains.contains(&domain.name))
        .any(|zone| rules_in(zone, cluster).any(|(_, rule)| holds(rule)))
}

/// The clusters on one side of a flow across clusters.
pub(crate) fn side<'a>(model: &'a Model, end: &AcrossEnd) -> Vec<&'a Cluster> {
    let in_domain = |cluster: &&Cluster| {
        model
            .trust_domain_of(cluster)
            .is_some_and(|domain| domain.name == end.trust_domain)
    };
    model
        .clusters
        .values()
        .filter(in_domain)
        .filter(|cluster| end.clusters.matches(&cluster.labels))
        .collect()
}

/// The pairs of source and destination cluster in which both ends of a flow exist.
pub(crate) fn pairs<'a>(model: &'a Model, flow: &Flow) -> Vec<(&'a Cluster, &'a Cluster)> {
    let sources_and_destinations: Vec<(&Cluster, &Cluster)> = match &flow.across {
        Across::SameCluster => model
            .clusters
            .values()
            .map(|cluster| (cluster, cluster))
            .collect(),
        Across::Clusters { from, to, .. } => {
            let destinations = side(model, to);
            side(model, from)
                .into_iter()
                .flat_map(|source| {
                    destinations
                        .iter()
                        .map(move |destination| (source, *destination))
                })
                .filter(|(source, destination)| source.name != destination.name)
                .collect()
        }
    };
    let exists = |(source, destination): &(&Cluster, &Cluster)| {
        end_in(model, &flow.from, source) && end_in(model, &flow.to, destination)
    };
    sources_and_destinations
        .into_iter()
        .filter(exists)
        .collect()
}

/// The pairs of zones that a flow joins somewhere.
pub(crate) fn zone_pairs<'a>(model: &'a Model, flow: &Flow) -> Vec<(&'a Zone, &'a Zone)> {
    let (End::Pods(from), End::Pods(to)) = (&flow.from, &flow.to) else {
        return Vec::new();
    };
    let met = |source: &Zone, destination: &Zone| match &flow.across {
        Across::SameCluster => {
            let shared: BTreeSet<_> = source
                .trust_domains
                .intersection(&destination.trust_domains)
                .collect();
            !shared.is_empty()
        }
        Across::Clusters { from, to, .. } => {
            source.trust_domains.contains(&from.trust_domain)
                && destination.trust_domains.contains(&to.trust_domain)
        }
    };
    let mut pairs = Vec::new();
    for source in zones_of_end(model, from) {
        for destination in zones_of_end(model, to) {
            if met(source, destination) {
                pairs.push((source, destination));
            }
        }
    }
    pairs
}
