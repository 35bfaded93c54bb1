//! The kinds of objects that are read. All others are ignored.

use serde_json::Value;

use crate::fields::text;

pub(crate) type Kind = (&'static str, &'static str);

pub(crate) const NAMESPACE: Kind = ("v1", "Namespace");
pub(crate) const POD: Kind = ("v1", "Pod");
pub(crate) const NODE: Kind = ("v1", "Node");
pub(crate) const NETWORK_POLICY: Kind = ("networking.k8s.io/v1", "NetworkPolicy");
pub(crate) const ADMIN: Kind = ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy");
pub(crate) const BASELINE: Kind = (
    "policy.networking.k8s.io/v1alpha1",
    "BaselineAdminNetworkPolicy",
);
pub(crate) const CLUSTER: Kind = ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy");

/// Every kind of policy.
pub(crate) const POLICIES: [Kind; 4] = [NETWORK_POLICY, ADMIN, BASELINE, CLUSTER];

/// Whether an object is of a kind. What has no group is read whatever its version is called.
pub(crate) fn is(object: &Value, (api_version, kind): Kind) -> bool {
    let told = text(object, "/apiVersion");
    let is_version = if api_version.contains('/') {
        told == api_version
    } else {
        !told.contains('/')
    };
    is_version && text(object, "/kind") == kind
}
