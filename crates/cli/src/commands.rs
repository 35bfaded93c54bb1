//! One file per command.

mod adopt;
mod apply;
mod blast;
mod check;
mod compile;
mod completions;
mod controller;
mod detach;
mod diff;
mod doctor;
mod drift;
mod explain;
mod guards;
mod history;
mod import;
mod init;
mod lint;
mod plan;
mod prove;
mod rbac;
mod reach;
mod rollout;
mod schema;
mod status;

use anyhow::{Context as _, Result, bail};

use tokio::runtime::Builder;

use crate::args::{Arguments, Command, Format, Selection};
use crate::exit::Exit;

/// Runs what was asked for.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    match (arguments.output, &arguments.command) {
        (Format::Text, _)
        | (Format::Sarif, Command::Check | Command::Lint(_))
        | (Format::Csv | Format::Dot | Format::Svg, Command::Reach(_)) => {}
        (Format::Sarif, _) => bail!("only `check` and `lint` write SARIF"),
        (Format::Csv | Format::Dot | Format::Svg, _) => {
            bail!("only `reach` writes csv, dot and svg")
        }
        (Format::Json, Command::Init(_)) => {
            bail!("`init` writes documents and no report: leave `-o json` out")
        }
        (Format::Json, Command::Completions(_)) => {
            bail!("`completions` writes a script of a shell: leave `-o json` out")
        }
        (Format::Json, Command::Controller(_)) => {
            bail!("`controller` tells what happens as JSON anyway: leave `-o json` out")
        }
        (Format::Json, _) => {}
    }
    match &arguments.command {
        Command::Init(command) => init::run(arguments, command),
        Command::Check => check::run(arguments),
        Command::Compile(command) => compile::run(arguments, command),
        Command::Import(command) => {
            let selection = command.selection();
            block_on(&selection, import::run(arguments, command, &selection))
        }
        Command::Plan(command) => block_on(&command.selection, plan::run(arguments, command)),
        Command::Apply(command) => block_on(&command.selection, apply::run(arguments, command)),
        Command::Drift(command) => block_on(&command.selection, drift::run(arguments, command)),
        Command::Status(command) => block_on(&command.selection, status::run(arguments, command)),
        Command::Doctor(command) => block_on(&command.selection, doctor::run(arguments, command)),
        Command::Guards(command) => block_on(&command.selection, guards::run(arguments, command)),
        Command::Adopt(command) => {
            let selection = command.selection();
            block_on(&selection, adopt::run(arguments, command, &selection))
        }
        Command::Detach(command) => block_on(&command.selection, detach::run(arguments, command)),
        Command::History(command) => on_threads(history::run(arguments, command)),
        Command::Rollout(command) => on_threads(rollout::run(arguments, command)),
        Command::Controller(command) => on_threads(controller::run(arguments, command)),
        Command::Rbac(command) => block_on(&command.selection, rbac::run(arguments, command)),
        Command::Diff(command) => {
            let selection = command.live.selection("");
            block_on(&selection, diff::run(arguments, command))
        }
        Command::Explain(command) => {
            let selection = command.objects.live.selection("");
            block_on(&selection, explain::run(arguments, command))
        }
        Command::Prove(command) => block_on(&command.selection, prove::run(arguments, command)),
        Command::Reach(command) => {
            let selection = command.objects.live.selection("");
            block_on(&selection, reach::run(arguments, command))
        }
        Command::Blast(command) => block_on(&command.selection, blast::run(arguments, command)),
        Command::Lint(command) => {
            let selection = command.objects.live.selection("");
            block_on(&selection, lint::run(arguments, command))
        }
        Command::Schema(command) => schema::run(arguments, command),
        Command::Completions(command) => completions::run(command),
    }
}

/// Threads cost more than they give where there is one cluster to talk to: nearly all the time is
/// spent waiting for it.
fn block_on(selection: &Selection, command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    if selection.cluster.len() != 1 {
        return on_threads(command);
    }
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(command)
}

fn on_threads(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(command)
}
