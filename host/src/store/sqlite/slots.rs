//! Slots that waiting workflows keep, and lend to their descendants.
//!
//! A row's `payer` says whose slot it executes or waits in; what that means stands at the column.
//! The slot is free while nobody who has that payer has a host.

use std::collections::HashMap;

use super::packed::rows;
use super::{Error, Transaction, failed};
use crate::model::{Key, QueueId};

/// The payer has ended or goes back to its place: its slot is the one's who executes in it, else the
/// oldest's of those that wait in it. With nobody left, the slot is the queue's again.
pub(super) async fn pass_on(transaction: &mut Transaction, payer: Key) -> Result<(), Error> {
    let heir: Option<i64> = sqlx::query_scalar(
        "select key from live where payer = ?1 and key <> ?1 order by host is null, key limit 1",
    )
    .bind(payer.0)
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if let Some(heir) = heir {
        sqlx::query(include_str!("sql/pass_on.sql"))
            .bind(payer.0)
            .bind(heir)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
        sqlx::query("update live set payer = key where key = ?1")
            .bind(heir)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
        keep_lanes(transaction, Key(heir)).await?;
    }
    Ok(())
}

/// Gives the places in partitions that nobody of those who share this slot has any more to the oldest
/// of them there.
async fn keep_lanes(transaction: &mut Transaction, payer: Key) -> Result<(), Error> {
    sqlx::query(include_str!("sql/keep_lanes.sql"))
        .bind(payer.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Turns the descendants of lenders that have ended to the lender's own, where that lives on.
pub(super) async fn turn_to_the_next(
    transaction: &mut Transaction,
    gone: &HashMap<i64, Option<i64>>,
) -> Result<(), Error> {
    let next: Vec<(i64, Option<i64>)> = gone
        .iter()
        .map(|(key, lender)| {
            let mut lender = *lender;
            while let Some(Some(next)) = lender.map(|key| gone.get(&key)) {
                lender = *next;
            }
            (*key, lender)
        })
        .collect();
    sqlx::query(
        "update live set lender = next.lender
         from (select value ->> 0 as key, value ->> 1 as lender from json_each(?1)) next
         where live.lender = next.key",
    )
    .bind(rows(&next))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The nearest ancestor of what `parent` enqueues, by queue: itself, or one above it that lives.
pub(super) async fn lenders(
    transaction: &mut Transaction,
    parent: Key,
) -> Result<HashMap<QueueId, Key>, Error> {
    let ancestors: Vec<(i64, i64)> = sqlx::query_as(include_str!("sql/ancestors.sql"))
        .bind(parent.0)
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)?;
    let mut lenders = HashMap::new();
    for (key, queue) in ancestors {
        lenders.entry(QueueId(queue)).or_insert(Key(key));
    }
    Ok(lenders)
}
