//! The schema, brought forward at start under a lock.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row};

use super::Error;
use super::connection::{self, SERVER_VERSION_MIN};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Brings the schema to this binary's version; refuses a server that is too old and a schema that
/// is too new.
pub async fn run(options: &PgConnectOptions, timeout: Duration) -> Result<(), Error> {
    let connecting = tokio::time::timeout(timeout, options.connect());
    let mut connection = connecting
        .await
        .map_err(|_| Error::Unreachable(format!("no connection within {} s", timeout.as_secs())))?
        .map_err(|error| match error {
            // Also a refused password or an unknown database: nothing works until that is mended.
            sqlx::Error::Database(refused) => Error::Unreachable(refused.to_string()),
            other => connection::error(other),
        })?;
    check_server(&mut connection).await?;
    migrate(&mut connection).await?;
    connection.close().await.map_err(connection::error)
}

async fn check_server(connection: &mut PgConnection) -> Result<(), Error> {
    let row = sqlx::query("select current_setting('server_version_num')::int / 10000")
        .fetch_one(connection)
        .await
        .map_err(connection::error)?;
    let version: i32 = row.get(0);
    if version < SERVER_VERSION_MIN as i32 {
        return Err(Error::Database(format!(
            "the server is Postgres {version}: Windlass needs {SERVER_VERSION_MIN} or newer"
        )));
    }
    Ok(())
}

async fn migrate(connection: &mut PgConnection) -> Result<(), Error> {
    // Two hosts that start at once would both find no schema: the lock lets one make it.
    let fail = connection::error;
    sqlx::query("select pg_advisory_lock(7401)")
        .execute(&mut *connection)
        .await
        .map_err(fail)?;
    let result = migrate_locked(connection).await;
    sqlx::query("select pg_advisory_unlock(7401)")
        .execute(&mut *connection)
        .await
        .map_err(fail)?;
    result
}

async fn migrate_locked(connection: &mut PgConnection) -> Result<(), Error> {
    let fail = connection::error;
    sqlx::query("create schema if not exists windlass")
        .execute(&mut *connection)
        .await
        .map_err(fail)?;
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
    let mut found = 0;
    let table = sqlx::query("select to_regclass('windlass._sqlx_migrations')::text")
        .fetch_one(&mut *connection)
        .await
        .map_err(fail)?;
    if table.get::<Option<String>, _>(0).is_some() {
        let row = sqlx::query("select coalesce(max(version), 0) from windlass._sqlx_migrations")
            .fetch_one(&mut *connection)
            .await
            .map_err(fail)?;
        found = row.get(0);
        if found > known {
            return Err(Error::TooNew { found, known });
        }
    }
    MIGRATIONS
        .run(&mut *connection)
        .await
        .map_err(|error| Error::Database(format!("migrating: {error}")))?;
    if found < known {
        // A new function is anybody's: callers by SQL have rights on those only that they were granted.
        sqlx::query("revoke all on all functions in schema windlass from public")
            .execute(connection)
            .await
            .map_err(fail)?;
    }
    Ok(())
}
