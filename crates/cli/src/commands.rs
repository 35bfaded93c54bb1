//! One file per command.

mod apply;
mod check;
mod compile;
mod completions;
mod doctor;
mod drift;
mod init;
mod plan;
mod rbac;
mod schema;
mod status;

use anyhow::{Context as _, Result, bail};

use crate::args::{Arguments, Command, Format};
use crate::exit::Exit;

/// Runs what was asked for.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    if arguments.output == Format::Sarif && !matches!(arguments.command, Command::Check) {
        bail!("only `check` writes SARIF");
    }
    match &arguments.command {
        Command::Init(command) => init::run(arguments, command),
        Command::Check => check::run(arguments),
        Command::Compile(command) => compile::run(arguments, command),
        Command::Plan(command) => block_on(plan::run(arguments, command)),
        Command::Apply(command) => block_on(apply::run(arguments, command)),
        Command::Drift(command) => block_on(drift::run(arguments, command)),
        Command::Status(command) => block_on(status::run(arguments, command)),
        Command::Doctor(command) => block_on(doctor::run(arguments, command)),
        Command::Rbac(command) => rbac::run(command),
        Command::Schema(command) => schema::run(command),
        Command::Completions(command) => completions::run(command),
    }
}

fn block_on(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(command)
}
