//! What a handle shows.

use bytes::Bytes;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgRow;

use super::connection::error;
use super::read::{get, json, parse};
use super::*;
use crate::model::{Moment, Outcome, State};

impl Postgres {
    pub(super) async fn read_invocations(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
    ) -> Result<Vec<Invocation>, Error> {
        let ids: Vec<&str> = ids.iter().map(InvocationId::as_str).collect();
        let rows = sqlx::query(AssertSqlSafe(shown(
            "select i.key from invocations i where i.namespace = $1 and i.id = any($2)",
            true,
        )))
        .bind(namespace.as_str())
        .bind(ids)
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

/// What is shown of the invocations with these keys, newest first; of one that is not `whole` neither
/// arguments nor the value with which it ended.
pub(super) fn shown(keys: &str, whole: bool) -> String {
    let large = match whole {
        true => "i.arguments, o.body",
        false => {
            "null::bytea as arguments, case when o.state <> 'succeeded' then o.body end as body"
        }
    };
    include_str!("sql/shown.sql")
        .replace("{keys}", keys)
        .replace("{large}", large)
}

pub(super) fn invocation(row: &PgRow) -> Result<Invocation, Error> {
    let state: State = parse(row, "state")?;
    let outcome = get::<Option<&[u8]>>(row, "body")?
        .map(|body| outcome(state, body))
        .transpose()?;
    let id = |column| get(row, column).map(|id: Option<String>| id.map(InvocationId::from_store));
    let moment = |column| get(row, column).map(|at: Option<i64>| at.map(Moment));
    let retries = get::<Option<&str>>(row, "retries")?;
    let tags = get::<Option<&str>>(row, "tags")?;
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
        started_at: moment("started_at")?,
        finished_at: moment("finished_at")?,
        host: get::<Option<i64>>(row, "host")?.map(HostNumber),
        progress: get(row, "progress")?,
        workflow: get(row, "workflow")?,
        parent: id("parent")?,
        forked_from: id("forked_from")?,
        retry_of: id("retry_of")?,
        retried_as: id("retried_as")?,
        partition: get(row, "partition")?,
        due_at: moment("due_at")?,
        deadline_at: moment("deadline_at")?,
        retries: retries.map(|_| json(row, "retries")).transpose()?,
        retried: get::<i64>(row, "retried")? as u32,
        tags: tags
            .map(|_| json(row, "tags"))
            .transpose()?
            .unwrap_or_default(),
        cancelling: get(row, "cancelling")?,
        arguments: get::<Option<Vec<u8>>>(row, "arguments")?.map(Bytes::from),
        outcome,
    })
}
