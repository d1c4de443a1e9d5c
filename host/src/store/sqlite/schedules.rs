//! Schedules: what fires when, and each firing exactly once.
//!
//! A firing moves its schedule on in the transaction that enqueues its call, and only if the schedule
//! stands as it was read. Which moments a cron line names is not the store's business.

use serde_json::value::RawValue;
use sqlx::{FromRow, SqlitePool};

use super::origin::Origin;
use super::{Error, Transaction, cancel, enqueue, failed, unreadable};
use crate::model::schedule::{Missed, Overlap};
use crate::model::{InvocationId, Key, Moment, Namespace, QueueName};
use crate::store::{DueSchedules, Enqueued, Fired, Firing, NewCall, Schedule, Signal};

/// Why the one before is cancelled where a firing replaces it.
const REPLACED: &str = "replaced by the next firing of its schedule";

pub(super) async fn put(
    transaction: &mut Transaction,
    schedule: &Schedule,
) -> Result<Schedule, Error> {
    let row: Row = sqlx::query_as(
        "insert into schedules (namespace, name, cron, timezone, queue, task, arguments, options,
                                missed, overlap, paused, next_at, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         on conflict (namespace, name) do update set
             cron = excluded.cron, timezone = excluded.timezone, queue = excluded.queue,
             task = excluded.task, arguments = excluded.arguments, options = excluded.options,
             missed = excluded.missed, overlap = excluded.overlap, paused = excluded.paused,
             next_at = excluded.next_at, revision = schedules.revision + 1
         returning *",
    )
    .bind(schedule.namespace.as_str())
    .bind(&schedule.name)
    .bind(&schedule.cron)
    .bind(&schedule.timezone)
    .bind(schedule.queue.as_str())
    .bind(&schedule.task)
    .bind(&schedule.arguments[..])
    .bind(schedule.options.get())
    .bind(match schedule.missed {
        Missed::Skip => "skip",
        Missed::Backfill => "backfill",
    })
    .bind(match schedule.overlap {
        Overlap::Queue => "queue",
        Overlap::Skip => "skip",
        Overlap::Replace => "replace",
    })
    .bind(schedule.paused)
    .bind(schedule.next_at.map(|at| at.0))
    .bind(transaction.now.0)
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if let Some(at) = schedule.next_at.filter(|_| !schedule.paused) {
        transaction.signal(Signal::Due(at));
    }
    row.read()
}

pub(super) async fn list(
    readers: &SqlitePool,
    namespace: &Namespace,
    name: Option<&str>,
) -> Result<Vec<Schedule>, Error> {
    let found: Vec<Row> = sqlx::query_as(
        "select * from schedules
         where namespace = ?1 and (?2 is null or name = ?2) order by name",
    )
    .bind(namespace.as_str())
    .bind(name)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    found.into_iter().map(Row::read).collect()
}

pub(super) async fn delete(
    transaction: &mut Transaction,
    namespace: &Namespace,
    name: &str,
) -> Result<bool, Error> {
    let deleted = sqlx::query("delete from schedules where namespace = ?1 and name = ?2")
        .bind(namespace.as_str())
        .bind(name)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(deleted.rows_affected() > 0)
}

pub(super) async fn due(
    readers: &SqlitePool,
    limit: u32,
    now: Moment,
) -> Result<DueSchedules, Error> {
    // One more than asked for: the first that is not answered tells when to look again.
    let found: Vec<Row> = sqlx::query_as(
        "select * from schedules
         where next_at is not null and not paused order by next_at limit ?1",
    )
    .bind(i64::from(limit) + 1)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    let mut due = Vec::new();
    let mut next_at = None;
    for row in found {
        let schedule = row.read()?;
        if due.len() == limit as usize || schedule.next_at > Some(now) {
            next_at = schedule.next_at;
            break;
        }
        due.push(schedule);
    }
    Ok(DueSchedules { due, next_at, now })
}

