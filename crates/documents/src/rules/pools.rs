//! Pods of a zone can be pinned to one pool only.

use std::collections::BTreeMap;

use cofferdam_model::Model;
use cofferdam_model::names::{TrustDomainName, ZoneName};

use crate::rules::Court;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    let mut pinned: BTreeMap<(&TrustDomainName, &ZoneName), &str> = BTreeMap::new();
    for pool in model.node_pools.values() {
        for domain in &pool.trust_domains {
            for (index, zone) in pool.zones.iter().enumerate() {
                let path = format!("spec.zones[{index}]");
                let present = model
                    .zones
                    .get(zone)
                    .is_some_and(|z| z.trust_domains.contains(domain));
                if model.zones.contains_key(zone) && !present {
                    let message =
                        format!("zone `{zone}` is not present in trust domain `{domain}`");
                    court
                        .on("NodePool", &pool.name)
                        .error(&path, "zone-absent", message);
                }
                if let Some(other) = pinned.insert((domain, zone), pool.name.as_str()) {
                    let message = format!(
                        "zone `{zone}` has two pools in trust domain `{domain}`: `{other}` and `{}`",
                        pool.name
                    );
                    court
                        .on("NodePool", &pool.name)
                        .error(&path, "zone-in-two-pools", message);
                }
            }
        }
    }
    check_marks(model, court);
}

/// Two pools with the same label or taint in one place are one pool to the scheduler.
fn check_marks(model: &Model, court: &mut Court<'_>) {
    let mut marks: BTreeMap<(&TrustDomainName, &str, &str), &str> = BTreeMap::new();
    for pool in model.node_pools.values() {
        for domain in &pool.trust_domains {
            let key = (domain, pool.label.0.as_str(), pool.label.1.as_str());
            if let Some(other) = marks.insert(key, pool.name.as_str()) {
                let message = format!("pools `{other}` and `{}` have the same label", pool.name);
                court
                    .on("NodePool", &pool.name)
                    .error("spec.label", "same-pool-label", message);
            }
        }
    }
}
