//! The definitions of the policies of administrators, as their API publishes them.

use anyhow::Result;

use crate::cluster::Cluster;
use crate::definitions::{Definition, define};

/// Plurals of the kinds, each with the last version of the Go module that brings its definition.
const KINDS: [(&str, &str); 3] = [
    ("adminnetworkpolicies", "v0.1.7"),
    ("baselineadminnetworkpolicies", "v0.1.7"),
    ("clusternetworkpolicies", "v0.2.0"),
];

const GROUP: &str = "policy.networking.k8s.io";

/// Has a cluster serve `AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` and `ClusterNetworkPolicy`.
pub fn define_admin_policies(cluster: &Cluster) -> Result<()> {
    for (plural, version) in KINDS {
        define(
            cluster,
            Definition {
                module: &format!("sigs.k8s.io/network-policy-api@{version}"),
                group: GROUP,
                plural,
            },
        )?;
    }
    Ok(())
}
