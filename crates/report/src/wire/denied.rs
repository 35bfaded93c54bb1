//! That a cluster answered and gave nothing.

use serde::Serialize;

/// What a cluster answers to who may not read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Denied {
    /// The credential lacks rights (403).
    Forbidden,
    /// The credential is not accepted (401).
    Unauthorized,
}

impl Denied {
    /// The words of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Unauthorized => "credential not accepted",
        }
    }
}
