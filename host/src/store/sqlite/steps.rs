//! What a workflow did: recorded once, whole, and only for who holds it.

use bytes::Bytes;
use sqlx::SqlitePool;

use super::origin::{Family, Origin};
use super::packed::rows;
use super::{Error, Transaction, cancel, enqueue, failed, slots};
use crate::model::{HostNumber, InvocationId, Key, Moment, QueueId};
use crate::store::{Chunk, Enqueued, NewCall, Publication, Signal, Steps};

/// Why children end that their own workflow cancels.
const CANCELLED_BY_WORKFLOW: &str = "its workflow cancelled it";

pub(super) async fn record(
    transaction: &mut Transaction,
    host: HostNumber,
    steps: &Steps,
    make_queues: bool,
) -> Result<Vec<Enqueued>, Error> {
    let key = steps.hold.key;
    let held: Option<bool> = sqlx::query_scalar(
        "select deaths > 0 or suspect from live where key = ?1 and fence = ?2 and host = ?3",
    )
    .bind(key.0)
    .bind(steps.hold.fence.0)
    .bind(host.0)
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let marked = held.ok_or(Error::NotHeld(key))?;
    if !append(transaction, steps).await? {
        // An answer was lost. The children stand there; what else the steps did is done.
        return store_children(transaction, steps, make_queues).await;
    }
    if marked {
        sqlx::query("update live set deaths = 0, suspect = 0 where key = ?1")
            .bind(key.0)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    let children = store_children(transaction, steps, make_queues).await?;
    if !steps.cancels.is_empty() {
        cancel::cancel(transaction, &steps.cancels, CANCELLED_BY_WORKFLOW).await?;
    }
    publish(transaction, key, &steps.published).await?;
    take_messages(transaction, key, &steps.taken).await?;
    if let Some(arguments) = &steps.restart {
        restart(transaction, steps, arguments).await?;
    }
    if !steps.published.is_empty() || !steps.taken.is_empty() {
        transaction.signal(Signal::Told(key));
    }
    Ok(children)
}

/// Adds a part to the journal; false if the very same stands there already.
async fn append(transaction: &mut Transaction, steps: &Steps) -> Result<bool, Error> {
    if steps.count == 0 {
        return Ok(true);
    }
    let key = steps.hold.key;
    let last: Option<(u32, u32)> = sqlx::query_as(
        "select first, count from journal where key = ?1 order by first desc limit 1",
    )
    .bind(key.0)
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let end = last.map_or(0, |(first, count)| first + count);
    if steps.first == end {
        sqlx::query(
            "insert into journal (key, first, count, body, recorded_at)
             values (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(key.0)
        .bind(steps.first)
        .bind(steps.count)
        .bind(&steps.body[..])
        .bind(transaction.now.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
        return Ok(true);
    }
    let stands: bool = sqlx::query_scalar(
        "select exists (select 1 from journal
                        where key = ?1 and first = ?2 and count = ?3 and body = ?4)",
    )
    .bind(key.0)
    .bind(steps.first)
    .bind(steps.count)
    .bind(&steps.body[..])
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    match stands {
        true => Ok(false),
        false => Err(Error::Database(format!(
            "the journal of invocation {key} has {end} entries, and other ones came for number {}",
            steps.first
        ))),
    }
}

async fn store_children(
    transaction: &mut Transaction,
    steps: &Steps,
    make_queues: bool,
) -> Result<Vec<Enqueued>, Error> {
    if steps.children.is_empty() {
        return Ok(Vec::new());
    }
    let key = steps.hold.key;
    let (depth, deadline, queue, partition): (u32, Option<i64>, i64, Option<String>) =
        sqlx::query_as(
            "select depth, invocations.deadline, live.queue_id, live.partition
             from invocations join live using (key) where key = ?1",
        )
        .bind(key.0)
        .fetch_one(&mut transaction.connection)
        .await
        .map_err(failed)?;
    let calls: Vec<NewCall> = (steps.children.iter())
        .map(|child| child.call.clone())
        .collect();
    let origin = Origin::Workflow(Family {
        key,
        depth,
        queue: QueueId(queue),
        partition,
        deadline: deadline.map(Moment),
        lenders: slots::lenders(transaction, key).await?,
        detached: steps.children.iter().map(|child| child.detached).collect(),
    });
    enqueue::enqueue(transaction, &calls, &origin, make_queues).await
}

async fn publish(
    transaction: &mut Transaction,
    key: Key,
    published: &[Publication],
) -> Result<(), Error> {
    for publication in published {
        sqlx::query(
            "insert into published (key, name, value, revision, published_at)
             values (?1, ?2, ?3,
                     (select coalesce(max(revision), 0) + 1 from published where key = ?1), ?4)
             on conflict (key, name) do update set
                 value = excluded.value,
                 revision = excluded.revision,
                 published_at = excluded.published_at",
        )
        .bind(key.0)
        .bind(&publication.name)
        .bind(&publication.value[..])
        .bind(transaction.now.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

async fn take_messages(
    transaction: &mut Transaction,
    key: Key,
    taken: &[i64],
) -> Result<(), Error> {
    if taken.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from messages where number in (select value from json_each(?2)) and key = ?1",
    )
    .bind(key.0)
    .bind(rows(&taken))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Lets the workflow go on as new: what it did before is not replayed any more.
async fn restart(
    transaction: &mut Transaction,
    steps: &Steps,
    arguments: &Bytes,
) -> Result<(), Error> {
    let key = steps.hold.key;
    sqlx::query("delete from journal where key = ?1 and first < ?2")
        .bind(key.0)
        .bind(steps.first)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    sqlx::query("update invocations set arguments = ?2 where key = ?1")
        .bind(key.0)
        .bind(&arguments[..])
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn journal(readers: &SqlitePool, key: Key) -> Result<Vec<Chunk>, Error> {
    let found: Vec<(u32, u32, Vec<u8>, i64)> = sqlx::query_as(
        "select first, count, body, recorded_at from journal where key = ?1 order by first",
    )
    .bind(key.0)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|(first, count, body, recorded_at)| Chunk {
            first,
            count,
            body: body.into(),
            recorded_at: Moment(recorded_at),
        })
        .collect())
}

pub(super) async fn children(
    readers: &SqlitePool,
    parent: Key,
) -> Result<Vec<(Key, InvocationId)>, Error> {
    let found: Vec<(i64, String)> =
        sqlx::query_as("select key, id from invocations where parent = ?1 order by key")
            .bind(parent.0)
            .fetch_all(readers)
            .await
            .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|(key, id)| (Key(key), InvocationId::from_store(id)))
        .collect())
}
