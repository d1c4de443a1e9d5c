//! How the file is opened: pragmas, and migrations that only go forward.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::{Error, failed};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Readers at once. Two or three long lists must not hold up the look-up of a handle; each costs a
/// thread.
const READERS_MAX: u32 = 4;

/// Rows that a connection's thread reads ahead: a whole claim, so that the two threads do not take
/// turns row by row.
const ROWS_AHEAD: usize = 1_024;

/// The writer's cache, in KiB: it holds the index pages of a backlog of some hundred thousand.
const WRITER_CACHE_KIB: u32 = 16 * 1024;

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Only a person's own `sqlite3` can be in the way; the readers never are.
        .busy_timeout(Duration::from_secs(5))
        .row_buffer_size(ROWS_AHEAD)
        .disable_statement_logging()
}

/// The one connection that writes, on a database of this binary's version.
pub(super) async fn writer(path: &Path) -> Result<SqliteConnection, Error> {
    let mut connection = options(path)
        .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
        .connect()
        .await
        .map_err(failed)?;
    migrate(&mut connection).await?;
    Ok(connection)
}

/// Connections that read what is committed.
pub(super) async fn readers(path: &Path) -> Result<SqlitePool, Error> {
    SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options(path).pragma("query_only", "on"))
        .await
        .map_err(failed)
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    let known = MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    let migrated: bool = sqlx::query_scalar(
        "select exists (select 1 from sqlite_schema where name = '_sqlx_migrations')",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    if migrated {
        let found: i64 =
            sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations")
                .fetch_one(&mut *connection)
                .await
                .map_err(failed)?;
        if found > known {
            return Err(Error::TooNew { found, known });
        }
    }
    MIGRATIONS
        .run(&mut *connection)
        .await
        .map_err(|error| match error {
            MigrateError::Execute(error) => failed(error),
            other => Error::Database(other.to_string()),
        })?;
    connection.ping().await.map_err(failed)
}
