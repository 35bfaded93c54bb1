//! Arguments of `adopt` and `detach`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::{HOW, Selection};
use crate::durations;

/// Arguments of `adopt`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cofferdam adopt --cluster prod-eu NetworkPolicy/web/cofferdam-allow-dns
  cofferdam adopt --cluster prod-eu Namespace/web --key team
  cofferdam adopt --cluster prod-eu --all --dry-run     after the record was lost")]
#[command(group(ArgGroup::new("what").args(["objects", "all"]).required(true)))]
pub(crate) struct AdoptArguments {
    /// The cluster
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: String,
    /// What is taken over, as findings print it: `Kind/[namespace/]name`; of a namespace or node, the keys that
    /// others hold
    #[arg(value_name = "OBJECT")]
    pub(crate) objects: Vec<String>,
    /// Everything that the bundle asks for and others hold
    #[arg(long, help_heading = HOW)]
    pub(crate) all: bool,
    /// Of namespaces and nodes, only this label or taint; may be repeated
    #[arg(long, help_heading = HOW, value_name = "KEY")]
    pub(crate) key: Vec<String>,
    /// Do not ask
    #[arg(long, short, help_heading = HOW)]
    pub(crate) yes: bool,
    /// Show what would be taken over and stop
    #[arg(long, help_heading = HOW)]
    pub(crate) dry_run: bool,
    /// Give up when nothing came from the cluster for this long, 1s to 1h
    #[arg(long, default_value = "60s", value_parser = durations::patience, allow_hyphen_values = true, value_name = "DURATION")]
    pub(crate) timeout: Duration,
    /// Use this kubeconfig instead of the document's
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl AdoptArguments {
    /// The one cluster, and how it is reached.
    pub(crate) fn selection(&self) -> Selection {
        Selection::of_one(&self.cluster, self.timeout, self.kubeconfig.as_deref())
    }
}

/// Arguments of `detach`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cofferdam detach --cluster prod-eu --remove --dry-run      what goes, and in which order
  cofferdam detach --zone fraud --remove                     of a zone that left the model, in every cluster
  cofferdam detach --cluster old --remove --kubeconfig admin.yaml    whose document was deleted")]
#[command(group(clap::ArgGroup::new("manner").required(true).args(["remove", "leave"])))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that stands alone"
)]
pub(crate) struct DetachArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only the namespaces that this zone held; without `--cluster`, in every cluster
    #[arg(long, help_heading = HOW, value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// Take back every object and key that the record holds
    #[arg(long, help_heading = HOW)]
    pub(crate) remove: bool,
    /// Leave policies, labels and taints as they are, to everybody; guard rails and the record go
    #[arg(long, help_heading = HOW)]
    pub(crate) leave: bool,
    /// Do not ask
    #[arg(long, short, help_heading = HOW)]
    pub(crate) yes: bool,
    /// Show what would be done and stop
    #[arg(long, help_heading = HOW)]
    pub(crate) dry_run: bool,
    /// Wait this long for policies to take effect before others go
    #[arg(long, default_value = "10s", value_parser = durations::settling, allow_hyphen_values = true, help_heading = HOW, value_name = "DURATION")]
    pub(crate) settle: Duration,
}
