//! The push: everybody in turn on an empty cluster, several rounds.

use anyhow::{Context as _, Result};

use super::contender::Contender;
use super::documents::POLICIES;
use super::measure::Cost;
use super::requests::Requests;
use super::rig::{ROUND_TRIP, Rig, Route, reset};
use super::state::State;
use super::table::{Goal, Row, Table};
use super::{median, milliseconds};
use crate::say;

/// What all rounds came to.
struct Results {
    ours: Cost,
    kubectl: Cost,
    floor: Cost,
    /// The requests of ours in the first measured round.
    requests: Requests,
    /// The requests of ours in a pass that has nothing to do.
    again: Requests,
}

/// Measures over one route and adds the rows.
pub(super) fn run(rig: &Rig, route: Route, rounds: usize, table: &mut Table) -> Result<()> {
    let mut costs = [Vec::new(), Vec::new(), Vec::new()];
    let mut requests = Requests::default();
    // The first round warms everybody up and does not count.
    for round in 0..=rounds {
        for turn in 0..Contender::ALL.len() {
            // Nobody always comes first.
            let place = (turn + round) % Contender::ALL.len();
            let (Some(contender), Some(costs)) = (Contender::ALL.get(place), costs.get_mut(place))
            else {
                continue;
            };
            let (cost, made) = once(rig, *contender, route)
                .with_context(|| format!("{} over {route:?}", contender.label()))?;
            if round > 0 {
                costs.push(cost);
            }
            if *contender == Contender::Ours {
                requests = made;
            }
            reset(&rig.cluster)?;
        }
    }
    let again = again(rig)?;
    let [ours, kubectl, floor] = costs.map(|costs| median(&costs));
    let results = Results {
        ours,
        kubectl,
        floor,
        requests,
        again,
    };
    match route {
        Route::Loopback => near(&results, table),
        Route::Distant => far(&results, table),
    }
    Ok(())
}

fn once(rig: &Rig, contender: Contender, route: Route) -> Result<(Cost, Requests)> {
    let mark = rig.cluster.audit_mark()?;
    let cost = contender.push(rig, route)?;
    let made = Requests::of(&rig.cluster.audit_since(mark)?, contender.user());
    State::of_cluster(&rig.cluster)?.expect(&rig.wanted)?;
    say(&format!(
        "bench: {route:?}: {:8} wall {:7.0} ms, CPU {:5.0} ms, {:3} MiB, {} + {} + {} requests",
        contender.user(),
        milliseconds(cost.wall),
        milliseconds(cost.cpu),
        cost.memory_kib / 1024,
        made.policies,
        made.lists.values().sum::<usize>(),
        made.others,
    ))?;
    Ok((cost, made))
}

/// A first push, and what a second one asks of the server.
fn again(rig: &Rig) -> Result<Requests> {
    Contender::Ours.push(rig, Route::Loopback)?;
    let mark = rig.cluster.audit_mark()?;
    Contender::push_again(rig)?;
    let made = Requests::of(&rig.cluster.audit_since(mark)?, Contender::Ours.user());
    State::of_cluster(&rig.cluster)?.expect(&rig.wanted)?;
    reset(&rig.cluster)?;
    Ok(made)
}

fn near(results: &Results, table: &mut Table) {
    let Results {
        ours,
        kubectl,
        floor,
        requests,
        again,
    } = results;
    table.add(Row::count(
        "requests per changed policy",
        requests.policies,
        POLICIES,
        1,
    ));
    table.add(Row::count(
        "requests per unchanged policy",
        again.policies,
        POLICIES,
        0,
    ));
    table.add(Row::at_most(
        "LISTs per kind and push",
        requests.lists_per_kind(),
        2,
    ));
    table.add(Row::at_most("other requests per push", requests.others, 16));
    table.add(Row::at_most(
        "LISTs per kind, nothing to do",
        again.lists_per_kind(),
        1,
    ));
    table.add(Row::against("CPU", ours.cpu, kubectl.cpu, Goal::part(10)).beside(floor.cpu));
    table.add(Row::over("CPU", ours.cpu, floor.cpu, Goal::times(1.5)));
    table.add(Row::over("wall", ours.wall, floor.wall, Goal::times(1.15)).beside(kubectl.wall));
    table.add(Row::memory(
        "peak memory",
        ours.memory_kib,
        kubectl.memory_kib,
        floor.memory_kib,
    ));
}

fn far(results: &Results, table: &mut Table) {
    let Results {
        ours,
        kubectl,
        floor,
        ..
    } = results;
    let name = format!("wall, {} ms away", ROUND_TRIP.as_millis());
    table.add(Row::against(&name, ours.wall, kubectl.wall, Goal::part(8)).beside(floor.wall));
    table.add(Row::over(&name, ours.wall, floor.wall, Goal::times(1.15)).beside(kubectl.wall));
}
