//! `cargo xtask demo`: the main job, told as a story on three clusters.

mod chapters;
mod directory;
mod interrupt;
mod project;
mod stage;
mod terminal;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use crate::{assets, say};

/// What ends a demo.
enum End {
    Told(Result<()>),
    Interrupted,
}

/// Tells the story; with `keep` the clusters stay up.
pub(crate) fn run(keep: bool) -> Result<()> {
    assets::ensure()?;
    let directory = directory::make()?;
    let end = until_end(&directory, keep)?;
    let kept = keep && matches!(end, End::Told(_));
    if !kept {
        directory::clear(&directory)?;
    }
    match end {
        End::Told(result) => result,
        End::Interrupted => bail!("interrupted; nothing was left running"),
    }
}

/// Ends what `--keep` left up.
pub(crate) fn stop() -> Result<()> {
    let stopped = directory::stop_all()?;
    say(&format!("demo: {stopped} stopped"))
}

/// Another thread tells the story, so that this one can clear up whatever becomes of it.
fn until_end(directory: &Path, keep: bool) -> Result<End> {
    let (sender, ends) = mpsc::channel();
    let interrupted = sender.clone();
    interrupt::on_interrupt(move || interrupted.send(End::Interrupted).unwrap_or_default())?;
    let directory = PathBuf::from(directory);
    let story = thread::spawn(move || chapters::tell(&directory, keep));
    thread::spawn(move || {
        let told = story
            .join()
            .map_err(|_| anyhow!("the demo panicked"))
            .flatten();
        // Who was interrupted waits no more.
        sender.send(End::Told(told)).unwrap_or_default();
    });
    ends.recv().context("the demo has gone")
}
