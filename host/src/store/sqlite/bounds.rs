//! Between which keys lies what was stored within some time: keys and moments grow together.

use sqlx::SqliteConnection;

use super::{Error, failed};
use crate::model::Moment;

/// By how much keys and moments may disagree: clocks are set back.
const SLACK_US: i64 = 60_000_000;

/// A key below which nothing was stored at this moment or later.
pub(super) async fn first_key(reader: &mut SqliteConnection, at: Moment) -> Result<i64, Error> {
    search(reader, at.moved(-SLACK_US)).await
}

/// The greatest key that may have been stored before this moment, if there is any.
pub(super) async fn last_key(
    reader: &mut SqliteConnection,
    before: Moment,
) -> Result<Option<i64>, Error> {
    let after = search(reader, before.moved(SLACK_US)).await?;
    Ok((after > 0).then_some(after - 1))
}

/// The first key that was stored at this moment or later, by halves.
async fn search(reader: &mut SqliteConnection, at: Moment) -> Result<i64, Error> {
    let last: Option<i64> = sqlx::query_scalar("select max(key) from invocations")
        .fetch_one(&mut *reader)
        .await
        .map_err(failed)?;
    let (mut low, mut high) = (0, last.unwrap_or(0) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = sqlx::query_as(
            "select key, enqueued_at from invocations where key >= ?1 order by key limit 1",
        )
        .bind(middle)
        .fetch_optional(&mut *reader)
        .await
        .map_err(failed)?;
        match found {
            Some((key, stored)) if stored < at.0 => low = key + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
