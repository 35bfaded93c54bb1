//! Manifests that are named on the command line: files, directories and `-`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cofferdam_documents::{FileId, Manifest, Manifests};
use cofferdam_model::diagnostic::{Diagnostic, Place, Severity};

/// Standard input, as a path and in what is told of it.
const STANDARD_INPUT: &str = "-";

/// What was read, beside the objects.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// What is wrong with the files, by file, line and column.
    pub(crate) diagnostics: Vec<Diagnostic>,
    manifests: Manifests,
    /// Texts that cannot be read twice: of standard input, pipes and revisions.
    kept: BTreeMap<String, String>,
}

/// Hands each object of files and directories to `take`, file by file in the order of their paths, in
/// whatever order these were given. An error where a path is not there, or nothing is in any.
pub(crate) fn read(paths: &[PathBuf], take: &mut dyn FnMut(Manifest)) -> Result<Read> {
    let (files, diagnostics) = files(paths)?;
    let mut read = Read {
        diagnostics,
        ..Read::default()
    };
    let mut count = 0_usize;
    for path in &files {
        read.file(path, &mut |manifest| {
            count += 1;
            take(manifest);
        });
    }
    read.diagnostics.sort();
    if count == 0 && read.diagnostics.is_empty() {
        bail!(
            "there are no Kubernetes objects in {}: of directories, files in `.yaml`, `.yml` and `.json` are read",
            listed(paths)
        );
    }
    Ok(read)
}

/// The same of texts, each with the path under which it is told.
pub(crate) fn read_texts(
    texts: impl IntoIterator<Item = (String, String)>,
    take: &mut dyn FnMut(Manifest),
) -> Read {
    let mut read = Read::default();
    for (path, text) in texts {
        let told = read
            .manifests
            .read(&path, &text, &mut |manifest| take(manifest));
        read.diagnostics.extend(told);
        read.kept.insert(path, text);
    }
    read.diagnostics.sort();
    read
}

/// Paths as they are told.
pub(crate) fn listed(paths: &[PathBuf]) -> String {
    let shown = paths.iter().map(|path| format!("`{}`", path.display()));
    shown.collect::<Vec<_>>().join(", ")
}

impl Read {
    /// The path of a file.
    pub(crate) fn path(&self, file: FileId) -> Option<&str> {
        self.manifests.path(file)
    }

    /// The path of a file, and its text, to find places in it.
    pub(crate) fn text(&self, file: FileId) -> Result<(&str, Cow<'_, str>)> {
        let path = self.manifests.path(file).context("there is no such file")?;
        if let Some(text) = self.kept.get(path) {
            return Ok((path, Cow::Borrowed(text)));
        }
        let text = fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read `{path}` again"))?;
        Ok((path, Cow::Owned(text)))
    }

    fn file(&mut self, path: &Path, take: &mut dyn FnMut(Manifest)) {
        let text = match text(path) {
            Ok(text) => text,
            Err(error) => {
                let told = unreadable(path, &error);
                self.diagnostics.push(told);
                return;
            }
        };
        let shown = path.to_string_lossy();
        let told = self
            .manifests
            .read(&shown, &text, &mut |manifest| take(manifest));
        self.diagnostics.extend(told);
        if is_standard_input(path) || !path.is_file() {
            self.kept.insert(shown.into_owned(), text);
        }
    }
}

