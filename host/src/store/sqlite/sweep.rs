//! What is of no use any more is deleted.
//!
//! What may go is looked for by readers, and stays what it is: nothing that has ended lives again.
//! So the writer only deletes, in small operations between which others get their turn, and none of
//! which needs an fsync: what is not deleted after all is found again.

use sqlx::{SqliteConnection, SqlitePool};

use super::packed::rows;
use super::writer::{Survives, Writer};
use super::{Error, Transaction, failed, queues};
use crate::model::queue::{Keep, Settings, TOKEN_GRACE_MS};
use crate::model::{Moment, State};
use crate::store::{SWEEP_MAX, Sweep, Swept};

/// Invocations that one operation deletes.
const AT_ONCE: usize = 100;

/// Other rows of a kind that one sweep deletes.
const OTHERS_MAX: u32 = 1_000;

/// How much longer than they count starts are kept, in microseconds, since limits change.
const TOKENS_KEPT_US: i64 = 60 * 60 * 1_000_000;

/// How long a host that is gone is remembered, in microseconds since that was found.
const HOST_KEPT_US: i64 = 24 * 60 * 60 * 1_000_000;

pub(super) async fn sweep(
    readers: &SqlitePool,
    writer: &Writer,
    sweep: &Sweep,
    now: Moment,
) -> Result<Swept, Error> {
    let limit = sweep.limit.min(SWEEP_MAX);
    let (settings, keys) = {
        let mut reader = readers.begin().await.map_err(failed)?;
        let settings = settings(&mut reader).await?;
        let keys = find(&mut reader, &settings, sweep, limit as usize, now).await?;
        (settings, keys)
    };
    let mut deleted = 0;
    for part in keys.chunks(AT_ONCE) {
        let part = rows(&part);
        deleted += writer
            .write_surviving(Survives::Process, move |transaction| {
                Box::pin(async move { delete(transaction, &part).await })
            })
            .await?;
    }
    writer
        .write_surviving(Survives::Process, move |transaction| {
            Box::pin(async move { tidy(transaction, &settings).await })
        })
        .await?;
    Ok(Swept {
        deleted,
        more: limit > 0 && keys.len() == limit as usize,
    })
}

async fn settings(reader: &mut SqliteConnection) -> Result<Vec<(i64, Settings)>, Error> {
    let found: Vec<(i64, String)> = sqlx::query_as("select id, settings from queues order by id")
        .fetch_all(reader)
        .await
        .map_err(failed)?;
    found
        .into_iter()
        .map(|(id, settings)| Ok((id, queues::read_settings(&settings)?)))
        .collect()
}

/// Invocations that are kept no longer, oldest first in each queue and state.
async fn find(
    reader: &mut SqliteConnection,
    settings: &[(i64, Settings)],
    sweep: &Sweep,
    limit: usize,
    now: Moment,
) -> Result<Vec<i64>, Error> {
    let mut keys = Vec::new();
    for (queue, settings) in settings {
        let own = settings.retention.unwrap_or_default();
        let default = sweep.retention;
        for (state, keep) in [
            (State::Succeeded, own.succeeded.or(default.succeeded)),
            (State::Failed, own.failed.or(default.failed)),
            (State::Cancelled, own.cancelled.or(default.cancelled)),
        ] {
            let keep = keep.unwrap_or_default();
            let left = limit - keys.len();
            if left > 0 && keep != Keep::default() {
                keys.extend(beyond(reader, *queue, state, keep, left, now).await?);
            }
        }
    }
    Ok(keys)
}

/// Those of one queue and state that are too old or too many.
async fn beyond(
    reader: &mut SqliteConnection,
    queue: i64,
    state: State,
    keep: Keep,
    limit: usize,
    now: Moment,
) -> Result<Vec<i64>, Error> {
    let excess: Option<i64> = match keep.count {
        None => None,
        Some(count) => sqlx::query_scalar(
            "select key from outcomes where queue_id = ?1 and state = ?2
             order by key desc limit 1 offset ?3",
        )
        .bind(queue)
        .bind(state.as_str())
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_optional(&mut *reader)
        .await
        .map_err(failed)?,
    };
    let before = keep.age_ms.map(|ms| {
        let us = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000);
        now.0.saturating_sub(us)
    });
    // What ended before was enqueued before: nothing above is looked at.
    let old = match before {
        None => None,
        Some(before) => super::listing::last_key(reader, Moment(before)).await?,
    };
    let Some(most) = excess.max(old) else {
        return Ok(Vec::new());
    };
    sqlx::query_scalar(include_str!("sql/old.sql"))
        .bind(queue)
        .bind(state.as_str())
        .bind(most)
        .bind(excess.unwrap_or(-1))
        .bind(before.unwrap_or(i64::MIN))
        .bind(now.0)
        .bind(limit as i64)
        .fetch_all(reader)
        .await
        .map_err(failed)
}

