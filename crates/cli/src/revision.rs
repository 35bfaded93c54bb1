//! Manifests as a revision of a Git repository has them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::manifests::is_named_like_manifest;

/// A revision, and what of it is meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Revision<'a> {
    /// A branch, tag, commit, or another name that Git knows.
    name: &'a str,
    /// A file or directory, as seen from the current directory.
    path: &'a str,
}

impl<'a> Revision<'a> {
    /// Reads `git:NAME:PATH`; without a path, the current directory is meant. None of words that begin otherwise.
    pub(crate) fn parse(word: &'a str) -> Option<Self> {
        let word = word.strip_prefix("git:")?;
        let (name, path) = word.split_once(':').unwrap_or((word, "."));
        Some(Self { name, path })
    }

    /// The path of every manifest, with its text.
    pub(crate) fn files(&self) -> Result<Vec<(String, String)>> {
        let Self { name, path } = self;
        if name.is_empty() || name.starts_with('-') || path.is_empty() {
            bail!("`git:{name}:{path}` is not of the form `git:REVISION:PATH`");
        }
        let listed = git(&["ls-tree", "-r", "-z", name, "--", path], String::new());
        let listed = listed.with_context(|| format!("revision `{name}` cannot be read"))?;
        let listed = String::from_utf8_lossy(&listed);
        let blobs: Vec<Blob<'_>> = listed.split('\0').filter_map(Blob::of_line).collect();
        if blobs.is_empty() {
            bail!(
                "there are no manifests in `{path}` of revision `{name}`: files in `.yaml`, `.yml` and `.json` are read"
            );
        }
        let asked: Vec<&str> = blobs.iter().map(|blob| blob.id).collect();
        let batch = git(&["cat-file", "--batch"], format!("{}\n", asked.join("\n")))?;
        let mut left = batch.as_slice();
        let files = blobs.iter().map(|blob| {
            let text = next_of_batch(&mut left);
            let text = text.with_context(|| format!("`{}` of revision `{name}`", blob.path))?;
            Ok((format!("git:{name}:{}", blob.path), text))
        });
        files.collect()
    }
}

/// A manifest in a tree of Git.
struct Blob<'a> {
    id: &'a str,
    path: &'a str,
}

impl<'a> Blob<'a> {
    /// Reads `MODE TYPE ID<tab>PATH`; none of what is no file, or not called like a manifest. As in directories, what
    /// is hidden is left out.
    fn of_line(line: &'a str) -> Option<Self> {
        let (about, path) = line.split_once('\t')?;
        let mut about = about.split(' ');
        let (mode, id) = (about.next()?, about.nth(1)?);
        let mut parts = Path::new(path).iter();
        let is_hidden = parts.any(|part| {
            let part = part.to_string_lossy();
            part.starts_with('.') && part != ".."
        });
        let is_read = mode.starts_with("100") && is_named_like_manifest(Path::new(path));
        (is_read && !is_hidden).then_some(Self { id, path })
    }
}

/// What Git answers to what it is told on its standard input.
fn git(arguments: &[&str], told: String) -> Result<Vec<u8>> {
    let mut git = Command::new("git")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run `git`, which is needed to read a revision")?;
    // It answers before everything was asked.
    let asking = git
        .stdin
        .take()
        .map(|mut input| thread::spawn(move || input.write_all(told.as_bytes())));
    let output = git.wait_with_output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{}", errors.trim().trim_start_matches("fatal: "));
    }
    if let Some(asking) = asking {
        let asked = asking.join();
        asked.map_err(|_| anyhow!("`git` was not asked"))??;
    }
    Ok(output.stdout)
}

/// The next object of a batch: `ID TYPE SIZE`, a line feed, so many bytes, and another line feed.
fn next_of_batch(left: &mut &[u8]) -> Result<String> {
    let end = left.iter().position(|byte| *byte == b'\n');
    let (header, rest) = left.split_at(end.context("is missing")?);
    let header = String::from_utf8_lossy(header);
    let size = header.rsplit(' ').next().unwrap_or_default();
    let size: usize = size.parse().context("is not there")?;
    let text = rest.get(1..=size).context("is cut off")?;
    *left = rest.get(size.saturating_add(2)..).unwrap_or_default();
    String::from_utf8(text.to_vec()).context("is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_read_from_words() {
        let check = |word, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(name, path)| Revision { name, path });
            assert_eq!(Revision::parse(word), expected, "{word}");
        };
        check("git:main:manifests", Some(("main", "manifests")));
        check("git:HEAD~1", Some(("HEAD~1", ".")));
        check("git:v1:a:b", Some(("v1", "a:b")));
        check("manifests", None);
    }
}
