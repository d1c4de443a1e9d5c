//! What a handle shows: invocations, their outcomes, logs and lost attempts.

use bytes::Bytes;
use sqlx::{FromRow, QueryBuilder, SqlitePool};

use super::packed::rows;
use super::{Error, failed, unreadable};
use crate::model::{
    Digest, FunctionId, HostNumber, InvocationId, Key, Moment, Namespace, Outcome, QueueName, State,
};
use crate::store::{Filter, Invocation, LogChunk, LostAttempt};

pub(super) async fn one(
    readers: &SqlitePool,
    namespace: &Namespace,
    id: &InvocationId,
) -> Result<Option<Invocation>, Error> {
    let found = by_id(readers, namespace, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().next())
}

pub(super) async fn by_id(
    readers: &SqlitePool,
    namespace: &Namespace,
    ids: &[InvocationId],
) -> Result<Vec<Invocation>, Error> {
    let found: Vec<Row> = sqlx::query_as(include_str!("sql/invocations.sql"))
        .bind(namespace.as_str())
        .bind(rows(&ids))
        .fetch_all(readers)
        .await
        .map_err(failed)?;
    found.into_iter().map(Row::read).collect()
}

/// A page, newest first. The one statement that is put together, since each filter has its index.
pub(super) async fn list(
    readers: &SqlitePool,
    namespace: &Namespace,
    filter: &Filter,
) -> Result<Vec<Invocation>, Error> {
    let mut query = QueryBuilder::new(include_str!("sql/invocations_head.sql"));
    query
        .push(" where i.namespace = ")
        .push_bind(namespace.as_str());
    if let Some(queue) = &filter.queue {
        query
            .push(" and i.queue_id = (select id from queues where namespace = ")
            .push_bind(namespace.as_str())
            .push(" and name = ")
            .push_bind(queue.as_str())
            .push(")");
    }
    match filter.state {
        Some(state) if state.is_final() => {
            query.push(" and o.state = ").push_bind(state.as_str());
        }
        Some(state) => {
            query.push(" and l.state = ").push_bind(state.as_str());
        }
        None => {}
    }
    if let Some(task) = &filter.task {
        query.push(" and i.task = ").push_bind(task.as_str());
    }
    if let Some(parent) = filter.parent {
        query.push(" and i.parent = ").push_bind(parent.0);
    }
    if let Some(before) = filter.before {
        query.push(" and i.key < ").push_bind(before.0);
    }
    query
        .push(" order by i.key desc limit ")
        .push_bind(filter.limit);
    let found: Vec<Row> = query
        .build_query_as()
        .fetch_all(readers)
        .await
        .map_err(failed)?;
    found.into_iter().map(Row::read).collect()
}

pub(super) async fn ended(readers: &SqlitePool, keys: &[Key]) -> Result<Vec<Key>, Error> {
    let found: Vec<i64> = sqlx::query_scalar(
        "select key from outcomes where key in (select value from json_each(?1))",
    )
    .bind(rows(&keys))
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    Ok(found.into_iter().map(Key).collect())
}

pub(super) async fn arguments(readers: &SqlitePool, key: Key) -> Result<Option<Vec<u8>>, Error> {
    sqlx::query_scalar("select arguments from invocations where key = ?1")
        .bind(key.0)
        .fetch_optional(readers)
        .await
        .map_err(failed)
}

pub(super) async fn log(readers: &SqlitePool, key: Key) -> Result<Vec<LogChunk>, Error> {
    let found: Vec<(u32, String)> =
        sqlx::query_as("select attempt, text from logs where key = ?1 order by part")
            .bind(key.0)
            .fetch_all(readers)
            .await
            .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|(attempt, text)| LogChunk { attempt, text })
        .collect())
}

pub(super) async fn lost_attempts(
    readers: &SqlitePool,
    key: Key,
) -> Result<Vec<LostAttempt>, Error> {
    let found: Vec<AttemptRow> = sqlx::query_as(
        "select attempt, host, started_at, ended_at, reason, kind
         from attempts where key = ?1 order by rowid",
    )
    .bind(key.0)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    found.into_iter().map(AttemptRow::read).collect()
}

#[derive(FromRow)]
struct AttemptRow {
    attempt: u32,
    host: i64,
    started_at: Option<i64>,
    ended_at: i64,
    reason: String,
    kind: Option<String>,
}

impl AttemptRow {
    fn read(self) -> Result<LostAttempt, Error> {
        let kind = self.kind.map(|kind| kind.parse().map_err(unreadable));
        Ok(LostAttempt {
            attempt: self.attempt,
            host: HostNumber(self.host),
            started_at: self.started_at.map(Moment),
            ended_at: Moment(self.ended_at),
            reason: self.reason,
            kind: kind.transpose()?,
        })
    }
}

#[derive(FromRow)]
struct Row {
    key: i64,
    id: String,
    queue: String,
    task: String,
    function_id: i64,
    digest: String,
    state: String,
    attempt: u32,
    priority: i32,
    timeout_ms: Option<i64>,
    enqueued_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    host: Option<i64>,
    workflow: bool,
    parent: Option<String>,
    forked_from: Option<String>,
    cancelling: bool,
    progress: Option<String>,
    arguments: Option<Vec<u8>>,
    body: Option<String>,
}

impl Row {
    fn read(self) -> Result<Invocation, Error> {
        let state: State = self.state.parse().map_err(unreadable)?;
        let outcome = self.body.map(|body| Outcome::from_stored(state, &body));
        Ok(Invocation {
            workflow: self.workflow,
            parent: self.parent.map(InvocationId::from_store),
            forked_from: self.forked_from.map(InvocationId::from_store),
            cancelling: self.cancelling,
            key: Key(self.key),
            id: InvocationId::from_store(self.id),
            queue: QueueName::parse(&self.queue).map_err(unreadable)?,
            task: self.task,
            function: FunctionId(self.function_id),
            digest: Digest::from_store(self.digest),
            state,
            attempt: self.attempt,
            priority: self.priority,
            timeout_ms: self.timeout_ms.map(|ms| ms as u64),
            enqueued_at: Moment(self.enqueued_at),
            started_at: self.started_at.map(Moment),
            finished_at: self.finished_at.map(Moment),
            host: self.host.map(HostNumber),
            progress: self.progress,
            arguments: self.arguments.map(Bytes::from),
            outcome: outcome.transpose().map_err(unreadable)?,
            retry_of: None,
            retried_as: None,
            partition: None,
            due_at: None,
            deadline_at: None,
            retries: None,
            retried: 0,
            tags: Default::default(),
        })
    }
}
