//! Files that commands write.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file as a whole or not at all; parent directories are made.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".cofferdam-new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

/// Writes a file that must not exist yet.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Makes `directory` hold exactly these files (relative path and text) among those that end in
/// `.yaml`; whatever else is there stays.
pub fn write_tree(directory: &Path, files: &[(String, String)]) -> io::Result<()> {
    for (path, text) in files {
        write(&directory.join(path), text)?;
    }
    let wanted: std::collections::BTreeSet<_> =
        files.iter().map(|(path, _)| directory.join(path)).collect();
    remove_stale(directory, &wanted)
}

fn remove_stale(
    directory: &Path,
    wanted: &std::collections::BTreeSet<std::path::PathBuf>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_stale(&path, wanted)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
            && !wanted.contains(&path)
        {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
