//! Why something cannot be kept or read.

use std::path::PathBuf;

/// A database that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such file.
    #[error("there is no history at {0}: a controller writes it")]
    Absent(PathBuf),
    /// Another process keeps it.
    #[error("{0} is kept by another process: one controller writes one history")]
    Held(PathBuf),
    /// It was written by a newer version.
    #[error("{0} was written by a newer version of cofferdam: use that one, or another file")]
    Newer(PathBuf),
    /// There is no room left.
    #[error("no room is left where {0} lies")]
    Full(PathBuf),
    /// The file or its directory cannot be made or opened.
    #[error("{path} cannot be opened: {source}")]
    Unopened {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refuses.
    #[error("{path} cannot be used: {source}")]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// What is there is not what this version writes.
    #[error("a row of {path} cannot be read: {source}")]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}
