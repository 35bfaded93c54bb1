//! A namespace belongs to at most one zone per cluster.

use std::collections::BTreeMap;

use cofferdam_model::Model;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{NamespaceChoice, Zone};

use crate::rules::Court;
use crate::rules::presence::{held, rules_in, zones_of};

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    // One finding per rule and other zone, whatever the number of clusters.
    let mut shared: BTreeMap<(&str, usize, NamespaceName), (&str, Vec<&str>)> = BTreeMap::new();
    for cluster in model.clusters.values() {
        let mut owner: BTreeMap<NamespaceName, &str> = BTreeMap::new();
        for zone in zones_of(model, cluster) {
            for (namespace, rule) in held(model, zone, cluster) {
                match owner.get(&namespace) {
                    Some(other) => {
                        let key = (zone.name.as_str(), rule, namespace);
                        let entry = shared.entry(key).or_insert_with(|| (other, Vec::new()));
                        entry.1.push(cluster.name.as_str());
                    }
                    None => {
                        owner.insert(namespace, zone.name.as_str());
                    }
                }
            }
        }
    }
    for ((zone, rule, namespace), (other, clusters)) in shared {
        let message = format!(
            "namespace `{namespace}` belongs to zones `{other}` and `{zone}` in {}",
            clusters.join(", ")
        );
        let path = format!("spec.namespaces[{rule}]");
        court
            .on("Zone", &zone)
            .error(&path, "namespace-in-two-zones", message);
    }
    for zone in model.zones.values() {
        check_twice(model, zone, court);
    }
}

/// The same namespace by name in two rules that hold in one cluster.
fn check_twice(model: &Model, zone: &Zone, court: &mut Court<'_>) {
    let mut said: BTreeMap<usize, NamespaceName> = BTreeMap::new();
    for cluster in model.clusters.values() {
        let mut first: BTreeMap<&NamespaceName, usize> = BTreeMap::new();
        for (number, rule) in rules_in(zone, cluster) {
            let NamespaceChoice::Name(name) = &rule.choice else {
                continue;
            };
            if first.insert(name, number).is_some() {
                said.insert(number, name.clone());
            }
        }
    }
    for (number, name) in said {
        let message = format!("namespace `{name}` is here twice for the same cluster");
        let path = format!("spec.namespaces[{number}]");
        court
            .on("Zone", &zone.name)
            .error(&path, "namespace-twice", message);
    }
}
