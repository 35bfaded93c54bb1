//! Every cluster belongs to exactly one trust domain.

use cofferdam_model::trust_domain::TrustDomain;

use crate::nearest::one_of;
use crate::resolve::Draft;
use crate::rules::Court;

pub(crate) fn check(draft: &Draft, court: &mut Court<'_>) {
    let model = &draft.model;
    for cluster in model.clusters.values() {
        let domains: Vec<&TrustDomain> = model
            .trust_domains
            .values()
            .filter(|domain| domain.clusters.matches(&cluster.labels))
            .collect();
        let mut reporter = court.on("Cluster", &cluster.name);
        match domains.as_slice() {
            [_] => {}
            [] if draft.broken.contains("TrustDomain") => {}
            [] => {
                let message = format!("cluster `{}` belongs to no trust domain", cluster.name);
                let hint = "give it labels that a trust domain selects";
                reporter
                    .error("metadata.labels", "no-trust-domain", message)
                    .hint(hint);
            }
            several => {
                let names = several.iter().map(|domain| domain.name.as_str());
                let message = format!(
                    "cluster `{}` belongs to {} trust domains: {}",
                    cluster.name,
                    several.len(),
                    one_of(names).replace(" or ", " and ")
                );
                reporter.error("metadata.labels", "several-trust-domains", message);
            }
        }
    }
    if draft.broken.contains("Cluster") {
        return;
    }
    for domain in model.trust_domains.values() {
        if model.clusters_of(domain).next().is_none() {
            let message = format!("trust domain `{}` has no cluster", domain.name);
            court
                .on("TrustDomain", &domain.name)
                .notice("spec.clusters", "no-cluster", message);
        }
    }
}
