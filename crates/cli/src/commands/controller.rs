//! `controller`: the daemon.

use anyhow::Result;
use cofferdam_controller::{Flags, Settings, run as watch};

use crate::args::{Arguments, ControllerArguments};
use crate::exit::Exit;

pub(crate) async fn run(arguments: &Arguments, command: &ControllerArguments) -> Result<Exit> {
    let flags = Flags {
        file: command.config.clone(),
        listen: command.listen,
        kubeconfig: command.kubeconfig.clone(),
    };
    // What is no text is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::read(&flags, environment.collect())?;
    watch(&arguments.directory, settings).await?;
    Ok(Exit::Fine)
}
