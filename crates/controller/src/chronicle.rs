//! The history as the tasks of a controller use it: what cannot be kept now is kept later, and holds nobody up.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use cofferdam_history::{Alert, Entry, History, HistoryError, Query, Retention, Seen, Sqlite};
use cofferdam_model::names::ClusterName;
use cofferdam_pass::clock;
use cofferdam_report::wire::history::{Acknowledgement, Coverage, Episode, Passed, Watched};
use cofferdam_report::wire::rollout::Rollout;
use tokio::sync::watch;

use crate::documents::Revision;
use crate::fleet::Fleet;
use crate::settings::Kept;

/// How often it is noted that clusters are still watched, and that is tried again which could not be kept.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// The looks after which what is old is forgotten: every day.
const NOTES_PER_DAY: u32 = 24 * 60;

/// All that a query finds.
const ALL: u32 = 1_000_000;

/// What a query finds.
pub(crate) type Found = (Vec<Episode>, Vec<Passed>, Vec<Coverage>);

/// What was seen and done, shared by all tasks.
#[derive(Clone)]
pub(crate) struct Chronicle(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    /// Counts what came to be delivered.
    alerts: watch::Sender<u64>,
    /// Counts what was acknowledged.
    acknowledged: watch::Sender<u64>,
}

struct Inner {
    history: Box<dyn History>,
    /// What the history did not take.
    unkept: Entry,
    /// What came of delivering alerts, that could not be kept either.
    tried: BTreeMap<String, Alert>,
    is_failing: bool,
    /// What people say of episodes that are open.
    said: BTreeMap<String, Acknowledgement>,
}

