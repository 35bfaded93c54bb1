//! Reading a kubeconfig and refusing what is not safe in it.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use kube::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError};

/// The user and cluster that a context names.
pub(super) struct Selected {
    pub(super) cluster: String,
    pub(super) user: Option<String>,
}

impl Selected {
    pub(super) fn auth<'a>(&self, file: &'a Kubeconfig) -> Option<&'a AuthInfo> {
        let user = self.user.as_deref()?;
        let named = file.auth_infos.iter().find(|named| named.name == user)?;
        named.auth_info.as_ref()
    }

    /// Takes the proxy that the kubeconfig names for the cluster out of it.
    pub(super) fn take_proxy(&self, file: &mut Kubeconfig) -> Option<String> {
        let mut named = file.clusters.iter_mut();
        let cluster = named.find(|named| named.name == self.cluster)?;
        cluster.cluster.as_mut()?.proxy_url.take()
    }

    pub(super) fn auth_mut<'a>(&self, file: &'a mut Kubeconfig) -> Option<&'a mut AuthInfo> {
        let user = self.user.as_deref()?;
        let mut all = file.auth_infos.iter_mut();
        all.find(|named| named.name == user)?.auth_info.as_mut()
    }

    pub(super) fn cluster<'a>(&self, file: &'a Kubeconfig) -> Option<&'a Cluster> {
        let mut all = file.clusters.iter();
        all.find(|named| named.name == self.cluster)?
            .cluster
            .as_ref()
    }
}

pub(super) fn read(path: &Path) -> Result<Kubeconfig, String> {
    check_readers(path)?;
    parse(path)
}

/// That nobody else can read it, or who can and what to do.
fn check_readers(path: &Path) -> Result<(), String> {
    let metadata = std::fs::metadata(path).map_err(|error| unread(&error))?;
    let mounted = metadata.uid() == 0 && is_mounted_secret(path);
    check_mode(metadata.mode(), mounted)
}

/// Reads a kubeconfig, or says whether it is missing, unreadable, or none.
fn parse(path: &Path) -> Result<Kubeconfig, String> {
    Kubeconfig::read_from(path).map_err(|error| {
        if let KubeconfigError::ReadConfig(error, _) = &error {
            return unread(error);
        }
        // The parser's message may quote the file, which holds secrets: only the place is told.
        let why = "it is no kubeconfig, or a malformed one";
        if let KubeconfigError::Parse(error) = &error
            && let Some(at) = error.location()
        {
            return format!("{why}: see line {}, column {}", at.line(), at.column());
        }
        why.to_owned()
    })
}

fn unread(error: &io::Error) -> String {
    let known = [
        (io::ErrorKind::NotFound, "there is no such file"),
        (
            io::ErrorKind::PermissionDenied,
            "it may not be read: permission denied",
        ),
        (io::ErrorKind::IsADirectory, "it is a directory"),
        (io::ErrorKind::InvalidData, "it is no text"),
    ];
    let known = known.into_iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(
        || format!("it cannot be read: {error}"),
        |(_, why)| why.to_owned(),
    )
}

/// Whether a kubelet put the file there: it links each file of a Secret through `..data`. Such files
/// belong to root and are readable for the pod's group.
fn is_mounted_secret(path: &Path) -> bool {
    std::fs::read_link(path).is_ok_and(|target| target.starts_with("..data"))
}

fn check_mode(mode: u32, mounted: bool) -> Result<(), String> {
    let advice = "run `chmod 600` on it";
    if mode & 0o004 != 0 {
        return Err(format!("everybody can read it; {advice}"));
    }
    if mode & 0o040 != 0 && !mounted {
        return Err(format!("its group can read it; {advice}"));
    }
    Ok(())
}

/// The context to use: that of the document, or else the current one of the file. A kubeconfig that stands in for
/// the document's may call its only context otherwise; that is told as the second, and used.
pub(super) fn choose(
    file: &Kubeconfig,
    wanted: Option<&str>,
    stands_in: bool,
) -> Result<(Option<String>, Option<String>), String> {
    let Some(wanted) = wanted else {
        return Ok((file.current_context.clone(), None));
    };
    let names: Vec<&str> = file.contexts.iter().map(|one| one.name.as_str()).collect();
    if !stands_in || names.contains(&wanted) {
        return Ok((Some(wanted.to_owned()), None));
    }
    match names.as_slice() {
        [only] => Ok((Some((*only).to_owned()), Some((*only).to_owned()))),
        [] => Err("it has no context at all".to_owned()),
        several => Err(format!(
            "it has no context `{wanted}`, which the Cluster document names, but {}: rename one there (`kubectl \
             config rename-context`), or give a kubeconfig with one context only",
            several.join(", ")
        )),
    }
}

pub(super) fn select(file: &Kubeconfig, context: Option<&str>) -> Result<Selected, String> {
    let name = context
        .ok_or_else(|| "it has no current context; name one by `access.context`".to_owned())?;
    let found = file.contexts.iter().find(|named| named.name == name);
    let context = found
        .and_then(|named| named.context.as_ref())
        .ok_or_else(|| {
            let names = file.contexts.iter().map(|named| named.name.as_str());
            let names: Vec<&str> = names.collect();
            if names.is_empty() {
                return "it has no context at all".to_owned();
            }
            format!("it has no context `{name}`, but {}", names.join(", "))
        })?;
    Ok(Selected {
        cluster: context.cluster.clone(),
        user: context.user.clone(),
    })
}

