//! Keeping a copy: a complete list, then a watch, and again once that cannot go on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::backoff::{is_refused, pause};
use super::copy::Copy;
use super::event::{Event, parse};
use crate::error::{Category, Error};
use crate::observe::with_query;
use crate::request::{Call, Connection, Lines, Next, spread};

/// Servers end watches after this long, and up to half as long again.
const SHORTEST_WATCH: Duration = Duration::from_mins(40);

/// A watch that tells nothing for this long is begun anew where it stands: servers send bookmarks about every minute, and
/// what ends without a word behind a proxy looks just like one that is quiet.
const IDLE: Duration = Duration::from_secs(100);

/// A list that is told as a watch is not told in this way where nothing comes for this long: servers that stand behind the
/// API server may take the question and never say that the list is complete.
const IDLE_IN_LIST: Duration = Duration::from_secs(20);

/// A copy that was current for less than this was not worth much: whoever has to list again so soon fails.
const WORTH_A_LIST: Duration = Duration::from_secs(10);

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
    /// Whether lists are told as watches.
    pub(super) streams: bool,
}

/// How a watch ended.
enum Ended {
    /// As servers end it; it can be taken up from this resource version.
    At(String),
    /// What happened since is forgotten.
    Expired,
    /// Somebody wants everything to be listed anew.
    Refresh,
}

