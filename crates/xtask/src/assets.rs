//! Builds the test servers from their Go modules, below `integration/assets`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cofferdam_integration::assets::{self, Module, Tool};
use sha2::{Digest as _, Sha256};

use crate::{root, say};

/// Builds what is missing or was built from other pins; returns the directory of the binaries.
pub(crate) fn ensure() -> Result<PathBuf> {
    let of = |module: Module| module.tools().iter().map(move |tool| (module, *tool));
    ensure_these(&Module::ALL.into_iter().flat_map(of).collect::<Vec<_>>())
}

/// The same for some of them.
pub(crate) fn ensure_these(wanted: &[(Module, Tool)]) -> Result<PathBuf> {
    let directory = assets::directory()?;
    let mut due = Vec::new();
    for (module, tool) in wanted {
        let pins = Pins::read(*module)?;
        let target = directory.join(module.directory_name());
        if !is_current(&target, *tool, &pins.stamp) {
            due.push((target, *tool, pins));
        }
    }
    if !due.is_empty() {
        let count = due.len();
        say(&format!(
            "assets: {count} programs are built from Go modules first, once; all {ALL} take about 10 \
             minutes and 7 GB with Go's caches"
        ))?;
    }
    for (target, tool, pins) in &due {
        fs::create_dir_all(target)?;
        build(target, *tool, pins)?;
    }
    say(&format!(
        "assets: {} built, {} up to date in {}",
        due.len(),
        wanted.len() - due.len(),
        directory.display()
    ))?;
    Ok(directory)
}

/// How many programs there are for all versions.
const ALL: usize = 6;

/// What a build depends on.
struct Pins {
    directory: PathBuf,
    /// The release of Kubernetes, where programs have to be told theirs.
    release: Option<String>,
    linker_flags: String,
    stamp: String,
}

impl Pins {
    fn read(module: Module) -> Result<Self> {
        let directory = root()?
            .join("integration/assets")
            .join(module.directory_name());
        let read = |name| {
            let path = directory.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        let (pins, sums) = (read("go.mod")?, read("go.sum")?);
        let release = match module {
            Module::Kubernetes(_) => Some(release(&pins).with_context(|| {
                format!("`{}/go.mod` pins no k8s.io/kubernetes", directory.display())
            })?),
            Module::Alertmanager => None,
        };
        let linker_flags = release.map_or_else(|| Ok("-s -w".to_owned()), linker_flags)?;
        let stamp = stamp(&[&pins, &sums, &linker_flags]);
        Ok(Self {
            release: release.map(ToOwned::to_owned),
            directory,
            linker_flags,
            stamp,
        })
    }
}

/// `v1.36.3` of `k8s.io/kubernetes v1.36.3`.
fn release(pins: &str) -> Option<&str> {
    let mut lines = pins
        .lines()
        .map(|line| line.trim().trim_start_matches("require "));
    let pin = lines.find_map(|line| line.strip_prefix("k8s.io/kubernetes "))?;
    // Nothing of ours imports it, so a comment behind the version says `indirect`.
    pin.split_whitespace().next()
}

fn linker_flags(release: &str) -> Result<String> {
    let mut numbers = release.trim_start_matches('v').split('.');
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        bail!("`{release}` is no version");
    };
    let set = "-X k8s.io/component-base/version";
    Ok(format!(
        "-s -w {set}.gitVersion={release} {set}.gitMajor={major} {set}.gitMinor={minor}"
    ))
}

fn stamp(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn is_current(target: &Path, tool: Tool, stamp: &str) -> bool {
    let built = fs::read_to_string(stamp_path(target, tool)).unwrap_or_default();
    target.join(tool.file_name()).is_file() && built.trim_end() == stamp
}

fn stamp_path(target: &Path, tool: Tool) -> PathBuf {
    target.join(format!("{}.stamp", tool.file_name()))
}

/// A build that is cut short leaves the old binary and its old stamp.
fn build(target: &Path, tool: Tool, pins: &Pins) -> Result<()> {
    let name = tool.file_name();
    let release = pins.release.as_ref();
    let of = release.map_or_else(String::new, |release| format!(" for Kubernetes {release}"));
    say(&format!("assets: building {name}{of} …"))?;
    let start = Instant::now();
    let partial = target.join(format!(".{name}.{}.partial", std::process::id()));
    let status = Command::new("go")
        .current_dir(&pins.directory)
        .env("CGO_ENABLED", "0")
        .args(["build", "-trimpath", "-ldflags", &pins.linker_flags, "-o"])
        .arg(&partial)
        .arg(tool.package())
        .status();
    let status = match status {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!(
                "`go` is not in PATH: the test servers are built from Go modules, install Go 1.26"
            )
        }
        status => status.context("cannot run `go`")?,
    };
    if !status.success() {
        bail!("`go build` of {name}{of} ended with {status}");
    }
    fs::rename(&partial, target.join(name))?;
    fs::write(stamp_path(target, tool), &pins.stamp)?;
    say(&format!(
        "assets: built {name} in {} s",
        start.elapsed().as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_both_forms_of_require() {
        assert_eq!(
            release("require k8s.io/kubernetes v1.36.3\n"),
            Some("v1.36.3")
        );
        assert_eq!(
            release("require (\n\tk8s.io/kubernetes v1.33.13 // indirect\n)\n"),
            Some("v1.33.13")
        );
        assert_eq!(release("require k8s.io/api v0.36.3\n"), None);
    }

    #[test]
    fn the_stamp_follows_every_part() {
        assert_ne!(stamp(&["a", "b"]), stamp(&["a", "c"]));
        assert_eq!(stamp(&["a", "b"]).len(), 64);
    }
}
