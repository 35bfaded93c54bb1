//! What was last found of every cluster, shared by all tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cofferdam_cluster::Connection;
use cofferdam_history as history;
use cofferdam_model::names::ClusterName;
use cofferdam_pass::between::Between;
use cofferdam_pass::clock;
use cofferdam_report::wire::drift::{DriftCluster, Verdict};
use cofferdam_report::wire::status::StatusCluster;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::finding::Finding;
use cofferdam_state::observed::Observed;
use dashmap::DashMap;
use tokio::sync::{OwnedRwLockReadGuard, RwLock, watch};

/// A cluster as it was last found.
#[derive(Debug)]
pub(crate) struct Seen {
    /// How to reach it; none where that is not possible.
    pub(crate) connection: Option<Arc<Connection>>,
    /// What it holds.
    pub(crate) observed: Observed,
    /// What it must hold.
    pub(crate) bundle: Bundle,
    /// What is not as it must be.
    pub(crate) findings: Vec<Finding>,
    /// How far it was seen, and when.
    pub(crate) coverage: history::Seen,
    /// The same as `drift` tells it.
    pub(crate) drift: DriftCluster,
    /// The same as `status` tells it.
    pub(crate) status: StatusCluster,
    /// What became of its turn in a rollout.
    pub(crate) turned: Option<Turned>,
    /// What opened or closed since its turn although its documents do not say so.
    pub(crate) disturbed: Option<String>,
    /// When it was last known to be still so, in seconds since 1970.
    pub(crate) known_at: AtomicI64,
    /// Requests that were sent to it so far.
    pub(crate) requests: u64,
}

impl Seen {
    pub(crate) fn verdict(&self) -> Verdict {
        self.drift.verdict
    }

    /// When it was last known to be so, RFC 3339 in UTC.
    pub(crate) fn known_at(&self) -> String {
        clock::at(self.known_at.load(Ordering::Relaxed))
    }

    /// How long ago it was last known to be so.
    pub(crate) fn age_seconds(&self) -> u64 {
        let age = clock::seconds() - self.known_at.load(Ordering::Relaxed);
        u64::try_from(age).unwrap_or_default()
    }
}

/// What became of the turn of a cluster in a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turned {
    /// The hash of model and fleet.
    pub(crate) revision: String,
    /// The attempt that it belongs to.
    pub(crate) attempt: u32,
    /// How often it was tried in vain.
    pub(crate) failures: u32,
    /// Whether nothing failed in the end.
    pub(crate) is_done: bool,
    /// The hash of the bundle that was written last.
    pub(crate) bundle_hash: Option<String>,
    /// Why it failed the last time.
    pub(crate) reason: Option<String>,
}

/// Every cluster as it was last found. Each has one task that writes here.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    expected: Mutex<Option<BTreeSet<ClusterName>>>,
    clusters: DashMap<ClusterName, Arc<Seen>>,
    uids: DashMap<ClusterName, String>,
    /// Whether the process is to end; read for as long as something is written.
    ends: Arc<RwLock<bool>>,
    passes: DashMap<(String, String), u64>,
    /// Counts the UIDs that came and went.
    identities: watch::Sender<u64>,
    between: Mutex<Between>,
    /// Counts what was put here.
    changes: watch::Sender<u64>,
}

impl Fleet {
    /// Replaces what was found of a cluster.
    pub(crate) fn put(&self, cluster: &ClusterName, seen: Seen) {
        self.clusters.insert(cluster.clone(), Arc::new(seen));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Takes note that a cluster is still as it was found: whatever changed there would have been told.
    pub(crate) fn still(&self, cluster: &ClusterName) {
        if let Some(seen) = self.clusters.get(cluster) {
            seen.known_at.store(clock::seconds(), Ordering::Relaxed);
        }
    }

    /// Says that something is written, until what is returned is dropped; none once the process is to end.
    pub(crate) fn writing(&self) -> Option<OwnedRwLockReadGuard<bool>> {
        let guard = Arc::clone(&self.ends).try_read_owned().ok()?;
        (!*guard).then_some(guard)
    }

    /// Waits until nothing is written, and has nothing more be.
    pub(crate) async fn end_writing(&self) {
        *self.ends.write().await = true;
    }

    /// Counts a pass on a cluster by what became of it.
    pub(crate) fn count_pass(&self, cluster: &str, state: &str) {
        let key = (cluster.to_owned(), state.to_owned());
        *self.passes.entry(key).or_default() += 1;
    }

    /// How many passes there were by cluster and what became of them.
    pub(crate) fn passes(&self) -> BTreeMap<(String, String), u64> {
        let each = self.passes.iter();
        each.map(|one| (one.key().clone(), *one.value())).collect()
    }

    /// Forgets a cluster that has no document any more.
    pub(crate) fn forget(&self, cluster: &ClusterName) {
        self.clusters.remove(cluster);
        self.passes.retain(|(name, _), _| name != cluster.as_str());
        if self.uids.remove(cluster).is_some() {
            self.identities.send_modify(|count| *count += 1);
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// Every cluster that was looked at, in the order of names.
    pub(crate) fn all(&self) -> Vec<(ClusterName, Arc<Seen>)> {
        let each = self.clusters.iter();
        let each = each.map(|one| (one.key().clone(), Arc::clone(one.value())));
        let mut all: Vec<_> = each.collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// Says which clusters there are to be looked at.
    pub(crate) fn expect(&self, clusters: BTreeSet<ClusterName>) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        *expected = Some(clusters);
    }

    /// The clusters that were not looked at yet; nothing while it is not known which there are.
    pub(crate) fn not_looked_at(&self) -> Option<Vec<ClusterName>> {
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = expected.as_ref()?.iter();
        let missing = missing.filter(|name| !self.clusters.contains_key(*name));
        Some(missing.cloned().collect())
    }

    /// Takes note of the UID of a cluster, or that it is not known; tells of one that is new.
    pub(crate) fn identify(&self, cluster: &ClusterName, uid: Option<&String>) {
        let known = uid.map(|uid| self.uids.insert(cluster.clone(), uid.clone()));
        if known.is_some_and(|known| known.as_ref() != uid) {
            self.identities.send_modify(|count| *count += 1);
        }
    }

    /// Another cluster with the same UID.
    pub(crate) fn twin(&self, cluster: &ClusterName, uid: &str) -> Option<ClusterName> {
        let mut others = self.uids.iter();
        let twin = others.find(|one| one.key() != cluster && one.value() == uid);
        twin.map(|one| one.key().clone())
    }

    /// Tells of clusters that turned out to be others than was known.
    pub(crate) fn identities(&self) -> watch::Receiver<u64> {
        self.identities.subscribe()
    }

    /// Replaces how the clusters of trust domains compare.
    pub(crate) fn put_between(&self, found: Between) {
        *self.between.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// How the clusters of trust domains compare.
    pub(crate) fn between(&self) -> Between {
        let between = self.between.lock().unwrap_or_else(PoisonError::into_inner);
        between.clone()
    }

    /// Tells of whatever is put here.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
