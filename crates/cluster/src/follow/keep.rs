//! Keeping a copy: a complete list, then a watch, and again once that cannot go on.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::backoff::pause;
use super::copy::Copy;
use super::event::{Event, parse};
use crate::error::{Category, Error};
use crate::observe::with_query;
use crate::request::{Call, Connection, Next, spread};

/// Servers end watches after this long, and up to half as long again.
const SHORTEST_WATCH: Duration = Duration::from_mins(40);

/// A watch that tells nothing for this long is begun anew where it stands: servers send bookmarks about every minute, and
/// what ends without a word behind a proxy looks just like one that is quiet.
const IDLE: Duration = Duration::from_mins(3);

/// A server that ends watches sooner than this is not asked for the next one at once.
const TOO_SHORT: Duration = Duration::from_secs(1);

/// What defines kinds.
const DEFINE_KINDS: [&str; 2] = [
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/apiregistration.k8s.io/v1/apiservices",
];

/// Keeps the copy of one kind.
pub(super) struct Keeper<T> {
    pub(super) connection: Connection,
    pub(super) path: String,
    pub(super) what: String,
    pub(super) copy: watch::Sender<Copy<T>>,
    pub(super) shared: Arc<Shared>,
}

/// From where a watch tells.
enum From {
    /// What happened after this resource version.
    Version(String),
    /// Everything that is there, and then what happens.
    Nothing,
}

/// How a watch ended.
enum Ended {
    /// As servers end it; it can be taken up from this resource version.
    At(String),
    /// What happened since it began is forgotten, or is to be listed again.
    Expired,
}

impl<T: DeserializeOwned> Keeper<T> {
    /// Keeps the copy until nobody wants it any more.
    pub(super) async fn keep(self) {
        let mut failures = 0;
        loop {
            let Err(error) = self.follow(&mut failures).await;
            failures += 1;
            let category = error.category();
            let number = self.connection.requests();
            let pause = pause(failures, category, spread(number));
            tracing::debug!(
                cluster = %self.connection.cluster(), what = self.what, %error,
                milliseconds = pause.as_millis(), "not followed"
            );
            let mut refresh = self.shared.refresh.subscribe();
            let mut revived = self.shared.revived.subscribe();
            self.changed(|copy| copy.lose(error));
            let is_lost = matches!(category, Category::Unreachable | Category::Timeout);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = refresh.changed() => {}
                _ = revived.changed(), if is_lost => {}
            }
        }
    }

    /// Lists and watches until that fails.
    async fn follow(&self, failures: &mut u32) -> Result<std::convert::Infallible, Error> {
        loop {
            // What is asked for while it is listed is asked for once more.
            let mut refresh = self.shared.refresh.subscribe();
            let mut ended = if self.shared.streams_lists {
                self.streamed(&mut refresh, failures).await?
            } else {
                Ended::At(self.listed(failures).await?)
            };
            while let Ended::At(version) = ended {
                let from = From::Version(version);
                ended = self.watch(from, &mut refresh, failures).await?;
            }
        }
    }

    /// Lists everything, as pages; the resource version of the list.
    async fn listed(&self, failures: &mut u32) -> Result<String, Error> {
        let (objects, version) = self.connection.keyed(&self.path, &self.what).await?;
        self.changed(|copy| {
            copy.replace(objects);
            true
        });
        self.revive(failures);
        Ok(version)
    }

    /// Lists everything as a watch, and goes on with it. A server that does not know of that lists as pages.
    async fn streamed(
        &self,
        refresh: &mut watch::Receiver<()>,
        failures: &mut u32,
    ) -> Result<Ended, Error> {
        self.copy.send_if_modified(|copy| {
            copy.begin();
            false
        });
        match self.watch(From::Nothing, refresh, failures).await {
            Err(error) if error.is(Category::Invalid) => {
                Ok(Ended::At(self.listed(failures).await?))
            }
            ended => ended,
        }
    }

    /// Watches for as long as the server tells something.
    async fn watch(
        &self,
        from: From,
        refresh: &mut watch::Receiver<()>,
        failures: &mut u32,
    ) -> Result<Ended, Error> {
        let began = Instant::now();
        let call = Call::get(self.url(&from), self.what.clone());
        let mut lines = self.connection.open(&call, IDLE).await?;
        let mut version = match from {
            From::Version(version) => Some(version),
            // Objects of a list come in no order, so that it can be taken up only once it is complete.
            From::Nothing => None,
        };
        loop {
            let next = tokio::select! {
                next = lines.next() => next?,
                _ = refresh.changed() => return Ok(Ended::Expired),
            };
            let Next::Line(line) = next else {
                break;
            };
            let (event, at) = parse(&line).map_err(|error| self.unexpected(&error))?;
            let is_listed = matches!(event, Event::Bookmark { ends_initial: true });
            match event {
                Event::Expired => return Ok(Ended::Expired),
                Event::Failed(category, why) => return Err(self.error(category, why)),
                Event::Is(..) | Event::Gone(..) | Event::Bookmark { .. } => self.take(&event)?,
            }
            if is_listed {
                self.revive(failures);
            }
            if is_listed || version.is_some() {
                version = Some(at);
            }
        }
        if began.elapsed() < TOO_SHORT {
            tokio::time::sleep(TOO_SHORT).await;
        }
        Ok(version.map_or(Ended::Expired, Ended::At))
    }

    fn url(&self, from: &From) -> String {
        let spread = spread(self.connection.requests());
        let seconds = SHORTEST_WATCH.mul_f64(1.0 + 0.5 * spread).as_secs();
        let from = match from {
            From::Version(version) => format!("resourceVersion={version}"),
            // Without a resource version it is the newest, and not what some server remembers.
            From::Nothing => "sendInitialEvents=true&resourceVersionMatch=NotOlderThan".to_owned(),
        };
        let query = format!("watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&{from}");
        with_query(&self.path, &query)
    }

    fn take(&self, event: &Event<'_>) -> Result<(), Error> {
        let mut failed = None;
        self.changed(|copy| {
            copy.take(event).unwrap_or_else(|error| {
                failed = Some(error);
                false
            })
        });
        failed.map_or(Ok(()), |error| Err(self.unexpected(&error)))
    }

    /// Changes the copy, and tells of it where the change says that it is one.
    fn changed(&self, change: impl FnOnce(&mut Copy<T>) -> bool) {
        if !self.copy.send_if_modified(change) {
            return;
        }
        if DEFINE_KINDS.iter().any(|path| self.path == *path) {
            self.shared.forget_for_a_while();
        }
        self.shared.changed();
    }

    /// Notes that the server tells what is there.
    fn revive(&self, failures: &mut u32) {
        if std::mem::take(failures) > 0 {
            // It may be another server, or another version of it.
            self.shared.forget();
            self.shared.revived.send_replace(());
        }
    }

    fn unexpected(&self, error: &serde_json::Error) -> Error {
        self.error(
            Category::Invalid,
            format!("the answer is not as expected: {error}"),
        )
    }

    fn error(&self, category: Category, why: String) -> Error {
        let what = format!("cannot {}", self.what);
        self.connection.error(category, what, why)
    }
}
