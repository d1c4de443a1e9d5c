//! What holds an invocation back, all of it read in one snapshot.

use sqlx::{FromRow, SqliteConnection, SqlitePool};

use super::{Error, failed, queues, unreadable};
use crate::model::queue::{RateLimit, TOKEN_GRACE_MS};
use crate::model::{HostNumber, InvocationId, Moment, Namespace, State};
use crate::store::{AHEAD_MAX, HOLDERS_MAX, Holder, Standing};

#[derive(FromRow)]
struct Row {
    queue_id: i64,
    settings: String,
    state: String,
    host: Option<i64>,
    priority: i32,
    seq: i64,
    partition: Option<String>,
    due: Option<i64>,
    backoff: Option<i64>,
}

pub(super) async fn standing(
    readers: &SqlitePool,
    namespace: &Namespace,
    id: &InvocationId,
    now: Moment,
) -> Result<Option<Standing>, Error> {
    let mut reader = readers.begin().await.map_err(failed)?;
    let row: Option<Row> = sqlx::query_as(
        "select l.queue_id, q.settings, l.state, l.host, l.priority, l.seq, l.partition,
                l.due, l.backoff
         from invocations i
         cross join live l on l.key = i.key
         cross join queues q on q.id = l.queue_id
         where i.namespace = ?1 and i.id = ?2",
    )
    .bind(namespace.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut *reader)
    .await
    .map_err(failed)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let state: State = row.state.parse().map_err(unreadable)?;
    let settings = queues::read_settings(&row.settings)?;
    let backoff = row.backoff.filter(|at| *at > now.0);
    let mut standing = Standing {
        state: Some(state),
        due_at: row.due.or(backoff).map(Moment),
        now: Some(now),
        ..Standing::default()
    };
    if state == State::Queued {
        standing.reserved_by = row.host.map(HostNumber);
    }
    if state == State::Queued && row.host.is_none() {
        standing.ahead = ahead(&mut reader, &row).await?;
        if settings.is_ordered() {
            standing.behind_retry = behind_retry(&mut reader, &row, now).await?;
        }
    }
    let partition = row.partition.as_deref();
    (standing.taken, standing.holders) = taken(&mut reader, row.queue_id).await?;
    if let Some(rate) = settings.rate_limit {
        standing.rate_opens_at = opens_at(&mut reader, row.queue_id, None, rate, now).await?;
    }
    if partition.is_some() {
        (standing.partition_taken, standing.partition_holders) =
            partition_taken(&mut reader, &row).await?;
        if let Some(rate) = settings.partitions.and_then(|limits| limits.rate_limit) {
            standing.partition_rate_opens_at =
                opens_at(&mut reader, row.queue_id, partition, rate, now).await?;
        }
    }
    standing.settings = settings;
    Ok(Some(standing))
}

/// How many would be claimed before it.
async fn ahead(reader: &mut SqliteConnection, row: &Row) -> Result<u64, Error> {
    let sql = match row.partition {
        None => {
            "select count(*) from (
                 select 1 from live indexed by live_claim
                 where queue_id = ?1 and state = 'queued' and host is null and due is null
                   and partition is null and (priority, seq) < (?2, ?3)
                 limit ?4)"
        }
        Some(_) => {
            "select count(*) from (
                 select 1 from live indexed by live_lane
                 where queue_id = ?1 and state = 'queued' and host is null and due is null
                   and partition is not null and partition = ?5
                   and (priority, seq) < (?2, ?3)
                 limit ?4)"
        }
    };
    let query = sqlx::query_scalar(sql)
        .bind(row.queue_id)
        .bind(row.priority)
        .bind(row.seq)
        .bind(AHEAD_MAX as i64);
    let query = match &row.partition {
        None => query,
        Some(partition) => query.bind(partition),
    };
    let count: i64 = query.fetch_one(reader).await.map_err(failed)?;
    Ok(count as u64)
}

