//! An answer that does not end: lines, as the server has something to tell.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::BodyExt as _;
use kube::client::Body;
use tokio::time::Instant;

use super::Connection;
use super::call::Call;
use super::retry::Fault;
use crate::error::{Category, Error, of_status, of_transport};

/// The store of Kubernetes takes no object of more than some 1.5 MB.
const LONGEST_LINE_BYTES: usize = 16 * 1024 * 1024;

/// The lines of an answer.
pub(crate) struct Lines {
    connection: Connection,
    what: String,
    body: Body,
    buffer: BytesMut,
    idle: Duration,
}

/// What came next.
pub(crate) enum Next {
    /// A line, without its end.
    Line(Bytes),
    /// The server has nothing more to tell.
    End,
    /// Nothing came for long.
    Silence,
}

impl Connection {
    /// Sends one request and reads the answer line by line. Once nothing came for `idle`, that is told.
    pub(crate) async fn open(&self, call: &Call, idle: Duration) -> Result<Lines, Error> {
        let what = format!("cannot {}", call.what);
        match self.head(call).await {
            Ok(body) => Ok(Lines {
                connection: self.clone(),
                what,
                body,
                buffer: BytesMut::new(),
                idle,
            }),
            Err(fault) => Err(self.explained(fault.category(), &what, fault.into_words(), true)),
        }
    }

    async fn head(&self, call: &Call) -> Result<Body, Fault> {
        let inner = &self.inner;
        let request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(http::header::ACCEPT, call.accept)
            .body(Body::empty())
            .map_err(|error| Fault::Final(Category::Other, error.to_string()))?;
        let permit = inner.in_flight.acquire().await.ok();
        inner.breaker.admit(Instant::now())?;
        inner.pace.wait().await;
        self.count();
        let started = Instant::now();
        let head = self.part(self.client.clone().send(request)).await;
        let silence = head.as_ref().err().map(Fault::words);
        inner.breaker.note(started, silence, Instant::now());
        let head = head?;
        self.note_clock(head.headers());
        let code = head.status().as_u16();
        tracing::debug!(cluster = %inner.cluster, path = call.path, code, "watch");
        if head.status().is_success() {
            return Ok(head.into_body());
        }
        let body = self
            .part(async { head.into_body().collect().await })
            .await?;
        drop(permit);
        let (category, why) = of_status(code, &body.to_bytes());
        Err(Fault::Final(category, why))
    }
}

impl Lines {
    /// Has silence told after another time from now on.
    pub(crate) fn set_idle(&mut self, idle: Duration) {
        self.idle = idle;
    }

    /// The next line.
    pub(crate) async fn next(&mut self) -> Result<Next, Error> {
        let mut searched = 0;
        loop {
            let mut rest = self.buffer.iter().skip(searched);
            if let Some(end) = rest.position(|byte| *byte == b'\n') {
                let end = searched + end;
                let line = self.buffer.split_to(end + 1).freeze();
                return Ok(Next::Line(line.slice(..end)));
            }
            searched = self.buffer.len();
            if searched > LONGEST_LINE_BYTES {
                let why = "a line is longer than any object".to_owned();
                let Self {
                    connection, what, ..
                } = self;
                return Err(connection.error(Category::Invalid, what.as_str(), why));
            }
            let frame = tokio::time::timeout(self.idle, self.body.frame()).await;
            match frame {
                Err(_) => return Ok(Next::Silence),
                Ok(None) => return Ok(Next::End),
                Ok(Some(Ok(frame))) => {
                    self.connection.inner.progress.note();
                    if let Some(data) = frame.data_ref() {
                        self.buffer.extend_from_slice(data);
                    }
                }
                Ok(Some(Err(error))) => {
                    let (category, why) = of_transport(&error);
                    return Err(self.connection.explained(category, &self.what, why, true));
                }
            }
        }
    }
}
