//! `status`: one line per cluster, and how many differences there are between clusters.

use anyhow::Result;
use cofferdam_pass::between::Between;
use cofferdam_pass::clock;
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_pass::told;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::status::{StatusCluster, StatusReport};

use crate::abandoned;
use crate::args::{Arguments, DriftArguments};
use crate::exit::Exit;
use crate::fleet::examine;
use crate::server;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &DriftArguments) -> Result<Exit> {
    if let Some(client) = command.server.client(&arguments.directory) {
        return server::show(&client, "status", &command.selection, arguments.output).await;
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
        examine(&loaded, model, directory, selection, Authors::Unnamed).await?
    };
    let lines = examined
        .iter()
        .map(|one| told::status(one, &one.findings(model, today)));
    let clusters: Vec<StatusCluster> = lines
        .chain(abandoned.iter().map(abandoned::status))
        .collect();
    let between = Between::of(&examined, model, today);
    let exits = clusters.iter().map(|cluster| Exit::from(cluster.verdict));
    let exit = Exit::of(exits.chain(Exit::of_between(&between)));
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
