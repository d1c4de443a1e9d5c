//! What the clock asks for, looked for by polling: what is due takes its place, what is past its
//! deadline ends, and workflows whose moment has come are made ready.
//!
//! What a host holds past its deadline is the host's to end.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sqlx::{FromRow, SqlitePool};

use super::packed::rows;
use super::{Error, Transaction, ends, failed, waits};
use crate::model::{Failure, FailureKind, Moment, Outcome, QueueId};
use crate::store::Signal;

/// At most so much of each kind in one transaction: tens of milliseconds.
const BATCH_MAX: i64 = 2_000;

/// When the clock asks for something next.
#[derive(Debug, Clone, Copy, FromRow)]
pub(super) struct Next {
    /// When there is something to do.
    work_at: Option<i64>,
    /// When the next retry of an ordered queue may start.
    backoff_at: Option<i64>,
}

impl Next {
    /// Whether there is something to do now.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.work_at.is_some_and(|at| at <= now.0)
    }

    /// When there is something to do or to claim.
    pub(super) fn at(&self) -> Option<Moment> {
        [self.work_at, self.backoff_at]
            .into_iter()
            .flatten()
            .min()
            .map(Moment)
    }
}

/// Each from the end of an index.
pub(super) async fn next(readers: &SqlitePool, now: Moment) -> Result<Next, Error> {
    sqlx::query_as(include_str!("sql/next.sql"))
        .bind(now.0)
        .fetch_one(readers)
        .await
        .map_err(failed)
}

/// Does what the clock asks for.
pub(super) async fn tick(transaction: &mut Transaction) -> Result<(), Error> {
    end_late(transaction).await?;
    place_due(transaction).await?;
    waits::make_due_ready(transaction, BATCH_MAX).await
}

/// Ends what is past its deadline and held by no host.
async fn end_late(transaction: &mut Transaction) -> Result<(), Error> {
    let late: Vec<ends::Unfinished> = sqlx::query_as(
        "select key, queue_id, fence, attempt, started_at,
                state = 'scheduled' as scheduled, backoff is not null as backs_off,
                workflow, parent, lender, payer
         from live where deadline is not null and deadline <= ?1 and host is null
         order by deadline, key limit ?2",
    )
    .bind(transaction.now.0)
    .bind(BATCH_MAX)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let outcome = Outcome::Error(Failure::new(FailureKind::Timeout, "its deadline passed"));
    let records: Vec<_> = late
        .iter()
        .map(|row| row.ends(Cow::Borrowed(&outcome), ends::NOBODY, transaction.now))
        .collect();
    ends::record(transaction, &records).await?;
    Ok(())
}

#[derive(FromRow)]
struct Due {
    key: i64,
    queue_id: i64,
    scheduled: bool,
}

/// What was scheduled goes to the end of its queue, in the order of its time; retries have their place.
async fn place_due(transaction: &mut Transaction) -> Result<(), Error> {
    let due: Vec<Due> = sqlx::query_as(
        "select key, queue_id, state = 'scheduled' as scheduled
         from live where due is not null and due <= ?1
         order by due, key limit ?2",
    )
    .bind(transaction.now.0)
    .bind(BATCH_MAX)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if due.is_empty() {
        return Ok(());
    }
    let mut scheduled: BTreeMap<QueueId, u32> = BTreeMap::new();
    let mut queues = Vec::new();
    for row in &due {
        let queue = QueueId(row.queue_id);
        queues.push(queue);
        if row.scheduled {
            *scheduled.entry(queue).or_default() += 1;
        }
    }
    let new: Vec<i64> = due
        .iter()
        .filter(|row| row.scheduled)
        .map(|row| row.key)
        .collect();
    let back: Vec<i64> = due
        .iter()
        .filter(|row| !row.scheduled)
        .map(|row| row.key)
        .collect();
    if !new.is_empty() {
        // Keys and places come from one sequence, so that a place is never given twice.
        let last: i64 = sqlx::query_scalar(
            "update sqlite_sequence set seq = seq + ?1 where name = 'invocations'
             returning seq - ?1",
        )
        .bind(new.len() as i64)
        .fetch_one(&mut transaction.connection)
        .await
        .map_err(failed)?;
        sqlx::query(
            "update live set state = 'queued', due = null, seq = ?2 + 1 + due.place
             from (select key as place, value as key from json_each(?1)) due
             where live.key = due.key",
        )
        .bind(rows(&new))
        .bind(last)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    if !back.is_empty() {
        sqlx::query("update live set due = null where key in (select value from json_each(?1))")
            .bind(rows(&back))
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    no_longer_scheduled(transaction, scheduled).await?;
    queues.sort_unstable();
    queues.dedup();
    for queue in queues {
        transaction.signal(Signal::Work(queue));
    }
    Ok(())
}

/// So many of each queue were scheduled, and are counted among the others now.
pub(super) async fn no_longer_scheduled(
    transaction: &mut Transaction,
    counts: BTreeMap<QueueId, u32>,
) -> Result<(), Error> {
    for (queue, count) in counts {
        sqlx::query(
            "update arrivals set scheduled = scheduled - ?2, live = live + ?2 where queue_id = ?1",
        )
        .bind(queue.0)
        .bind(count)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
