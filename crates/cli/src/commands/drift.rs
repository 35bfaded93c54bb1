//! `drift`: what is not as written, in each cluster and between clusters.

use anyhow::Result;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::drift::{DriftCluster, DriftReport, Verdict};
use cofferdam_state::finding::{Class, Finding};

use crate::abandoned;
use crate::args::{Arguments, DriftArguments};
use crate::between::Between;
use crate::clock;
use crate::exit::Exit;
use crate::fleet::{Authors, Examined, examine};
use crate::project::{self, warnings_of};
use crate::show::show;
use crate::unused::{Found, unused};

pub(crate) async fn run(arguments: &Arguments, command: &DriftArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let directory = &arguments.directory;
    let selection = &command.selection;
    let abandoned = abandoned::findings(model, selection);
    let examined = if abandoned::are_all(model, &abandoned) {
        Vec::new()
    } else {
        examine(&loaded, model, directory, selection, Authors::Named).await?
    };
    let between = Between::of(&examined, model);
    let findings: Vec<Vec<Finding>> = examined.iter().map(|one| one.findings(model)).collect();
    let both = || examined.iter().zip(findings.iter().map(Vec::as_slice));
    let found = Found {
        clusters: both().collect(),
        between: &between,
        abandoned: &abandoned,
    };
    let mut warnings = warnings_of(&loaded);
    let unused = unused(&loaded, model, &found, &clock::today());
    warnings.extend(unused.iter().map(Into::into));
    let report = DriftReport {
        api_version: API_VERSION,
        kind: "DriftReport",
        clusters: both()
            .map(|(one, findings)| cluster(one, findings))
            .chain(abandoned.iter().map(abandoned::drift))
            .collect(),
        cross_cluster: between.findings.iter().map(Into::into).collect(),
        not_compared: between.not_compared.iter().map(Into::into).collect(),
        warnings,
    };
    show(&report, arguments.output, text::drift)?;
    let exits = report.clusters.iter();
    let exits = exits.map(|cluster| Exit::from(cluster.verdict));
    Ok(Exit::of(exits.chain(between.exits())))
}

/// The verdict on a cluster from its findings.
pub(crate) fn verdict(findings: &[Finding]) -> Verdict {
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

fn cluster(one: &Examined<'_>, findings: &[Finding]) -> DriftCluster {
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