impl<T: DeserializeOwned> Keeper<T> {
    /// Keeps the copy until nobody wants it any more.
    pub(super) async fn keep(mut self) {
        let mut failures = 0;
        loop {
            let mut refresh = self.shared.refresh.subscribe();
            let mut revived = self.shared.revived.subscribe();
            let mut since = None;
            let Err(error) = self.follow(&mut since, failures > 0).await;
            let is_worth = |since: Instant| since.elapsed() >= WORTH_A_LIST;
            failures = if since.is_some_and(is_worth) {
                1
            } else {
                failures + 1
            };
            let category = error.category();
            let pause = pause(failures, category, spread(self.connection.requests()));
            tracing::debug!(
                cluster = %self.connection.cluster(), what = self.what, %error,
                milliseconds = pause.as_millis(), "not followed"
            );
            self.changed(|copy| copy.lose(error));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = refresh.changed() => {}
                _ = revived.changed(), if !is_refused(category) => {}
            }
        }
    }

    /// Lists and watches until that fails. `since` is when the copy became current.
    async fn follow(
        &mut self,
        since: &mut Option<Instant>,
        was_lost: bool,
    ) -> Result<Infallible, Error> {
        // What is asked for while it is listed is asked for once more.
        let mut refresh = self.shared.refresh.subscribe();
        loop {
            let (mut lines, mut version) = if self.streams {
                self.listed_as_watch().await?
            } else {
                self.listed().await?
            };
            *since = Some(Instant::now());
            if was_lost {
                self.shared.revive();
            }
            loop {
                match self.watched(lines, version, &mut refresh).await? {
                    Ended::At(at) => {
                        lines = self.open(&format!("resourceVersion={at}"), IDLE).await?;
                        version = at;
                    }
                    Ended::Refresh => break,
                    Ended::Expired => {
                        self.copy.send_modify(Copy::doubt);
                        if since.is_some_and(|since| since.elapsed() < WORTH_A_LIST) {
                            let why = "what happened since it was listed is forgotten already";
                            return Err(self.error(Category::Other, why.to_owned()));
                        }
                        break;
                    }
                }
            }
        }
    }

    /// Lists everything, as pages. The copy is current once the watch is open that keeps it so.
    async fn listed(&self) -> Result<(Lines, String), Error> {
        let (objects, version) = self.connection.keyed(&self.path, &self.what).await?;
        let lines = self
            .open(&format!("resourceVersion={version}"), IDLE)
            .await?;
        self.changed(|copy| {
            copy.replace(objects);
            true
        });
        Ok((lines, version))
    }

    /// Lists everything as a watch, which then goes on. Where that does not work, pages are listed.
    async fn listed_as_watch(&mut self) -> Result<(Lines, String), Error> {
        // Without a resource version it is the newest, and not what some server remembers.
        let newest = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
        let mut lines = match self.open(newest, IDLE_IN_LIST).await {
            Err(error) if error.is(Category::Invalid) => {
                self.streams = false;
                return self.listed().await;
            }
            opened => opened?,
        };
        self.copy.send_if_modified(|copy| {
            copy.begin();
            false
        });
        loop {
            let Next::Line(line) = lines.next().await? else {
                self.streams = false;
                let why = "the list ended before it was complete".to_owned();
                return Err(self.error(Category::Other, why));
            };
            let (event, version) = self.event(&line)?;
            self.take(&event)?;
            match event {
                Event::Bookmark { ends_initial: true } => {
                    lines.set_idle(IDLE);
                    return Ok((lines, version));
                }
                Event::Expired => {
                    let why = "the list expired before it was complete".to_owned();
                    return Err(self.error(Category::Other, why));
                }
                Event::Is(..) | Event::Gone(..) | Event::Bookmark { .. } => {}
            }
        }
    }

    /// Takes in what a watch tells, for as long as it tells something.
    async fn watched(
        &self,
        mut lines: Lines,
        mut version: String,
        refresh: &mut watch::Receiver<()>,
    ) -> Result<Ended, Error> {
        let began = Instant::now();
        loop {
            let next = tokio::select! {
                next = lines.next() => next?,
                _ = refresh.changed() => return Ok(Ended::Refresh),
            };
            let Next::Line(line) = next else {
                break;
            };
            let (event, at) = self.event(&line)?;
            if let Event::Expired = event {
                return Ok(Ended::Expired);
            }
            if self.take(&event)? && DEFINE_KINDS.contains(&self.path.as_str()) {
                self.shared.forget_for_a_while();
            }
            version = at;
        }
        // A server that ends watches as soon as they begin is not asked for the next one at once.
        tokio::time::sleep_until(began + Duration::from_secs(1)).await;
        // From no version on, everything would be told once more, but not what is gone.
        Ok(if version.is_empty() {
            Ended::Expired
        } else {
            Ended::At(version)
        })
    }

    async fn open(&self, from: &str, idle: Duration) -> Result<Lines, Error> {
        let spread = spread(self.connection.requests());
        let seconds = SHORTEST_WATCH.mul_f64(1.0 + 0.5 * spread).as_secs();
        let query = format!("watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&{from}");
        let call = Call::get(with_query(&self.path, &query), self.what.clone());
        self.connection.open(&call, idle).await
    }

    fn event<'a>(&self, line: &'a [u8]) -> Result<(Event<'a>, String), Error> {
        match parse(line) {
            Ok((Ok(event), version)) => Ok((event, version)),
            Ok((Err((category, why)), _)) => Err(self.error(category, why)),
            Err(error) => Err(self.unexpected(&error)),
        }
    }

    /// Takes an event in; whether what is known changed by that.
    fn take(&self, event: &Event<'_>) -> Result<bool, Error> {
        let mut taken = Ok(false);
        self.changed(|copy| {
            taken = copy.take(event);
            matches!(taken, Ok(true))
        });
        taken.map_err(|error| self.unexpected(&error))
    }

    /// Changes the copy, and tells of it where the change says that it is one.
    fn changed(&self, change: impl FnOnce(&mut Copy<T>) -> bool) {
        if self.copy.send_if_modified(change) {
            self.shared.changed();
        }
    }

    fn unexpected(&self, error: &serde_json::Error) -> Error {
        let why = format!("the answer is not as expected: {error}");
        self.error(Category::Invalid, why)
    }

    fn error(&self, category: Category, why: String) -> Error {
        let what = format!("cannot {}", self.what);
        self.connection.error(category, what, why)
    }
}
