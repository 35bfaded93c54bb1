//! Which documents hold for a cluster, and whether it is its turn to be taken to them.

use std::sync::Arc;

use cofferdam_model::names::ClusterName;
use dashmap::DashMap;
use tokio::sync::watch;

use crate::documents::Revision;

/// What a cluster is compared with, and taken to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The documents.
    pub(crate) revision: Arc<Revision>,
    /// That it is its turn; until then only what drifts from documents that it was taken to before is put back.
    pub(crate) turn: Option<TurnToWrite>,
}

/// The turn of a cluster in a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TurnToWrite {
    /// What failed in an earlier attempt is tried again.
    pub(crate) attempt: u32,
    /// Whether the revision was in force before and is not the newest.
    pub(crate) is_rollback: bool,
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.revision, &other.revision) && self.turn == other.turn
    }
}

/// The target of every cluster: decided in one place, and followed by the task of each.
#[derive(Debug, Default)]
pub(crate) struct Targets(DashMap<ClusterName, watch::Sender<Target>>);

impl Targets {
    /// The target of a cluster from now on; these documents, where nobody said anything yet.
    pub(crate) fn subscribe(
        &self,
        cluster: &ClusterName,
        first: &Arc<Revision>,
    ) -> watch::Receiver<Target> {
        let sender = self.0.entry(cluster.clone()).or_insert_with(|| {
            watch::Sender::new(Target {
                revision: Arc::clone(first),
                turn: None,
            })
        });
        // One that had no document for a while begins with those of now.
        if !sender
            .borrow()
            .revision
            .model()
            .clusters
            .contains_key(cluster)
        {
            sender.send_replace(Target {
                revision: Arc::clone(first),
                turn: None,
            });
        }
        sender.subscribe()
    }

    /// The target of a cluster.
    pub(crate) fn get(&self, cluster: &ClusterName) -> Option<Target> {
        self.0.get(cluster).map(|sender| sender.borrow().clone())
    }

    /// Sets the target of a cluster, where it is another than before.
    pub(crate) fn set(&self, cluster: &ClusterName, target: Target) {
        if let Some(sender) = self.0.get(cluster) {
            sender.send_if_modified(|before| {
                let is_new = *before != target;
                *before = target;
                is_new
            });
        }
    }

    /// Every cluster that has one.
    pub(crate) fn clusters(&self) -> Vec<ClusterName> {
        self.0.iter().map(|one| one.key().clone()).collect()
    }
}
