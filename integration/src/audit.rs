//! The audit log of an API server, parsed.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The query that marks requests of the harness itself; they are left out of every [`Audit`].
pub(crate) const OWN_QUERY: &str = "cofferdam-audit-mark=";

/// A place in the log, to read on from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditMark(pub(crate) u64);

/// One request, as the server recorded it. What the server left out is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditEntry {
    /// The name of the user.
    pub user: String,
    /// The verb of RBAC, such as `patch`.
    pub verb: String,
    /// The API group.
    pub group: String,
    /// The plural of the kind.
    pub resource: String,
    /// The subresource.
    pub subresource: String,
    /// The namespace.
    pub namespace: String,
    /// The name of the object.
    pub name: String,
    /// The HTTP status of the answer, 0 when there is none yet.
    pub code: u16,
    /// The User-Agent header.
    pub user_agent: String,
    /// Path and query.
    pub request_uri: String,
    /// `ResponseComplete`, or `ResponseStarted` for watches.
    pub stage: String,
    /// When the request came, RFC 3339.
    pub request_time: String,
}

impl AuditEntry {
    /// Whether the request could change something: no review, no dry run.
    pub fn is_write(&self) -> bool {
        let review = ["authentication.k8s.io", "authorization.k8s.io"];
        let writes = ["create", "update", "patch", "delete", "deletecollection"];
        writes.contains(&self.verb.as_str())
            && !review.contains(&self.group.as_str())
            && !self.is_dry_run()
    }

    /// Whether the request asked for nothing to be stored.
    pub fn is_dry_run(&self) -> bool {
        self.request_uri.contains("dryRun=")
    }

    /// Whether the answer was a 2xx.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.code)
    }

    fn parse(line: &str) -> Result<Self> {
        let event: Value = serde_json::from_str(line).context("an audit line is no JSON")?;
        let text = |pointer: &str| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let code = event
            .pointer("/responseStatus/code")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        Ok(Self {
            user: text("/user/username"),
            verb: text("/verb"),
            group: text("/objectRef/apiGroup"),
            resource: text("/objectRef/resource"),
            subresource: text("/objectRef/subresource"),
            namespace: text("/objectRef/namespace"),
            name: text("/objectRef/name"),
            code: u16::try_from(code)?,
            user_agent: text("/userAgent"),
            request_uri: text("/requestURI"),
            stage: text("/stage"),
            request_time: text("/requestReceivedTimestamp"),
        })
    }
}

/// The requests of a stretch of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// In the order of the log.
    pub entries: Vec<AuditEntry>,
}

impl Audit {
    /// The completed requests of a user.
    pub fn by<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a AuditEntry> {
        let complete = |entry: &&AuditEntry| entry.stage == "ResponseComplete";
        self.entries
            .iter()
            .filter(complete)
            .filter(move |entry| entry.user == user)
    }

    /// How many completed requests a user made.
    pub fn requests_by(&self, user: &str) -> usize {
        self.by(user).count()
    }

    /// The completed writes of a user, refused ones included.
    pub fn writes_by<'a>(&'a self, user: &'a str) -> Vec<&'a AuditEntry> {
        self.by(user).filter(|entry| entry.is_write()).collect()
    }

    /// How many completed requests satisfy a condition.
    pub fn count(&self, condition: impl Fn(&AuditEntry) -> bool) -> usize {
        let complete = |entry: &&AuditEntry| entry.stage == "ResponseComplete";
        self.entries
            .iter()
            .filter(complete)
            .filter(|entry| condition(entry))
            .count()
    }
}

/// Reads whole lines from a mark on; returns where to read on, and whether `sought` was seen.
pub(crate) fn read(log: &Path, from: AuditMark, sought: &str) -> Result<(Audit, AuditMark, bool)> {
    let mut text = String::new();
    if let Ok(mut file) = File::open(log) {
        file.seek(SeekFrom::Start(from.0))?;
        file.read_to_string(&mut text)?;
    }
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let lines = text.get(..whole).unwrap_or_default().lines();
    let mut audit = Audit::default();
    let mut seen = false;
    for line in lines {
        let entry = AuditEntry::parse(line)?;
        seen |= !sought.is_empty() && entry.request_uri.contains(sought);
        if !entry.request_uri.contains(OWN_QUERY) {
            audit.entries.push(entry);
        }
    }
    Ok((audit, AuditMark(from.0 + u64::try_from(whole)?), seen))
}
