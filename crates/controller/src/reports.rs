//! The report of `history`.

use cofferdam_history::{Query, with_gaps};
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::history::{Coverage, Episode, HistoryReport, Passed};

/// How many rows of a sort are told where nobody says.
const ROWS: u32 = 100;

/// What to ask a history for so that it can be told whether there is more: one row more of a sort.
pub fn history_query(query: &Query) -> Query {
    Query {
        limit: Some(query.limit.unwrap_or(ROWS).saturating_add(1)),
        ..query.clone()
    }
}

/// The report of what a history holds that was asked for [`history_query`].
pub fn history_report(
    query: &Query,
    (mut episodes, mut changes, mut coverage): (Vec<Episode>, Vec<Passed>, Vec<Coverage>),
    now: &str,
) -> HistoryReport {
    if query.is_about_episodes() {
        (changes, coverage) = (Vec::new(), Vec::new());
    }
    let limit = query.limit.unwrap_or(ROWS);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let truncated = episodes.len() > limit || changes.len() > limit;
    episodes.truncate(limit);
    changes.truncate(limit);
    HistoryReport {
        api_version: API_VERSION,
        kind: "HistoryReport",
        episodes,
        changes,
        coverage: with_gaps(coverage, query.until.as_deref().unwrap_or(now)),
        truncated,
    }
}
