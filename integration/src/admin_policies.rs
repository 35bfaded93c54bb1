//! The definitions of the policies of administrators, as their API publishes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cluster::{ADMIN, Cluster};

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
        let file = module(cluster.directory(), version)?
            .join("config/crd/standard")
            .join(format!("{GROUP}_{plural}.yaml"));
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        cluster.apply_yaml(ADMIN, &text)?;
        let definition = format!("crd/{plural}.{GROUP}");
        cluster.kubectl(&["wait", "--for=condition=Established", &definition])?;
    }
    Ok(())
}

/// The directory of the module, which is downloaded once.
fn module(directory: &Path, version: &str) -> Result<PathBuf> {
    let module = format!("sigs.k8s.io/network-policy-api@{version}");
    let output = Command::new("go")
        .current_dir(directory)
        .args(["mod", "download", "-json", &module])
        .output()
        .context("cannot run `go`")?;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    match told.get("Dir").and_then(Value::as_str) {
        Some(found) => Ok(PathBuf::from(found)),
        None => bail!("`go mod download` of {module} failed: {told}"),
    }
}
