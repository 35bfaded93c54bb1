//! What went wrong with a cluster, in words for people. Never holds a secret.

use std::error::Error as StdError;

use serde::Deserialize;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The cluster cannot be reached.
    Unreachable,
    /// It did not answer in time.
    Timeout,
    /// It does not accept the credential.
    Unauthorized,
    /// The credential lacks a right.
    Forbidden,
    /// Its certificate is not signed by the expected authority, or for another name.
    WrongCa,
    /// The object does not exist.
    NotFound,
    /// The object is not in the state that was expected.
    Conflict,
    /// The server refuses the content.
    Invalid,
    /// The server does not serve the kind.
    UnsupportedKind,
    /// The credential's configuration is refused by our own rules, or cannot be used.
    Credential,
    /// The write was accepted but the object is not as wanted.
    Differs,
    /// The lease was lost; nothing more is written.
    LeaseLost,
    /// The server has no time, however often it is asked.
    Busy,
    /// Anything else.
    Other,
}

impl Category {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::WrongCa => "wrong-ca",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::UnsupportedKind => "unsupported-kind",
            Self::Credential => "credential",
            Self::Differs => "differs",
            Self::LeaseLost => "lease-lost",
            Self::Busy => "busy",
            Self::Other => "other",
        }
    }
}

/// A failure: what was tried, where, why it failed, and what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cluster {cluster}: {what}: {why}")]
pub struct Error {
    cluster: String,
    category: Category,
    what: String,
    why: String,
    hint: Option<String>,
}

impl Error {
    pub(crate) fn new(
        cluster: &str,
        category: Category,
        what: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self {
            cluster: cluster.to_owned(),
            category,
            what: what.into(),
            why: why.into(),
            hint: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What kind of failure it is.
    pub fn category(&self) -> Category {
        self.category
    }

    /// The cluster.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// What failed and why, without the cluster.
    pub fn reason(&self) -> String {
        format!("{}: {}", self.what, self.why)
    }

    /// Why it failed, without what was tried.
    pub(crate) fn why(&self) -> &str {
        &self.why
    }

    /// What to do.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn is(&self, category: Category) -> bool {
        self.category == category
    }
}

/// The part of a `Status` answer that is told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    kind: String,
    message: String,
    reason: String,
    details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    name: String,
    kind: String,
}

/// Category and words of an HTTP answer that is not a success.
pub(crate) fn of_status(code: u16, body: &[u8]) -> (Category, String) {
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    let message = if status.kind == "Status" && !status.message.is_empty() {
        one_line(&status.message)
    } else {
        format!("the server answered HTTP {code}")
    };
    let object = status
        .details
        .as_ref()
        .is_some_and(|details| !details.name.is_empty() || !details.kind.is_empty());
    match code {
        401 => (
            Category::Unauthorized,
            "the credential is not accepted (401)".to_owned(),
        ),
        403 => (Category::Forbidden, format!("forbidden: {message}")),
        404 if object => (Category::NotFound, message),
        404..=406 => (Category::UnsupportedKind, message),
        409 => (Category::Conflict, message),
        400 | 413 | 415 | 422 => (Category::Invalid, message),
        500 if status.reason.is_empty() => (Category::Invalid, message),
        408 | 504 => (Category::Timeout, message),
        429 => (Category::Busy, format!("the server is busy: {message}")),
        _ => (Category::Other, message),
    }
}

/// Category and words of a failure to get any answer.
pub(crate) fn of_transport(error: &(dyn StdError + 'static)) -> (Category, String) {
    let mut category = Category::Other;
    let mut deepest = error.to_string();
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        deepest = cause.to_string();
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            category = of_io(io.kind(), category);
        }
        let text = deepest.to_ascii_lowercase();
        if text.contains("invalid peer certificate") || text.contains("not valid for name") {
            category = Category::WrongCa;
        } else if text.contains("dns error") || text.contains("(connect)") {
            category = of_io(std::io::ErrorKind::NotConnected, category);
        }
        next = cause.source();
    }
    (category, one_line(&deepest))
}

fn of_io(kind: std::io::ErrorKind, before: Category) -> Category {
    if before == Category::WrongCa {
        return before;
    }
    if kind == std::io::ErrorKind::TimedOut {
        Category::Timeout
    } else {
        Category::Unreachable
    }
}

/// The text without what stands before the `@` of each URL.
pub(crate) fn without_users(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | ')' | '>');
        let (authority, _) = part.split_at(part.find(ends).unwrap_or(part.len()));
        let user = authority.rfind('@').map_or(0, |at| at + 1);
        clean.push_str("://");
        clean.push_str(part.get(user..).unwrap_or_default());
    }
    clean
}

/// A text of others in one line of bounded length, without control characters and without the user and
/// password that may stand in a URL.
pub(crate) fn one_line(text: &str) -> String {
    let clean: String = without_users(text)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(500)
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn no_user_and_password_of_a_url_is_told() {
        for (text, told) in [
            (
                "proxy http://user:secret@proxy:8080/ is\ngone",
                "proxy http://proxy:8080/ is gone",
            ),
            ("\"socks5://u:p@ss@host\"", "\"socks5://host\""),
            (
                "see https://host/a@b and c@d",
                "see https://host/a@b and c@d",
            ),
        ] {
            assert_eq!(one_line(text), told);
        }
    }
}