/// The first before it whose retry backs off.
async fn behind_retry(
    reader: &mut SqliteConnection,
    row: &Row,
    now: Moment,
) -> Result<Option<(InvocationId, Moment)>, Error> {
    let found: Option<(String, i64)> = sqlx::query_as(
        "select i.id, l.backoff
         from live l indexed by live_backoff
         cross join invocations i on i.key = l.key
         where l.backoff > ?1 and l.queue_id = ?2 and l.state = 'queued' and l.host is null
           and l.partition is ?3 and (l.priority, l.seq) < (?4, ?5)
         order by l.priority, l.seq limit 1",
    )
    .bind(now.0)
    .bind(row.queue_id)
    .bind(&row.partition)
    .bind(row.priority)
    .bind(row.seq)
    .fetch_optional(reader)
    .await
    .map_err(failed)?;
    Ok(found.map(|(id, at)| (InvocationId::from_store(id), Moment(at))))
}

/// Who has the queue's slots: what a host has, and what keeps one because it waits or has waited. What
/// executes in a lent slot is in the lender's.
async fn taken(reader: &mut SqliteConnection, queue: i64) -> Result<(u64, Vec<Holder>), Error> {
    let found = sqlx::query_as(
        "select l.key, l.state, l.host from live l
         where l.queue_id = ?1 and l.host is not null and l.payer is null
         union all
         select l.key, l.state, l.host from live l where l.queue_id = ?1 and l.payer = l.key",
    )
    .bind(queue)
    .fetch_all(&mut *reader)
    .await
    .map_err(failed)?;
    holders(reader, found).await
}

/// Who counts in its partition.
async fn partition_taken(
    reader: &mut SqliteConnection,
    row: &Row,
) -> Result<(u64, Vec<Holder>), Error> {
    let found = sqlx::query_as(
        "select key, state, host from live indexed by live_lane_taken
         where queue_id = ?1 and partition is not null and partition = ?2
           and (host is not null or payer is not null) and not lane_lent",
    )
    .bind(row.queue_id)
    .bind(&row.partition)
    .fetch_all(&mut *reader)
    .await
    .map_err(failed)?;
    holders(reader, found).await
}

/// How many they are, and who the first of them are.
async fn holders(
    reader: &mut SqliteConnection,
    mut found: Vec<(i64, String, Option<i64>)>,
) -> Result<(u64, Vec<Holder>), Error> {
    found.sort_unstable();
    let count = found.len() as u64;
    let mut named = Vec::new();
    for (key, state, host) in found.into_iter().take(HOLDERS_MAX) {
        let id: String = sqlx::query_scalar("select id from invocations where key = ?1")
            .bind(key)
            .fetch_one(&mut *reader)
            .await
            .map_err(failed)?;
        named.push(Holder {
            id: InvocationId::from_store(id),
            state: state.parse().map_err(unreadable)?,
            host: host.map(HostNumber),
        });
    }
    Ok((count, named))
}

/// When the rate limit of the queue, or of a partition of it, lets the next one start, if it is
/// closed now: as soon as enough of what counts has left the window.
async fn opens_at(
    reader: &mut SqliteConnection,
    queue: i64,
    partition: Option<&str>,
    rate: RateLimit,
    now: Moment,
) -> Result<Option<Moment>, Error> {
    let window_us = rate.period_ms.saturating_add(TOKEN_GRACE_MS) as i64 * 1_000;
    let tokens: Vec<(i64, i64)> = sqlx::query_as(
        "select at, n from tokens
         where queue_id = ?1 and of_partition = ?2 and partition = ?3 and at > ?4 order by at",
    )
    .bind(queue)
    .bind(partition.is_some())
    .bind(partition.unwrap_or_default())
    .bind(now.0 - window_us)
    .fetch_all(reader)
    .await
    .map_err(failed)?;
    let mut counted: i64 = tokens.iter().map(|(_, n)| n).sum();
    if counted < i64::from(rate.limit) {
        return Ok(None);
    }
    for (at, n) in tokens {
        counted -= n;
        if counted < i64::from(rate.limit) {
            return Ok(Some(Moment(at + window_us)));
        }
    }
    Ok(None)
}
