//! Workflows that wait: handed in, made ready, resumed.
//!
//! A waiting workflow is nobody's and keeps its slot. What makes it ready is looked for when it is
//! handed in, and whenever something ends, a message comes, or its moment has come; it goes on with
//! the next claim from its queue.

use std::borrow::Cow;

use sqlx::FromRow;

use super::exchange::{Hands, write_log};
use super::packed::rows;
use super::take::lane_concurrency;
use super::{Error, Transaction, ends, failed};
use crate::model::{HostNumber, Key, QueueId, queue::Settings};
use crate::store::{Hold, Signal, Waited};

/// Takes back workflows that wait.
pub(super) async fn take(
    transaction: &mut Transaction,
    hands: &mut Hands,
    waited: &[Waited],
    lost: &mut Vec<Hold>,
) -> Result<(), Error> {
    let (mut marks, mut waits, mut log) = (Vec::new(), Vec::new(), Vec::new());
    let mut cancelled = Vec::new();
    for wait in waited {
        let Some(live) = hands.take(wait.hold) else {
            lost.push(wait.hold);
            continue;
        };
        if !wait.log.is_empty() {
            log.push((wait.hold.key, wait.attempt, wait.log.as_str()));
        }
        if let Some(reason) = &live.cancel {
            cancelled.push(ends::Record {
                hold: wait.hold,
                queue: QueueId(live.queue_id),
                outcome: Cow::Owned(ends::cancelled(reason)),
                attempt: wait.attempt,
                host: hands.host,
                started_at: Some(wait.started_at),
                finished_at: transaction.now,
                place: ends::Place::default(),
                kin: live.kin,
            });
            continue;
        }
        let awaits = &wait.wait;
        marks.push((wait.hold.key, wait.attempt, wait.started_at.0));
        waits.push((
            wait.hold.key,
            live.queue_id,
            awaits.all,
            &awaits.awaited,
            &awaits.messages,
            awaits.at.map(|at| at.0),
        ));
        // It may be ready already, or a descendant may start in its slot.
        transaction.signal(Signal::Work(QueueId(live.queue_id)));
    }
    write_log(transaction, &log).await?;
    ends::record(transaction, &cancelled).await?;
    if marks.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set state = 'waiting', host = null, suspect = 0,
                         payer = coalesce(payer, live.key), token = null, lane_token = null,
                         attempt = mark.attempt, started_at = mark.started_at
         from (select value ->> 0 as key, value ->> 1 as attempt, value ->> 2 as started_at
               from json_each(?1)) mark
         where live.key = mark.key",
    )
    .bind(rows(&marks))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    sqlx::query(include_str!("sql/wait.sql"))
        .bind(rows(&waits))
        .bind(transaction.now.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Of ended workflows: nothing is to come any more.
pub(super) async fn forget(transaction: &mut Transaction, gone: &[i64]) -> Result<(), Error> {
    for sql in [
        "delete from waits where key in (select value from json_each(?1))",
        "delete from messages where key in (select value from json_each(?1))",
    ] {
        sqlx::query(sql)
            .bind(rows(&gone))
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Woken {
    key: i64,
    queue_id: i64,
    all_of: bool,
    awaited: String,
}

/// Makes those of `parents` ready whose wait is over now that children of theirs have ended; their
/// queues.
pub(super) async fn wake(
    transaction: &mut Transaction,
    parents: &[i64],
) -> Result<Vec<QueueId>, Error> {
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    let woken: Vec<Woken> = sqlx::query_as(include_str!("sql/woken.sql"))
        .bind(rows(&parents))
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)?;
    let mut queues = Vec::new();
    for wait in woken {
        let over = match wait.all_of {
            true => find_blocker(transaction, &wait).await?,
            false => any_ended(transaction, &wait.awaited).await?,
        };
        if over {
            make_ready(transaction, Key(wait.key)).await?;
            queues.push(QueueId(wait.queue_id));
        }
    }
    Ok(queues)
}

/// Notes the last one that a wait for all waits for; true if there is none. As a rule it is the last
/// to end, so that the ends before it need no look at the others.
async fn find_blocker(transaction: &mut Transaction, wait: &Woken) -> Result<bool, Error> {
    let blocker: Option<i64> = sqlx::query_scalar(
        "update waits set blocker = (select max(live.key) from json_each(?2) awaited
                                     cross join live on live.key = awaited.value)
         where key = ?1
         returning blocker",
    )
    .bind(wait.key)
    .bind(&wait.awaited)
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(blocker.is_none())
}

async fn any_ended(transaction: &mut Transaction, awaited: &str) -> Result<bool, Error> {
    sqlx::query_scalar(
        "select exists (select 1 from json_each(?1) awaited
                        where not exists (select 1 from live where live.key = awaited.value))",
    )
    .bind(awaited)
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)
}

async fn make_ready(transaction: &mut Transaction, key: Key) -> Result<(), Error> {
    sqlx::query("update waits set ready = true where key = ?1")
        .bind(key.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A message of this name came: its receiver may wait for it.
pub(super) async fn hear(transaction: &mut Transaction, key: Key, name: &str) -> Result<(), Error> {
    let ready: Option<i64> = sqlx::query_scalar(
        "update waits set ready = true
         where key = ?1 and waiting and not ready
           and ?2 in (select value from json_each(messages))
         returning queue_id",
    )
    .bind(key.0)
    .bind(name)
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if let Some(queue) = ready {
        transaction.signal(Signal::Work(QueueId(queue)));
    }
    Ok(())
}

/// Makes those ready whose moment has come, at most `limit`, the longest due first.
pub(super) async fn make_due_ready(transaction: &mut Transaction, limit: i64) -> Result<(), Error> {
    let queues: Vec<i64> = sqlx::query_scalar(
        "update waits set ready = true
         where key in (select key from waits
                       where at is not null and waiting and not ready and at <= ?1
                       order by at limit ?2)
         returning queue_id",
    )
    .bind(transaction.now.0)
    .bind(limit)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    for queue in queues {
        transaction.signal(Signal::Work(QueueId(queue)));
    }
    Ok(())
}

/// Lets the ready ones of a queue go on at this host, at most `rows_max`; which.
pub(super) async fn resume(
    transaction: &mut Transaction,
    host: HostNumber,
    queue: QueueId,
    rows_max: u32,
    settings: &Settings,
) -> Result<Vec<Key>, Error> {
    let limited = settings.concurrency.is_some() || lane_concurrency(settings).is_some();
    let ready: Vec<i64> = sqlx::query_scalar(include_str!("sql/ready.sql"))
        .bind(queue.0)
        .bind(rows_max)
        .bind(limited)
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)?;
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(
        "update live set state = 'running', host = ?2, fence = fence + 1
         where key in (select value from json_each(?1))",
    )
    .bind(rows(&ready))
    .bind(host.0)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if !limited {
        // Several of one family may execute at once here: each pays for itself from now on, so that
        // a limit that is set later counts them all.
        sqlx::query(
            "update live set payer = key, lane_lent = 0
             where payer in (select payer from live
                             where key in (select value from json_each(?1)))
               and host is not null and payer <> key",
        )
        .bind(rows(&ready))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    sqlx::query(
        "update waits set waiting = false, ready = false
         where key in (select value from json_each(?1))",
    )
    .bind(rows(&ready))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(ready.into_iter().map(Key).collect())
}
