//! A flow across clusters admits a whole cluster: `cross-cluster-widens`.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::flow::{Across, Encryption, End};
use cofferdam_model::trust_domain::Unassigned;
use cofferdam_model::zone::{Enforcement, Sensitivity};

use crate::rules::Court;
use crate::rules::presence::{held, pairs, rules_in, zones_of, zones_of_end};
use crate::waive::waiver_of;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    for flow in model.flows.values() {
        let (Across::Clusters { to, .. }, End::Pods(end)) = (&flow.across, &flow.to) else {
            continue;
        };
        let high_zone = zones_of_end(model, end).into_iter().find(|zone| {
            zone.sensitivity == Sensitivity::High && zone.trust_domains.contains(&to.trust_domain)
        });
        let Some(zone) = high_zone else {
            continue;
        };
        let sources: BTreeSet<_> = pairs(model, flow)
            .into_iter()
            .map(|(s, _)| &s.name)
            .collect();
        let open = sources
            .into_iter()
            .filter_map(|name| model.clusters.get(name))
            .find_map(|cluster| open_namespace(model, cluster).map(|why| (cluster, why)));
        if let Some((cluster, Open { why, remedy })) = open {
            let message = format!(
                "the flow admits all of cluster `{}` into zone `{}` of sensitivity high, and {why}",
                cluster.name, zone.name
            );
            let hint = if flow.encryption == Encryption::Mtls {
                let waiver = waiver_of("cross-cluster-widens", "Flow", &flow.name);
                format!("{remedy}, or waive it by {waiver}")
            } else {
                format!("{remedy}; only with `encryption: mtls` can this be waived")
            };
            let mut reporter = court.on("Flow", &flow.name);
            reporter
                .error("spec.across", "cross-cluster-widens", message)
                .hint(hint);
        }
    }
}

/// A namespace that may reach out unhindered.
struct Open {
    why: String,
    remedy: String,
}

/// Why some namespace of the cluster may reach out unhindered, as far as documents tell.
fn open_namespace(model: &Model, cluster: &Cluster) -> Option<Open> {
    let domain = model.trust_domain_of(cluster)?;
    let zones = zones_of(model, cluster);
    for zone in &zones {
        // A zone that is staged is no better: nothing is denied there yet.
        let mut levels =
            rules_in(zone, cluster).map(|(_, rule)| zone.enforcement_in(&domain.name, rule));
        let word = levels.find_map(|level| match level {
            Enforcement::Observe => Some("observed"),
            Enforcement::Stage => Some("staged"),
            Enforcement::Enforce => None,
        });
        if let Some(word) = word {
            let (zone, domain) = (&zone.name, &domain.name);
            return Some(Open {
                why: format!("zone `{zone}` is merely {word} there"),
                remedy: format!("write `enforcement: {{ {domain}: enforce }}` in Zone `{zone}`"),
            });
        }
    }
    if domain.unassigned_namespaces == Unassigned::Isolate {
        return None;
    }
    let seen = model.capabilities.get(&cluster.name)?;
    let assigned: BTreeSet<_> = zones
        .iter()
        .flat_map(|zone| held(model, zone, cluster).into_keys())
        .collect();
    seen.namespaces
        .keys()
        .filter(|name| !model.is_system_namespace(name.as_str(), Some(seen)))
        .find(|name| !assigned.contains(*name))
        .map(|name| Open {
            why: format!("namespace `{name}` there belongs to no zone"),
            remedy: format!(
                "put it into a zone, or write `unassignedNamespaces: isolate` in TrustDomain `{}`",
                domain.name
            ),
        })
}
