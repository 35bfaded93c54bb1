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
    let settings = Settings::read(&flags, std::env::vars().collect())?;
    watch(&arguments.directory, settings).await?;
    Ok(Exit::Fine)
}
