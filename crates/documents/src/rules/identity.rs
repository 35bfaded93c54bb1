//! No two clusters are the same cluster, and stored capabilities are of the cluster they name.

use std::collections::BTreeMap;

use cofferdam_model::Model;

use crate::rules::Court;

/// The code of the warning that stored capabilities are those of another cluster than the pinned one.
pub const WRONG_IDENTITY: &str = "wrong-identity";

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for cluster in model.clusters.values() {
        let Some(uid) = cluster.uid.as_deref().filter(|uid| !uid.is_empty()) else {
            continue;
        };
        let name = cluster.name.as_str();
        if let Some(other) = seen.insert(uid, name) {
            let message = format!("clusters `{other}` and `{name}` have the same UID");
            let mut reporter = court.on("Cluster", &name);
            reporter.error("spec.identity.uid", "same-identity", message);
        }
    }
    for stored in model.capabilities.values() {
        let pinned = model
            .clusters
            .get(&stored.cluster)
            .and_then(|cluster| cluster.uid.as_ref());
        if pinned.is_some_and(|pinned| *pinned != stored.uid) {
            let message = format!(
                "these capabilities are not those of cluster `{}`",
                stored.cluster
            );
            let mut reporter = court.on("Capabilities", &stored.cluster);
            let hint = "`cofferdam doctor --write` stores them anew";
            reporter
                .warning("spec.uid", WRONG_IDENTITY, message)
                .hint(hint);
        }
    }
}
