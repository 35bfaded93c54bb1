//! What is told of a cluster that was looked at.

use cofferdam_report::wire::drift::{DriftCluster, Verdict};
use cofferdam_report::wire::status::{FindingCounts, StatusCluster, StatusCni};
use cofferdam_state::finding::{Class, Finding};
use cofferdam_state::observed::told_unknowns;

use crate::clock;
use crate::examined::Examined;

/// The verdict on a cluster from its findings.
pub fn verdict(findings: &[Finding]) -> Verdict {
    if findings.iter().any(Finding::counts) {
        Verdict::Drifted
    } else if findings
        .iter()
        .any(|finding| finding.class == Class::Unknown)
    {
        Verdict::Unknown
    } else {
        Verdict::InSync
    }
}

/// A cluster in `drift`.
pub fn drift(one: &Examined<'_>, findings: &[Finding]) -> DriftCluster {
    let record = one.observed.our_record();
    let known = one.observed.capabilities.known();
    DriftCluster {
        name: one.cluster.name.to_string(),
        trust_domain: one.bundle.trust_domain.to_string(),
        verdict: verdict(findings),
        observed_at: one.observed.at.clone(),
        age_seconds: clock::age_seconds(&one.observed.at),
        sequence: record.map(|record| record.sequence),
        revision: record.map(|record| record.revision.clone()),
        bundle_hash: one.bundle.hash.clone(),
        enforces: known.map_or("unknown", |known| known.cni.enforces.as_str()),
        findings: findings.iter().map(Into::into).collect(),
    }
}

/// A cluster in `status`.
pub fn status(one: &Examined<'_>, findings: &[Finding]) -> StatusCluster {
    let known = one.observed.capabilities.known();
    let unknown = one.observed.all_unknowns();
    let reason = one
        .unreachable
        .as_ref()
        .map(|why| why.reason.clone())
        .or_else(|| {
            let texts = told_unknowns(&unknown);
            (!texts.is_empty()).then(|| texts.join("; "))
        });
    StatusCluster {
        name: one.cluster.name.to_string(),
        trust_domain: one.bundle.trust_domain.to_string(),
        reachable: one.unreachable.is_none(),
        denied: one.unreachable.as_ref().and_then(|why| why.denied),
        reason,
        hint: one.unreachable.as_ref().and_then(|why| why.hint.clone()),
        verdict: verdict(findings),
        findings: FindingCounts::of(findings),
        age_seconds: clock::age_seconds(&one.observed.at),
        sequence: one.observed.our_record().map(|record| record.sequence),
        bundle_hash: one.bundle.hash.clone(),
        version: known.map(|known| known.version.clone()),
        cni: StatusCni {
            name: known.map(|known| known.cni.name.clone()),
            enforces: known.map_or("unknown", |known| known.cni.enforces.as_str()),
            evidence: known.map(|known| known.cni.evidence.clone()),
        },
        credential_expires_at: one
            .connection
            .as_ref()
            .and_then(|connection| connection.credential_expires_at()),
    }
}
