//! What a handle shows: invocations, their outcomes, logs and lost attempts.

use bytes::Bytes;
use sqlx::{FromRow, QueryBuilder, SqlitePool};

use super::packed::rows;
use super::{Error, failed, unreadable};
use crate::model::{
    Digest, FunctionId, HostNumber, InvocationId, Key, Moment, Namespace, Outcome, QueueName, State,
};
use crate::store::{Invocation, LogChunk, LostAttempt};

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
    let mut query = QueryBuilder::new("select\n");
    query
        .push(include_str!("sql/invocation_columns.sql"))
        .push(", i.arguments, o.body from json_each(")
        .push_bind(rows(&ids))
        .push(") asked cross join invocations i on i.namespace = ")
        .push_bind(namespace.as_str())
        .push(" and i.id = asked.value\n")
        .push(include_str!("sql/invocation_rows.sql"));
    let found: Vec<Row> = (query.build_query_as())
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

/// What a statement of `invocation_columns.sql`, with arguments and outcome, answers.
#[derive(FromRow)]
pub(super) struct Row {
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
    due_at: Option<i64>,
    deadline_at: Option<i64>,
    partition: Option<String>,
    retries: Option<String>,
    tags: Option<String>,
    retry_of: Option<String>,
    retried_as: Option<String>,
    retried: u32,
    arguments: Option<Vec<u8>>,
    body: Option<String>,
}

impl Row {
    pub(super) fn read(self) -> Result<Invocation, Error> {
        let state: State = self.state.parse().map_err(unreadable)?;
        let retries = self.retries.as_deref().map(serde_json::from_str);
        let tags = self.tags.as_deref().map(serde_json::from_str);
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
            retry_of: self.retry_of.map(InvocationId::from_store),
            retried_as: self.retried_as.map(InvocationId::from_store),
            partition: self.partition,
            due_at: self.due_at.map(Moment),
            deadline_at: self.deadline_at.map(Moment),
            retries: retries.transpose().map_err(unreadable)?,
            retried: self.retried,
            tags: tags.transpose().map_err(unreadable)?.unwrap_or_default(),
        })
    }
}
