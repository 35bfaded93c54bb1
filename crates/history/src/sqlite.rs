//! The embedded database.

mod rows;

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use cofferdam_report::wire::history::{Acknowledgement, Coverage, Episode, Passed};
use cofferdam_report::wire::rollout::Rollout;
use rusqlite::types::ToSql;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Transaction, params};
use rusqlite_migration::{M, MigrationDefinitionError, Migrations};
use serde::de::DeserializeOwned;

use crate::entry::{Alert, Entry, Query, Retention};
use crate::error::HistoryError;
use crate::{History, Result};
use rows::{coverage_of, json, keep_episode, keep_seen};

/// Each step brings a file of the version before to the next; none is ever changed.
const MIGRATIONS: [&str; 1] = [include_str!("sqlite/1-begin.sql")];

/// How many rows of a sort are returned where nobody says.
const ROWS: u32 = 100;

/// A history in a file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    database: Connection,
    /// What a process before this one saw does not go on: nobody looked in between.
    first_coverage: i64,
    /// Held for as long as this process writes there.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens the history of this process, and makes it where there is none; readable by its owner alone.
    pub fn open(path: &Path) -> Result<Self> {
        let unopened = |source| HistoryError::Unopened {
            path: path.to_owned(),
            source,
        };
        if let Some(directory) = path.parent() {
            let mut builder = DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(directory);
            made.map_err(unopened)?;
        }
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            options.create(true).append(true).mode(0o600).open(path)
        };
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = open(lock.as_ref()).map_err(unopened)?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => HistoryError::Held(path.to_owned()),
            std::fs::TryLockError::Error(source) => unopened(source),
        })?;
        open(path).map_err(unopened)?;
        let mut one = Self::connect(path, Some(lock))?;
        // What was kept stays kept when the process is killed, and when the machine stops.
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
        let prepared = one.database.execute_batch(pragmas);
        prepared.map_err(|error| one.refused(error))?;
        let steps = MIGRATIONS.iter().map(|sql| M::up(sql)).collect();
        let brought = Migrations::new(steps).to_latest(&mut one.database);
        let newer = MigrationDefinitionError::DatabaseTooFarAhead;
        brought.map_err(|error| {
            if error == rusqlite_migration::Error::MigrationDefinition(newer) {
                HistoryError::Newer(path.to_owned())
            } else if let rusqlite_migration::Error::RusqliteError { err, .. } = error {
                one.refused(err)
            } else {
                unopened(std::io::Error::other(error))
            }
        })?;
        let last = "SELECT COALESCE(MAX(number), 0) FROM coverage";
        let last = one.database.query_row(last, [], |row| row.get::<_, i64>(0));
        one.first_coverage = last.map_err(|error| one.refused(error))?.saturating_add(1);
        Ok(one)
    }

    /// Opens a history that may be another process', to read.
    pub fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(HistoryError::Absent(path.to_owned()));
        }
        let one = Self::connect(path, None)?;
        let version = one
            .database
            .pragma_query_value(None, "user_version", |row| row.get(0));
        let version: u32 = version.map_err(|error| one.refused(error))?;
        if usize::try_from(version).is_ok_and(|version| version > MIGRATIONS.len()) {
            return Err(HistoryError::Newer(path.to_owned()));
        }
        let only = one.database.pragma_update(None, "query_only", true);
        only.map_err(|error| one.refused(error))?;
        Ok(one)
    }

    fn connect(path: &Path, lock: Option<File>) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags);
        let database = database.map_err(|source| HistoryError::Refused {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            database,
            first_coverage: 0,
            _lock: lock,
        })
    }

    fn refused(&self, source: rusqlite::Error) -> HistoryError {
        let path = self.path.clone();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => HistoryError::Full(path),
            _ => HistoryError::Refused { path, source },
        }
    }

    /// The documents of rows, each in one column.
    fn documents_of<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: &[&dyn ToSql],
    ) -> Result<Vec<T>> {
        let texts = self.rows(sql, parameters, |row| row.get::<_, String>(0))?;
        let documents = texts.iter().map(|text| serde_json::from_str(text));
        let documents: serde_json::Result<_> = documents.collect();
        documents.map_err(|source| self.unread(source))
    }

    /// An episode out of its row.
    fn episode(
        &self,
        detail: &str,
        alerted_at: Option<String>,
        acknowledged: Option<String>,
    ) -> Result<Episode> {
        let read = || {
            let acknowledged = acknowledged
                .map(|text| serde_json::from_str(&text))
                .transpose()?;
            let episode: Episode = serde_json::from_str(detail)?;
            Ok(Episode {
                alerted_at,
                acknowledged,
                ..episode
            })
        };
        read().map_err(|source| self.unread(source))
    }

    fn unread(&self, source: serde_json::Error) -> HistoryError {
        HistoryError::Unread {
            path: self.path.clone(),
            source,
        }
    }

    fn rows<T>(
        &self,
        sql: &str,
        parameters: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let rows = || {
            let mut statement = self.database.prepare_cached(sql)?;
            statement.query_map(parameters, read)?.collect()
        };
        let rows: rusqlite::Result<Vec<T>> = rows();
        rows.map_err(|error| self.refused(error))
    }

    /// Writes whole or not at all.
    fn write<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let written = || {
            let transaction = self.database.transaction()?;
            let written = write(&transaction)?;
            transaction.commit()?;
            Ok(written)
        };
        written().map_err(|error| self.refused(error))
    }
}

