//! Arguments of `init` and `import`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{HOW, Selection};
use crate::durations;

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cofferdam -C fleet-repository init --kubeconfig ~/.kube/config"
)]
pub(crate) struct InitArguments {
    /// The kubeconfig whose contexts become clusters
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam import --cluster prod-eu --dry-run          what would be written\n  cofferdam import --cluster prod-eu && cofferdam check\n  cofferdam import --cluster prod-eu --group-by team    a zone for each team\n  cofferdam import --cluster prod-eu -o json | jq '.unmapped[]'"
)]
pub(crate) struct ImportArguments {
    /// The cluster
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: String,
    /// Group namespaces into zones by the values of this label, instead of the one that groups best
    #[arg(long, help_heading = HOW, value_name = "LABEL")]
    pub(crate) group_by: Option<String>,
    /// Write nothing: print the files to standard output, and talk of the rest on standard error
    #[arg(long, help_heading = HOW)]
    pub(crate) dry_run: bool,
    /// Give up when nothing came from the cluster for this long, 1s to 1h
    #[arg(long, default_value = "60s", value_parser = durations::patience, allow_hyphen_values = true, value_name = "DURATION")]
    pub(crate) timeout: Duration,
    /// Use this kubeconfig instead of the document's
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl ImportArguments {
    /// The one cluster, and how it is reached.
    pub(crate) fn selection(&self) -> Selection {
        Selection::of_one(&self.cluster, self.timeout, self.kubeconfig.as_deref())
    }
}
