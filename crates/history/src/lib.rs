//! What a controller saw and did over time, kept where it survives the process: episodes, passes, alerts, and when
//! clusters were watched.
//!
//! [`History`] is what a controller needs of a database; [`Sqlite`] is the one that is embedded. What is kept at once, an
//! [`Entry`], is kept whole or not at all, and keeping it again changes nothing.

mod coverage;
mod entry;
mod error;
mod sqlite;

pub use coverage::{LONGEST_SILENCE_SECONDS, with_gaps};
pub use entry::{Alert, Entry, Occasion, Query, Retention, Seen};
pub use error::HistoryError;
pub use sqlite::Sqlite;

type Result<T> = std::result::Result<T, HistoryError>;

use cofferdam_report::wire::history::{Acknowledgement, Coverage, Episode, Passed};
use cofferdam_report::wire::rollout::Rollout;

/// A database of what was seen and done.
pub trait History: Send {
    /// Keeps an entry, whole or not at all. An episode replaces what is there under its id, apart from when somebody was
    /// told of it and what they said; what is there already of an alert stays as it is.
    fn keep(&mut self, entry: &Entry) -> Result<()>;

    /// Episodes, the newest first, at most as many as the query asks for.
    fn episodes(&self, query: &Query) -> Result<Vec<Episode>>;

    /// Passes, the newest first, at most as many as the query asks for.
    fn passes(&self, query: &Query) -> Result<Vec<Passed>>;

    /// When clusters were watched, by cluster and time.
    fn coverage(&self, query: &Query) -> Result<Vec<Coverage>>;

    /// Notes what somebody says of an episode; `false` where there is none that is open.
    fn acknowledge(&mut self, episode: &str, acknowledgement: &Acknowledgement) -> Result<bool>;

    /// Alerts that were not delivered to a receiver yet, the oldest first, at most 1,000.
    fn undelivered(&self, receiver: &str) -> Result<Vec<Alert>>;

    /// Receivers with alerts that were not delivered yet, and how many.
    fn receivers(&self) -> Result<Vec<(String, u32)>>;

    /// Notes what came of trying alerts, and of their episodes when somebody was told first.
    fn tried(&mut self, alerts: &[Alert]) -> Result<()>;

    /// The rollout that was begun last.
    fn rollout(&self) -> Result<Option<Rollout>>;

    /// Keeps a rollout, in place of what is kept of it.
    fn keep_rollout(&mut self, rollout: &Rollout) -> Result<()>;

    /// The documents of a revision, as paths and texts; none where they were never kept.
    fn documents(&self, revision: &str) -> Result<Option<Vec<(String, String)>>>;

    /// Keeps the documents of a revision.
    fn keep_documents(&mut self, revision: &str, files: &[(String, String)]) -> Result<()>;

    /// Forgets what is older than it is to be kept; how many rows that were.
    fn prune(&mut self, retention: &Retention) -> Result<usize>;
}
