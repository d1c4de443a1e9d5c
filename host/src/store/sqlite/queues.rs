//! Queues, their settings and their counts.

use std::collections::HashMap;

use sqlx::{FromRow, SqliteConnection, SqlitePool};

use super::packed::rows;
use super::{Error, Transaction, failed, lanes, unreadable};
use crate::model::{Moment, Namespace, QueueId, QueueName, queue::Settings};
use crate::store::{Counts, Queue, Signal};

pub(super) async fn put(
    transaction: &mut Transaction,
    namespace: &Namespace,
    name: &QueueName,
    settings: &Settings,
) -> Result<Queue, Error> {
    let before: Option<bool> = sqlx::query_scalar(
        "select settings ->> 'partitions' is not null from queues
         where namespace = ?1 and name = ?2",
    )
    .bind(namespace.as_str())
    .bind(name.as_str())
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let row: QueueRow = sqlx::query_as(
        "insert into queues (namespace, name, settings, created_at) values (?1, ?2, ?3, ?4)
         on conflict (namespace, name) do update set settings = excluded.settings
         returning id, namespace, name, settings, created_at",
    )
    .bind(namespace.as_str())
    .bind(name.as_str())
    .bind(stored(settings))
    .bind(transaction.now.0)
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let queue = row.read()?;
    let partitioned = settings.partitions.is_some();
    if before.is_some_and(|before| before != partitioned) {
        lanes::change(transaction, queue.id, partitioned).await?;
    }
    transaction.signal(Signal::Settings(queue.id));
    // A wider limit or the end of a pause lets something be claimed.
    transaction.signal(Signal::Work(queue.id));
    Ok(queue)
}

/// Where a call goes, as the queue is set now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) queue: QueueId,
    /// Whether the queue has partitions.
    pub(super) partitioned: bool,
}

/// The queue of this name, made without limits if there is none and `make` allows it.
pub(super) async fn find_or_make(
    transaction: &mut Transaction,
    namespace: &Namespace,
    name: &QueueName,
    make: bool,
) -> Result<Place, Error> {
    let found: Option<(i64, bool)> = sqlx::query_as(
        "select id, settings ->> 'partitions' is not null
         from queues where namespace = ?1 and name = ?2",
    )
    .bind(namespace.as_str())
    .bind(name.as_str())
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if let Some((id, partitioned)) = found {
        return Ok(Place {
            queue: QueueId(id),
            partitioned,
        });
    }
    if !make {
        return Err(Error::UnknownQueue(name.clone()));
    }
    let queue = put(transaction, namespace, name, &Settings::default()).await?;
    Ok(Place {
        queue: queue.id,
        partitioned: false,
    })
}

