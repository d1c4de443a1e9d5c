//! Workflows from outside: how their children ended, forks, and the pin of another version.

use sqlx::{FromRow, SqlitePool};

use super::origin::Origin;
use super::packed::rows;
use super::{Error, Transaction, enqueue, failed, unreadable};
use crate::model::{
    ComponentName, Digest, FunctionId, InvocationId, Key, Moment, Namespace, Outcome, State,
};
use crate::store::{EndedWith, Enqueued, Fork, InFlight};

pub(super) async fn outcomes(readers: &SqlitePool, keys: &[Key]) -> Result<Vec<EndedWith>, Error> {
    let found: Vec<(i64, String, String, i64)> = sqlx::query_as(
        "select key, state, body, finished_at
         from outcomes where key in (select value from json_each(?1))",
    )
    .bind(rows(&keys))
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    found
        .into_iter()
        .map(|(key, state, body, finished_at)| {
            let state: State = state.parse().map_err(unreadable)?;
            Ok(EndedWith {
                key: Key(key),
                outcome: Outcome::from_stored(state, &body).map_err(unreadable)?,
                finished_at: Moment(finished_at),
            })
        })
        .collect()
}

pub(super) async fn fork(
    transaction: &mut Transaction,
    fork: &Fork,
    make_queues: bool,
) -> Result<Enqueued, Error> {
    let calls = std::slice::from_ref(&fork.call);
    let origin = Origin::Fork(fork.of);
    let mut stored = enqueue::enqueue(transaction, calls, &origin, make_queues).await?;
    let stored = stored.remove(0);
    if !stored.existed && fork.count > 0 {
        sqlx::query(
            "insert into journal (key, first, count, body, recorded_at)
             values (?1, 0, ?2, ?3, ?4)",
        )
        .bind(stored.key.0)
        .bind(fork.count)
        .bind(&fork.journal[..])
        .bind(transaction.now.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    Ok(stored)
}

#[derive(FromRow)]
struct Row {
    key: i64,
    id: String,
    function_id: i64,
    state: String,
    entries: u32,
}

pub(super) async fn in_flight(
    readers: &SqlitePool,
    namespace: &Namespace,
    component: &ComponentName,
    digest: &Digest,
    after: Key,
    limit: u32,
) -> Result<Vec<InFlight>, Error> {
    let found: Vec<Row> = sqlx::query_as(
        "select l.key, i.id, i.function_id, l.state,
                (select coalesce(sum(j.count), 0) from journal j where j.key = l.key) as entries
         from live l
         cross join invocations i on i.key = l.key
         cross join functions f on f.id = i.function_id
         where l.workflow and l.key > ?4
           and i.namespace = ?1 and f.component = ?2 and f.digest <> ?3
         order by l.key
         limit ?5",
    )
    .bind(namespace.as_str())
    .bind(component.as_str())
    .bind(digest.as_str())
    .bind(after.0)
    .bind(limit)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    found
        .into_iter()
        .map(|row| {
            Ok(InFlight {
                key: Key(row.key),
                id: InvocationId::from_store(row.id),
                function: FunctionId(row.function_id),
                state: row.state.parse().map_err(unreadable)?,
                entries: row.entries,
            })
        })
        .collect()
}

pub(super) async fn repin(
    transaction: &mut Transaction,
    key: Key,
    entries: u32,
    function: FunctionId,
) -> Result<bool, Error> {
    let pinned = sqlx::query(
        "update invocations set function_id = ?3
         where key = ?1
           and exists (select 1 from live where live.key = ?1 and live.host is null)
           and ?2 = (select coalesce(sum(count), 0) from journal where journal.key = ?1)",
    )
    .bind(key.0)
    .bind(entries)
    .bind(function.0)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(pinned.rows_affected() > 0)
}