impl History for Sqlite {
    fn keep(&mut self, entry: &Entry) -> Result<()> {
        let since = self.first_coverage;
        self.write(|transaction| {
            for episode in entry.episodes.values() {
                keep_episode(transaction, episode)?;
            }
            for passed in &entry.passes {
                let sql =
                    "INSERT OR REPLACE INTO passes (id, cluster, at, detail) VALUES (?, ?, ?, ?)";
                let values = params![passed.id, passed.cluster, passed.at, json(passed)];
                transaction.prepare_cached(sql)?.execute(values)?;
            }
            for (cluster, seen) in &entry.seen {
                for one in seen {
                    keep_seen(transaction, cluster, one, since)?;
                }
            }
            for alert in &entry.alerts {
                let sql = "INSERT OR IGNORE INTO alerts (id, receiver, at, delivered_at, detail)
                     VALUES (?, ?, ?, ?, ?)";
                let values = params![
                    alert.id,
                    alert.receiver,
                    alert.at,
                    alert.delivered_at,
                    json(alert)
                ];
                transaction.prepare_cached(sql)?.execute(values)?;
            }
            Ok(())
        })
    }

    fn episodes(&self, query: &Query) -> Result<Vec<Episode>> {
        let sql = "SELECT detail, alerted_at, acknowledged FROM episodes
             WHERE (?1 IS NULL OR cluster = ?1) AND (?2 IS NULL OR zone = ?2) AND (?3 IS NULL OR class = ?3)
               AND (?4 IS NULL OR id = ?4) AND (?5 IS NULL OR ended_at IS NULL OR ended_at >= ?5)
               AND (?6 IS NULL OR started_at <= ?6) AND (NOT ?7 OR ended_at IS NULL)
             ORDER BY detected_at DESC, id LIMIT ?8";
        let limit = query.limit.unwrap_or(ROWS);
        let rows = self.rows(
            sql,
            &[
                &query.cluster,
                &query.zone,
                &query.class,
                &query.episode,
                &query.since,
                &query.until,
                &query.open,
                &limit,
            ],
            |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let episodes = rows.into_iter();
        let episodes = episodes.map(|(detail, alerted_at, acknowledged)| {
            self.episode(&detail, alerted_at, acknowledged)
        });
        episodes.collect()
    }

    fn passes(&self, query: &Query) -> Result<Vec<Passed>> {
        let sql = "SELECT detail FROM passes
             WHERE (?1 IS NULL OR cluster = ?1) AND (?2 IS NULL OR at >= ?2) AND (?3 IS NULL OR at <= ?3)
             ORDER BY at DESC, id LIMIT ?4";
        let limit = query.limit.unwrap_or(ROWS);
        self.documents_of(sql, &[&query.cluster, &query.since, &query.until, &limit])
    }

    fn coverage(&self, query: &Query) -> Result<Vec<Coverage>> {
        let sql = "SELECT cluster, since, until, watched, reason FROM coverage
             WHERE (?1 IS NULL OR cluster = ?1) AND (?2 IS NULL OR until >= ?2) AND (?3 IS NULL OR since <= ?3)
             ORDER BY cluster, number";
        self.rows(
            sql,
            &[&query.cluster, &query.since, &query.until],
            coverage_of,
        )
    }

    fn acknowledge(&mut self, episode: &str, acknowledgement: &Acknowledgement) -> Result<bool> {
        self.write(|transaction| {
            let sql = "UPDATE episodes SET acknowledged = ?2 WHERE id = ?1 AND ended_at IS NULL";
            Ok(transaction.execute(sql, params![episode, json(acknowledgement)])? > 0)
        })
    }

    fn undelivered(&self, receiver: &str) -> Result<Vec<Alert>> {
        let sql = "SELECT detail FROM alerts WHERE delivered_at IS NULL AND receiver = ? ORDER BY at, id LIMIT 1000";
        self.documents_of(sql, &[&receiver])
    }

    fn receivers(&self) -> Result<Vec<(String, u32)>> {
        let sql =
            "SELECT receiver, COUNT(*) FROM alerts WHERE delivered_at IS NULL GROUP BY receiver";
        self.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn tried(&mut self, alerts: &[Alert]) -> Result<()> {
        self.write(|transaction| {
            let sql = "UPDATE alerts SET delivered_at = ?2, detail = ?3 WHERE id = ?1";
            let mut statement = transaction.prepare_cached(sql)?;
            let first = "UPDATE episodes SET alerted_at = ?2 WHERE id = ?1 AND alerted_at IS NULL";
            let mut first = transaction.prepare_cached(first)?;
            for alert in alerts {
                if alert.delivered_at.is_some() && alert.error.is_none() {
                    first.execute(params![alert.episode.id, alert.delivered_at])?;
                }
                statement.execute(params![alert.id, alert.delivered_at, json(alert)])?;
            }
            Ok(())
        })
    }

    fn rollout(&self) -> Result<Option<Rollout>> {
        let sql = "SELECT detail FROM rollouts ORDER BY number DESC LIMIT 1";
        Ok(self.documents_of(sql, &[])?.pop())
    }

    fn keep_rollout(&mut self, rollout: &Rollout) -> Result<()> {
        self.write(|transaction| {
            let sql = "INSERT INTO rollouts (revision, began_at, detail) VALUES (?, ?, ?)
                 ON CONFLICT (revision, began_at) DO UPDATE SET detail = excluded.detail";
            let values = params![rollout.revision, rollout.began_at, json(rollout)];
            transaction.execute(sql, values).map(drop)
        })
    }

    fn documents(&self, revision: &str) -> Result<Option<Vec<(String, String)>>> {
        let sql = "SELECT files FROM documents WHERE revision = ?";
        Ok(self.documents_of(sql, &[&revision])?.pop())
    }

    fn keep_documents(&mut self, revision: &str, files: &[(String, String)]) -> Result<()> {
        self.write(|transaction| {
            let sql = "INSERT OR REPLACE INTO documents (revision, files) VALUES (?, ?)";
            transaction
                .execute(sql, params![revision, json(&files)])
                .map(drop)
        })
    }

    fn prune(&mut self, retention: &Retention) -> Result<usize> {
        self.write(|transaction| {
            let old = [
                (
                    "DELETE FROM episodes WHERE ended_at < ?",
                    &retention.episodes,
                ),
                ("DELETE FROM passes WHERE at < ?", &retention.passes),
                ("DELETE FROM coverage WHERE until < ?", &retention.coverage),
                (
                    "DELETE FROM alerts WHERE delivered_at < ?",
                    &retention.alerts,
                ),
            ];
            let mut forgotten = 0;
            for (sql, before) in old {
                forgotten += transaction.execute(sql, [before])?;
            }
            Ok(forgotten)
        })
    }
}

#[cfg(test)]
mod tests;
