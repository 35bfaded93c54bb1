//! Clusters that are followed: every kind is listed once, and then kept by a watch.
//!
//! Whoever looks at a followed cluster asks as if it were looked at once. Lists are answered from copies; so is what
//! changes so seldom that it is asked for anew only when somebody says so. A copy is what the server tells, or it is not
//! known: once a watch is lost, nothing is told of its kind until it was listed again.

mod backoff;
mod copy;
mod event;
mod keep;

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt as _};

use crate::error::{Category, Error};
use crate::request::Connection;
use copy::Copy;
use keep::Keeper;

/// What is followed of a cluster.
pub(crate) struct Followed {
    /// Copies by path, each of the type that it was first asked for as.
    copies: Mutex<HashMap<String, Kept>>,
    shared: Arc<Shared>,
}

/// What those who keep the copies of a cluster share.
#[derive(Debug)]
struct Shared {
    /// Answers that are not asked for again, by path.
    answers: Mutex<HashMap<String, Bytes>>,
    /// Whether the server tells lists as watches.
    streams_lists: bool,
    /// Whether discovery is about to be asked again.
    lags: AtomicBool,
    /// How many changes there were.
    changes: watch::Sender<u64>,
    /// Told when a server answers that did not.
    revived: watch::Sender<()>,
    /// Told when everything is to be listed anew.
    refresh: watch::Sender<()>,
}

/// A copy, and the task that keeps it.
struct Kept {
    copy: Box<dyn Any + Send>,
    task: AbortHandle,
}

/// When discovery is asked again after a kind was defined.
const DISCOVERY_LAGS: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(30)];

/// The first minor version of Kubernetes 1 whose servers may tell lists as watches.
const STREAMS_LISTS_SINCE: u32 = 32;

impl Connection {
    /// The same cluster, followed from now on, until every clone of it is gone.
    pub async fn following(&self) -> Result<Self, Error> {
        let version = self.version().await?;
        let minor = version
            .split('.')
            .nth(1)
            .and_then(|minor| minor.parse().ok());
        let followed = Followed {
            copies: Mutex::default(),
            shared: Arc::new(Shared {
                answers: Mutex::default(),
                lags: AtomicBool::new(false),
                streams_lists: minor.is_some_and(|minor: u32| minor >= STREAMS_LISTS_SINCE),
                changes: watch::Sender::new(0),
                revived: watch::Sender::new(()),
                refresh: watch::Sender::new(()),
            }),
        };
        Ok(self.followed_by(Arc::new(followed)))
    }

    /// Tells of every change from now on, several at once as one; ends at once where the cluster is not followed.
    pub fn changes(&self) -> impl Stream<Item = ()> + Send + Unpin + use<> {
        let changes = match self.followed() {
            Some(followed) => followed.shared.changes.subscribe(),
            None => watch::channel(0).1,
        };
        WatchStream::from_changes(changes).map(|_| ())
    }

    /// Lists everything anew that is followed, and asks anew for what is remembered: no event can have been lost then.
    pub fn refresh(&self) {
        if let Some(followed) = self.followed() {
            followed.shared.forget();
            followed.shared.refresh.send_replace(());
        }
    }
}

impl Followed {
    /// The objects of a kind by its path, as `connection` lists them.
    pub(crate) async fn list<T>(
        &self,
        connection: &Connection,
        path: &str,
        what: &str,
    ) -> Result<Vec<T>, Error>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        let Some(mut copy) = self.copy::<T>(connection, path, what) else {
            // Nobody asks for one kind as two types.
            let why = "it is followed as something else".to_owned();
            return Err(connection.error(Category::Other, format!("cannot {what}"), why));
        };
        // The task that keeps it lives as long as this does.
        let settled = copy.wait_for(Copy::is_settled).await;
        settled.map_or_else(
            |_| {
                let why = "it is not followed any more".to_owned();
                Err(connection.error(Category::Other, format!("cannot {what}"), why))
            },
            |copy| copy.objects(),
        )
    }

    fn copy<T>(
        &self,
        connection: &Connection,
        path: &str,
        what: &str,
    ) -> Option<watch::Receiver<Copy<T>>>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = copies.entry(path.to_owned()).or_insert_with(|| {
            let (sender, receiver) = watch::channel(Copy::<T>::default());
            let keeper = Keeper {
                // Not the one that follows, which would keep itself alive.
                connection: connection.unfollowed(),
                path: path.to_owned(),
                what: what.to_owned(),
                copy: sender,
                streams: self.shared.streams_lists,
                shared: Arc::clone(&self.shared),
            };
            Kept {
                copy: Box::new(receiver),
                task: tokio::spawn(keeper.keep()).abort_handle(),
            }
        });
        kept.copy
            .downcast_ref::<watch::Receiver<Copy<T>>>()
            .cloned()
    }

    /// What was answered before.
    pub(crate) fn answer(&self, path: &str) -> Option<Bytes> {
        let answers = self.shared.answers.lock();
        let answers = answers.unwrap_or_else(PoisonError::into_inner);
        answers.get(path).cloned()
    }

    /// Remembers an answer.
    pub(crate) fn remember(&self, path: String, answer: Bytes) {
        let answers = self.shared.answers.lock();
        let mut answers = answers.unwrap_or_else(PoisonError::into_inner);
        answers.insert(path, answer);
    }
}

impl Shared {
    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Has what is remembered asked for anew.
    fn forget(&self) {
        let answers = self.answers.lock();
        answers.unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Notes that the server answers, which it did not: it may be another one, or another version of it.
    fn revive(&self) {
        self.forget();
        self.revived.send_replace(());
    }

    /// Has what is remembered asked for anew now and again later: servers tell of new kinds some time after these were
    /// defined.
    fn forget_for_a_while(self: &Arc<Self>) {
        self.forget();
        if self.lags.swap(true, Ordering::Relaxed) {
            return;
        }
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            for pause in DISCOVERY_LAGS {
                tokio::time::sleep(pause).await;
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                shared.lags.store(false, Ordering::Relaxed);
                shared.forget();
                shared.changed();
            }
        });
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let copies = self
            .copies
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for kept in copies.values() {
            kept.task.abort();
        }
    }
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").finish_non_exhaustive()
    }
}
