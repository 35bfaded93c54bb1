//! `TrustDomain` documents.

use cofferdam_model::names::TrustDomainName;
use cofferdam_model::trust_domain::{Rollout, TrustDomain, Unassigned};

use crate::finding::Reporter;
use crate::raw::trust_domain as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::healing::healing as read_healing;
use crate::resolve::label::{is_subdomain, selector};
use crate::resolve::time::duration;

/// Reads a trust domain.
pub(crate) fn trust_domain(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::TrustDomainSpec>,
) -> Option<TrustDomain> {
    let name = &document.metadata.name;
    if name == "default" {
        let message = "a trust domain may not be called `default`";
        let hint = "`default` in a zone's `enforcement` means every other trust domain";
        reporter
            .error("metadata.name", "reserved-name", message)
            .hint(hint);
    }
    let name = reporter.name("metadata.name", name, TrustDomainName::parse);
    let raw::TrustDomainSpec {
        clusters,
        rollout,
        healing,
        unassigned_namespaces,
        mesh_trust_domain,
    } = &document.spec;
    let clusters = selector(reporter, "spec.clusters", clusters);
    let soak = duration(reporter, "spec.rollout.soak", &rollout.soak);
    let healing = read_healing(reporter, healing.as_ref());
    if let Some(mesh) = mesh_trust_domain
        .as_deref()
        .filter(|mesh| !is_subdomain(mesh))
    {
        let message = format!("`{mesh}` is not a DNS name such as `prod.example.org`");
        reporter.error("spec.meshTrustDomain", "invalid-name", message);
    }
    Some(TrustDomain {
        name: name?,
        clusters: clusters?,
        rollout: Rollout {
            order: rollout.order,
            max_concurrent: rollout.max_concurrent,
            soak: soak?,
            max_failures: rollout.max_failures,
        },
        healing: healing?,
        unassigned_namespaces: match unassigned_namespaces {
            raw::Unassigned::Report => Unassigned::Report,
            raw::Unassigned::Isolate => Unassigned::Isolate,
        },
        mesh_trust_domain: mesh_trust_domain.clone(),
    })
}
