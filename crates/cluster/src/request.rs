//! One request: paced, bounded in number and time, with failures in words.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cofferdam_model::cluster::Limits;
use cofferdam_model::names::ClusterName;
use http::{Method, Request};
use jiff::Timestamp;
use kube::client::Body;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use crate::error::{Category, Error, of_status, of_transport};

/// A cluster that we can talk to. Clones share the limits.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    cluster: ClusterName,
    client: kube::Client,
    server: String,
    kubeconfig: PathBuf,
    expires_at: Option<Timestamp>,
    timeout: Duration,
    in_flight: Semaphore,
    pace: Pace,
    requests: AtomicU64,
}

/// What a connection is made of.
pub(crate) struct Parts {
    pub(crate) cluster: ClusterName,
    pub(crate) client: kube::Client,
    pub(crate) server: String,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) timeout: Duration,
    pub(crate) limits: Limits,
}

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content: &'static str,
    pub(crate) accept: &'static str,
    pub(crate) body: Vec<u8>,
    /// What is done, such as `list pods`.
    pub(crate) what: String,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const APPLY: &str = "application/apply-patch+yaml";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";

impl Call {
    pub(crate) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            content: JSON,
            accept: JSON,
            body: Vec::new(),
            what: what.into(),
        }
    }

    pub(crate) fn with_body(
        method: Method,
        path: impl Into<String>,
        content: &'static str,
        body: &serde_json::Value,
        what: impl Into<String>,
    ) -> Self {
        Self {
            method,
            path: path.into(),
            content,
            accept: JSON,
            body: body.to_string().into_bytes(),
            what: what.into(),
        }
    }
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
            inner: Arc::new(Inner {
                cluster: parts.cluster,
                client: parts.client,
                server: parts.server,
                kubeconfig: parts.kubeconfig,
                expires_at: parts.expires_at,
                timeout: parts.timeout,
                in_flight: Semaphore::new(permits),
                pace: Pace::new(parts.limits.requests_per_second.max(1)),
                requests: AtomicU64::new(0),
            }),
        }
    }

    /// The cluster.
    pub fn cluster(&self) -> &ClusterName {
        &self.inner.cluster
    }

    /// Where its API server is.
    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// When the credential stops working, RFC 3339 in UTC, where that can be told.
    pub fn credential_expires_at(&self) -> Option<String> {
        self.inner.expires_at.map(|at| at.to_string())
    }

    pub(crate) fn error(
        &self,
        category: Category,
        what: impl Into<String>,
        why: impl Into<String>,
    ) -> Error {
        Error::new(self.inner.cluster.as_str(), category, what, why)
    }

    /// Sends one request and returns the body of a successful answer.
    pub(crate) async fn send(&self, call: Call) -> Result<Vec<u8>, Error> {
        let what = format!("cannot {}", call.what);
        let request = Request::builder()
            .method(call.method)
            .uri(call.path)
            .header(http::header::ACCEPT, call.accept)
            .header(http::header::CONTENT_TYPE, call.content)
            .body(Body::from(call.body))
            .map_err(|error| self.error(Category::Other, what.as_str(), error.to_string()))?;
        let permit = self.inner.in_flight.acquire().await;
        self.inner.pace.wait().await;
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let answer = tokio::time::timeout(self.inner.timeout, self.answer(request)).await;
        drop(permit);
        match answer {
            Ok(Ok((200..=299, body))) => Ok(body),
            Ok(Ok((code, body))) => {
                let (category, why) = of_status(code, &body);
                Err(self.explained(category, &what, why))
            }
            Ok(Err(error)) => {
                let (category, why) = of_transport(&error);
                Err(self.explained(category, &what, why))
            }
            Err(_) => {
                let why = format!("no answer within {} s", self.inner.timeout.as_secs());
                Err(self.explained(Category::Timeout, &what, why))
            }
        }
    }

    async fn answer(&self, request: Request<Body>) -> Result<(u16, Vec<u8>), kube::Error> {
        let response = self.inner.client.clone().send(request).await?;
        let code = response.status().as_u16();
        let body = response.into_body().collect_bytes().await?;
        Ok((code, body.into()))
    }

    fn explained(&self, category: Category, what: &str, why: String) -> Error {
        let inner = &self.inner;
        let file = inner.kubeconfig.display();
        let is = |all: &[Category]| all.contains(&category);
        let expired = inner.expires_at.filter(|at| *at < Timestamp::now());
        let why = match expired {
            Some(at) if is(&[Category::Unauthorized]) => {
                format!("{why}; the credential expired at {at}")
            }
            _ if is(&[Category::Unreachable, Category::Timeout, Category::WrongCa]) => {
                format!("{why} (server {})", inner.server)
            }
            _ => why,
        };
        let error = self.error(category, what, why);
        if is(&[Category::Unauthorized]) {
            error.with_hint(format!("renew the credential in {file}"))
        } else if is(&[Category::WrongCa]) {
            error.with_hint(format!(
                "compare the certificate authority and server name in {file} with the cluster's"
            ))
        } else if is(&[Category::Unreachable]) {
            error.with_hint(format!("check the server address in {file}"))
        } else if is(&[Category::Forbidden]) {
            error.with_hint("`cofferdam rbac` prints the rights that are needed")
        } else {
            error
        }
    }

    /// Sends one request and parses the answer.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let what = format!("cannot {}", call.what);
        let body = self.send(call).await?;
        serde_json::from_slice(&body).map_err(|error| {
            let why = format!("the answer is not as expected: {error}");
            self.error(Category::Invalid, what, why)
        })
    }
}

/// Spaces requests evenly, with a small burst.
struct Pace {
    next: Mutex<Instant>,
    interval: Duration,
    burst: Duration,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second;
        Self {
            next: Mutex::new(Instant::now()),
            interval,
            burst: interval * (per_second / 2).clamp(1, 32),
        }
    }

    async fn wait(&self) {
        let slot = {
            let mut next = self.next.lock().await;
            let now = Instant::now();
            let slot = (*next).max(now.checked_sub(self.burst).unwrap_or(now));
            *next = slot + self.interval;
            slot
        };
        tokio::time::sleep_until(slot).await;
    }
}
