//! How a rollout goes on: a function of where it and its clusters stand.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_report::wire::rollout::{
    Rollout, RolloutCluster, RolloutClusterState, RolloutState, RolloutWave, WaveState,
};
use jiff::Timestamp;

/// How a cluster stands to the revision that is rolled out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Why it cannot be reached, where it cannot.
    pub(crate) unreachable: Option<String>,
    /// Why it is not written by us at all.
    pub(crate) skipped: Option<String>,
    /// Whether it is as the revision says; what of that waits for somebody is no matter of the rollout.
    pub(crate) converged: bool,
    /// Why it could not be written in this attempt.
    pub(crate) failed: Option<String>,
    /// What opened or closed there although the revision does not say so.
    pub(crate) disturbed: Option<String>,
}

/// Whether a wave that was written is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It is.
    Well,
    /// That cannot be told, or not yet.
    Held(String),
    /// It is not.
    Broken(String),
}

/// What a rollout goes on by.
pub(crate) struct World<'a> {
    pub(crate) standings: &'a BTreeMap<String, Standing>,
    /// Whether the clusters of a wave are well.
    pub(crate) gate: &'a dyn Fn(&RolloutWave) -> Gate,
    /// Whether a trust domain may be written now.
    pub(crate) is_open: &'a dyn Fn(&str) -> bool,
    /// Now, RFC 3339 in UTC.
    pub(crate) now: &'a str,
}

/// The waves in which a revision reaches clusters: by `rollout.order` of their trust domains, each of at most
/// `maxConcurrent`.
pub(crate) fn waves(
    model: &Model,
    clusters: &BTreeSet<String>,
    needs_approval: bool,
) -> Vec<RolloutWave> {
    let mut domains: Vec<_> = model.trust_domains.values().collect();
    domains.sort_by_key(|domain| (domain.rollout.order, &domain.name));
    let waves = domains.into_iter().flat_map(|domain| {
        let members = model
            .clusters_of(domain)
            .map(|cluster| cluster.name.to_string());
        let members: Vec<String> = members.filter(|name| clusters.contains(name)).collect();
        let size = usize::try_from(domain.rollout.max_concurrent.max(1)).unwrap_or(usize::MAX);
        let chunks = members.chunks(size).map(|chunk| RolloutWave {
            trust_domain: domain.name.to_string(),
            soak_seconds: domain.rollout.soak.as_secs(),
            max_failures: domain.rollout.max_failures,
            needs_approval,
            approved_by: None,
            passed_by: None,
            state: WaveState::Waiting,
            reason: None,
            well_since: None,
            clusters: chunk.iter().map(|name| waiting(name)).collect(),
        });
        chunks.collect::<Vec<_>>()
    });
    waves.collect()
}

fn waiting(name: &str) -> RolloutCluster {
    RolloutCluster {
        name: name.to_owned(),
        state: RolloutClusterState::Waiting,
        reason: None,
    }
}

/// Takes a rollout as far as it goes now; the clusters that may be written.
pub(crate) fn step(rollout: &mut Rollout, world: &World<'_>) -> BTreeSet<String> {
    note_clusters(rollout, world.standings);
    let mut turns = BTreeSet::new();
    if !matches!(rollout.state, RolloutState::Running | RolloutState::Done) {
        return turns;
    }
    rollout.reason = None;
    for index in 0..rollout.waves.len() {
        let failures = failures(rollout, index);
        let Some(wave) = rollout.waves.get_mut(index) else {
            break;
        };
        let due = wave
            .clusters
            .iter()
            .filter(|one| one.state == RolloutClusterState::Waiting);
        let due: BTreeSet<String> = due.map(|one| one.name.clone()).collect();
        if wave.state == WaveState::Passed {
            // Who could not be reached at its time has it now.
            turns.extend(
                due.into_iter()
                    .filter(|_| (world.is_open)(&wave.trust_domain)),
            );
            continue;
        }
        match advance(wave, &due, failures, world) {
            Advance::Passed => {}
            Advance::Waits => {
                if wave.state == WaveState::Writing {
                    turns.extend(due);
                }
                return turns;
            }
            Advance::Halts(reason) => {
                wave.reason = Some(reason.clone());
                rollout.state = RolloutState::Halted;
                rollout.reason = Some(reason);
                return BTreeSet::new();
            }
        }
    }
    rollout.state = RolloutState::Done;
    let clusters = rollout.waves.iter().flat_map(|wave| &wave.clusters);
    let left = clusters.filter(|one| one.state == RolloutClusterState::Unreachable);
    let left: Vec<&str> = left.map(|one| one.name.as_str()).collect();
    if !left.is_empty() {
        rollout.reason = Some(format!(
            "its turn comes once it can be reached: {}",
            left.join(", ")
        ));
    }
    turns
}

