//! One request: paced, bounded in number and time, with failures in words.

mod breaker;
mod call;
mod explained;
mod pace;
mod retry;
mod stream;
mod warnings;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cofferdam_model::cluster::Limits;
use cofferdam_model::names::ClusterName;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use kube::client::Body;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::connect;
use crate::error::{Category, Error, of_status, of_transport};
use crate::follow::Followed;
use crate::patience::Progress;
use breaker::Breaker;
pub(crate) use call::{APPLY, Call, JSON, JSON_PATCH, MERGE_PATCH};
use pace::Pace;
use retry::Fault;
pub(crate) use retry::spread;
pub(crate) use stream::{Lines, Next};

/// A cluster that we can talk to. Clones share the limits.
#[derive(Clone)]
pub struct Connection {
    client: kube::Client,
    inner: Arc<Inner>,
    /// What is followed there; nothing where everything is asked for when it is needed.
    followed: Option<Arc<Followed>>,
}

struct Inner {
    cluster: ClusterName,
    config: kube::Config,
    server: String,
    proxy: Option<String>,
    kubeconfig: PathBuf,
    instead: Option<String>,
    expires_at: Option<Timestamp>,
    timeout: Duration,
    progress: Progress,
    in_flight: Semaphore,
    pace: Pace,
    breaker: Breaker,
    requests: AtomicU64,
    clock_skew: OnceLock<i64>,
    hint: Mutex<Option<(Category, String)>>,
    warnings: Mutex<Vec<String>>,
}

/// What a connection is made of.
pub(crate) struct Parts {
    pub(crate) cluster: ClusterName,
    pub(crate) client: kube::Client,
    /// What the client was built from.
    pub(crate) config: kube::Config,
    pub(crate) server: String,
    /// The address of the proxy that leads there, without user and password.
    pub(crate) proxy: Option<String>,
    pub(crate) kubeconfig: PathBuf,
    /// The context that is used in place of the one that the document names.
    pub(crate) instead: Option<String>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) timeout: Duration,
    pub(crate) progress: Progress,
    pub(crate) limits: Limits,
}

/// An answer of any kind.
pub(crate) struct Answer {
    code: u16,
    retry_after: Option<Duration>,
    /// What the server warned of beside it.
    pub(crate) warnings: Vec<String>,
    body: Vec<u8>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("cluster", &self.inner.cluster)
            .field("server", &self.inner.server)
            .finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn new(parts: Parts) -> Self {
        let permits = usize::try_from(parts.limits.in_flight.max(1)).unwrap_or(1);
        Self {
            client: parts.client,
            followed: None,
            inner: Arc::new(Inner {
                cluster: parts.cluster,
                config: parts.config,
                server: parts.server,
                proxy: parts.proxy,
                kubeconfig: parts.kubeconfig,
                instead: parts.instead,
                expires_at: parts.expires_at,
                timeout: parts.timeout,
                progress: parts.progress,
                in_flight: Semaphore::new(permits),
                pace: Pace::new(parts.limits.requests_per_second.max(1), Instant::now()),
                breaker: Breaker::default(),
                requests: AtomicU64::new(0),
                clock_skew: OnceLock::new(),
                hint: Mutex::default(),
                warnings: Mutex::default(),
            }),
        }
    }

    /// The same on a connection of its own, which may end at another server of the same address.
    pub(crate) async fn anew(&self) -> Result<Self, Error> {
        let built = connect::build(self.inner.config.clone()).await;
        let client = built.map_err(|why| {
            let what = format!("cannot connect to {} anew", self.inner.server);
            self.error(Category::Credential, what, why)
        })?;
        Ok(Self {
            client,
            ..self.clone()
        })
    }

    /// The same, which asks for everything when it is needed.
    #[must_use]
    pub fn unfollowed(&self) -> Self {
        Self {
            followed: None,
            ..self.clone()
        }
    }

    pub(crate) fn followed_by(&self, followed: Arc<Followed>) -> Self {
        Self {
            followed: Some(followed),
            ..self.clone()
        }
    }

    pub(crate) fn followed(&self) -> Option<&Followed> {
        self.followed.as_deref()
    }

    /// The cluster.
    pub fn cluster(&self) -> &ClusterName {
        &self.inner.cluster
    }

