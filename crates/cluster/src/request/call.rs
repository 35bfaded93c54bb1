//! What is asked of a server.

use bytes::Bytes;
use http::Method;

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content: &'static str,
    pub(crate) accept: &'static str,
    pub(crate) body: Bytes,
    /// What is done, such as `list pods`.
    pub(crate) what: String,
    /// Whether it may wait for no other request: a lease that is not renewed in time is lost.
    pub(crate) urgent: bool,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const APPLY: &str = "application/apply-patch+yaml";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";

impl Call {
    /// A request whose body is written already.
    pub(crate) fn new(
        method: Method,
        path: impl Into<String>,
        content: &'static str,
        body: impl Into<Bytes>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            method,
            path: path.into(),
            content,
            accept: JSON,
            body: body.into(),
            what: what.into(),
            urgent: false,
        }
    }

    pub(crate) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Method::GET, path, JSON, Bytes::new(), what)
    }

    pub(crate) fn with_body(
        method: Method,
        path: impl Into<String>,
        content: &'static str,
        body: &serde_json::Value,
        what: impl Into<String>,
    ) -> Self {
        let body = body.to_string().into_bytes();
        Self::new(method, path, content, body, what)
    }

    /// Whether it changes something; a dry run does not.
    pub(super) fn is_write(&self) -> bool {
        self.method != Method::GET && !self.path.contains("dryRun=")
    }
}