/// What becomes of a wave.
enum Advance {
    Passed,
    Waits,
    Halts(String),
}

fn advance(
    wave: &mut RolloutWave,
    due: &BTreeSet<String>,
    failures: usize,
    world: &World<'_>,
) -> Advance {
    wave.reason = None;
    let is_begun = wave.state != WaveState::Waiting;
    if wave.needs_approval && wave.approved_by.is_none() && !is_begun {
        wave.reason = Some("`cofferdam rollout approve` lets it begin".to_owned());
        return Advance::Waits;
    }
    let allowed = usize::try_from(wave.max_failures).unwrap_or(usize::MAX);
    if failures > allowed {
        let failed = wave
            .clusters
            .iter()
            .filter(|one| one.state == RolloutClusterState::Failed);
        let told = failed.map(|one| {
            let reason = one.reason.as_deref().unwrap_or("it failed");
            format!("{}: {reason}", one.name)
        });
        let told: Vec<String> = told.collect();
        return Advance::Halts(told.join("; "));
    }
    let mut members = wave.clusters.iter();
    let disturbed = members.find_map(|one| {
        let why = world.standings.get(&one.name)?.disturbed.as_ref()?;
        (one.state == RolloutClusterState::Converged).then(|| format!("{}: {why}", one.name))
    });
    if let Some(why) = disturbed {
        return Advance::Halts(why);
    }
    if !due.is_empty() && !(world.is_open)(&wave.trust_domain) {
        wave.reason = Some("it waits for its time (`rollout.windows`)".to_owned());
        wave.state = WaveState::Waiting;
        return Advance::Waits;
    }
    if !due.is_empty() {
        wave.state = WaveState::Writing;
        wave.well_since = None;
        return Advance::Waits;
    }
    match (world.gate)(wave) {
        Gate::Broken(why) => return Advance::Halts(why),
        Gate::Held(why) if wave.passed_by.is_none() => {
            wave.state = WaveState::Held;
            wave.reason = Some(why);
            return Advance::Waits;
        }
        Gate::Held(_) | Gate::Well => {}
    }
    let since = wave.well_since.get_or_insert_with(|| world.now.to_owned());
    let left =
        i64::try_from(wave.soak_seconds).unwrap_or(i64::MAX) - seconds_between(since, world.now);
    if left > 0 {
        wave.state = WaveState::Soaking;
        wave.reason = Some(format!("soaks until {}", after(since, wave.soak_seconds)));
        return Advance::Waits;
    }
    wave.state = WaveState::Passed;
    Advance::Passed
}

/// Failures in the trust domain of a wave, up to that wave.
fn failures(rollout: &Rollout, index: usize) -> usize {
    let domain = rollout
        .waves
        .get(index)
        .map(|wave| wave.trust_domain.as_str());
    let waves = rollout.waves.iter().take(index + 1);
    let waves = waves.filter(|wave| Some(wave.trust_domain.as_str()) == domain);
    let clusters = waves.flat_map(|wave| &wave.clusters);
    clusters
        .filter(|one| one.state == RolloutClusterState::Failed)
        .count()
}

fn note_clusters(rollout: &mut Rollout, standings: &BTreeMap<String, Standing>) {
    for one in rollout.waves.iter_mut().flat_map(|wave| &mut wave.clusters) {
        let Some(standing) = standings.get(&one.name) else {
            one.state = RolloutClusterState::Unreachable;
            one.reason = Some("it was not looked at yet".to_owned());
            continue;
        };
        let Standing {
            unreachable,
            skipped,
            converged,
            failed,
            ..
        } = standing;
        (one.state, one.reason) = if let Some(why) = skipped {
            (RolloutClusterState::Skipped, Some(why.clone()))
        } else if let Some(why) = unreachable {
            (RolloutClusterState::Unreachable, Some(why.clone()))
        } else if *converged {
            (RolloutClusterState::Converged, None)
        } else if let Some(why) = failed {
            (RolloutClusterState::Failed, Some(why.clone()))
        } else {
            (RolloutClusterState::Waiting, None)
        };
    }
}

/// Seconds from a time to a later one; 0 where one is no time.
fn seconds_between(from: &str, to: &str) -> i64 {
    let seconds = |text: &str| text.parse::<Timestamp>().map(Timestamp::as_second).ok();
    let both = seconds(from).zip(seconds(to));
    both.map_or(0, |(from, to)| to - from)
}

fn after(since: &str, seconds: u64) -> String {
    let duration = std::time::Duration::from_secs(seconds);
    cofferdam_pass::clock::later(since, duration).unwrap_or_else(|| since.to_owned())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
