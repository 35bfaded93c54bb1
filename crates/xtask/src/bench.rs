//! `cargo xtask bench push`: how fast bundles get into clusters, and how fast drift is found; `bench reach`: how fast
//! it is known what can reach what.
//!
//! Three push the same objects to the same API server in turn: ours, `kubectl apply --server-side`, and a
//! floor client that does nothing but send patches. A figure counts only when all reached the same state.

mod contender;
mod documents;
mod drift;
mod fleet;
mod floor;
mod measure;
mod push;
mod requests;
mod rig;
mod state;
mod table;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use cofferdam_integration::cofferdam::cargo;

use crate::{assets, print, root, say};
use measure::Cost;
use rig::{Programs, Rig, Route};
use table::Table;

const USAGE: &str = "usage: cargo xtask bench push [--rounds N] [--without-fleet] | bench reach";

/// Runs what is behind `bench`; `measure` and `floor` are processes that the bench itself starts.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["push", options @ ..] => push(options),
        ["reach"] => reach(),
        ["measure", log, program, arguments @ ..] => measure::measure(log, program, arguments),
        ["floor", address, authority, token, file, in_flight] => {
            floor::send(address, authority, token, file, in_flight)
        }
        _ => bail!("{USAGE}"),
    }
}

/// Everything is within one process, so that it is a bench of the crate itself.
fn reach() -> Result<()> {
    let status = cargo()
        .args([
            "bench",
            "--package",
            "cofferdam-semantics",
            "--bench",
            "reach",
        ])
        .current_dir(root()?)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the bench failed");
    Ok(())
}

/// What was asked for.
struct Options {
    rounds: usize,
    fleet: bool,
}

fn push(arguments: &[&str]) -> Result<()> {
    let options = parse(arguments)?;
    assets::ensure()?;
    let programs = build()?;
    let mut table = Table::default();
    {
        let rig = Rig::start(&programs)?;
        for route in Route::ALL {
            push::run(&rig, route, options.rounds, &mut table)?;
        }
        drift::run(&rig, options.rounds, &mut table)?;
    }
    if options.fleet {
        fleet::run(&programs, &mut table)?;
    }
    print(&table.render())?;
    ensure!(table.is_valid(), "a count of requests is over its limit");
    Ok(())
}

fn parse(arguments: &[&str]) -> Result<Options> {
    let mut options = Options {
        rounds: 3,
        fleet: true,
    };
    let mut rest = arguments;
    loop {
        rest = match rest {
            [] => break,
            ["--rounds", count, rest @ ..] => {
                options.rounds = count.parse().context(USAGE)?;
                rest
            }
            ["--without-fleet", rest @ ..] => {
                options.fleet = false;
                rest
            }
            _ => bail!("{USAGE}"),
        };
    }
    ensure!(options.rounds > 0, "{USAGE}");
    Ok(options)
}

/// Builds the release binaries of ours and of the floor. One after the other: built together, they
/// would share the features of their libraries.
fn build() -> Result<Programs> {
    let root = root()?;
    for package in ["cofferdam-cli", "xtask"] {
        say(&format!("bench: building {package}"))?;
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(&root)
            .args(["build", "--quiet", "--release", "--package", package])
            .status()
            .context("cannot run cargo")?;
        ensure!(status.success(), "`{package}` does not build");
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let release = root.join(target).join("release");
    Programs::new(release.join("cofferdam"), release.join("xtask"))
}

/// The middle of several costs, each figure by itself.
fn median(costs: &[Cost]) -> Cost {
    fn middle<T: Ord + Copy + Default>(mut all: Vec<T>) -> T {
        all.sort();
        all.get(all.len() / 2).copied().unwrap_or_default()
    }
    Cost {
        wall: middle(costs.iter().map(|cost| cost.wall).collect()),
        cpu: middle(costs.iter().map(|cost| cost.cpu).collect()),
        memory_kib: middle(costs.iter().map(|cost| cost.memory_kib).collect()),
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
