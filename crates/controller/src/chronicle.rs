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
use tokio::sync::watch;

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
        };
        Ok(Self(Arc::new(Shared {
            inner: Mutex::new(inner),
            alerts: watch::Sender::new(0),
            acknowledged: watch::Sender::new(0),
        })))
    }

    /// Keeps an entry; now, where that is possible, and else as soon as it is.
    pub(crate) fn keep(&self, entry: Entry) {
        if entry.is_empty() {
            return;
        }
        let has_alerts = !entry.alerts.is_empty();
        tokio::task::block_in_place(|| self.inner().keep(entry));
        if has_alerts {
            self.0.alerts.send_modify(|count| *count += 1);
        }
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

    /// Alerts that were not delivered yet, kept or not.
    pub(crate) fn undelivered(&self) -> Vec<Alert> {
        let inner = self.inner();
        let kept = read(inner.history.undelivered());
        let unkept = inner.unkept.alerts.iter();
        let unkept = unkept.filter(|one| one.delivered_at.is_none());
        kept.into_iter().chain(unkept.cloned()).collect()
    }

    /// What came of delivering alerts.
    pub(crate) fn tried(&self, tried: &[Alert]) {
        let mut inner = self.inner();
        for one in &mut inner.unkept.alerts {
            if let Some(tried) = tried.iter().find(|tried| tried.id == one.id) {
                *one = tried.clone();
            }
        }
        if let Err(error) = inner.history.tried(tried) {
            tracing::error!(%error, "what was delivered cannot be noted; it may be delivered again");
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
        episodes.len() + passes.len() + seen.len() + alerts.len()
    }

    /// Notes again and again which clusters are watched, and forgets what is old.
    pub(crate) async fn note(self, fleet: Arc<Fleet>, kept: Kept) -> Result<()> {
        let mut ticks = tokio::time::interval(NOTED_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut notes = 0;
        loop {
            ticks.tick().await;
            let at = clock::now();
            let all = fleet.all().into_iter();
            let seen = all.map(|(name, one)| {
                let seen = Seen {
                    at: at.clone(),
                    ..one.coverage.clone()
                };
                (name.to_string(), seen)
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
        let waited = !self.unkept.is_empty();
        self.unkept.extend(entry);
        match self.history.keep(&self.unkept) {
            Ok(()) => {
                // What was delivered while it could not be kept is not delivered again.
                let delivered = std::mem::take(&mut self.unkept).alerts;
                let delivered: Vec<Alert> = delivered
                    .into_iter()
                    .filter(|one| one.delivered_at.is_some())
                    .collect();
                if waited {
                    tracing::info!("history: everything is kept again");
                    self.history.tried(&delivered).ok();
                }
            }
            Err(error) if waited => tracing::debug!(%error, "history: still not kept"),
            Err(error) => tracing::error!(
                %error,
                "history: it cannot be written; what happens is kept in memory until it can"
            ),
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
