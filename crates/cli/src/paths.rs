//! Where paths lead.

use std::io;
use std::path::{Component, Path, PathBuf};

/// The place that a path leads to, absolute and without `.`, `..` and links, also where the last parts
/// of it are not there yet.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    let mut place = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::ParentDir => {
                place.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                place.push(component);
                place = std::fs::canonicalize(&place).unwrap_or(place);
            }
        }
    }
    Ok(place)
}

/// The same path written shortly: only the directory is resolved, so that who replaces a link to the
/// file replaces what is meant.
pub(crate) fn tidied(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(directory), Some(name)) => Ok(resolved(directory)?.join(name)),
        _ => Ok(absolute),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_links_and_to_what_is_not_there_yet() {
        let directory = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(directory.path()).unwrap();
        std::fs::create_dir_all(base.join("a/b")).unwrap();
        std::fs::write(base.join("file"), "").unwrap();
        std::os::unix::fs::symlink(base.join("a/b"), base.join("link")).unwrap();
        std::os::unix::fs::symlink(base.join("file"), base.join("config")).unwrap();
        for (path, whole, short) in [
            ("./a/./b/../new/x", "a/new/x", "a/new/x"),
            ("link/../new", "a/new", "a/new"),
            ("link/../../config", "file", "config"),
        ] {
            let path = base.join(path);
            assert_eq!(resolved(&path).unwrap(), base.join(whole));
            assert_eq!(tidied(&path).unwrap(), base.join(short));
        }
    }
}
