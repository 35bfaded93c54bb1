//! Definitions of custom resources, as the Go modules of their APIs publish them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cluster::{ADMIN, Cluster};

/// A definition of the standard channel of an API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Definition<'a> {
    /// The Go module with its version.
    pub(crate) module: &'a str,
    /// The group of the kind.
    pub(crate) group: &'a str,
    /// The plural of the kind.
    pub(crate) plural: &'a str,
}

/// Has a cluster serve a kind.
pub(crate) fn define(cluster: &Cluster, definition: Definition<'_>) -> Result<()> {
    let Definition {
        module,
        group,
        plural,
    } = definition;
    let file = directory(cluster.directory(), module)?
        .join("config/crd/standard")
        .join(format!("{group}_{plural}.yaml"));
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read `{}`", file.display()))?;
    cluster.apply_yaml(ADMIN, &text)?;
    let definition = format!("crd/{plural}.{group}");
    cluster.kubectl(&["wait", "--for=condition=Established", &definition])?;
    Ok(())
}

/// The directory of a module, which is downloaded once.
fn directory(directory: &Path, module: &str) -> Result<PathBuf> {
    let output = Command::new("go")
        .current_dir(directory)
        .args(["mod", "download", "-json", module])
        .output()
        .context("cannot run `go`")?;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    match told.get("Dir").and_then(Value::as_str) {
        Some(found) => Ok(PathBuf::from(found)),
        None => bail!("`go mod download` of {module} failed: {told}"),
    }
}
