//! System namespaces are left alone unless `system: true` says otherwise.

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{NamespaceChoice, NamespaceRule, Zone};

use crate::rules::Court;
use crate::rules::presence::rules_in;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    for zone in model.zones.values() {
        for (number, rule) in zone.namespaces.iter().enumerate() {
            let NamespaceChoice::Name(name) = &rule.choice else {
                continue;
            };
            let system = is_system(model, (zone, number), name);
            let path = format!("spec.namespaces[{number}]");
            check_rule(court, (zone, rule), name, &path, system);
        }
    }
}

fn check_rule(
    court: &mut Court<'_>,
    (zone, rule): (&Zone, &NamespaceRule),
    name: &NamespaceName,
    path: &str,
    system: bool,
) {
    let mut reporter = court.on("Zone", &zone.name);
    if system && !rule.system {
        let message = format!("`{name}` is a system namespace");
        let hint = "add `system: true` if it is really meant";
        reporter
            .error(&format!("{path}.name"), "system-namespace", message)
            .hint(hint);
    }
    if system && rule.create {
        let message = format!("the system namespace `{name}` is not ours to create");
        reporter.error(&format!("{path}.create"), "system-namespace", message);
    }
}

/// Whether a name is that of a system namespace in any cluster of the zone in which the rule holds.
fn is_system(model: &Model, (zone, number): (&Zone, usize), name: &NamespaceName) -> bool {
    let clusters = model.clusters.values();
    let of_zone = |cluster: &&Cluster| {
        let domain = model.trust_domain_of(cluster);
        domain.is_some_and(|domain| zone.trust_domains.contains(&domain.name))
    };
    let mut places = clusters
        .filter(of_zone)
        .filter(|cluster| rules_in(zone, cluster).any(|(other, _)| other == number))
        .map(|cluster| model.capabilities.get(&cluster.name))
        .peekable();
    if places.peek().is_none() {
        return model.is_system_namespace(name.as_str(), None);
    }
    places.any(|seen| model.is_system_namespace(name.as_str(), seen))
}
