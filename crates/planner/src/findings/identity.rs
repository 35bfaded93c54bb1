//! The right cluster, and what could not be read of it.

use cofferdam_model::cluster::Cluster;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Finding};
use cofferdam_state::observed::told_unknowns;

use super::{Judged, finding, wrong_cluster};
use crate::view::View;

/// `wrong-cluster`, `unknown` and `bundle-skew`.
pub(super) fn check(view: &View<'_>, cluster: &Cluster) -> Vec<Finding> {
    let object = || ObjectKey::cluster(cluster.name.as_str());
    let mut found = Vec::new();
    for message in told_unknowns(&view.observed.all_unknowns()) {
        found.push(finding(view, Class::Unknown, object(), message));
    }
    if let (Some(pinned), Some(live)) = (&cluster.uid, view.observed.uid.known())
        && pinned != live
    {
        let message =
            format!("the kubeconfig leads to a cluster with UID `{live}`, not `{pinned}`");
        found.push(wrong_cluster(view, message));
    }
    let Some(record) = view.record() else {
        return found;
    };
    if record.instance != view.bundle.instance.as_str() {
        let message = format!("the cluster belongs to zone model `{}`", record.instance);
        found.push(finding(view, Class::WrongCluster, object(), message));
    } else if !record.bundle_hash.is_empty() && record.bundle_hash != view.bundle.hash {
        let message = format!(
            "bundle `{}` was applied, `{}` is compiled now",
            record.bundle_hash, view.bundle.hash
        );
        let hint = "see `cofferdam plan` for what changed";
        found.push(finding(view, Class::BundleSkew, object(), message).with_hint(hint));
    }
    found
}
