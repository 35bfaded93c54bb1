//! `cargo xtask demo`: the main job, told as a story on three clusters.

mod chapters;
mod controller;
mod directory;
mod drifts;
mod interrupt;
mod leaving;
mod project;
mod stage;
mod terminal;
mod to_try;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use cofferdam_integration::assets::{Module, Tool, Version, binary};
use cofferdam_integration::{Cluster, cofferdam};

use crate::{assets, say};
use terminal::Terminal;

/// What of the test servers the demo needs.
const NEEDED: [(Module, Tool); 4] = [
    (Module::Kubernetes(Version::V1_36), Tool::Etcd),
    (Module::Kubernetes(Version::V1_36), Tool::ApiServer),
    (Module::Kubernetes(Version::V1_36), Tool::Kubectl),
    (Module::Alertmanager, Tool::Alertmanager),
];

/// What the demo does and how it is begun.
pub(crate) const HELP: &str = "\
The main job, told as a story on three clusters that it starts on loopback; every claim is checked.

Usage: cargo xtask demo [--keep | --stop]

  --keep   leaves the clusters up, in sync, and says what to try; the chapter about leaving is left out
  --stop   ends what `--keep` left up, and removes its files

It needs Rust, Go 1.26 and Linux. The first time it builds etcd, kube-apiserver, kubectl and Alertmanager, which takes
minutes.";

/// What ends a demo.
enum End {
    Told(Result<()>),
    Interrupted,
}

/// Tells the story; with `keep` the clusters stay up, also where it failed.
pub(crate) fn run(keep: bool) -> Result<()> {
    assets::ensure_these(&NEEDED)?;
    build()?;
    let directory = directory::make()?;
    match until_end(&directory, keep) {
        Ok(End::Told(told)) if keep && directory::is_kept(&directory) => told,
        Ok(End::Told(told)) => {
            let cleared = directory::clear(&directory);
            told.and(cleared)
        }
        Ok(End::Interrupted) => {
            directory::clear(&directory)?;
            bail!("interrupted; nothing was left running")
        }
        Err(error) => directory::clear(&directory).and(Err(error)),
    }
}

/// Ends what `--keep` left up.
pub(crate) fn stop() -> Result<()> {
    let stopped = directory::stop_all()?;
    say(&format!("demo: {stopped} stopped"))
}

/// In front of the reader, since a first build takes minutes.
fn build() -> Result<()> {
    say("demo: building cofferdam …")?;
    let arguments = ["build", "--workspace", "--bin", "cofferdam"];
    let status = cofferdam::cargo().args(arguments).status()?;
    if !status.success() {
        bail!("cofferdam does not build");
    }
    Ok(())
}

/// Another thread tells the story, so that this one can clear up whatever becomes of it.
fn until_end(directory: &Path, keep: bool) -> Result<End> {
    let (sender, ends) = mpsc::channel();
    let interrupted = sender.clone();
    interrupt::on_interrupt(move || interrupted.send(End::Interrupted).unwrap_or_default())?;
    let directory = PathBuf::from(directory);
    let story = thread::spawn(move || stage_and_tell(&directory, keep));
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

fn stage_and_tell(directory: &Path, keep: bool) -> Result<()> {
    let terminal = Terminal {
        project: directory.join("acme"),
        people: directory.join("people"),
        cofferdam: cofferdam::binary()?,
        kubectl: binary(Version::V1_36, Tool::Kubectl)?,
    };
    let start = Instant::now();
    say("demo: starting three clusters …")?;
    let clusters = stage::start(directory, keep)?;
    stage::give_access(&clusters, &terminal.people)?;
    project::copy(&terminal.project)?;
    for cluster in &clusters {
        project::connect(&terminal.project, cluster)?;
    }
    let told = chapters::tell(&terminal, &clusters, (start, keep));
    if keep {
        directory::keep(directory)?;
        clusters.into_iter().for_each(Cluster::leave_running);
        to_try::print(&terminal)?;
    }
    told
}
