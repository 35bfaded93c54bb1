//! Which clusters a command is about, and how they are reached.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, value_parser};

use crate::durations;

/// Which clusters.
#[derive(Debug, Args)]
#[command(next_help_heading = "Clusters")]
pub(crate) struct Selection {
    /// Only this cluster; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Vec<String>,
    /// Only clusters of this trust domain; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) trust_domain: Vec<String>,
    /// Give up on a cluster when nothing came from it for this long, 1s to 1h
    #[arg(long, default_value = "60s", value_parser = durations::patience, allow_hyphen_values = true, value_name = "DURATION")]
    pub(crate) timeout: Duration,
    /// Requests under way at once, over all clusters
    #[arg(long, default_value_t = 256, value_parser = value_parser!(u32).range(1..=65_536), allow_negative_numbers = true, value_name = "N")]
    pub(crate) max_in_flight: u32,
    /// Use this kubeconfig instead of the documents', for one cluster
    #[arg(long, value_name = "FILE", requires = "cluster")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl Selection {
    /// One cluster, and how it is reached.
    pub(super) fn of_one(cluster: &str, timeout: Duration, kubeconfig: Option<&Path>) -> Self {
        Self {
            cluster: vec![cluster.to_owned()],
            trust_domain: Vec::new(),
            timeout,
            max_in_flight: 256,
            kubeconfig: kubeconfig.map(Path::to_owned),
        }
    }
}
