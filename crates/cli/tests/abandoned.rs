//! What is said of a fleet of which nothing but stored capabilities is left.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: acme }
spec: { tiers: [edge] }
";

const STORED: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Capabilities
metadata: { name: prod }
spec:
  uid: uid-prod
  version: v1.36.3
  cni: { name: cilium, enforces: 'yes', evidence: e }
  dns: { evidence: e }
  apiServer: {}
  namespaces: {}
";

#[test]
fn the_last_cluster_is_told_when_its_document_is_gone() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for (path, text) in [
        ("policies/model.yaml", MODEL),
        ("fleet/capabilities/prod.yaml", STORED),
    ] {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().context("a parent")?)?;
        std::fs::write(path, text)?;
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cofferdam"));
        command.current_dir(directory.path()).args(arguments);
        command.output()
    };
    for command in ["drift", "status"] {
        let told = run(&[command, "-o", "json"])?;
        assert_eq!(told.status.code(), Some(2), "{command}: {told:?}");
        let report: Value = serde_json::from_slice(&told.stdout)?;
        let clusters = report["clusters"].as_array().context("clusters")?;
        let names: Vec<&Value> = clusters.iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["prod"], "{command}");
        assert_eq!(clusters[0]["verdict"], "drifted", "{command}");
    }
    let told = run(&["drift"])?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("abandoned"), "{told}");
    // Who asks for a cluster by name, or would write, is told that there is none.
    for arguments in [&["drift", "--cluster", "prod"][..], &["plan"]] {
        let told = run(arguments)?;
        assert_eq!(told.status.code(), Some(1), "{arguments:?}");
    }
    Ok(())
}
