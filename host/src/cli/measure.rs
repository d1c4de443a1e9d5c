//! Figures: percentiles, how many ran at once, and what a bare commit costs on the same disk.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use windlass_client::wire::Invocation;

/// The duration that so many percent do not exceed.
pub fn percentile(durations: &mut [Duration], percent: usize) -> Duration {
    durations.sort_unstable();
    let index = (durations.len() * percent / 100).min(durations.len().saturating_sub(1));
    durations.get(index).copied().unwrap_or_default()
}

/// How many of these executed at one time at most, by their recorded starts and ends.
pub fn most_at_once(invocations: &[Invocation]) -> anyhow::Result<usize> {
    let mut moments: Vec<(Timestamp, i64)> = Vec::new();
    for invocation in invocations {
        if let (Some(start), Some(end)) = (&invocation.started_at, &invocation.finished_at) {
            moments.push((start.parse()?, 1));
            moments.push((end.parse()?, -1));
        }
    }
    // Of an end and a start in one microsecond, the end comes first: the slot is handed on.
    moments.sort_unstable();
    let mut now = 0;
    let most = moments.iter().map(|(_, change)| {
        now += change;
        now
    });
    Ok(most.max().unwrap_or(0).max(0) as usize)
}

/// One-row commits on the database or the disk of a host, as bare as they can be.
pub enum BareCommits {
    /// On SQLite, with the settings of a host.
    Sqlite(SqliteConnection),
    /// On Postgres, in a table that goes with `close`.
    Postgres(PgConnection),
}

impl BareCommits {
    /// Prepares commits to a SQLite file in this folder.
    pub async fn sqlite(folder: &Path) -> anyhow::Result<Self> {
        let mut connection = SqliteConnectOptions::new()
            .filename(folder.join("bare-commits.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .connect()
            .await?;
        sqlx::query("CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
            .execute(&mut connection)
            .await?;
        Ok(Self::Sqlite(connection))
    }

    /// Prepares commits to this Postgres.
    pub async fn postgres(url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url)
            .await
            .context("cannot connect to the database to measure its commits")?;
        sqlx::query("DROP TABLE IF EXISTS windlass_bench_bare_commits")
            .execute(&mut connection)
            .await?;
        sqlx::query(
            "CREATE TABLE windlass_bench_bare_commits \
             (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, body text NOT NULL)",
        )
        .execute(&mut connection)
        .await?;
        Ok(Self::Postgres(connection))
    }

    /// How long one takes.
    pub async fn once(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        match self {
            Self::Sqlite(connection) => {
                sqlx::query("INSERT INTO bare (body) VALUES ('as long as a small call')")
                    .execute(connection)
                    .await?;
            }
            Self::Postgres(connection) => {
                sqlx::query(
                    "INSERT INTO windlass_bench_bare_commits (body) \
                     VALUES ('as long as a small call')",
                )
                .execute(connection)
                .await?;
            }
        }
        Ok(started.elapsed())
    }

    /// Leaves nothing behind.
    pub async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.close().await?,
            Self::Postgres(mut connection) => {
                sqlx::query("DROP TABLE windlass_bench_bare_commits")
                    .execute(&mut connection)
                    .await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(start: &str, end: &str) -> Invocation {
        serde_json::from_value(serde_json::json!({
            "id": "a", "queue": "q", "task": "t", "digest": "00", "state": "succeeded",
            "attempt": 1, "priority": 0, "enqueued_at": "2026-01-01T00:00:00Z",
            "started_at": format!("2026-01-01T00:00:{start}Z"),
            "finished_at": format!("2026-01-01T00:00:{end}Z"), "outcome": null,
        }))
        .unwrap()
    }

    #[test]
    fn a_slot_that_is_handed_on_is_one_slot() {
        let invocations = [
            ran("01.000001", "02.5"),
            ran("02.5", "03"),
            ran("02.6", "02.7"),
        ];

        assert_eq!(most_at_once(&invocations).unwrap(), 2);
    }

    #[test]
    fn the_percentile_of_few_is_one_of_them() {
        let mut durations = [3, 1, 2].map(Duration::from_millis);

        assert_eq!(percentile(&mut durations, 50), Duration::from_millis(2));
        assert_eq!(percentile(&mut durations, 99), Duration::from_millis(3));
    }
}
