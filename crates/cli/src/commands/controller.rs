//! `controller`: the daemon.

use anyhow::Result;
use cofferdam_controller::{Flags, Monitoring, Settings, drill, monitoring, run as watch};
use cofferdam_report::output;

use crate::args::{Arguments, ControllerArguments, Printed};
use crate::exit::Exit;

pub(crate) async fn run(arguments: &Arguments, command: &ControllerArguments) -> Result<Exit> {
    if let Some(printed) = command.print {
        let what = match printed {
            Printed::Dashboard => Monitoring::Dashboard,
            Printed::Rules => Monitoring::Rules,
            Printed::Metrics => Monitoring::Metrics,
        };
        output::data(&monitoring(what))?;
        return Ok(Exit::Fine);
    }
    let flags = Flags {
        file: command.config.clone(),
        listen: command.listen,
        kubeconfig: command.kubeconfig.clone(),
        history: command.history.clone(),
        dry_run: command.dry_run,
    };
    // What is no text is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::read(&flags, environment.collect())?;
    if command.drill {
        drill(&settings).await?;
        return Ok(Exit::Fine);
    }
    watch(&arguments.directory, settings).await?;
    Ok(Exit::Fine)
}
