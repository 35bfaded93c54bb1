//! `rollout`: how new documents reach the fleet, as the controller tells, and what to say to it.

use anyhow::{Context as _, Result};
use cofferdam_controller::RolloutCommand;
use serde_json::Value;

use crate::args::{Arguments, RolloutArguments, Said};
use crate::exit::Exit;
use crate::server;

pub(crate) async fn run(arguments: &Arguments, command: &RolloutArguments) -> Result<Exit> {
    let client = command.server.client(&arguments.directory);
    let client = client.context("`--server` says which controller is asked: it alone rolls out in waves by itself; `cofferdam apply` does it now")?;
    if let Some(said) = command.say {
        let by = command.by.clone().or_else(|| std::env::var("USER").ok());
        let by = by.context("`--by` says who says so")?;
        let said = match said {
            Said::Pause => RolloutCommand::Pause,
            Said::Resume => RolloutCommand::Resume,
            Said::Abort => RolloutCommand::Abort,
            Said::Approve => RolloutCommand::Approve,
            Said::Rollback => RolloutCommand::RollBack,
        };
        client.command(said, &by).await?;
    }
    let query: [(&str, String); 0] = [];
    let answer = client.report("rollout", &query).await?;
    server::print(&answer, arguments.output)?;
    let state = answer
        .report
        .pointer("/rollout/state")
        .and_then(Value::as_str);
    Ok(match state {
        Some("halted") => Exit::Failure,
        Some("done") | None => Exit::Fine,
        Some(_) => Exit::Difference,
    })
}
