//! The directory that holds `fleet/` and `policies/`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cofferdam_documents::{Loaded, SourceFile, load};
use cofferdam_model::Model;
use cofferdam_model::diagnostic::{Diagnostic, Remark, Severity};

use crate::clock;

/// Files above this are refused unread.
const LARGEST_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Reads and loads every document below `fleet/` and `policies/`.
pub(crate) fn read(directory: &Path) -> Result<Loaded> {
    let mut files = Vec::new();
    let mut seen = false;
    for part in ["fleet", "policies"] {
        let root = directory.join(part);
        if root.is_dir() {
            seen = true;
            collect(directory, &root, &mut files)?;
        }
    }
    if !seen {
        bail!(
            "`{}` has neither `fleet/` nor `policies/`; `cofferdam init` writes a start, `-C DIR` names another directory",
            directory.display()
        );
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(load(&files, &clock::today()))
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
        bail!("the documents have errors; nothing is planned from them");
    };
    Ok(model)
}

/// Places remarks of the compiler in their documents.
pub(crate) fn located(loaded: &Loaded, remarks: &[Remark]) -> Vec<Diagnostic> {
    remarks.iter().map(|remark| loaded.locate(remark)).collect()
}

fn collect(base: &Path, directory: &Path, files: &mut Vec<SourceFile>) -> Result<()> {
    let entries = fs::read_dir(directory)
        .with_context(|| format!("cannot read directory `{}`", directory.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot read `{}`", directory.display()))?
            .path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if name.starts_with('.') || name == "kubeconfigs" {
            continue;
        }
        if path.is_dir() {
            collect(base, &path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            files.push(read_file(base, &path)?);
        }
    }
    Ok(())
}

fn read_file(base: &Path, path: &Path) -> Result<SourceFile> {
    let shown = path
        .strip_prefix(base)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned();
    let size = fs::metadata(path)
        .with_context(|| format!("cannot read `{shown}`"))?
        .len();
    if size > LARGEST_FILE_BYTES {
        bail!("`{shown}` has {size} bytes, more than 8 MiB; split it");
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("`{shown}` is not UTF-8"))?;
    Ok(SourceFile { path: shown, text })
}
