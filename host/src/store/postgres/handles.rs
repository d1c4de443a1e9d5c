//! What a handle shows.

use bytes::Bytes;
use sqlx::postgres::PgRow;

use super::connection::error;
use super::read::{get, parse};
use super::*;
use crate::model::{Moment, Outcome, State};

impl Postgres {
    pub(super) async fn read_invocations(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
    ) -> Result<Vec<Invocation>, Error> {
        let ids: Vec<&str> = ids.iter().map(InvocationId::as_str).collect();
        let rows = sqlx::query(include_str!("sql/invocations_by_id.sql"))
            .bind(namespace.as_str())
            .bind(ids)
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        rows.iter().map(invocation).collect()
    }

    pub(super) async fn list_invocations(
        &self,
        namespace: &Namespace,
        filter: &Filter,
    ) -> Result<Vec<Invocation>, Error> {
        let rows = sqlx::query(include_str!("sql/invocations.sql"))
            .bind(namespace.as_str())
            .bind(filter.queue.as_ref().map(QueueName::as_str))
            .bind(filter.state.map(State::as_str))
            .bind(filter.task.as_deref())
            .bind(filter.before.map_or(i64::MAX, |key| key.0))
            .bind(i64::from(filter.limit))
            .bind(filter.parent.map(|key| key.0))
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        rows.iter().map(invocation).collect()
    }

    pub(super) async fn read_ended(&self, keys: &[Key]) -> Result<Vec<Key>, Error> {
        let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let rows = sqlx::query("select key from outcomes where key = any($1)")
            .bind(keys)
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        rows.iter().map(|row| Ok(Key(get(row, "key")?))).collect()
    }

    pub(super) async fn read_log(&self, key: Key) -> Result<Vec<LogChunk>, Error> {
        let rows = sqlx::query("select attempt, text from logs where key = $1 order by part")
            .bind(key.0)
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        rows.iter()
            .map(|row| {
                Ok(LogChunk {
                    attempt: get::<i32>(row, "attempt")? as u32,
                    text: get(row, "text")?,
                })
            })
            .collect()
    }

    pub(super) async fn read_lost_attempts(&self, key: Key) -> Result<Vec<LostAttempt>, Error> {
        let rows = sqlx::query(
            "select attempt, host, started_at, ended_at, reason, kind from attempts where key = $1 order by part",
        )
        .bind(key.0)
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter()
            .map(|row| {
                Ok(LostAttempt {
                    attempt: get::<i32>(row, "attempt")? as u32,
                    host: HostNumber(get(row, "host")?),
                    started_at: get::<Option<i64>>(row, "started_at")?.map(Moment),
                    ended_at: Moment(get(row, "ended_at")?),
                    reason: get(row, "reason")?,
                    kind: match get::<Option<&str>>(row, "kind")? {
                        Some(kind) => Some(kind.parse().map_err(Error::Database)?),
                        None => None,
                    },
                })
            })
            .collect()
    }
}

/// What is kept of an outcome.
pub(super) fn outcome(state: State, body: &[u8]) -> Result<Outcome, Error> {
    let wrong = |error: String| Error::Database(format!("column body: {error}"));
    let text = std::str::from_utf8(body).map_err(|error| wrong(error.to_string()))?;
    Outcome::from_stored(state, text).map_err(|error| wrong(error.to_string()))
}

fn invocation(row: &PgRow) -> Result<Invocation, Error> {
    let state: State = parse(row, "state")?;
    let outcome = get::<Option<&[u8]>>(row, "body")?
        .map(|body| outcome(state, body))
        .transpose()?;
    Ok(Invocation {
        key: Key(get(row, "key")?),
        id: InvocationId::from_store(get(row, "id")?),
        queue: parse(row, "queue")?,
        task: get(row, "task")?,
        function: FunctionId(get(row, "function_id")?),
        digest: Digest::from_store(get(row, "digest")?),
        state,
        attempt: get::<i32>(row, "attempt")? as u32,
        priority: get(row, "priority")?,
        timeout_ms: get::<Option<i64>>(row, "timeout_ms")?.map(|ms| ms as u64),
        enqueued_at: Moment(get(row, "enqueued_at")?),
        started_at: get::<Option<i64>>(row, "started_at")?.map(Moment),
        finished_at: get::<Option<i64>>(row, "finished_at")?.map(Moment),
        host: get::<Option<i64>>(row, "host")?.map(HostNumber),
        progress: get(row, "progress")?,
        workflow: get(row, "workflow")?,
        parent: get::<Option<String>>(row, "parent")?.map(InvocationId::from_store),
        forked_from: get::<Option<String>>(row, "forked_from")?.map(InvocationId::from_store),
        cancelling: get(row, "cancelling")?,
        arguments: get::<Option<Vec<u8>>>(row, "arguments")?.map(Bytes::from),
        outcome,
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
