//! The one task that decides which documents hold for which cluster, and whose turn it is.

mod checks;
mod command;
mod world;

pub use checks::Check;
pub use command::RolloutCommand;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use cofferdam_model::Model;
use cofferdam_model::cluster::{Delivery, Mode};
use cofferdam_model::names::ClusterName;
use cofferdam_pass::clock;
use cofferdam_report::wire::rollout::{Rollout, RolloutClusterState, RolloutState, RolloutWave};
use tokio::sync::{Notify, watch};

use crate::chronicle::Chronicle;
use crate::documents::Revision;
use crate::fleet::{Fleet, Seen};
use crate::rollout::{Gate, Standing, World, step, waves};
use crate::settings::Settings;
use crate::target::{Target, Targets, TurnToWrite};
use checks::Checks;
use world::{gate, is_in_place, is_open, standings};

/// How often it is looked whether a rollout goes on, beside whenever a cluster was looked at.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// Rollouts, one after the other.
#[derive(Clone)]
pub(crate) struct Rollouts(Arc<Shared>);

struct Shared {
    documents: watch::Receiver<Arc<Revision>>,
    fleet: Arc<Fleet>,
    chronicle: Chronicle,
    settings: Arc<Settings>,
    targets: Arc<Targets>,
    current: Mutex<Option<Rollout>>,
    /// Documents that were in force and may be again, by their hashes.
    known: Mutex<BTreeMap<String, Arc<Revision>>>,
    commanded: Notify,
    checks: Checks,
    /// Held by whoever decides, people and the task alike.
    deciding: Mutex<()>,
}

impl Rollouts {
    pub(crate) fn new(
        documents: watch::Receiver<Arc<Revision>>,
        (fleet, chronicle): (&Arc<Fleet>, &Chronicle),
        settings: &Arc<Settings>,
    ) -> Self {
        Self(Arc::new(Shared {
            documents,
            fleet: Arc::clone(fleet),
            current: Mutex::new(chronicle.rollout()),
            chronicle: chronicle.clone(),
            settings: Arc::clone(settings),
            targets: Arc::default(),
            known: Mutex::default(),
            commanded: Notify::new(),
            checks: Checks::default(),
            deciding: Mutex::default(),
        }))
    }

    /// The target of every cluster.
    pub(crate) fn targets(&self) -> &Arc<Targets> {
        &self.0.targets
    }

