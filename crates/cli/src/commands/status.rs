//! `status`: one line per cluster, and how many differences there are between clusters.

use anyhow::Result;
use cofferdam_model::Model;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::status::{FindingCounts, StatusCluster, StatusCni, StatusReport};
use cofferdam_state::observed::told_unknowns;

use super::drift::verdict;
use crate::abandoned;
use crate::args::{Arguments, DriftArguments};
use crate::between::Between;
use crate::clock;
use crate::exit::Exit;
use crate::fleet::{Authors, Examined, examine};
use crate::project;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &DriftArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let directory = &arguments.directory;
    let selection = &command.selection;
    let abandoned = abandoned::findings(model, selection);
    let examined = if abandoned::are_all(model, &abandoned) {
        Vec::new()
    } else {
        examine(&loaded, model, directory, selection, Authors::Unnamed).await?
    };
    let lines = examined.iter().map(|one| line(one, model));
    let clusters: Vec<StatusCluster> = lines
        .chain(abandoned.iter().map(abandoned::status))
        .collect();
    let between = Between::of(&examined, model);
    let exits = clusters.iter().map(|cluster| Exit::from(cluster.verdict));
    let exit = Exit::of(exits.chain(between.exits()));
    let report = StatusReport {
        api_version: API_VERSION,
        kind: "StatusReport",
        clusters,
        cross_cluster: between.findings.iter().map(Into::into).collect(),
        not_compared: between.not_compared.iter().map(Into::into).collect(),
    };
    show(&report, arguments.output, text::status)?;
    Ok(exit)
}

fn line(one: &Examined<'_>, model: &Model) -> StatusCluster {
    let known = one.observed.capabilities.known();
    let findings = one.findings(model);
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
        verdict: verdict(&findings),
        findings: FindingCounts::of(&findings),
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