pub(super) async fn fire(
    transaction: &mut Transaction,
    firing: &Firing,
    make_queues: bool,
) -> Result<Fired, Error> {
    let last_key: Option<Option<i64>> = sqlx::query_scalar(
        "select last_key from schedules
         where namespace = ?1 and name = ?2 and revision = ?3 and next_at = ?4 and not paused",
    )
    .bind(firing.namespace.as_str())
    .bind(&firing.name)
    .bind(firing.revision)
    .bind(firing.due_at.0)
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let Some(last_key) = last_key else {
        return Ok(Fired::Gone);
    };
    let (call, revision) = match &firing.call {
        Ok(call) => call,
        Err(reason) => return skip(transaction, firing, Some(reason)).await,
    };
    let before = match firing.overlap {
        Overlap::Queue => None,
        Overlap::Skip | Overlap::Replace => living(transaction, last_key).await?,
    };
    match (before, firing.overlap) {
        (Some(_), Overlap::Skip) => return skip(transaction, firing, None).await,
        (Some(key), Overlap::Replace) => {
            cancel::cancel(transaction, &[key], REPLACED).await?;
        }
        _ => {}
    }
    match enqueue_call(transaction, call, *revision, make_queues).await {
        Ok(enqueued) => {
            move_on(transaction, firing, Some(&enqueued), None).await?;
            Ok(Fired::Enqueued(enqueued))
        }
        // It would be no other at the next look.
        Err(error @ (Error::IdTaken { .. } | Error::Duplicate { .. } | Error::UnknownQueue(_))) => {
            let reason = error.to_string();
            skip(transaction, firing, Some(&reason)).await
        }
        Err(error) => Err(error),
    }
}

async fn enqueue_call(
    transaction: &mut Transaction,
    call: &NewCall,
    revision: i64,
    make_queues: bool,
) -> Result<Enqueued, Error> {
    let calls = std::slice::from_ref(call);
    let origin = Origin::Caller(revision);
    let mut stored = enqueue::enqueue(transaction, calls, &origin, make_queues).await?;
    Ok(stored.remove(0))
}

/// The invocation, if it has not ended.
async fn living(transaction: &mut Transaction, key: Option<i64>) -> Result<Option<Key>, Error> {
    let found: Option<i64> = sqlx::query_scalar("select key from live where key = ?1")
        .bind(key)
        .fetch_optional(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(found.map(Key))
}

async fn skip(
    transaction: &mut Transaction,
    firing: &Firing,
    reason: Option<&str>,
) -> Result<Fired, Error> {
    move_on(transaction, firing, None, reason).await?;
    Ok(Fired::Skipped)
}

/// Where nothing was enqueued, the invocation of an earlier firing stays the one that overlaps.
async fn move_on(
    transaction: &mut Transaction,
    firing: &Firing,
    enqueued: Option<&Enqueued>,
    reason: Option<&str>,
) -> Result<(), Error> {
    sqlx::query(
        "update schedules set next_at = ?3, last_at = ?4, last_key = coalesce(?5, last_key),
                              last_id = ?6, last_error = ?7
         where namespace = ?1 and name = ?2",
    )
    .bind(firing.namespace.as_str())
    .bind(&firing.name)
    .bind(firing.next_at.map(|at| at.0))
    .bind(firing.due_at.0)
    .bind(enqueued.map(|enqueued| enqueued.key.0))
    .bind(enqueued.map(|enqueued| enqueued.id.as_str()))
    .bind(reason)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if let Some(at) = firing.next_at {
        transaction.signal(Signal::Due(at));
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    namespace: String,
    name: String,
    cron: String,
    timezone: String,
    queue: String,
    task: String,
    arguments: Vec<u8>,
    options: String,
    missed: String,
    overlap: String,
    paused: bool,
    next_at: Option<i64>,
    revision: i64,
    last_at: Option<i64>,
    last_id: Option<String>,
    last_error: Option<String>,
    created_at: i64,
}

impl Row {
    fn read(self) -> Result<Schedule, Error> {
        let last = self.last_at.map(|at| {
            let id = self.last_id.map(InvocationId::from_store);
            (Moment(at), id)
        });
        Ok(Schedule {
            namespace: Namespace::parse(&self.namespace).map_err(unreadable)?,
            name: self.name,
            cron: self.cron,
            timezone: self.timezone,
            queue: QueueName::parse(&self.queue).map_err(unreadable)?,
            task: self.task,
            arguments: self.arguments.into(),
            options: RawValue::from_string(self.options).map_err(unreadable)?,
            missed: match self.missed.as_str() {
                "backfill" => Missed::Backfill,
                _ => Missed::Skip,
            },
            overlap: match self.overlap.as_str() {
                "skip" => Overlap::Skip,
                "replace" => Overlap::Replace,
                _ => Overlap::Queue,
            },
            paused: self.paused,
            next_at: self.next_at.map(Moment),
            revision: self.revision,
            last,
            last_error: self.last_error,
            created_at: Moment(self.created_at),
        })
    }
}
