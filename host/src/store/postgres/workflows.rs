//! What workflows left behind as it is read, what is sent to them, and what changes them while they
//! execute nowhere. `steps` has what they record themselves.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::error;
use super::controls::{store_one, tell};
use super::handles::outcome;
use super::read::{get, parse, without_nul};
use super::*;
use crate::model::Moment;

impl Postgres {
    pub(super) async fn read_journal(&self, key: Key) -> Result<Vec<Chunk>, Error> {
        let rows = sqlx::query(
            "select first, count, body, recorded_at from journal where key = $1 order by first",
        )
        .bind(key.0)
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter()
            .map(|row| {
                Ok(Chunk {
                    first: get::<i32>(row, "first")? as u32,
                    count: get::<i32>(row, "count")? as u32,
                    body: get::<Vec<u8>>(row, "body")?.into(),
                    recorded_at: Moment(get(row, "recorded_at")?),
                })
            })
            .collect()
    }

    pub(super) async fn read_children(
        &self,
        parent: Key,
    ) -> Result<Vec<(Key, InvocationId)>, Error> {
        let rows = sqlx::query("select key, id from invocations where parent = $1 order by key")
            .bind(parent.0)
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        rows.iter()
            .map(|row| {
                let id = InvocationId::from_store(get(row, "id")?);
                Ok((Key(get(row, "key")?), id))
            })
            .collect()
    }

    pub(super) async fn read_outcomes(&self, keys: &[Key]) -> Result<Vec<EndedWith>, Error> {
        let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let rows =
            sqlx::query("select key, state, body, finished_at from outcomes where key = any($1)")
                .bind(keys)
                .fetch_all(&self.pool)
                .await
                .map_err(error)?;
        rows.iter()
            .map(|row| {
                Ok(EndedWith {
                    key: Key(get(row, "key")?),
                    outcome: outcome(parse(row, "state")?, get(row, "body")?)?,
                    finished_at: Moment(get(row, "finished_at")?),
                })
            })
            .collect()
    }

    pub(super) async fn send_message(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        name: &str,
        value: Bytes,
        full: u32,
    ) -> Result<Sent, Error> {
        let row = sqlx::query("select * from windlass.send($1, $2, $3, $4, $5)")
            .bind(namespace.as_str())
            .bind(id.as_str())
            .bind(without_nul(name))
            .bind(value.as_ref())
            .bind(full.min(i32::MAX as u32) as i32)
            .fetch_one(&self.pool)
            .await
            .map_err(error)?;
        let outbox = self.notify.outbox();
        Ok(match get(&row, "verdict")? {
            "unknown" => Sent::Unknown,
            "task" => Sent::NoWorkflow,
            "ended" => Sent::Ended(parse(&row, "state")?),
            "full" => Sent::Full(get::<i32>(&row, "full_of")? as u32),
            verdict => {
                outbox.tell(Signal::Told(Key(get(&row, "key")?)));
                if verdict == "ready" {
                    outbox.tell(Signal::Work(QueueId(get(&row, "queue_id")?)));
                }
                Sent::Stored
            }
        })
    }

    pub(super) async fn read_messages(&self, key: Key) -> Result<Vec<Message>, Error> {
        let rows = sqlx::query(
            "select number, name, value, sent_at from messages where key = $1 order by number",
        )
        .bind(key.0)
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter()
            .map(|row| {
                Ok(Message {
                    number: get(row, "number")?,
                    name: get(row, "name")?,
                    value: get::<Vec<u8>>(row, "value")?.into(),
                    sent_at: Moment(get(row, "sent_at")?),
                })
            })
            .collect()
    }

    pub(super) async fn read_published(
        &self,
        key: Key,
        after: i64,
    ) -> Result<Vec<Published>, Error> {
        let rows = sqlx::query(
            "select name, value, revision, published_at from published
              where key = $1 and revision > $2 order by name",
        )
        .bind(key.0)
        .bind(after)
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter()
            .map(|row| {
                Ok(Published {
                    name: get(row, "name")?,
                    value: get::<Vec<u8>>(row, "value")?.into(),
                    revision: get(row, "revision")?,
                    published_at: Moment(get(row, "published_at")?),
                })
            })
            .collect()
    }

    pub(super) async fn store_fork(&self, fork: Fork) -> Result<Enqueued, Error> {
        let queue = self.queue_ids([&fork.call]).await?[0];
        let call = &fork.call;
        let mut transaction = self.pool.begin().await.map_err(error)?;
        let stored = store_one(&mut transaction, call, queue, None, self.writer).await?;
        if stored.call.existed {
            return Ok(stored.call);
        }
        sqlx::query("update invocations set forked_from = $2 where key = $1")
            .bind(stored.call.key.0)
            .bind(fork.of.0)
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        if fork.count > 0 {
            sqlx::query(
                "insert into journal (key, first, count, body, recorded_at)
                 values ($1, 0, $2, $3, windlass.now())",
            )
            .bind(stored.call.key.0)
            .bind(fork.count as i32)
            .bind(fork.journal.as_ref())
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        }
        transaction.commit().await.map_err(error)?;
        tell([(queue, &stored)], &self.notify.outbox());
        Ok(stored.call)
    }

    pub(super) async fn read_in_flight(
        &self,
        namespace: &Namespace,
        component: &ComponentName,
        digest: &Digest,
        after: Key,
        limit: u32,
    ) -> Result<Vec<InFlight>, Error> {
        let rows = sqlx::query(
            "select i.key, i.id, i.function_id, l.state,
                    (select coalesce(sum(j.count), 0) from journal j where j.key = i.key) as entries
               from live l
               join invocations i on i.key = l.key
               join functions f on f.id = i.function_id
              where l.workflow and l.key > $4
                and i.namespace = $1 and f.component = $2 and f.digest <> $3
              order by l.key limit $5",
        )
        .bind(namespace.as_str())
        .bind(component.as_str())
        .bind(digest.as_str())
        .bind(after.0)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter().map(in_flight).collect()
    }

    pub(super) async fn pin(
        &self,
        key: Key,
        entries: u32,
        function: FunctionId,
    ) -> Result<bool, Error> {
        // Lock, then look: nobody claims it, and so nobody records, until this is decided.
        let mut transaction = self.pool.begin().await.map_err(error)?;
        let idle = sqlx::query(
            "select 1 from live where key = $1 and host is null and workflow for no key update",
        )
        .bind(key.0)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(error)?;
        if idle.is_none() {
            return Ok(false);
        }
        let pinned = sqlx::query(
            "update invocations set function_id = $3 where key = $1
                and (select coalesce(sum(count), 0) from journal where key = $1) = $2",
        )
        .bind(key.0)
        .bind(i64::from(entries))
        .bind(function.0)
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        transaction.commit().await.map_err(error)?;
        Ok(pinned.rows_affected() > 0)
    }
}

fn in_flight(row: &PgRow) -> Result<InFlight, Error> {
    Ok(InFlight {
        key: Key(get(row, "key")?),
        id: InvocationId::from_store(get(row, "id")?),
        function: FunctionId(get(row, "function_id")?),
        state: parse(row, "state")?,
        entries: row.get::<i64, _>("entries") as u32,
    })
}
