//! What is kept, and what is asked for.

use std::collections::BTreeMap;

use cofferdam_report::wire::history::{Episode, Passed, Watched};
use serde::{Deserialize, Serialize};

/// What is kept at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Episodes by their ids, as they are now.
    pub episodes: BTreeMap<String, Episode>,
    /// Passes that ended.
    pub passes: Vec<Passed>,
    /// How clusters were seen, the oldest first.
    pub seen: BTreeMap<String, Vec<Seen>>,
    /// What somebody is to be told.
    pub alerts: Vec<Alert>,
}

impl Entry {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what came later.
    pub fn extend(&mut self, later: Self) {
        let Self {
            episodes,
            passes,
            seen,
            alerts,
        } = later;
        self.episodes.extend(episodes);
        self.passes.extend(passes);
        for (cluster, mut seen) in seen {
            let all = self.seen.entry(cluster).or_default();
            all.append(&mut seen);
            // What is lost then is a gap.
            all.drain(..all.len().saturating_sub(MOST_SEEN));
        }
        self.alerts.extend(alerts);
    }
}

/// So many times at which a cluster was seen are held while they cannot be kept.
const MOST_SEEN: usize = 1_000;

/// How a cluster was seen at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// How far.
    pub watched: Watched,
    /// What was unknown.
    pub reason: Option<String>,
}

/// Something that one receiver is to be told of one episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Its own; the same occasion has the same id, so that nobody is told twice of it.
    pub id: String,
    /// The name of the receiver.
    pub receiver: String,
    /// Why somebody is told.
    pub occasion: Occasion,
    /// The episode as it was then.
    pub episode: Episode,
    /// When it came to be, RFC 3339 in UTC.
    pub at: String,
    /// How often it was tried in vain.
    pub failures: u32,
    /// Not to be tried before this time, RFC 3339 in UTC.
    pub not_before: String,
    /// When it was delivered; with an error, when it was given up.
    pub delivered_at: Option<String>,
    /// Why it was not, the last time.
    pub error: Option<String>,
}

/// Why somebody is told of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Occasion {
    /// It began.
    Began,
    /// It is worse than before.
    Worsened,
    /// The controller stopped healing it.
    NotHealed,
    /// It is still there after it was accepted until now.
    AcceptanceEnded,
    /// It is over.
    Ended,
    /// Nothing is wrong: somebody tries out whether alerts arrive.
    Drill,
}

impl Occasion {
    /// The word of messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Worsened => "worsened",
            Self::NotHealed => "not healed",
            Self::AcceptanceEnded => "acceptance ended",
            Self::Ended => "ended",
            Self::Drill => "drill",
        }
    }
}

/// What is asked for; everything where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Query {
    /// Of this cluster.
    pub cluster: Option<String>,
    /// Of this zone.
    pub zone: Option<String>,
    /// Of this class.
    pub class: Option<String>,
    /// Of this episode.
    pub episode: Option<String>,
    /// What was still so at this time, RFC 3339 in UTC.
    pub since: Option<String>,
    /// What was so by this time, RFC 3339 in UTC.
    pub until: Option<String>,
    /// Only episodes that have not ended.
    pub open: bool,
    /// At most so many of a sort.
    pub limit: Option<u32>,
}

impl Query {
    /// Whether what is asked for is only said of episodes.
    pub fn is_about_episodes(&self) -> bool {
        let Self {
            zone,
            class,
            episode,
            open,
            ..
        } = self;
        *open || zone.is_some() || class.is_some() || episode.is_some()
    }
}

/// Times before which things are forgotten, RFC 3339 in UTC. What is not over is never forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Episodes that ended before.
    pub episodes: String,
    /// Passes from before.
    pub passes: String,
    /// Coverage up to then.
    pub coverage: String,
    /// Alerts that were delivered before.
    pub alerts: String,
}
