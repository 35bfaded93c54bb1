//! Namespaces by names that no cluster has.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::lint::Lint;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{NamespaceChoice, Zone};

use super::{clusters_named, warning};
use crate::nearest::did_you_mean;
use crate::rules::presence::{rules_in, zones_of};

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let zones = model.zones.values();
    zones.flat_map(|zone| in_zone(model, zone)).collect()
}

fn in_zone(model: &Model, zone: &Zone) -> Vec<Remark> {
    let rules = zone.namespaces.iter().enumerate();
    let found = rules.filter_map(|(place, rule)| {
        let NamespaceChoice::Name(name) = &rule.choice else {
            return None;
        };
        let seen = (!rule.create).then(|| seen_by(model, zone, place))??;
        let is_there = |seen: &&Capabilities| seen.namespaces.contains_key(name);
        if seen.is_empty() || seen.iter().any(is_there) {
            return None;
        }
        let clusters = clusters_named(seen.iter().map(|seen| seen.cluster.as_str()));
        let message = format!("there is no namespace `{name}` in {clusters}");
        let there: BTreeSet<&str> = seen
            .iter()
            .flat_map(|seen| seen.namespaces.keys().map(NamespaceName::as_str))
            .collect();
        let hint = did_you_mean(name.as_str(), there);
        let hint = hint.unwrap_or_else(|| "`create: true` lets it be created".to_owned());
        let path = format!("spec.namespaces[{place}].name");
        let told = (message, Some(hint));
        Some(warning(
            Lint::NoSuchNamespace,
            ("Zone", &zone.name),
            path,
            told,
        ))
    });
    found.collect()
}

/// What is stored of the clusters in which a rule of a zone holds; `None` where of one of them nothing is.
pub(super) fn seen_by<'a>(
    model: &'a Model,
    zone: &Zone,
    place: usize,
) -> Option<Vec<&'a Capabilities>> {
    let clusters = model.clusters.values().filter(|cluster| {
        let mut zones = zones_of(model, cluster).into_iter();
        zones.any(|one| one.name == zone.name)
            && rules_in(zone, cluster).any(|(number, _)| number == place)
    });
    clusters
        .map(|cluster| model.capabilities.get(&cluster.name))
        .collect()
}
