//! `drift`: what is not as written, in each cluster and between clusters.

use anyhow::Result;
use cofferdam_pass::between::Between;
use cofferdam_pass::clock;
use cofferdam_pass::project::{self, warnings_of};
use cofferdam_pass::reach::Authors;
use cofferdam_pass::told;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::drift::DriftReport;
use cofferdam_state::finding::Finding;

use crate::abandoned;
use crate::args::{Arguments, DriftArguments};
use crate::exit::Exit;
use crate::fleet::examine;
use crate::server;
use crate::show::show;
use crate::unused::{Found, unused};

pub(crate) async fn run(arguments: &Arguments, command: &DriftArguments) -> Result<Exit> {
    if let Some(client) = command.server.client(&arguments.directory) {
        return server::show(&client, "drift", &command.selection, arguments.output).await;
    }
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let directory = &arguments.directory;
    let selection = &command.selection;
    let today = &clock::today();
    let abandoned = abandoned::findings(model, selection);
    let examined = if abandoned::are_all(model, &abandoned) {
        Vec::new()
    } else {
        examine(&loaded, model, directory, selection, Authors::Named).await?
    };
    let between = Between::of(&examined, model, today);
    let findings: Vec<Vec<Finding>> = examined
        .iter()
        .map(|one| one.findings(model, today))
        .collect();
    let both = || examined.iter().zip(findings.iter().map(Vec::as_slice));
    let found = Found {
        clusters: both().collect(),
        between: &between,
        abandoned: &abandoned,
    };
    let mut warnings = warnings_of(&loaded);
    let unused = unused(&loaded, model, &found, today);
    warnings.extend(unused.iter().map(Into::into));
    let report = DriftReport {
        api_version: API_VERSION,
        kind: "DriftReport",
        clusters: both()
            .map(|(one, findings)| told::drift(one, findings))
            .chain(abandoned.iter().map(abandoned::drift))
            .collect(),
        cross_cluster: between.findings.iter().map(Into::into).collect(),
        not_compared: between.not_compared.iter().map(Into::into).collect(),
        warnings,
    };
    show(&report, arguments.output, text::drift)?;
    let exits = report.clusters.iter();
    let exits = exits.map(|cluster| Exit::from(cluster.verdict));
    Ok(Exit::of(exits.chain(Exit::of_between(&between))))
}