/// Counts that so many are scheduled more than before, and so many more came that are not: of each
/// queue.
pub(super) async fn arrive(
    transaction: &mut Transaction,
    arrived: &[(QueueId, i64, i64)],
) -> Result<(), Error> {
    // `true` tells the parser that `on` does not belong to a join.
    sqlx::query(
        "insert into arrivals (queue_id, scheduled, live)
         select value ->> 0, value ->> 1, value ->> 2 from json_each(?1) where true
         on conflict (queue_id) do update set
             scheduled = scheduled + excluded.scheduled,
             live = live + excluded.live",
    )
    .bind(rows(&arrived))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Every queue in which something may be claimed or may go on.
pub(super) async fn claimable(readers: &SqlitePool) -> Result<Vec<QueueId>, Error> {
    let found: Vec<i64> = sqlx::query_scalar(
        "select q.id from queues q
         where not coalesce(q.settings ->> 'paused', false)
           and (exists (select 1 from live l
                        where l.queue_id = q.id and l.state = 'queued' and l.host is null
                          and l.due is null and l.partition is null)
                or exists (select 1 from live l
                           where l.queue_id = q.id and l.state = 'queued' and l.host is null
                             and l.due is null and l.partition is not null))
            or exists (select 1 from waits w where w.queue_id = q.id and w.ready)",
    )
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    Ok(found.into_iter().map(QueueId).collect())
}

fn stored(settings: &Settings) -> String {
    serde_json::to_string(settings).expect("settings are numbers and flags")
}

/// Settings as they stand in a row.
pub(super) fn read_settings(text: &str) -> Result<Settings, Error> {
    serde_json::from_str(text).map_err(unreadable)
}

pub(super) async fn one(
    readers: &SqlitePool,
    namespace: &Namespace,
    name: &QueueName,
) -> Result<Option<(Queue, Counts)>, Error> {
    let found = with_counts(readers, Some(namespace), Some(name)).await?;
    Ok(found.into_iter().next())
}

pub(super) async fn list(
    readers: &SqlitePool,
    namespace: &Namespace,
) -> Result<Vec<(Queue, Counts)>, Error> {
    with_counts(readers, Some(namespace), None).await
}

pub(super) async fn served(readers: &SqlitePool) -> Result<Vec<Queue>, Error> {
    let mut reader = readers.acquire().await.map_err(failed)?;
    select(&mut reader, None, None).await
}

async fn with_counts(
    readers: &SqlitePool,
    namespace: Option<&Namespace>,
    name: Option<&QueueName>,
) -> Result<Vec<(Queue, Counts)>, Error> {
    // One snapshot: what moves from one state to the next is counted once.
    let mut reader = readers.begin().await.map_err(failed)?;
    let queues = select(&mut reader, namespace, name).await?;
    let running = running(&mut reader).await?;
    let mut found = Vec::with_capacity(queues.len());
    for queue in queues {
        let row: CountsRow = sqlx::query_as(include_str!("sql/counts.sql"))
            .bind(queue.id.0)
            .fetch_one(&mut *reader)
            .await
            .map_err(failed)?;
        let running = running.get(&queue.id).copied().unwrap_or_default();
        let ended = row.succeeded + row.failed + row.cancelled;
        let queued = (row.arrived - ended - row.waiting - running).max(0);
        let oldest_queued_at = match queued {
            0 => None,
            _ => oldest(&mut reader, &queue).await?,
        };
        let counts = Counts {
            scheduled: row.scheduled as u64,
            queued: queued as u64,
            running: running as u64,
            waiting: row.waiting as u64,
            succeeded: row.succeeded as u64,
            failed: row.failed as u64,
            cancelled: row.cancelled as u64,
            oldest_queued_at,
        };
        found.push((queue, counts));
    }
    Ok(found)
}

async fn oldest(reader: &mut SqliteConnection, queue: &Queue) -> Result<Option<Moment>, Error> {
    let at: Option<i64> = sqlx::query_scalar(include_str!("sql/oldest.sql"))
        .bind(queue.id.0)
        .bind(queue.settings.partitions.is_some())
        .fetch_one(reader)
        .await
        .map_err(failed)?;
    Ok(at.map(Moment))
}

/// How many of each queue execute. To the outside, what is reserved is queued.
async fn running(reader: &mut SqliteConnection) -> Result<HashMap<QueueId, i64>, Error> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "select queue_id, sum(state = 'running')
         from live where host is not null group by queue_id",
    )
    .fetch_all(reader)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|(queue, running)| (QueueId(queue), running))
        .collect())
}

async fn select(
    reader: &mut SqliteConnection,
    namespace: Option<&Namespace>,
    name: Option<&QueueName>,
) -> Result<Vec<Queue>, Error> {
    let rows: Vec<QueueRow> = sqlx::query_as(
        "select id, namespace, name, settings, created_at from queues
         where (?1 is null or namespace = ?1) and (?2 is null or name = ?2)
         order by namespace, name",
    )
    .bind(namespace.map(Namespace::as_str))
    .bind(name.map(QueueName::as_str))
    .fetch_all(reader)
    .await
    .map_err(failed)?;
    rows.into_iter().map(QueueRow::read).collect()
}

#[derive(FromRow)]
struct QueueRow {
    id: i64,
    namespace: String,
    name: String,
    settings: String,
    created_at: i64,
}

impl QueueRow {
    fn read(self) -> Result<Queue, Error> {
        Ok(Queue {
            id: QueueId(self.id),
            namespace: Namespace::parse(&self.namespace).map_err(unreadable)?,
            name: QueueName::parse(&self.name).map_err(unreadable)?,
            settings: read_settings(&self.settings)?,
            created_at: Moment(self.created_at),
        })
    }
}

#[derive(FromRow)]
struct CountsRow {
    arrived: i64,
    scheduled: i64,
    waiting: i64,
    succeeded: i64,
    failed: i64,
    cancelled: i64,
}
