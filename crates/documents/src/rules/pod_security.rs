//! Levels that refuse pods, and change with the cluster.

use cofferdam_model::Model;
use cofferdam_model::zone::{Enforcement, PodSecurityLevel, Zone};

use crate::rules::Court;

/// A notice of the zones that are enforced somewhere at the level of whatever version the cluster has.
pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    let unpinned = model.zones.values().filter(|zone| {
        zone.pod_security.version == "latest"
            && zone.pod_security.enforce > PodSecurityLevel::Privileged
            && is_enforced(zone)
    });
    let names: Vec<String> = unpinned.map(|zone| format!("`{}`", zone.name)).collect();
    if names.is_empty() {
        return;
    }
    let message = format!(
        "an upgrade of a cluster may change which pods are refused in zone {}: Pod Security follows `latest` there",
        names.join(", ")
    );
    let hint =
        "write `podSecurityVersion: v1.N` here, or `version: v1.N` under `podSecurity` of the Zone";
    court
        .on("ZoneModel", &model.instance)
        .notice(
            "spec.defaults.podSecurityVersion",
            "pod-security-version",
            message,
        )
        .hint(hint);
}

fn is_enforced(zone: &Zone) -> bool {
    zone.trust_domains.iter().any(|domain| {
        let mut rules = zone.namespaces.iter();
        rules.any(|rule| zone.enforcement_in(domain, rule) == Enforcement::Enforce)
    })
}
