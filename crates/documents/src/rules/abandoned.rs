//! Stored capabilities of clusters that have no document: what was written there is still there.

use cofferdam_model::Model;
use cofferdam_model::names::ClusterName;

use crate::nearest::did_you_mean;
use crate::rules::Court;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    for stored in model.capabilities.keys() {
        // One whose document is faulty has one.
        if !court.file_of("Cluster", stored).is_empty() {
            continue;
        }
        let message = format!(
            "cluster `{stored}` has no document, and may still hold what was written to it"
        );
        let names = model.clusters.keys().map(ClusterName::as_str);
        let meant = did_you_mean(stored.as_str(), names);
        let hint = meant.unwrap_or_else(|| {
            format!(
                "`cofferdam detach --cluster {stored} --remove --kubeconfig FILE` takes it back; then delete this \
                 document"
            )
        });
        let mut reporter = court.on("Capabilities", stored);
        reporter
            .warning("metadata.name", "abandoned", message)
            .hint(&hint);
    }
}
