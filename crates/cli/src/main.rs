//! The `cofferdam` binary.

mod abandoned;
mod args;
mod commands;
mod confirm;
mod doctor;
mod durations;
mod ends;
mod exit;
mod fleet;
mod guarantees;
mod input;
mod logging;
mod manifests;
mod origin;
mod paths;
mod revision;
mod rights;
mod selected;
mod server;
mod show;
mod subjects;
mod unused;
mod warnings;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use crate::args::{Arguments, Command};
use crate::exit::Exit;

/// Documents, bundles and answers are trees of small strings: the system's allocator costs a third of
/// a pass.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe is the only way in which this fails, and nobody is left to tell.
            error.print().ok();
            return if error.use_stderr() {
                Exit::Failure.into()
            } else {
                Exit::Fine.into()
            };
        }
    };
    let is_daemon = matches!(arguments.command, Command::Controller(_));
    logging::start(arguments.verbose, is_daemon);
    match commands::run(&arguments) {
        Ok(exit) => exit.into(),
        Err(error) => {
            cofferdam_report::output::talk(&format!("error: {error:#}")).ok();
            Exit::Failure.into()
        }
    }
}
