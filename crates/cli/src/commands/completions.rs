//! `completions`: shell completion.

use anyhow::Result;
use clap::CommandFactory as _;

use crate::args::{Arguments, CompletionsArguments};
use crate::exit::Exit;

pub(crate) fn run(command: &CompletionsArguments) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(
        command.shell,
        &mut Arguments::command(),
        "cofferdam",
        &mut script,
    );
    cofferdam_report::output::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}
