//! Files that commands write.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file as a whole or not at all; parent directories are made. Where a link leads to the file,
/// the file is written and the link stays; its mode stays too.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}-new", std::process::id()));
    let beside = Path::new(&beside);
    create(beside, text)?;
    let moved = keep_mode(&path, beside).and_then(|()| fs::rename(beside, &path));
    if moved.is_err() {
        // The first failure is the one to tell.
        fs::remove_file(beside).ok();
    }
    moved
}

fn keep_mode(old: &Path, new: &Path) -> io::Result<()> {
    match fs::metadata(old) {
        Ok(metadata) => fs::set_permissions(new, metadata.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a file that must not exist yet.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Makes `directory` hold exactly these files (relative path and text) among those that we wrote; what
/// else is there stays, and no link is followed.
pub fn write_tree(directory: &Path, files: &[(String, String)]) -> io::Result<()> {
    for (path, text) in files {
        write(&directory.join(path), text)?;
    }
    let wanted: BTreeSet<PathBuf> = files.iter().map(|(path, _)| directory.join(path)).collect();
    remove_stale(directory, &wanted)
}

fn remove_stale(directory: &Path, wanted: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            remove_stale(&path, wanted)?;
        } else if kind.is_file() && !wanted.contains(&path) && is_ours(&path)? {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Whether it is a manifest that we wrote: each of them says from which document it comes.
fn is_ours(path: &Path) -> io::Result<bool> {
    if path.extension().is_none_or(|extension| extension != "yaml") {
        return Ok(false);
    }
    let mark = format!("    {}: ", cofferdam_objects::keys::SOURCE);
    Ok(fs::read_to_string(path)?
        .lines()
        .any(|line| line.starts_with(&mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_we_wrote_is_removed_and_no_link_followed() {
        let [out, other] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let ours = "metadata:\n  annotations:\n    cofferdam.io/source: Zone/a\n";
        let files =
            [("a/x.yaml", ours), ("a/y.yaml", ours)].map(|(p, t)| (p.to_owned(), t.to_owned()));
        write_tree(out.path(), &files).unwrap();
        let theirs = "apiVersion: cofferdam.io/v1alpha1\nkind: Cluster\n";
        create(&out.path().join("a/kustomization.yaml"), theirs).unwrap();
        create(&other.path().join("z.yaml"), ours).unwrap();
        std::os::unix::fs::symlink(other.path(), out.path().join("a/linked")).unwrap();
        write_tree(out.path(), files.get(..1).unwrap()).unwrap();
        let left = |name: &str| out.path().join(name).exists();
        assert!(left("a/x.yaml") && left("a/kustomization.yaml") && left("a/linked/z.yaml"));
        assert!(!left("a/y.yaml"));
    }

    #[test]
    fn a_link_stays_and_so_does_the_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| directory.path().join(name));
        create(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }
}
