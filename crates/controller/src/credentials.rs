//! Kubeconfigs that are replaced while they are in use.

use std::path::PathBuf;
use std::time::SystemTime;

use cofferdam_cluster::ConnectOptions;
use cofferdam_model::cluster::Cluster;

/// What a kubeconfig looks like from outside; two that are alike hold the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// Where it is in the end: mounted Secrets are replaced by other links.
    path: Option<PathBuf>,
    modified: Option<SystemTime>,
    bytes: Option<u64>,
}

/// The fingerprint of the kubeconfig of a cluster.
pub(crate) async fn fingerprint(cluster: &Cluster, options: &ConnectOptions) -> Fingerprint {
    let path = options.kubeconfig_of(cluster);
    let metadata = tokio::fs::metadata(&path).await.ok();
    Fingerprint {
        path: tokio::fs::canonicalize(&path).await.ok(),
        modified: metadata.as_ref().and_then(|known| known.modified().ok()),
        bytes: metadata.as_ref().map(std::fs::Metadata::len),
    }
}
