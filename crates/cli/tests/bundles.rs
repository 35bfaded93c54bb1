//! Golden bundles: one small model on the platforms that people run, as stored capabilities.
//!
//! What differs is where DNS listens, where the API server is, from where it calls webhooks, and
//! whether a mesh carries the traffic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

type Files = BTreeMap<String, String>;

fn compile(directory: &Path) -> Result<Files> {
    let out = tempfile::tempdir()?;
    let run = Command::new(env!("CARGO_BIN_EXE_cofferdam"))
        .arg("-C")
        .arg(directory)
        .args(["compile", "--out"])
        .arg(out.path())
        .output()?;
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
    let mut sources = Files::new();
    collect(&platforms(), &platforms(), &mut sources)?;
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