    /// The rollout that was begun last.
    pub(crate) fn current(&self) -> Option<Rollout> {
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Decides for as long as the process lives.
    pub(crate) async fn run(self) -> Result<()> {
        let is_running = || {
            let current = self.current();
            current.is_some_and(|rollout| rollout.state == RolloutState::Running)
        };
        tokio::select! {
            ended = self.go_on() => ended,
            () = self.0.checks.ask(&self.0.settings.rollout.checks, is_running) => Ok(()),
        }
    }

    async fn go_on(&self) -> Result<()> {
        let mut changes = self.0.fleet.changes();
        let mut documents = self.0.documents.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOKED_EVERY) => {}
                looked = changes.changed() => looked?,
                read = documents.changed() => read?,
                () = self.0.commanded.notified() => {}
            }
            tokio::task::block_in_place(|| self.decide());
        }
    }

    /// Whether the clusters of a wave are well: every guarantee holds on what is live, and so does every check.
    fn gate(
        &self,
        wave: &RolloutWave,
        model: &Model,
        all: &BTreeMap<ClusterName, Arc<Seen>>,
    ) -> Gate {
        match (
            gate(wave, model, all),
            self.0.checks.gate(&self.0.settings.rollout.checks),
        ) {
            (Gate::Broken(why), _) | (_, Gate::Broken(why)) => Gate::Broken(why),
            (Gate::Held(why), _) | (_, Gate::Held(why)) => Gate::Held(why),
            (Gate::Well, Gate::Well) => Gate::Well,
        }
    }

    fn deciding(&self) -> MutexGuard<'_, ()> {
        self.0
            .deciding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self) {
        let _deciding = self.deciding();
        let newest = Arc::clone(&self.0.documents.borrow());
        self.remember(&newest);
        // Before everybody was looked at, or found to be out of reach, nobody knows whom new documents concern.
        if !self
            .0
            .fleet
            .not_looked_at()
            .is_some_and(|missing| missing.is_empty())
        {
            return;
        }
        let all: BTreeMap<ClusterName, Arc<Seen>> = self.0.fleet.all().into_iter().collect();
        let current = self.current();
        let is_about = |rollout: &Rollout| {
            let newer = rollout.takes_back.as_deref().unwrap_or(&rollout.revision);
            newer == newest.name()
        };
        let concerned = concerned(&newest, &all);
        let current = current.filter(is_about);
        let current = current.filter(|rollout| !is_outdated(rollout, &concerned));
        let rollout = current.or_else(|| self.next(&newest, (&concerned, &all)));
        let Some(mut rollout) = rollout else {
            self.settle(&newest, None, &BTreeSet::new());
            return;
        };
        let Some(revision) = self.known(&rollout.revision) else {
            rollout.state = RolloutState::Halted;
            rollout.reason = Some("its documents are not known any more".to_owned());
            self.keep(rollout);
            return;
        };
        let before = rollout.clone();
        let standings = standings(&rollout, &revision, &all);
        let world = World {
            standings: &standings,
            gate: &|wave| self.gate(wave, revision.model(), &all),
            is_open: &|domain| is_open(revision.model(), domain),
            now: &clock::now(),
        };
        let turns = step(&mut rollout, &world);
        tell(&before, &rollout);
        // Whose turn it is, is on record before it begins.
        if before == rollout || self.keep(rollout.clone()) {
            self.settle(&revision, Some((&rollout, &standings)), &turns);
        }
    }

    /// The rollout of documents that are not in place everywhere; none where they are.
    fn next(
        &self,
        newest: &Arc<Revision>,
        (concerned, all): (&BTreeSet<String>, &BTreeMap<ClusterName, Arc<Seen>>),
    ) -> Option<Rollout> {
        // Of who cannot be reached, nobody knows whether it is concerned.
        let is_known = |(name, seen): (&ClusterName, &Arc<Seen>)| {
            concerned.contains(name.as_str()) && seen.observed.record.known().is_some()
        };
        if !all.iter().any(is_known) {
            return None;
        }
        let mut records = all.values().filter_map(|seen| seen.observed.our_record());
        let previous =
            records.find(|record| !record.revision.is_empty() && record.revision != newest.name());
        let rollout = Rollout {
            revision: newest.name().to_owned(),
            previous: previous.map(|record| record.revision.clone()),
            ..self.begun(newest.model(), concerned)
        };
        tracing::info!(
            revision = rollout.revision,
            waves = rollout.waves.len(),
            clusters = concerned.len(),
            "rollout began"
        );
        Some(rollout)
    }

    fn begun(&self, model: &Model, clusters: &BTreeSet<String>) -> Rollout {
        Rollout {
            revision: String::new(),
            previous: None,
            takes_back: None,
            began_at: clock::now(),
            state: RolloutState::Running,
            reason: None,
            by: None,
            attempt: 1,
            waves: waves(model, clusters, self.0.settings.rollout.needs_approval),
        }
    }

    /// Says to every cluster which documents hold for it, and to some that it is their turn.
    fn settle(
        &self,
        revision: &Arc<Revision>,
        rollout: Option<(&Rollout, &BTreeMap<String, Standing>)>,
        turns: &BTreeSet<String>,
    ) {
        for name in self.0.targets.clusters() {
            let Some(before) = self.0.targets.get(&name) else {
                continue;
            };
            let turn = rollout
                .filter(|_| turns.contains(name.as_str()))
                .map(|(rollout, _)| TurnToWrite {
                    attempt: rollout.attempt,
                    is_rollback: rollout.takes_back.is_some(),
                });
            let standing = rollout.and_then(|(_, standings)| standings.get(name.as_str()));
            let waits = standing.is_some_and(|one| !one.converged && one.skipped.is_none());
            let revision =
                if turn.is_some() || !waits || !revision.model().clusters.contains_key(&name) {
                    Arc::clone(revision)
                } else {
                    // Until its turn, it is what it was taken to before, as far as that is known.
                    let record = self.0.fleet.all().into_iter().find(|(one, _)| *one == name);
                    let record = record
                        .and_then(|(_, seen)| Some(seen.observed.our_record()?.revision.clone()));
                    let taken_to = record.and_then(|name| self.known(&name));
                    taken_to.unwrap_or(before.revision)
                };
            self.0.targets.set(&name, Target { revision, turn });
        }
    }

    /// Keeps a rollout; `false` where it cannot be kept, and then nothing is begun.
    fn keep(&self, rollout: Rollout) -> bool {
        let kept = self.0.chronicle.keep_rollout(&rollout);
        if kept {
            *self
                .0
                .current
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(rollout);
        }
        kept
    }

    /// Documents by their hash.
    fn known(&self, name: &str) -> Option<Arc<Revision>> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(revision) = known.get(name) {
            return Some(Arc::clone(revision));
        }
        let revision = Arc::new(self.0.chronicle.documents(name)?);
        known.insert(name.to_owned(), Arc::clone(&revision));
        Some(revision)
    }

    /// Keeps documents, so that they can be rolled back to.
    fn remember(&self, revision: &Arc<Revision>) {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.insert(revision.name().to_owned(), Arc::clone(revision));
        if before.is_none() {
            self.0.chronicle.keep_documents(revision);
        }
        // The newest, and what clusters may still be at.
        while known.len() > KNOWN {
            let oldest = known.keys().find(|name| *name != revision.name()).cloned();
            oldest.and_then(|name| known.remove(&name));
        }
    }
}