pub(super) fn check(file: &Kubeconfig, selected: &Selected) -> Result<(), String> {
    let cluster = selected
        .cluster(file)
        .ok_or_else(|| format!("it has no cluster `{}`", selected.cluster))?;
    if cluster.insecure_skip_tls_verify == Some(true) {
        return Err("insecure-skip-tls-verify is refused; give the certificate authority".into());
    }
    let server = cluster.server.as_deref().unwrap_or_default();
    if !server.starts_with("https://") {
        return Err("its server address is not https".to_owned());
    }
    let provider = selected.auth(file).and_then(|a| a.auth_provider.as_ref());
    if provider.is_some() {
        return Err("auth-provider is refused; use an exec plugin or a token".to_owned());
    }
    Ok(())
}

/// The contexts of a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contexts {
    /// Their names, in the file's order.
    pub names: Vec<String>,
    /// The one that the file says is current.
    pub current: Option<String>,
    /// That others can read it, and what to do, where that is so: it will not be connected with.
    pub exposed: Option<String>,
}

/// The contexts of a kubeconfig. No credential in it is used, so that one that others can read is no error
/// yet.
pub fn contexts(path: &Path) -> Result<Contexts, String> {
    let kubeconfig = parse(path)?;
    let names = kubeconfig.contexts.into_iter().map(|context| context.name);
    Ok(Contexts {
        names: names.collect(),
        current: kubeconfig.current_context,
        exposed: check_readers(path).err(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_files_are_refused() {
        for (mode, mounted, good) in [
            (0o600, false, true),
            (0o640, false, false),
            (0o640, true, true),
            (0o644, true, false),
            (0o400, false, true),
        ] {
            let checked = check_mode(mode, mounted);
            assert_eq!(checked.is_ok(), good, "{mode:o} {mounted}");
        }
    }

    #[test]
    fn a_kubeconfig_that_stands_in_is_used_only_where_it_leaves_no_choice() {
        let file = |names: &[&str]| {
            let contexts: Vec<String> =
                names.iter().map(|one| format!("{{name: {one}}}")).collect();
            let text = format!(
                "{{current-context: b, contexts: [{}]}}",
                contexts.join(", ")
            );
            Kubeconfig::from_yaml(&text).expect("a kubeconfig")
        };
        let check =
            |names: &[&str], wanted, stands_in, want: Result<(&str, Option<&str>), &str>| {
                let chosen = choose(&file(names), wanted, stands_in);
                let chosen =
                    chosen.map(|(context, instead)| (context.unwrap_or_default(), instead));
                let want =
                    want.map(|(context, instead)| (context.to_owned(), instead.map(str::to_owned)));
                assert_eq!(
                    chosen,
                    want.map_err(str::to_owned),
                    "{names:?} {wanted:?} {stands_in}"
                );
            };
        check(&["a", "b"], Some("a"), true, Ok(("a", None)));
        check(&["b"], Some("a"), true, Ok(("b", Some("b"))));
        check(&["a", "b"], None, true, Ok(("b", None)));
        check(&["b"], Some("a"), false, Ok(("a", None)));
        let several = "it has no context `a`, which the Cluster document names, but b, c: rename one there (`kubectl \
            config rename-context`), or give a kubeconfig with one context only";
        check(&["b", "c"], Some("a"), true, Err(several));
        check(&[], Some("a"), true, Err("it has no context at all"));
    }

    #[test]
    fn missing_unreadable_and_malformed_files_are_told_apart() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config");
        let check = |text: Option<&[u8]>, want: &str| {
            std::fs::remove_file(&path).ok();
            if let Some(text) = text {
                std::fs::write(&path, text).expect("written");
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(&path, mode).expect("a mode");
            }
            assert_eq!(read(&path).err().as_deref(), Some(want));
            assert_eq!(contexts(&path).err().as_deref(), Some(want));
        };
        check(None, "there is no such file");
        check(
            Some(b"a: ["),
            "it is no kubeconfig, or a malformed one: see line 1, column 4",
        );
        check(
            Some(b"users: secret"),
            "it is no kubeconfig, or a malformed one: see line 1, column 8",
        );
        check(Some(&[0xff, 0x00]), "it is no text");
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(unread(&denied), "it may not be read: permission denied");
        assert_eq!(
            read(directory.path()).err().as_deref(),
            Some("everybody can read it; run `chmod 600` on it")
        );
    }

    #[test]
    fn a_file_of_a_mounted_secret_is_a_link_through_its_data() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str| directory.path().join(name);
        std::fs::write(file("plain"), "").expect("written");
        std::os::unix::fs::symlink("..data/config", file("mounted")).expect("linked");
        assert!(is_mounted_secret(&file("mounted")));
        assert!(!is_mounted_secret(&file("plain")));
    }
}
