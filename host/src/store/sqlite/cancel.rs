//! Wishes for an end: of what nobody holds it is the end, hosts are asked for the rest.

use std::borrow::Cow;

use sqlx::FromRow;

use super::packed::rows;
use super::{Error, Transaction, ends, failed};
use crate::model::{HostNumber, Key, QueueId};
use crate::store::{Cancelling, Signal};

#[derive(FromRow)]
struct Wished {
    host: Option<i64>,
    #[sqlx(flatten)]
    live: ends::Unfinished,
}

/// Cancels these and their descendants that are not detached.
pub(super) async fn cancel(
    transaction: &mut Transaction,
    keys: &[Key],
    reason: &str,
) -> Result<Cancelling, Error> {
    let found: Vec<Wished> = sqlx::query_as(
        "with recursive family (key) as (
             select value from json_each(?1)
             union
             select live.key from family cross join live on live.parent = family.key
             where not live.detached
         )
         select live.key, queue_id, fence, attempt, started_at, host,
                state = 'scheduled' as scheduled, backoff is not null as backs_off,
                workflow, parent, lender, payer
         from family cross join live on live.key = family.key
         order by live.key",
    )
    .bind(rows(&keys))
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let (held, free): (Vec<_>, Vec<_>) = found.iter().partition(|wished| wished.host.is_some());
    let outcome = ends::cancelled(reason);
    let records: Vec<_> = free
        .iter()
        .map(|wished| {
            let outcome = Cow::Borrowed(&outcome);
            wished.live.ends(outcome, ends::NOBODY, transaction.now)
        })
        .collect();
    let queues = ends::record(transaction, &records).await?;
    let key = |wished: &&Wished| Key(wished.live.key);
    let asked: Vec<Key> = held.iter().map(key).collect();
    if !asked.is_empty() {
        sqlx::query(
            "update live set cancel = coalesce(cancel, ?2)
             where key in (select value from json_each(?1))",
        )
        .bind(rows(&asked))
        .bind(reason)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
        transaction.signal(Signal::Cancel);
    }
    Ok(Cancelling {
        ended: free.iter().map(key).collect(),
        asked,
        queues,
    })
}

/// Ends what a host that is gone held, and somebody wished to end.
pub(super) async fn grant_wishes(
    transaction: &mut Transaction,
    host: HostNumber,
) -> Result<Vec<QueueId>, Error> {
    let found: Vec<Granted> = sqlx::query_as(
        "select key, queue_id, fence, attempt, started_at, cancel,
                false as scheduled, false as backs_off,
                workflow, parent, lender, payer
         from live where host = ?1 and cancel is not null",
    )
    .bind(host.0)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let records: Vec<_> = found
        .iter()
        .map(|row| {
            let outcome = Cow::Owned(ends::cancelled(&row.cancel));
            row.live.ends(outcome, host, transaction.now)
        })
        .collect();
    ends::record(transaction, &records).await
}

#[derive(FromRow)]
struct Granted {
    cancel: String,
    #[sqlx(flatten)]
    live: ends::Unfinished,
}
