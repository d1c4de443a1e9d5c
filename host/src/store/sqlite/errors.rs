//! What SQLite and its driver say, as errors of the store.

use super::Error;

/// What sqlx says, as an error of the store.
pub(super) fn failed(error: sqlx::Error) -> Error {
    // Primary result codes: busy, locked, input or output, full, cannot open.
    const PASSING: [i64; 5] = [5, 6, 10, 13, 14];
    match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<i64>().ok());
            if code.is_some_and(|code| PASSING.contains(&(code & 0xff))) {
                Error::Unreachable(database.message().to_owned())
            } else {
                Error::Database(database.message().to_owned())
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => Error::Unreachable(error.to_string()),
        _ => Error::Database(error.to_string()),
    }
}

/// A row that this version did not write.
pub(super) fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Database(format!("a row cannot be read: {error}"))
}
