//! Golden bundles: one small model on the platforms that people run, as stored capabilities.
//!
//! What differs is where DNS listens, where the API server is, from where it calls webhooks, and
//! whether a mesh carries the traffic.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn compile(directory: &Path) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_cofferdam"))
        .arg("-C")
        .arg(directory)
        .args(["compile", "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let mut files = BTreeMap::new();
    collect(out.path(), out.path(), &mut files);
    files
}

fn collect(base: &Path, directory: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(base, &path, files);
        } else {
            let name = path
                .strip_prefix(base)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn platforms() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms")
}

#[test]
fn every_platform_gets_its_bundle() {
    let files = compile(&platforms());
    for platform in ["aks", "eks", "gke", "k3s", "kubeadm", "openshift"] {
        let prefix = format!("{platform}/");
        let text: String = files
            .iter()
            .filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?, text)))
            .map(|(name, text)| format!("# {name}\n{text}\n"))
            .collect();
        insta::assert_snapshot!(platform, text);
    }
}

#[test]
fn bundles_do_not_depend_on_file_names_or_order() {
    let renamed = tempfile::tempdir().unwrap();
    let mut sources = BTreeMap::new();
    collect(&platforms(), &platforms(), &mut sources);
    for (index, (name, text)) in sources.iter().rev().enumerate() {
        let mut documents: Vec<&str> = text.split("---\n").collect();
        documents.reverse();
        let part = name.split('/').next().unwrap();
        let path = renamed.path().join(part).join(format!("{index:02}.yml"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, documents.join("\n---\n")).unwrap();
    }
    assert_eq!(compile(renamed.path()), compile(&platforms()));
}
