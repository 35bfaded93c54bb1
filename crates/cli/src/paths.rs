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

/// A place as a document in a directory names it, so that others can use the document too: relative where it was
/// given so, and below the home directory by `~/`. All but `given` are absolute and resolved.
pub(crate) fn named(given: &Path, place: &Path, from: &Path, home: Option<&Path>) -> PathBuf {
    let below_home = home.and_then(|home| place.strip_prefix(home).ok());
    if given.is_relative() && !given.starts_with("~") {
        relative(place, from).unwrap_or_else(|| place.to_owned())
    } else if let Some(rest) = below_home {
        Path::new("~").join(rest)
    } else {
        place.to_owned()
    }
}

/// The way from a directory to a place; none where they share nothing but the root.
fn relative(place: &Path, from: &Path) -> Option<PathBuf> {
    let pairs = place.components().zip(from.components());
    let shared = pairs.take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    (shared > 1).then(|| up.chain(place.components().skip(shared)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_a_path_as_it_was_given() {
        for (given, place, want) in [
            ("config", "/home/me/fleet/config", "../../config"),
            (
                "../.kube/config",
                "/home/me/.kube/config",
                "../../../.kube/config",
            ),
            ("../../../etc/config", "/etc/config", "/etc/config"),
            (
                "/home/me/.kube/config",
                "/home/me/.kube/config",
                "~/.kube/config",
            ),
            ("~/.kube/config", "/home/me/.kube/config", "~/.kube/config"),
            ("/etc/config", "/etc/config", "/etc/config"),
        ] {
            let from = Path::new("/home/me/fleet/fleet/clusters");
            let home = Some(Path::new("/home/me"));
            let named = named(Path::new(given), Path::new(place), from, home);
            assert_eq!(named, Path::new(want), "{given}");
        }
    }

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
