//! Connections: how they are made, those that are hot, and what their errors mean.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Mutex, MutexGuard};

use super::Error;

/// The oldest server that we speak to.
pub const SERVER_VERSION_MIN: u32 = 14;

/// How to connect to the server at `url`.
pub fn options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url).map_err(|error| {
        Error::Unreachable(format!("{error}: expected postgres://user@host/database"))
    })?;
    Ok(options
        .application_name("windlass")
        .options([("search_path", "windlass"), ("jit", "off")])
        .disable_statement_logging())
}

/// The same for statements of the hot path: a plan that was cached while a table was empty must not
/// be a scan.
pub fn hot(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("enable_bitmapscan", "off"),
    ])
}

/// The same for who stores calls: what another transaction has, an id or a key say, is not waited for
/// for ever, since others wait behind.
pub fn patient(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("lock_timeout", "2s")])
}

/// What an error of the driver means for the caller.
pub fn error(error: sqlx::Error) -> Error {
    use sqlx::Error as E;
    match error {
        E::Io(_)
        | E::Tls(_)
        | E::PoolTimedOut
        | E::PoolClosed
        | E::WorkerCrashed
        | E::Protocol(_) => Error::Unreachable(error.to_string()),
        E::Database(ref refused) => match refused.code().as_deref() {
            Some("WL001") => Error::CatalogueMoved,
            // Connection failures, shutdown and start of the server, too many connections,
            // deadlock, serialization and a lock that was not had in time: all pass.
            Some(code)
                if code.starts_with("08")
                    || code.starts_with("57P")
                    || code == "53300"
                    || code == "40P01"
                    || code == "55P03"
                    || code == "40001" =>
            {
                Error::Unreachable(refused.to_string())
            }
            _ => Error::Database(error.to_string()),
        },
        other => Error::Database(other.to_string()),
    }
}

/// One connection for one kind of work, made again when it breaks.
pub struct Lane {
    options: PgConnectOptions,
    connection: Mutex<Option<PgConnection>>,
}

impl Lane {
    /// A lane that connects when it is first used.
    pub fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            connection: Mutex::new(None),
        }
    }

    /// Waits for its turn and connects where necessary.
    pub async fn enter(&self) -> Result<Turn<'_>, Error> {
        let mut held = self.connection.lock().await;
        if held.is_none() {
            let connecting = tokio::time::timeout(Duration::from_secs(5), self.options.connect());
            let connection = connecting
                .await
                .map_err(|_| Error::Unreachable("no connection within 5 s".to_owned()))?
                .map_err(error)?;
            *held = Some(connection);
        }
        Ok(Turn { held, ended: false })
    }

    /// Ends the connection.
    pub async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take() {
            // A connection that does not end politely ends with the process.
            let _ = connection.close().await;
        }
    }
}

/// The right to use a lane's connection. A turn that is dropped before its end (its caller went
/// away in the middle of a statement) takes the connection with it.
pub struct Turn<'lane> {
    held: MutexGuard<'lane, Option<PgConnection>>,
    ended: bool,
}

impl Turn<'_> {
    /// The connection.
    pub fn connection(&mut self) -> &mut PgConnection {
        self.held.as_mut().expect("a turn is given out connected")
    }

    /// Ends the turn; drops the connection if what came of it says that it is broken.
    pub fn end<T>(mut self, result: Result<T, sqlx::Error>) -> Result<T, Error> {
        let result = result.map_err(error);
        self.ended = !matches!(result, Err(Error::Unreachable(_)));
        result
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended {
            *self.held = None;
        }
    }
}