    /// Where its API server is.
    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// The only context of a kubeconfig that stands in for the document's, where it is not called as there.
    pub fn context_instead(&self) -> Option<&str> {
        self.inner.instead.as_deref()
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// When the credential stops working, RFC 3339 in UTC, where that can be told.
    pub fn credential_expires_at(&self) -> Option<String> {
        self.inner.expires_at.map(|at| at.to_string())
    }

    /// By how many seconds the server's clock was ahead of ours at its first answer; none before.
    pub fn clock_skew_seconds(&self) -> Option<i64> {
        self.inner.clock_skew.get().copied()
    }

    /// The last failure of those that something is known to help against, and that.
    pub fn last_failure(&self) -> Option<(Category, String)> {
        let hint = self.inner.hint.lock();
        hint.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self) {
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn note_clock(&self, headers: &http::HeaderMap) {
        let date = headers
            .get(http::header::DATE)
            .and_then(|date| date.to_str().ok());
        // HTTP dates are those of RFC 2822 with `GMT` for the zone (RFC 9110, 5.6.7).
        if let Some(server) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let ahead = server.timestamp().as_second() - Timestamp::now().as_second();
            self.inner.clock_skew.get_or_init(|| ahead);
        }
    }

    pub(crate) fn error(
        &self,
        category: Category,
        what: impl Into<String>,
        why: impl Into<String>,
    ) -> Error {
        Error::new(self.inner.cluster.as_str(), category, what, why)
    }

    /// What the server warned of at writes, each once, since this was last asked.
    pub fn take_warnings(&self) -> Vec<String> {
        let warnings = self.inner.warnings.lock();
        std::mem::take(&mut *warnings.unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends one request and returns the body of a successful answer.
    pub(crate) async fn send(&self, call: Call) -> Result<Vec<u8>, Error> {
        Ok(self.ask(call).await?.body)
    }

    /// Sends one request and returns the successful answer.
    ///
    /// A server that is busy is asked again when it says; a read that got no answer is tried again as
    /// well. A write is not: nobody knows whether it was carried out.
    pub(crate) async fn ask(&self, call: Call) -> Result<Answer, Error> {
        let what = format!("cannot {}", call.what);
        let mut attempt = 0;
        loop {
            let fault = match self.attempt(&call, &what).await {
                Ok(answer) => {
                    self.note_warnings(&call, &answer.warnings);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            let number = self.inner.requests.load(Ordering::Relaxed);
            let is_read = call.method == Method::GET;
            let Some(delay) = retry::delay(attempt, &fault, is_read, spread(number)) else {
                let category = fault.category();
                return Err(self.explained(category, &what, fault.into_words(), is_read));
            };
            let milliseconds = delay.as_millis();
            tracing::info!(cluster = %self.inner.cluster, what = call.what, ?fault, milliseconds, "trying again");
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    fn note_warnings(&self, call: &Call, warnings: &[String]) {
        if !call.is_write() {
            return;
        }
        let noted = self.inner.warnings.lock();
        let mut noted = noted.unwrap_or_else(PoisonError::into_inner);
        for warning in warnings {
            if !noted.contains(warning) {
                noted.push(warning.clone());
            }
        }
    }

    async fn attempt(&self, call: &Call, what: &str) -> Result<Answer, Fault> {
        let inner = &self.inner;
        let request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(http::header::ACCEPT, call.accept)
            .header(http::header::CONTENT_TYPE, call.content)
            .body(Body::from(call.body.clone()))
            .map_err(|error| Fault::Final(Category::Other, format!("{what}: {error}")))?;
        let mut permit = None;
        if !call.urgent {
            permit = inner.in_flight.acquire().await.ok();
            inner.breaker.admit(Instant::now())?;
            inner.pace.wait().await;
        }
        self.count();
        let started = Instant::now();
        let answer = if call.method == Method::GET {
            self.answer(request).await
        } else {
            let whole = tokio::time::timeout(inner.timeout, self.answer(request)).await;
            whole.unwrap_or_else(|_| Err(self.silence()))
        };
        drop(permit);
        let silence = answer.as_ref().err().map(Fault::words);
        inner.breaker.note(started, silence, Instant::now());
        let code = answer.as_ref().ok().map(|answer| answer.code);
        tracing::debug!(
            cluster = %inner.cluster, method = %call.method, path = call.path,
            code, milliseconds = started.elapsed().as_millis(), "request"
        );
        let answer = answer?;
        if (200..=299).contains(&answer.code) {
            return Ok(answer);
        }
        let (category, why) = of_status(answer.code, &answer.body);
        Err(match answer.code {
            429 => Fault::Busy(answer.retry_after, why),
            502..=504 => Fault::Lost(category, why),
            _ => Fault::Final(category, why),
        })
    }

    /// The whole answer; each part of it must come before the deadline.
    async fn answer(&self, request: Request<Body>) -> Result<Answer, Fault> {
        let head = self.part(self.client.clone().send(request)).await?;
        let code = head.status().as_u16();
        self.note_clock(head.headers());
        let retry_after = head.headers().get(http::header::RETRY_AFTER);
        let retry_after = retry_after
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let warnings = warnings::of_headers(head.headers());
        let mut stream = head.into_body();
        let mut body = Vec::new();
        let next = async |stream: &mut Body| stream.frame().await.transpose();
        while let Some(frame) = self.part(next(&mut stream)).await? {
            body.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        }
        Ok(Answer {
            code,
            retry_after,
            warnings,
            body,
        })
    }

    async fn part<T>(
        &self,
        part: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(self.inner.timeout, part).await {
            Ok(Ok(part)) => {
                self.inner.progress.note();
                Ok(part)
            }
            Ok(Err(error)) => {
                let (category, why) = of_transport(&error);
                if category == Category::WrongCa {
                    Err(Fault::Final(category, why))
                } else {
                    Err(Fault::Lost(category, why))
                }
            }
            Err(_) => Err(self.silence()),
        }
    }

    fn silence(&self) -> Fault {
        let why = format!("no answer within {} s", self.inner.timeout.as_secs());
        Fault::Final(Category::Timeout, why)
    }

    /// Sends one request and parses the answer.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let what = format!("cannot {}", call.what);
        let body = self.send(call).await?;
        self.parsed(&body, what)
    }

    /// The same of what changes seldom: where the cluster is followed, an answer that is known is not asked for again.
    pub(crate) async fn fetch_once<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let Some(followed) = self.followed() else {
            return self.fetch(call).await;
        };
        let (path, what) = (call.path.clone(), format!("cannot {}", call.what));
        let answer = if let Some(known) = followed.answer(&path) {
            known
        } else {
            let answer = Bytes::from(self.send(call).await?);
            followed.remember(path, answer.clone());
            answer
        };
        self.parsed(&answer, what)
    }

    fn parsed<T: DeserializeOwned>(&self, body: &[u8], what: String) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|error| {
            let why = format!("the answer is not as expected: {error}");
            self.error(Category::Invalid, what, why)
        })
    }
}
