//! Finding drift: one look of ours, whole process, against `kubectl diff` of the same objects.

use anyhow::{Context as _, Result, ensure};

use super::contender::Contender;
use super::measure::Cost;
use super::requests::Requests;
use super::rig::{Rig, Route, reset};
use super::table::{Goal, Row, Table};
use super::{median, milliseconds};
use crate::say;

const WHO: [Contender; 2] = [Contender::Ours, Contender::Kubectl];

/// Measures on a cluster that holds what it should, and adds the rows.
pub(super) fn run(rig: &Rig, rounds: usize, table: &mut Table) -> Result<()> {
    Contender::Ours.push(rig, Route::Loopback)?;
    let mut costs = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for (contender, costs) in WHO.iter().zip(&mut costs) {
            // The first round of the quick one warms up; the slow one would only cost time.
            if round == 0 && *contender == Contender::Kubectl {
                continue;
            }
            let cost = once(rig, *contender)?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    reset(&rig.cluster)?;
    let [ours, kubectl] = costs.map(|costs| median(&costs));
    table.add(Row::against(
        "drift scan, wall",
        ours.wall,
        kubectl.wall,
        Goal::part(60),
    ));
    table.add(Row::against(
        "drift scan, CPU",
        ours.cpu,
        kubectl.cpu,
        Goal::part(60),
    ));
    Ok(())
}

fn once(rig: &Rig, contender: Contender) -> Result<Cost> {
    let mark = rig.cluster.audit_mark()?;
    let cost = contender
        .compare(rig)
        .with_context(|| format!("drift with {}", contender.label()))?;
    let audit = rig.cluster.audit_since(mark)?;
    let (made, writes) = (
        Requests::of(&audit, contender.user()),
        audit.writes_by(contender.user()),
    );
    ensure!(writes.is_empty(), "looking for drift wrote {writes:?}");
    say(&format!(
        "bench: drift: {:8} wall {:7.1} ms, CPU {:6.1} ms, {:3} MiB, {} requests",
        contender.user(),
        milliseconds(cost.wall),
        milliseconds(cost.cpu),
        cost.memory_kib / 1024,
        made.policies + made.lists.values().sum::<usize>() + made.others,
    ))?;
    Ok(cost)
}
