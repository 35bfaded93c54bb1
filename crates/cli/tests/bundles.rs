//! Golden bundles: one small model on the platforms that people run, as stored capabilities.
//!
//! What differs is where DNS listens, where the API server is, from where it calls webhooks, and
//! whether a mesh carries the traffic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};

type Files = BTreeMap<String, String>;

fn run(directory: &Path, out: &Path) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cofferdam"));
    command.arg("-C").arg(directory);
    Ok(command.args(["compile", "--out"]).arg(out).output()?)
}

fn compile(directory: &Path) -> Result<Files> {
    let out = tempfile::tempdir()?;
    let run = run(directory, out.path())?;
    ensure!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let mut files = Files::new();
    collect(out.path(), out.path(), &mut files)?;
    Ok(files)
}

fn collect(base: &Path, directory: &Path, files: &mut Files) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(base, &path, files)?;
        } else {
            let name = path.strip_prefix(base)?.to_string_lossy().into_owned();
            files.insert(name, std::fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

fn platforms() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms")
}

fn sources() -> Result<Files> {
    let mut sources = Files::new();
    collect(&platforms(), &platforms(), &mut sources)?;
    Ok(sources)
}

#[test]
fn every_platform_gets_its_bundle() -> Result<()> {
    let files = compile(&platforms())?;
    for platform in ["aks", "eks", "gke", "k3s", "kubeadm", "openshift"] {
        let prefix = format!("{platform}/");
        let sections: Vec<String> = files
            .iter()
            .filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?, text)))
            .map(|(name, text)| format!("# {name}\n{text}\n"))
            .collect();
        insta::assert_snapshot!(platform, sections.concat());
    }
    Ok(())
}

#[test]
fn bundles_do_not_depend_on_file_names_or_order() -> Result<()> {
    let renamed = tempfile::tempdir()?;
    let sources = sources()?;
    for (index, (name, text)) in sources.iter().rev().enumerate() {
        let mut documents: Vec<&str> = text.split("---\n").collect();
        documents.reverse();
        let directory = renamed
            .path()
            .join(name.split('/').next().context("a directory")?);
        std::fs::create_dir_all(&directory)?;
        std::fs::write(
            directory.join(format!("{index:02}.yml")),
            documents.join("\n---\n"),
        )?;
    }
    assert_eq!(compile(renamed.path())?, compile(&platforms())?);
    Ok(())
}

#[test]
fn nothing_is_compiled_from_capabilities_of_another_cluster() -> Result<()> {
    let project = tempfile::tempdir()?;
    for (name, text) in sources()? {
        let path = project.path().join(&name);
        std::fs::create_dir_all(path.parent().context("a directory")?)?;
        let pinned = text.replacen("\nspec:\n", "\nspec:\n  identity: { uid: another }\n", 1);
        let is_cluster = name == "fleet/clusters.yaml";
        std::fs::write(path, if is_cluster { pinned } else { text })?;
    }
    let out = project.path().join("out");
    let run = run(project.path(), &out)?;
    assert_eq!(run.status.code(), Some(1));
    let told = String::from_utf8(run.stderr)?;
    let why = "fleet/capabilities/kubeadm.yaml:5:8: error[wrong-identity]: these capabilities are not those of cluster `kubeadm` (spec.uid)";
    assert_eq!(told.lines().next(), Some(why));
    assert!(!out.exists());
    Ok(())
}
