//! The directory that holds `fleet/` and `policies/`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cofferdam_documents::{Loaded, SourceFile, load};
use cofferdam_model::Model;
use cofferdam_model::diagnostic::{Diagnostic, DocumentId, Remark, Severity};
use cofferdam_model::names::ClusterName;
use cofferdam_report::wire::check::WireDiagnostic;

use crate::clock;

/// What holds documents.
const ROOTS: [&str; 2] = ["fleet", "policies"];

/// Files above this are refused unread.
const LARGEST_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Reads and loads every document below `fleet/` and `policies/`.
pub(crate) fn read(directory: &Path) -> Result<Loaded> {
    let shown = directory.display();
    if !directory.exists() {
        bail!("there is no directory `{shown}`");
    }
    if !directory.is_dir() {
        bail!("`{shown}` is no directory: `-C` names the one that holds `fleet/` and `policies/`");
    }
    if ROOTS.iter().all(|part| !directory.join(part).exists()) {
        bail!(
            "`{shown}` has neither `fleet/` nor `policies/`; `cofferdam init` writes a start, `-C DIR` names another directory"
        );
    }
    Ok(load(&files(directory)?, &clock::today()))
}

/// Every document below `fleet/` and `policies/`, as far as these are there.
pub(crate) fn files(directory: &Path) -> Result<Vec<SourceFile>> {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for part in ROOTS.map(|part| directory.join(part)) {
        if part.exists() && !part.is_dir() {
            faults.push(format!("`{}` is no directory", shown(directory, &part)));
        }
    }
    for root in roots(directory) {
        let (read, unread) = collect(directory, &root);
        files.extend(read);
        faults.extend(unread);
    }
    if !faults.is_empty() {
        faults.sort();
        bail!("{}", faults.join("\n"));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn roots(directory: &Path) -> Vec<PathBuf> {
    let roots = ROOTS.map(|part| directory.join(part));
    roots.into_iter().filter(|root| root.is_dir()).collect()
}

/// The model, or an error that counts what `check` would show.
pub(crate) fn model(loaded: &Loaded) -> Result<&Model> {
    let Some(model) = &loaded.model else {
        let errors: Vec<Diagnostic> = loaded
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .cloned()
            .collect();
        cofferdam_report::output::talk(cofferdam_report::text::check(&errors).trim_end())?;
        bail!("the documents have errors; nothing is done with them");
    };
    Ok(model)
}

/// What is due in the documents, as `check` shows it.
pub(crate) fn warnings_of(loaded: &Loaded) -> Vec<WireDiagnostic> {
    let all = loaded.diagnostics.iter();
    all.filter(|diagnostic| diagnostic.severity == Severity::Warning)
        .map(WireDiagnostic::from)
        .collect()
}

/// Places remarks of the compiler in their documents.
pub(crate) fn located(loaded: &Loaded, remarks: &[Remark]) -> Vec<Diagnostic> {
    remarks.iter().map(|remark| loaded.locate(remark)).collect()
}

/// The file of a cluster's document, seen from the directory.
pub(crate) fn file_of(loaded: &Loaded, cluster: &ClusterName) -> String {
    let remark = Remark {
        document: DocumentId {
            kind: "Cluster",
            name: cluster.to_string(),
        },
        path: String::new(),
        severity: Severity::Notice,
        code: "place",
        message: String::new(),
        hint: None,
    };
    loaded.locate(&remark).place.file
}

/// Every document below a directory; what cannot be read is told all at once.
fn collect(base: &Path, directory: &Path) -> (Vec<SourceFile>, Vec<String>) {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    let mut left = vec![directory.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(directory) = left.pop() {
        // A link may lead back to where it lies.
        if fs::canonicalize(&directory).is_ok_and(|real| !seen.insert(real)) {
            let shown = shown(base, &directory);
            faults.push(format!(
                "`{shown}` leads to a directory that was read already"
            ));
            continue;
        }
        let entries =
            match fs::read_dir(&directory).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
                Ok(entries) => entries,
                Err(error) => {
                    faults.push(format!(
                        "cannot read `{}`: {error}",
                        shown(base, &directory)
                    ));
                    continue;
                }
            };
        for path in entries
            .iter()
            .map(fs::DirEntry::path)
            .filter(|path| is_meant(path))
        {
            if path.is_dir() {
                left.push(path);
            } else if is_yaml(&path) {
                match read_file(base, &path) {
                    Ok(file) => files.push(file),
                    Err(error) => faults.push(format!("{error:#}")),
                }
            }
        }
    }
    (files, faults)
}

/// Whether its name ends like that of a YAML file, in any case: a file left out by mistake would take its
/// flows out of the model.
fn is_yaml(path: &Path) -> bool {
    let endings = ["yaml", "yml"];
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| endings.iter().any(|one| ending.eq_ignore_ascii_case(one)))
}

/// Hidden files, and credentials, are no documents.
fn is_meant(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| !name.starts_with('.') && name != "kubeconfigs")
}

fn shown(base: &Path, path: &Path) -> String {
    let path = path.strip_prefix(base).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

fn read_file(base: &Path, path: &Path) -> Result<SourceFile> {
    let shown = shown(base, path);
    let metadata = fs::metadata(path).with_context(|| format!("cannot read `{shown}`"))?;
    if !metadata.is_file() {
        bail!("`{shown}` is no regular file");
    }
    let size = metadata.len();
    if size > LARGEST_FILE_BYTES {
        bail!("`{shown}` has {size} bytes, more than 8 MiB; split it");
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("`{shown}` is not UTF-8"))?;
    Ok(SourceFile { path: shown, text })
}
