//! `history`: what a controller saw and did.

use anyhow::{Context as _, Result};
use cofferdam_controller::{HISTORY, Said, history_query, history_report};
use cofferdam_history::{History as _, Query, Sqlite};
use cofferdam_pass::clock;
use cofferdam_report::{output, text};

use crate::args::{Acknowledging, Arguments, HistoryArguments, HistoryCommand};
use crate::exit::Exit;
use crate::server;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &HistoryArguments) -> Result<Exit> {
    if let Some(HistoryCommand::Acknowledge(said)) = &command.command {
        return acknowledge(arguments, said).await;
    }
    let query = query(command);
    if let Some(client) = command.server.client(&arguments.directory) {
        let query = server::pairs(&query)?;
        let answer = client.report("history", &query).await?;
        server::print(&answer, arguments.output)?;
        return Ok(Exit::Fine);
    }
    let path = command.history.clone();
    let path = path.unwrap_or_else(|| arguments.directory.join(HISTORY));
    let history = Sqlite::read(&path)?;
    let asked = history_query(&query);
    let found = (
        history.episodes(&asked)?,
        history.passes(&asked)?,
        history.coverage(&asked)?,
    );
    let report = history_report(&query, found, &clock::now());
    show(&report, arguments.output, text::history)?;
    Ok(Exit::Fine)
}

async fn acknowledge(arguments: &Arguments, said: &Acknowledging) -> Result<Exit> {
    let client = said.server.client(&arguments.directory);
    let client = client.context("`--server` says which controller is to take note of it")?;
    let by = said.by.clone().or_else(|| std::env::var("USER").ok());
    let accept_seconds = said.accept.map(|duration| duration.as_secs());
    let told = Said {
        by: by.context("`--by` says who takes note of it")?,
        cause: said.cause.clone(),
        ticket: said.ticket.clone(),
        accept_seconds,
    };
    client.acknowledge(&said.episode, &told).await?;
    let what = if accept_seconds.is_some() {
        "accepted"
    } else {
        "acknowledged"
    };
    output::talk(&format!("{what}: episode {}", said.episode))?;
    Ok(Exit::Fine)
}

fn query(command: &HistoryArguments) -> Query {
    Query {
        cluster: command.cluster.clone(),
        zone: command.zone.clone(),
        class: command.class.clone(),
        episode: command.episode.clone(),
        since: command.since.clone(),
        until: command.until.clone(),
        open: command.open,
        limit: Some(command.limit),
    }
}
