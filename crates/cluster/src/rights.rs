//! What a credential may do, as the server judges it.

use std::fmt;

use http::Method;
use serde_json::{Value, json};

use crate::error::Error;
use crate::request::{Call, Connection, JSON};

/// A right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// What is done.
    pub verb: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The plural of the kind.
    pub resource: &'static str,
    /// Where; everywhere where none is said.
    pub namespace: Option<&'static str>,
    /// The only object meant; any where none is said.
    pub name: Option<&'static str>,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.map(|name| format!("/{name}")).unwrap_or_default();
        write!(f, "{} {}{name}", self.verb, self.resource)?;
        if let Some(namespace) = self.namespace {
            write!(f, " in {namespace}")?;
        }
        Ok(())
    }
}

impl Connection {
    /// Asks the server whether we have a right. A server whose authorizer denies by webhook and cannot
    /// reach it answers no.
    pub async fn may(&self, right: &Right) -> Result<bool, Error> {
        let url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": right.verb,
                "group": right.group,
                "resource": right.resource,
                "namespace": right.namespace,
                "name": right.name,
            }},
        });
        let what = format!("ask whether we may {right}");
        let review: Value = self
            .fetch(Call::with_body(Method::POST, url, JSON, &body, what))
            .await?;
        let allowed = review.pointer("/status/allowed").and_then(Value::as_bool);
        Ok(allowed.unwrap_or(false))
    }
}