impl Chronicle {
    /// Opens the history at a path.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let history = Box::new(Sqlite::open(path)?);
        let open = history.episodes(&open_ones())?;
        let said = open
            .into_iter()
            .filter_map(|one| Some((one.id, one.acknowledged?)));
        let inner = Inner {
            said: said.collect(),
            history,
            unkept: Entry::default(),
            tried: BTreeMap::new(),
            is_failing: false,
        };
        Ok(Self(Arc::new(Shared {
            inner: Mutex::new(inner),
            alerts: watch::Sender::new(0),
            acknowledged: watch::Sender::new(0),
        })))
    }

    /// Keeps an entry; now, where that is possible, and else as soon as it is. Whether it is kept now.
    pub(crate) fn keep(&self, entry: Entry) -> bool {
        if entry.is_empty() {
            return true;
        }
        let has_alerts = !entry.alerts.is_empty();
        let is_kept = tokio::task::block_in_place(|| {
            let mut inner = self.inner();
            inner.keep(entry);
            !inner.is_failing
        });
        if has_alerts {
            self.0.alerts.send_modify(|count| *count += 1);
        }
        is_kept
    }

    /// Episodes that were open when they were last kept; of a cluster, or all.
    pub(crate) fn open_episodes(&self, cluster: Option<&ClusterName>) -> Vec<Episode> {
        let query = Query {
            cluster: cluster.map(ToString::to_string),
            ..open_ones()
        };
        read(self.inner().history.episodes(&query))
    }

    /// When everything of a cluster was last seen.
    pub(crate) fn whole_at(&self, cluster: &ClusterName) -> Option<String> {
        let query = Query {
            cluster: Some(cluster.to_string()),
            ..Query::default()
        };
        let coverage = read(self.inner().history.coverage(&query)).into_iter();
        let seen = coverage.filter(|one| one.watched == Watched::Whole);
        seen.map(|one| one.until).max()
    }

    /// Passes on a cluster within the last seconds.
    pub(crate) fn passes_since(&self, cluster: &ClusterName, seconds: i64) -> Vec<Passed> {
        let seconds = u64::try_from(seconds).unwrap_or_default();
        let query = Query {
            cluster: Some(cluster.to_string()),
            since: Some(clock::before(Duration::from_secs(seconds))),
            limit: Some(ALL),
            ..Query::default()
        };
        read(self.inner().history.passes(&query))
    }

    /// What a query finds; one row more of a sort than it asks for, where there are more.
    pub(crate) fn ask(&self, query: &Query) -> Result<Found, HistoryError> {
        let inner = self.inner();
        let history = &inner.history;
        Ok((
            history.episodes(query)?,
            history.passes(query)?,
            history.coverage(query)?,
        ))
    }

    /// What somebody says of an episode; `false` where there is none that is open.
    pub(crate) fn acknowledge(
        &self,
        id: &str,
        said: Acknowledgement,
    ) -> Result<bool, HistoryError> {
        let mut inner = self.inner();
        let is_open = inner.history.acknowledge(id, &said)?;
        if is_open {
            inner.said.insert(id.to_owned(), said);
            self.0.acknowledged.send_modify(|count| *count += 1);
        }
        Ok(is_open)
    }

    /// Tells of everything that is acknowledged from now on.
    pub(crate) fn acknowledgements(&self) -> watch::Receiver<u64> {
        self.0.acknowledged.subscribe()
    }

    /// What was said of an episode.
    pub(crate) fn said(&self, episode: &str) -> Option<Acknowledgement> {
        self.inner().said.get(episode).cloned()
    }

    /// Tells of alerts that are to be delivered from now on.
    pub(crate) fn alerts(&self) -> watch::Receiver<u64> {
        self.0.alerts.subscribe()
    }

    /// Alerts that were not delivered to a receiver yet, kept or not.
    pub(crate) fn undelivered(&self, receiver: &str) -> Vec<Alert> {
        tokio::task::block_in_place(|| {
            let inner = self.inner();
            let kept = read(inner.history.undelivered(receiver)).into_iter();
            let unkept = inner.unkept.alerts.iter();
            let unkept = unkept.filter(|one| one.receiver == receiver);
            let all = kept.chain(unkept.cloned());
            let all = all.map(|one| inner.tried.get(&one.id).cloned().unwrap_or(one));
            all.filter(|one| one.delivered_at.is_none()).collect()
        })
    }

    /// How many alerts were not delivered yet, by their receivers.
    pub(crate) fn receivers(&self) -> Vec<(String, u32)> {
        tokio::task::block_in_place(|| read(self.inner().history.receivers()))
    }

    /// What came of delivering alerts.
    pub(crate) fn tried(&self, tried: &[Alert]) {
        tokio::task::block_in_place(|| {
            let mut inner = self.inner();
            let tried = tried.iter().cloned();
            inner.tried.extend(tried.map(|one| (one.id.clone(), one)));
            inner.keep(Entry::default());
        });
    }

    /// Gives up alerts of receivers that there are no more.
    pub(crate) fn give_up_but(&self, receivers: &[String]) {
        let gone = self.receivers().into_iter();
        for (receiver, alerts) in gone.filter(|(name, _)| !receivers.contains(name)) {
            tracing::warn!(
                receiver,
                alerts,
                "there is no such receiver any more; its alerts are given up"
            );
            loop {
                let at = clock::now();
                let given_up = self.undelivered(&receiver).into_iter().map(|one| Alert {
                    delivered_at: Some(at.clone()),
                    error: Some("its receiver was taken away".to_owned()),
                    ..one
                });
                let given_up: Vec<Alert> = given_up.collect();
                if given_up.is_empty() {
                    break;
                }
                self.tried(&given_up);
            }
        }
    }

    /// What was said of an episode that is worse now does not hold any longer.
    pub(crate) fn void(&self, episode: &str) {
        let mut inner = self.inner();
        if let Some(said) = inner.said.get_mut(episode) {
            said.accepted_until = None;
            let said = said.clone();
            if let Err(error) = inner.history.acknowledge(episode, &said) {
                tracing::error!(%error, "history: it cannot be noted that an acceptance ended");
            }
        }
    }

    /// The rollout that was begun last.
    pub(crate) fn rollout(&self) -> Option<Rollout> {
        let rollout = self.inner().history.rollout();
        rollout
            .inspect_err(
                |error| tracing::error!(%error, "history: the last rollout cannot be read"),
            )
            .ok()
            .flatten()
    }

    /// Keeps a rollout as it is now; `false` where that is not possible.
    pub(crate) fn keep_rollout(&self, rollout: &Rollout) -> bool {
        let kept = self.inner().history.keep_rollout(rollout);
        kept.inspect_err(|error| tracing::error!(%error, "history: the rollout cannot be kept"))
            .is_ok()
    }

    /// The documents of a revision, where they were kept.
    pub(crate) fn documents(&self, revision: &str) -> Option<Revision> {
        let files = self.inner().history.documents(revision);
        let files =
            files.inspect_err(|error| tracing::error!(%error, "history: documents cannot be read"));
        Revision::of_files(files.ok()??).ok()
    }

    /// Keeps the documents of a revision.
    pub(crate) fn keep_documents(&self, revision: &Revision) {
        let kept = self
            .inner()
            .history
            .keep_documents(revision.name(), revision.files());
        if let Err(error) = kept {
            tracing::error!(%error, "history: documents cannot be kept; they cannot be rolled back to");
        }
    }

    /// How much waits to be kept.
    pub(crate) fn unkept(&self) -> usize {
        let inner = self.inner();
        let Entry {
            episodes,
            passes,
            seen,
            alerts,
        } = &inner.unkept;
        episodes.len() + passes.len() + seen.len() + alerts.len() + inner.tried.len()
    }

    /// Notes again and again which clusters are watched, and forgets what is old.
    pub(crate) async fn note(self, fleet: Arc<Fleet>, kept: Kept) -> Result<()> {
        let mut ticks = tokio::time::interval(NOTED_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut notes = 0;
        loop {
            ticks.tick().await;
            let all = fleet.all().into_iter();
            // What nobody knows to be so still is not told as watched.
            let seen = all.map(|(name, one)| {
                let seen = Seen {
                    at: one.known_at(),
                    ..one.coverage.clone()
                };
                (name.to_string(), vec![seen])
            });
            let entry = Entry {
                seen: seen.collect(),
                ..Entry::default()
            };
            tokio::task::block_in_place(|| self.inner().keep(entry));
            if notes % NOTES_PER_DAY == 0 {
                self.prune(&kept);
            }
            notes += 1;
        }
    }

    fn prune(&self, kept: &Kept) {
        let retention = Retention {
            episodes: clock::before(kept.episodes),
            passes: clock::before(kept.passes),
            coverage: clock::before(kept.coverage),
            alerts: clock::before(kept.alerts),
        };
        match tokio::task::block_in_place(|| self.inner().history.prune(&retention)) {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "history: what is old was forgotten"),
            Err(error) => tracing::error!(%error, "history: what is old cannot be forgotten"),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, entry: Entry) {
        for one in entry.episodes.values().filter(|one| one.ended_at.is_some()) {
            self.said.remove(&one.id);
        }
        let waited = self.is_failing;
        self.unkept.extend(entry);
        let tried: Vec<Alert> = self.tried.values().cloned().collect();
        let kept = self.history.keep(&self.unkept);
        match kept.and_then(|()| self.history.tried(&tried)) {
            Ok(()) => {
                self.unkept = Entry::default();
                self.tried.clear();
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("history: everything is kept again");
                }
            }
            Err(error) if waited => tracing::debug!(%error, "history: still not kept"),
            Err(error) => {
                self.is_failing = true;
                tracing::error!(
                    %error,
                    "history: it cannot be written; what happens is kept in memory until it can"
                );
            }
        }
    }
}

fn open_ones() -> Query {
    Query {
        open: true,
        limit: Some(ALL),
        ..Query::default()
    }
}

/// What was read, or nothing, and then why is told.
fn read<T>(read: Result<Vec<T>, HistoryError>) -> Vec<T> {
    read.inspect_err(|error| tracing::error!(%error, "history: it cannot be read"))
        .unwrap_or_default()
}
