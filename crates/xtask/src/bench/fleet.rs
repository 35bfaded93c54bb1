//! Ten clusters at once: ours must keep their API servers busy, and nothing else.

use std::fs;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use cofferdam_integration::Cluster;

use super::measure::Measured;
use super::milliseconds;
use super::rig::{Programs, options, prepare, project, reset};
use super::state::State;
use super::table::{Goal, Row, Table};
use crate::say;

const CLUSTERS: usize = 10;

/// The kernel counts time in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// Measures one push to ten empty clusters and adds the row.
pub(super) fn run(programs: &Programs, table: &mut Table) -> Result<()> {
    say(&format!("bench: starting {CLUSTERS} clusters"))?;
    let names = (0..CLUSTERS).map(|number| options(&format!("bench-{number}")));
    let clusters = Cluster::start_all(names.collect::<Result<_>>()?)?;
    on_each(&clusters, prepare)?;
    let project = project(&clusters.iter().collect::<Vec<_>>())?;
    let home = tempfile::tempdir()?;
    let arguments = [
        "apply",
        "--yes",
        "--settle",
        "0s",
        "--all-at-once",
        "--max-in-flight",
        "1000",
    ];
    let directory = ["-C".to_owned(), project.path().display().to_string()];
    let push = Measured {
        program: &programs.cofferdam,
        arguments: directory
            .into_iter()
            .chain(arguments.map(str::to_owned))
            .collect(),
        home: home.path(),
    };
    push.run()?;
    let wanted = clusters
        .first()
        .map(State::of_cluster)
        .context("there is no cluster")??;
    on_each(&clusters, reset)?;
    let before = busy(&clusters)?;
    let cost = push.run()?;
    let servers = busy(&clusters)?.saturating_sub(before);
    on_each(&clusters, |cluster| {
        State::of_cluster(cluster)?.expect(&wanted)
    })?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let bound = servers / u32::try_from(cores)?;
    say(&format!(
        "bench: {CLUSTERS} clusters: wall {:.0} ms, CPU {:.0} ms, {} MiB; API servers and etcds {:.0} ms of CPU on {cores} cores",
        milliseconds(cost.wall),
        milliseconds(cost.cpu),
        cost.memory_kib / 1024,
        milliseconds(servers),
    ))?;
    let name = format!("{CLUSTERS} clusters, wall");
    let rival = "servers' CPU per core";
    table.add(Row::ratio(&name, rival, cost.wall, bound, Goal::times(1.3)));
    Ok(())
}

fn on_each(clusters: &[Cluster], act: impl Fn(&Cluster) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = clusters
            .iter()
            .map(|cluster| scope.spawn(|| act(cluster)))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
    })
}

/// The CPU time of every API server and etcd since its start.
fn busy(clusters: &[Cluster]) -> Result<Duration> {
    let ids = clusters.iter().flat_map(Cluster::process_ids);
    ids.map(busy_of).sum()
}

fn busy_of(id: u32) -> Result<Duration> {
    let path = format!("/proc/{id}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th after it.
    let (_, fields) = text.rsplit_once(')').context("no process name")?;
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u32>);
    let ticks: Vec<u32> = ticks.collect::<Result<_, _>>()?;
    ensure!(ticks.len() == 2, "`{path}` has too few fields");
    Ok(TICK * ticks.iter().sum::<u32>())
}
