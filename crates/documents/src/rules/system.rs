//! System namespaces are left alone unless `system: true` says otherwise.

use std::collections::BTreeSet;

use cofferdam_model::Model;
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
            let system = model.is_system_namespace(name.as_str(), &detected(model, zone, number));
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

/// System namespaces detected in any cluster in which the rule holds.
fn detected(model: &Model, zone: &Zone, number: usize) -> BTreeSet<NamespaceName> {
    model
        .clusters
        .values()
        .filter(|cluster| rules_in(zone, cluster).any(|(other, _)| other == number))
        .filter_map(|cluster| model.capabilities.get(&cluster.name))
        .flat_map(|seen| seen.system_namespaces.iter().cloned())
        .collect()
}
