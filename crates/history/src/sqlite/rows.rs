//! Single rows.

use cofferdam_report::wire::history::{Coverage, Episode, Watched};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;

use crate::coverage::{Continued, continued};
use crate::entry::Seen;

/// Keeps an episode, but for what others than its watcher say of it.
pub(super) fn keep_episode(transaction: &Transaction<'_>, one: &Episode) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO episodes (id, cluster, zone, class, started_at, detected_at, ended_at, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET (zone, started_at, ended_at, detail)
             = (excluded.zone, excluded.started_at, excluded.ended_at, excluded.detail)";
    let values = params![
        one.id,
        one.cluster,
        one.zone,
        one.class,
        one.started_at,
        one.detected_at,
        one.ended_at,
        json(one)
    ];
    transaction.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Keeps how a cluster was seen; what stands before the row `since` does not go on.
pub(super) fn keep_seen(
    transaction: &Transaction<'_>,
    cluster: &str,
    seen: &Seen,
    since: i64,
) -> rusqlite::Result<()> {
    let sql = "SELECT cluster, since, until, watched, reason, number FROM coverage
         WHERE cluster = ? AND number >= ? ORDER BY number DESC LIMIT 1";
    let mut last = transaction.prepare_cached(sql)?;
    let last = last.query_row(params![cluster, since], |row| {
        Ok((coverage_of(row)?, row.get::<_, i64>(5)?))
    });
    let last = last.optional()?;
    let Continued { last: on, next } =
        continued(last.as_ref().map(|(last, _)| last), cluster, seen);
    if let Some((on, (_, number))) = on.zip(last) {
        let sql = "UPDATE coverage SET until = ? WHERE number = ?";
        transaction
            .prepare_cached(sql)?
            .execute(params![on.until, number])?;
    }
    if let Some(next) = next {
        let sql =
            "INSERT INTO coverage (cluster, since, until, watched, reason) VALUES (?, ?, ?, ?, ?)";
        let watched = json(&next.watched);
        let values = params![next.cluster, next.since, next.until, watched, next.reason];
        transaction.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

/// A time out of its row.
pub(super) fn coverage_of(row: &Row<'_>) -> rusqlite::Result<Coverage> {
    let watched: String = row.get(3)?;
    // What a newer version wrote there is nothing that this one can call watched.
    let watched = serde_json::from_str(&watched).unwrap_or(Watched::Not);
    Ok(Coverage {
        cluster: row.get(0)?,
        since: row.get(1)?,
        until: row.get(2)?,
        watched,
        reason: row.get(4)?,
    })
}

/// Text of what always has one.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
