//! `CompileReport`.

use serde::Serialize;
use serde_json::Value;

/// What each cluster must hold.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompileReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `CompileReport`.
    pub kind: &'static str,
    /// Clusters by name.
    pub clusters: Vec<CompileCluster>,
}

/// The bundle of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompileCluster {
    /// The cluster.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// The hash of its bundle.
    pub bundle_hash: String,
    /// Its objects as a `v1` `List`, which `kubectl` takes.
    pub objects: Value,
}
