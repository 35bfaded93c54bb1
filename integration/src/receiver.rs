//! Somebody who is told of alerts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A receiver of alerts that takes only what is JSON and carries its token.
#[derive(Debug)]
pub struct Receiver {
    address: String,
    shared: Arc<Shared>,
    /// Ends with it.
    _runtime: Runtime,
}

#[derive(Debug, Default)]
struct Shared {
    refuses: AtomicBool,
    /// Path and body of what was taken.
    taken: Mutex<Vec<(String, Value)>>,
    refused: Mutex<u32>,
}

/// The token that it wants.
pub const TOKEN: &str = "the-token-of-the-receiver";

impl Receiver {
    /// Starts on a free port.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?.to_string();
        let shared = Arc::<Shared>::default();
        let of_answers = Arc::clone(&shared);
        let answer = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let status = of_answers.take(&uri, &headers, &body);
            std::future::ready(status)
        };
        let of_questions = Arc::clone(&shared);
        let prometheus = move || std::future::ready(of_questions.samples());
        let routes = Router::new()
            .route("/api/v1/query", get(prometheus))
            .fallback(post(answer));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self {
            address,
            shared,
            _runtime: runtime,
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Where it answers every question to Prometheus, with one sample where it does not refuse.
    pub fn prometheus(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Has it refuse, or take again, what comes.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::Relaxed);
    }

    /// How much it refused.
    pub fn refused(&self) -> u32 {
        *self
            .shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that it took, as `OCCASION CLASS OBJECT SEVERITY`.
    pub fn alerts(&self) -> Result<Vec<String>> {
        let taken = self
            .shared
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let alerts = taken
            .iter()
            .map(|(_, body)| body["alerts"].as_array().context("no alerts"));
        let alerts: Vec<&Vec<Value>> = alerts.collect::<Result<_>>()?;
        let told = alerts.into_iter().flatten().map(|alert| {
            let words = [
                "/occasion",
                "/episode/class",
                "/episode/object",
                "/episode/severity",
            ];
            let words =
                words.map(|path| alert.pointer(path).and_then(Value::as_str).unwrap_or("-"));
            words.join(" ")
        });
        Ok(told.collect())
    }
}

impl Shared {
    fn samples(&self) -> String {
        let samples = if self.refuses.load(Ordering::Relaxed) {
            json!([])
        } else {
            json!([{"metric": {}, "value": [1, "1"]}])
        };
        json!({"status": "success", "data": {"resultType": "vector", "result": samples}})
            .to_string()
    }

    fn take(&self, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        let shown = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        if shown != Some(&format!("Bearer {TOKEN}")) || self.refuses.load(Ordering::Relaxed) {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let Ok(body) = serde_json::from_slice(body) else {
            return StatusCode::BAD_REQUEST;
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.push((uri.path().to_owned(), body));
        StatusCode::OK
    }
}