/// So many documents are held in memory; the rest are read when they are needed.
const KNOWN: usize = 4;

/// Clusters that are written by us, and are not known to be as documents say.
fn concerned(newest: &Revision, all: &BTreeMap<ClusterName, Arc<Seen>>) -> BTreeSet<String> {
    let written = newest
        .clusters()
        .filter(|cluster| cluster.mode == Mode::Manage && cluster.delivery == Delivery::Push);
    let seen = written.filter_map(|cluster| Some((&cluster.name, all.get(&cluster.name)?)));
    let concerned = seen.filter(|(name, seen)| !is_in_place(newest, name, seen));
    concerned.map(|(name, _)| name.to_string()).collect()
}

/// Whether clusters that a rollout was done with ask for something else now: so do the same documents of another version
/// of this program, or once a cluster can do other things. They are rolled out again, in waves.
fn is_outdated(rollout: &Rollout, concerned: &BTreeSet<String>) -> bool {
    let members = rollout.waves.iter().flat_map(|wave| &wave.clusters);
    let late = members.filter(|one| {
        matches!(
            one.state,
            RolloutClusterState::Unreachable | RolloutClusterState::Waiting
        )
    });
    let late: BTreeSet<&str> = late.map(|one| one.name.as_str()).collect();
    rollout.state == RolloutState::Done
        && concerned.iter().any(|name| !late.contains(name.as_str()))
}

/// Tells where a rollout stands now, where that is elsewhere than before.
fn tell(before: &Rollout, now: &Rollout) {
    for (index, (was, is)) in before.waves.iter().zip(&now.waves).enumerate() {
        if was.state != is.state {
            let clusters: Vec<&str> = is.clusters.iter().map(|one| one.name.as_str()).collect();
            tracing::info!(
                revision = now.revision,
                wave = index + 1,
                trust_domain = is.trust_domain,
                clusters = clusters.join(","),
                state = is.state.as_str(),
                reason = is.reason,
                "rollout wave"
            );
        }
    }
    if before.state == now.state {
        return;
    }
    let (revision, state, reason) = (&now.revision, now.state.as_str(), &now.reason);
    if now.state == RolloutState::Halted {
        tracing::error!(revision, state, reason, "rollout halted");
    } else {
        tracing::info!(revision, state, reason, "rollout");
    }
}
