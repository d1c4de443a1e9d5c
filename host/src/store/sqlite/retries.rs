//! Failed attempts that are made again: the invocation goes back to its place.
//!
//! On an ordered queue it holds back what stands behind it until its time has come; elsewhere it is out
//! of the claims' way until then.

use std::borrow::Cow;
use std::collections::HashMap;

use super::exchange::{Hands, write_log};
use super::packed::rows;
use super::{Error, Transaction, ends, failed, queues, slots};
use crate::model::{Key, Moment, Outcome, QueueId};
use crate::store::{Hold, Retried, Signal};

/// Takes back what is to be tried again.
pub(super) async fn retry(
    transaction: &mut Transaction,
    hands: &mut Hands,
    retried: &[Retried],
    lost: &mut Vec<Hold>,
) -> Result<(), Error> {
    if retried.is_empty() {
        return Ok(());
    }
    let deadlines = deadlines(transaction, retried).await?;
    let mut ordered: HashMap<i64, bool> = HashMap::new();
    let (mut places, mut attempts, mut records) = (Vec::new(), Vec::new(), Vec::new());
    let (mut payers, mut log) = (Vec::new(), Vec::new());
    for again in retried {
        let Some(live) = hands.take(again.hold) else {
            lost.push(again.hold);
            continue;
        };
        let key = again.hold.key;
        if !again.log.is_empty() {
            log.push((key, again.attempt, again.log.as_str()));
        }
        let at = transaction.now.moved_ms(again.delay_ms);
        let late = deadlines
            .get(&key.0)
            .is_some_and(|deadline| *deadline <= at.0);
        let outcome = match &live.cancel {
            Some(reason) => Some(ends::cancelled(reason)),
            None => late.then(|| Outcome::Error(again.failure.clone())),
        };
        // The failure of an attempt that ends the invocation is its outcome.
        if !late || live.cancel.is_some() {
            attempts.push((
                key,
                again.attempt,
                hands.host,
                again.started_at.0,
                again.finished_at.0,
                &again.failure.message,
                again.failure.kind,
            ));
        }
        if let Some(outcome) = outcome {
            records.push(ends::Record {
                hold: again.hold,
                queue: QueueId(live.queue_id),
                outcome: Cow::Owned(outcome),
                attempt: again.attempt,
                host: hands.host,
                started_at: Some(again.started_at),
                finished_at: again.finished_at,
                place: ends::Place::default(),
                kin: live.kin,
            });
            continue;
        }
        if live.kin.payer == Some(key.0) {
            payers.push(key);
        }
        let until = (again.delay_ms > 0).then_some(at.0);
        let in_place = match ordered.get(&live.queue_id) {
            Some(ordered) => *ordered,
            None => {
                let is_ordered = is_ordered(transaction, live.queue_id).await?;
                ordered.insert(live.queue_id, is_ordered);
                is_ordered
            }
        };
        let (due, backoff) = if in_place {
            (None, until)
        } else {
            (until, None)
        };
        places.push((key, again.attempt, due, backoff));
        transaction.signal(Signal::Work(QueueId(live.queue_id)));
        if let Some(until) = until {
            transaction.signal(Signal::Due(Moment(until)));
        }
    }
    write_log(transaction, &log).await?;
    list(transaction, &attempts).await?;
    ends::record(transaction, &records).await?;
    go_back(transaction, &places).await?;
    for payer in payers {
        slots::pass_on(transaction, payer).await?;
    }
    Ok(())
}

/// The deadlines of those that have one.
async fn deadlines(
    transaction: &mut Transaction,
    retried: &[Retried],
) -> Result<HashMap<i64, i64>, Error> {
    let keys: Vec<Key> = retried.iter().map(|again| again.hold.key).collect();
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "select key, deadline from live
         where key in (select value from json_each(?1)) and deadline is not null",
    )
    .bind(rows(&keys))
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(found.into_iter().collect())
}

async fn is_ordered(transaction: &mut Transaction, queue: i64) -> Result<bool, Error> {
    let settings: String = sqlx::query_scalar("select settings from queues where id = ?1")
        .bind(queue)
        .fetch_one(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(queues::read_settings(&settings)?.is_ordered())
}

/// Lists attempts among those that ended without an outcome.
async fn list(
    transaction: &mut Transaction,
    attempts: &impl serde::Serialize,
) -> Result<(), Error> {
    sqlx::query(
        "insert into attempts (key, attempt, host, started_at, ended_at, reason, kind)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6
         from json_each(?1)",
    )
    .bind(rows(attempts))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Puts them back to their places.
async fn go_back(
    transaction: &mut Transaction,
    places: &[(Key, u32, Option<i64>, Option<i64>)],
) -> Result<(), Error> {
    if places.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/try_again.sql"))
        .bind(rows(&places))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}