fn text(path: &Path) -> io::Result<String> {
    if is_standard_input(path) {
        return io::read_to_string(io::stdin().lock());
    }
    let mut text = String::new();
    fs::File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Every file to be read, each once, by path; and what stands in the way of reading more.
fn files(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<Diagnostic>)> {
    let (mut found, mut told) = (Vec::new(), Vec::new());
    for path in paths {
        if is_standard_input(path) {
            found.push(path.clone());
            continue;
        }
        let shown = path.display();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => below(path, &mut found, &mut told),
            Ok(_) => found.push(path.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("there is no file or directory `{shown}`");
            }
            Err(error) => bail!("`{shown}` cannot be read: {error}"),
        }
    }
    found.sort();
    // Two paths, or a link, may lead to the same file.
    let mut seen = BTreeSet::new();
    found.retain(|path| {
        let real = if is_standard_input(path) {
            None
        } else {
            fs::canonicalize(path).ok()
        };
        seen.insert(real.unwrap_or_else(|| path.clone()))
    });
    Ok((found, told))
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// Every file below a directory that is called like a manifest; links are followed once.
fn below(directory: &Path, found: &mut Vec<PathBuf>, told: &mut Vec<Diagnostic>) {
    let mut left = vec![directory.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(directory) = left.pop() {
        if fs::canonicalize(&directory).is_ok_and(|real| !seen.insert(real)) {
            continue;
        }
        let entries = fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                told.push(unreadable(&directory, &error));
                continue;
            }
        };
        for path in entries.iter().map(fs::DirEntry::path) {
            let is_manifest = is_named_like_manifest(&path);
            match fs::metadata(&path) {
                _ if is_hidden(&path) => {}
                Ok(metadata) if metadata.is_dir() => left.push(path),
                Ok(metadata) if is_manifest && metadata.is_file() => found.push(path),
                Err(error) if is_manifest => told.push(unreadable(&path, &error)),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy);
    name.is_some_and(|name| name.starts_with('.'))
}

/// Whether a file is called like a manifest.
pub(crate) fn is_named_like_manifest(path: &Path) -> bool {
    let endings = ["yaml", "yml", "json"];
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| endings.iter().any(|one| ending.eq_ignore_ascii_case(one)))
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let message = if error.kind() == io::ErrorKind::InvalidData {
        "it is not UTF-8".to_owned()
    } else {
        format!("it cannot be read: {error}")
    };
    Diagnostic {
        place: Place {
            file: path.to_string_lossy().into_owned(),
            ..Place::default()
        },
        severity: Severity::Error,
        code: "unreadable-file",
        message,
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Paths and texts; a text that begins with `-> ` is a link.
    type Tree<'a> = &'a [(&'a str, &'a [u8])];

    /// What is read of paths below a directory with such files: names of objects, then findings.
    #[track_caller]
    fn check(tree: Tree<'_>, paths: &[&str], expected: &[&str]) {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        for (path, text) in tree {
            let path = base.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix(b"-> ") {
                Some(to) => symlink(std::str::from_utf8(to).unwrap(), path).unwrap(),
                None => fs::write(path, text).unwrap(),
            }
        }
        let paths: Vec<PathBuf> = paths.iter().map(|path| base.join(path)).collect();
        let shown = |text: &str| text.replace(&format!("{}/", base.display()), "");
        let seen = seen(&paths).unwrap_or_else(|error| vec![format!("error: {error}")]);
        let seen: Vec<String> = seen.iter().map(|line| shown(line)).collect();
        assert_eq!(seen, expected);
    }

    fn seen(paths: &[PathBuf]) -> Result<Vec<String>> {
        let mut objects = Vec::new();
        let read = read(paths, &mut |manifest| objects.push(manifest))?;
        let names = objects.iter().map(|manifest| {
            let (path, text) = read.text(manifest.place.file).unwrap();
            assert!(text.contains("kind"));
            let name = manifest.object.pointer("/metadata/name").unwrap();
            format!("{path} {name}")
        });
        let told = read.diagnostics.iter().map(|one| {
            let place = &one.place;
            let (file, line) = (&place.file, place.line);
            format!("{file}:{line} {} {}", one.code, one.message)
        });
        Ok(names.chain(told).collect())
    }

    const A: &[u8] = b"{apiVersion: v1, kind: Pod, metadata: {name: a}}";
    const B: &[u8] = br#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}"#;
    const C: &[u8] = b"{apiVersion: v1, kind: Pod, metadata: {name: c}}";

    #[test]
    fn directories_are_read_in_the_order_of_paths() {
        let tree: Tree<'_> = &[
            ("m/z.YML", A),
            ("m/sub.yaml/b.json", B),
            ("m/c.yaml", C),
            ("m/readme.txt", b"text"),
            ("m/.hidden.yaml", b"text"),
            ("m/.git/x.yaml", b"text"),
        ];
        let expected = [
            r#"m/c.yaml "c""#,
            r#"m/sub.yaml/b.json "b""#,
            r#"m/z.YML "a""#,
        ];
        check(tree, &["m"], &expected);
        check(tree, &["m/z.YML", "m", "m/sub.yaml"], &expected);
    }

    #[test]
    fn what_is_named_is_read_whatever_it_is_called() {
        check(
            &[(".hidden", A), ("dump", B)],
            &["dump", ".hidden"],
            &[r#".hidden "a""#, r#"dump "b""#],
        );
    }

    #[test]
    fn links_are_followed_once() {
        check(
            &[
                ("m/a.yaml", A),
                ("m/again.yaml", b"-> a.yaml"),
                ("m/loop", b"-> ../m"),
                ("m/out", b"-> ../other"),
                ("other/b.yaml", B),
            ],
            &["m"],
            &[r#"m/a.yaml "a""#, r#"m/out/b.yaml "b""#],
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_beside_the_rest() {
        check(
            &[
                ("m/a.yaml", A),
                ("m/gone.yaml", b"-> nowhere"),
                ("m/latin.yaml", b"# \xff"),
                ("m/wrong.yaml", b"a: ["),
            ],
            &["m"],
            &[
                r#"m/a.yaml "a""#,
                "m/gone.yaml:0 unreadable-file it cannot be read: No such file or directory (os error 2)",
                "m/latin.yaml:0 unreadable-file it is not UTF-8",
                "m/wrong.yaml:1 syntax not valid YAML: while parsing a node, did not find expected node content",
            ],
        );
    }

    #[test]
    fn nothing_is_an_error() {
        check(
            &[],
            &["gone"],
            &["error: there is no file or directory `gone`"],
        );
        check(
            &[("m/a.txt", A), ("n.yaml", b"# nothing")],
            &["m", "n.yaml"],
            &[
                "error: there are no Kubernetes objects in `m`, `n.yaml`: of directories, files in `.yaml`, `.yml` and `.json` are read",
            ],
        );
    }
}