/// Deletes these, and says how many were still there.
async fn delete(transaction: &mut Transaction, keys: &str) -> Result<u64, Error> {
    let mut deleted = 0;
    for sql in [
        "delete from outcomes where key in (select value from json_each(?1))",
        "delete from logs where key in (select value from json_each(?1))",
        "delete from attempts where key in (select value from json_each(?1))",
        "delete from journal where key in (select value from json_each(?1))",
        "delete from messages where key in (select value from json_each(?1))",
        "delete from published where key in (select value from json_each(?1))",
        "delete from tags where key in (select value from json_each(?1))",
        "delete from waits where key in (select value from json_each(?1))",
        "delete from invocations where key in (select value from json_each(?1))",
    ] {
        let done = sqlx::query(sql)
            .bind(keys)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
        // The invocations come last.
        deleted = done.rows_affected();
    }
    Ok(deleted)
}

/// Deletes keys that nobody has, starts that count no more, and hosts that are long gone.
async fn tidy(transaction: &mut Transaction, settings: &[(i64, Settings)]) -> Result<(), Error> {
    let now = transaction.now.0;
    sqlx::query(
        "delete from onces where (queue_id, kind, name) in (
             select queue_id, kind, name from onces
             where coalesce(until, ?1) <= ?1
               and not exists (select 1 from live where live.key = onces.key)
             limit ?2)",
    )
    .bind(now)
    .bind(OTHERS_MAX)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    for (queue, settings) in settings {
        let partitions = settings.partitions.and_then(|limits| limits.rate_limit);
        for (of_partition, rate) in [(false, settings.rate_limit), (true, partitions)] {
            let window_us = rate.map_or(0, |rate| (rate.period_ms + TOKEN_GRACE_MS) as i64 * 1_000)
                + TOKENS_KEPT_US;
            sqlx::query(
                "delete from tokens where (queue_id, of_partition, partition, at) in (
                     select queue_id, of_partition, partition, at from tokens
                     where queue_id = ?1 and of_partition = ?2 and at <= ?3
                     limit ?4)",
            )
            .bind(queue)
            .bind(of_partition)
            .bind(now - window_us)
            .bind(OTHERS_MAX)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
        }
    }
    forget_hosts(transaction).await
}

/// What hosts that are gone have counted is counted as nobody's.
async fn forget_hosts(transaction: &mut Transaction) -> Result<(), Error> {
    sqlx::query("update hosts set ended_at = ?1 where state <> 'alive' and ended_at is null")
        .bind(transaction.now.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    let gone: Vec<i64> = sqlx::query_scalar(
        "select number from hosts
         where state <> 'alive' and ended_at < ?1
           and not exists (select 1 from slots where slots.host = hosts.number)
           and not exists (select 1 from live where live.host = hosts.number)
         order by number limit ?2",
    )
    .bind(transaction.now.0 - HOST_KEPT_US)
    .bind(AT_ONCE as i64)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if gone.is_empty() {
        return Ok(());
    }
    let gone = rows(&gone);
    for sql in [
        "insert into tallies (queue_id, host, succeeded, failed, cancelled)
         select queue_id, 0, sum(succeeded), sum(failed), sum(cancelled) from tallies
         where host in (select value from json_each(?1)) group by queue_id
         on conflict (queue_id, host) do update set
             succeeded = succeeded + excluded.succeeded,
             failed = failed + excluded.failed,
             cancelled = cancelled + excluded.cancelled",
        "delete from tallies where host in (select value from json_each(?1))",
        "delete from hosts where number in (select value from json_each(?1))",
    ] {
        sqlx::query(sql)
            .bind(&gone)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}
