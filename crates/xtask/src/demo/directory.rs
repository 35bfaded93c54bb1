//! Where a demo keeps its files, and how it is cleared away.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cofferdam_integration::assets::{self, Tool};

/// The file that marks a demo that was left up.
const KEPT: &str = "kept";
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// A directory of its own for this run.
pub(super) fn make() -> Result<PathBuf> {
    let path = root()?.join(std::process::id().to_string());
    if path.exists() {
        clear(&path)?;
    }
    // The tokens of all users are below it.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
    made.with_context(|| format!("cannot make `{}`", path.display()))?;
    Ok(path)
}

/// Marks a demo as left up, for `stop_all`.
pub(super) fn keep(directory: &Path) -> Result<()> {
    fs::write(directory.join(KEPT), "").context("cannot mark the demo as kept")
}

/// Whether a demo is to be left up.
pub(super) fn is_kept(directory: &Path) -> bool {
    directory.join(KEPT).is_file()
}

/// Ends every demo that was left up, or whose own process was killed; returns how many there were.
pub(super) fn stop_all() -> Result<usize> {
    let mut stopped = 0;
    for entry in fs::read_dir(root()?).into_iter().flatten() {
        let path = entry?.path();
        // A directory is named after the process that tells the story.
        let is_told = Path::new("/proc")
            .join(path.file_name().unwrap_or_default())
            .exists();
        if is_kept(&path) || !is_told {
            clear(&path)?;
            stopped += 1;
        }
    }
    Ok(stopped)
}

/// Ends the servers of a demo and removes its files.
pub(super) fn clear(directory: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let servers = servers(directory)?;
        if servers.is_empty() {
            break;
        }
        if Instant::now() > deadline {
            bail!(
                "cannot end {servers:?}, which use `{}`",
                directory.display()
            );
        }
        for id in servers {
            // It may have ended meanwhile; the next look tells.
            Command::new("/bin/sh")
                .args(["-c", r#"kill -s KILL "$0" 2>/dev/null"#, &id])
                .status()?;
        }
        thread::sleep(PAUSE);
    }
    if directory.exists() {
        fs::remove_dir_all(directory)
            .with_context(|| format!("cannot remove `{}`", directory.display()))?;
    }
    Ok(())
}

/// The ids of the servers whose files are below a directory: told by program and arguments, so that
/// neither an id given out again nor somebody's editor on a log is taken for one.
fn servers(directory: &Path) -> Result<Vec<String>> {
    let inside = format!("{}/", directory.display());
    let is_server = |process: &Path| {
        let program = fs::read_link(process.join("exe")).unwrap_or_default();
        let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
        let known = [Tool::Etcd, Tool::ApiServer, Tool::ControllerManager];
        known.iter().any(|tool| {
            program
                .file_name()
                .is_some_and(|name| name == tool.file_name())
        }) && String::from_utf8_lossy(&arguments).contains(&inside)
    };
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot list processes")? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if name.bytes().all(|byte| byte.is_ascii_digit()) && is_server(&path) {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}

fn root() -> Result<PathBuf> {
    Ok(assets::cache()?.join("demo"))
}
