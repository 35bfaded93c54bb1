//! Arguments of `history`, and of whatever asks a running controller.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use cofferdam_controller::{Client, TOKEN};

use crate::durations;

/// A running controller.
#[derive(Debug, Args)]
#[command(next_help_heading = "A running controller")]
pub(crate) struct Server {
    /// Ask the controller that runs here, such as `http://127.0.0.1:9440`
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The file with its token; default `.cofferdam/token` below the directory
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Server {
    /// The controller that is to be asked, if any.
    pub(crate) fn client(&self, directory: &Path) -> Option<Client> {
        let server = self.server.clone()?;
        let token_file = self.token_file.clone();
        Some(Client {
            server,
            token_file: token_file.unwrap_or_else(|| directory.join(TOKEN)),
        })
    }
}

/// Arguments of `history`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  cofferdam history --open\n  cofferdam history --cluster prod-eu --since 24h\n  cofferdam history --server http://127.0.0.1:9440 --zone cardholder -o json | jq '.episodes[]'\n  cofferdam history acknowledge 3f2a9c0d1e4b5a67 --ticket SEC-7 --accept 4h --server http://127.0.0.1:9440\n\nWhat none of the times of coverage holds was not watched: it is no proof of anything."
)]
pub(crate) struct HistoryArguments {
    #[command(subcommand)]
    pub(crate) command: Option<HistoryCommand>,
    /// Only of this cluster
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// Only episodes of this zone
    #[arg(long, value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// Only episodes of this class of findings
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<String>,
    /// Only this episode
    #[arg(long, value_name = "EPISODE")]
    pub(crate) episode: Option<String>,
    /// Only what was still so then: a time, or how long ago
    #[arg(long, value_parser = durations::moment, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only what was so by then: a time, or how long ago
    #[arg(long, value_parser = durations::moment, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only episodes that have not ended
    #[arg(long)]
    pub(crate) open: bool,
    /// At most so many of a sort
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=1_000_000), value_name = "N")]
    pub(crate) limit: u32,
    /// Read this file; default `.cofferdam/history.db` below the directory
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(crate) history: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// What else there is to do with a history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Take note of an episode, or accept it for a time: it is neither put back nor alerted again before that
    Acknowledge(Acknowledging),
}

/// What somebody says of an episode.
#[derive(Debug, Args)]
pub(crate) struct Acknowledging {
    /// The episode, as `history` names it
    pub(crate) episode: String,
    /// Why it is there
    #[arg(long, value_name = "TEXT")]
    pub(crate) cause: Option<String>,
    /// Where it is tracked
    #[arg(long, value_name = "TICKET")]
    pub(crate) ticket: Option<String>,
    /// Accept it for this long, 1m to 168h; then it is alerted again
    #[arg(long, value_parser = durations::pause, value_name = "DURATION")]
    pub(crate) accept: Option<Duration>,
    /// Who says so; default `$USER`
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// Arguments of `rollout`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam rollout --server http://127.0.0.1:9440\n  cofferdam rollout pause --server http://127.0.0.1:9440\n  cofferdam rollout rollback --server http://127.0.0.1:9440   to the documents before, until newer ones come\n\nA wave passes when every cluster of it converged or is out of reach, every guarantee is proved on what is live, nothing\nopened or closed beside the plan, and all that has held for as long as the trust domain's `rollout.soak`."
)]
pub(crate) struct RolloutArguments {
    /// What to say to it; what it is at, where nothing is said
    #[arg(value_name = "WHAT")]
    pub(crate) say: Option<Said>,
    /// Who says so; default `$USER`
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// What to say to a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Said {
    /// Begin nothing more
    Pause,
    /// Go on, and try again what failed
    Resume,
    /// End it, and leave clusters as they are
    Abort,
    /// Let the wave that waits begin, or pass
    Approve,
    /// Roll out the documents before
    Rollback,
}
