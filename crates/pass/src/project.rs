//! The directory that holds `fleet/` and `policies/`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Result, bail};
use cofferdam_documents::{Loaded, SourceFile, Unread, load_partly};
use cofferdam_model::Model;
use cofferdam_model::diagnostic::{Diagnostic, DocumentId, Remark, Severity};
use cofferdam_model::names::ClusterName;
use cofferdam_report::wire::check::WireDiagnostic;

use crate::clock;

/// What holds documents.
pub const ROOTS: [&str; 2] = ["fleet", "policies"];

/// Files above this are refused unread.
const LARGEST_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Whether a directory has documents at all.
pub fn exists(directory: &Path) -> bool {
    ROOTS.into_iter().any(|part| directory.join(part).exists())
}

/// Reads and loads every document below `fleet/` and `policies/`.
pub fn read(directory: &Path) -> Result<Loaded> {
    let shown = directory.display();
    if !directory.exists() {
        bail!("there is no directory `{shown}`");
    }
    if !directory.is_dir() {
        bail!("`{shown}` is no directory: `-C` names the one that holds `fleet/` and `policies/`");
    }
    let is_absent = |part| matches!(metadata(&directory.join(part)), Ok(None));
    if ROOTS.into_iter().all(is_absent) {
        bail!(
            "`{shown}` has neither `fleet/` nor `policies/`; `cofferdam init` writes a start, `-C DIR` names another directory"
        );
    }
    let (files, unread) = everything(directory);
    Ok(load_partly(&files, &unread, &clock::today()))
}

/// Every document below `fleet/` and `policies/`, as far as these are there; an error where one could not
/// be read.
pub fn files(directory: &Path) -> Result<Vec<SourceFile>> {
    let (files, unread) = everything(directory);
    if !unread.is_empty() {
        let faults = unread
            .iter()
            .map(|one| format!("`{}`: {}", one.path, one.reason));
        bail!("{}", faults.collect::<Vec<_>>().join("\n"));
    }
    Ok(files)
}

/// Every document below `fleet/` and `policies/`, and what could not be read.
fn everything(directory: &Path) -> (Vec<SourceFile>, Vec<Unread>) {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    for root in ROOTS.map(|part| directory.join(part)) {
        match metadata(&root) {
            Ok(Some(metadata)) if metadata.is_dir() => {
                let (read, faults) = collect(directory, &root);
                files.extend(read);
                unread.extend(faults);
            }
            Ok(Some(_)) => unread.push(fault(directory, &root, "it is no directory")),
            Ok(None) => {}
            Err(error) => unread.push(fault(directory, &root, cannot_be_read(&error))),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    unread.sort();
    (files, unread)
}

fn fault(base: &Path, path: &Path, reason: impl Into<String>) -> Unread {
    Unread {
        path: shown(base, path),
        reason: reason.into(),
    }
}

/// What a path leads to; nothing where it is not there. A link that leads nowhere is there: what it is to
/// lead to, as a mount or a submodule, is only missing.
fn metadata(path: &Path) -> io::Result<Option<fs::Metadata>> {
    let is_absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if is_absent(&error) => match fs::symlink_metadata(path) {
            Err(gone) if is_absent(&gone) => Ok(None),
            Ok(_) | Err(_) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// The model, or an error that counts what `check` would show.
pub fn model(loaded: &Loaded) -> Result<&Model> {
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
pub fn warnings_of(loaded: &Loaded) -> Vec<WireDiagnostic> {
    let all = loaded.diagnostics.iter();
    all.filter(|diagnostic| diagnostic.severity == Severity::Warning)
        .map(WireDiagnostic::from)
        .collect()
}

/// Places remarks of the compiler in their documents.
pub fn located(loaded: &Loaded, remarks: &[Remark]) -> Vec<Diagnostic> {
    remarks.iter().map(|remark| loaded.locate(remark)).collect()
}

/// The file of a cluster's document, seen from the directory.
pub fn file_of(loaded: &Loaded, cluster: &ClusterName) -> String {
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
fn collect(base: &Path, directory: &Path) -> (Vec<SourceFile>, Vec<Unread>) {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    let mut left = vec![directory.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(directory) = left.pop() {
        // A link may lead back to where it lies.
        if fs::canonicalize(&directory).is_ok_and(|real| !seen.insert(real)) {
            let reason = "it leads to a directory that was read already";
            unread.push(fault(base, &directory, reason));
            continue;
        }
        let entries =
            match fs::read_dir(&directory).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
                Ok(entries) => entries,
                Err(error) => {
                    unread.push(fault(base, &directory, cannot_be_read(&error)));
                    continue;
                }
            };
        for path in entries
            .iter()
            .map(fs::DirEntry::path)
            .filter(|path| is_meant(path))
        {
            if is_yaml(&path) {
                match read_file(&path) {
                    Ok(text) => files.push(SourceFile {
                        path: shown(base, &path),
                        text,
                    }),
                    Err(reason) => unread.push(fault(base, &path, reason)),
                }
                continue;
            }
            // Any of these may be a directory full of documents.
            match metadata(&path) {
                Ok(Some(metadata)) if metadata.is_dir() => left.push(path),
                Ok(_) => {}
                Err(error) => unread.push(fault(base, &path, cannot_be_read(&error))),
            }
        }
    }
    (files, unread)
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

/// The text of a file, or why it is none. A directory that is called like a document, as container
/// runtimes make where a file is missing, may stand for one.
fn read_file(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| cannot_be_read(&error))?;
    if metadata.is_dir() {
        return Err("it is a directory with the name of a document".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let size = metadata.len();
    if size > LARGEST_FILE_BYTES {
        return Err(format!("it has {size} bytes, more than 8 MiB; split it"));
    }
    let bytes = fs::read(path).map_err(|error| cannot_be_read(&error))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn cannot_be_read(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}
