//! Calls of which there may be but one: deduplicated and debounced ones.
//!
//! `onces` holds who has a key of a queue, at least as long as it lives. Rows of no use any more are
//! left to `sweep`. Everything is decided in the transaction that stores the call, and there is one
//! writer, so nobody comes between.

use sqlx::FromRow;

use super::queues::{self, Place};
use super::terms::{self, Terms};
use super::{Error, Transaction, failed};
use crate::model::controls::{Debounce, Dedup, OnConflict, Once, Start};
use crate::model::{InvocationId, Key, Moment};
use crate::store::{Enqueued, NewCall, Signal};

/// Whose turn it is.
pub(super) enum Turn {
    /// Another invocation's: this is the answer, and there is nothing to store.
    Of(Enqueued),
    /// The call's own: it is to be stored, and then kept.
    Mine(Keeps),
}

/// What a stored call has of its key.
pub(super) struct Keeps {
    place: Place,
    kind: &'static str,
    name: String,
    until: Option<Moment>,
    /// When it starts, where the key says so.
    pub(super) start: Option<Start>,
}

/// Whoever has a key.
#[derive(FromRow)]
struct Holder {
    key: i64,
    until: Option<i64>,
    born: i64,
    id: String,
    enqueued_at: i64,
    /// None if it has ended.
    state: Option<String>,
    /// Whether it has not started, and no host has it.
    untouched: bool,
}

impl Holder {
    fn is_scheduled(&self) -> bool {
        self.state.as_deref() == Some("scheduled")
    }

    fn answer(&self, replaced: bool) -> Enqueued {
        Enqueued {
            key: Key(self.key),
            id: InvocationId::from_store(self.id.clone()),
            enqueued_at: Moment(self.enqueued_at),
            existed: !replaced,
            replaced,
        }
    }
}

/// Says what becomes of a call, and does so unless it is to be stored. `index` is its place in its
/// request.
pub(super) async fn turn(
    transaction: &mut Transaction,
    index: usize,
    call: &NewCall,
    once: &Once,
    place: Place,
    terms: &Terms,
) -> Result<Turn, Error> {
    match once {
        Once::Dedup(dedup) => deduplicate(transaction, index, call, dedup, place, terms).await,
        Once::Debounce(debounce) => self::debounce(transaction, call, debounce, place, terms).await,
    }
}

async fn deduplicate(
    transaction: &mut Transaction,
    index: usize,
    call: &NewCall,
    dedup: &Dedup,
    place: Place,
    terms: &Terms,
) -> Result<Turn, Error> {
    let now = transaction.now;
    let keeps = Keeps {
        place,
        kind: "dedup",
        name: dedup.key.clone(),
        until: dedup.period_ms.map(|ms| now.moved_ms(ms)),
        start: None,
    };
    let holder = holder(transaction, &keeps).await?;
    let holder = holder
        .filter(|holder| holder.state.is_some() || holder.until.is_some_and(|until| until > now.0));
    match (holder, dedup.on_conflict) {
        (None, _) => Ok(Turn::Mine(keeps)),
        (Some(holder), OnConflict::Return) => Ok(Turn::Of(holder.answer(false))),
        (Some(holder), OnConflict::Reject) => Err(Error::Duplicate {
            index,
            key: dedup.key.clone(),
            id: InvocationId::from_store(holder.id),
        }),
        (Some(holder), OnConflict::Replace) if holder.untouched => {
            replace(transaction, &holder, call, place, terms).await?;
            keep_until(transaction, &keeps).await?;
            Ok(Turn::Of(holder.answer(true)))
        }
        (Some(_), OnConflict::Replace) => Ok(Turn::Mine(keeps)),
    }
}

async fn debounce(
    transaction: &mut Transaction,
    call: &NewCall,
    debounce: &Debounce,
    place: Place,
    terms: &Terms,
) -> Result<Turn, Error> {
    let mut due = transaction.now.moved_ms(debounce.period_ms);
    let keeps = Keeps {
        place,
        kind: "debounce",
        name: debounce.key.clone(),
        until: None,
        start: Some(Start::At(due)),
    };
    let holder = holder(transaction, &keeps).await?;
    let Some(holder) = holder.filter(Holder::is_scheduled) else {
        return Ok(Turn::Mine(keeps));
    };
    if let Some(ms) = debounce.deadline_ms {
        due = due.min(Moment(holder.born).moved_ms(ms));
    }
    let terms = Terms {
        start_at: Some(due),
        ..terms.clone()
    };
    replace(transaction, &holder, call, place, &terms).await?;
    Ok(Turn::Of(holder.answer(true)))
}

/// Who has the key, or had it last.
async fn holder(transaction: &mut Transaction, keeps: &Keeps) -> Result<Option<Holder>, Error> {
    sqlx::query_as(
        "select o.key, o.until, o.born, i.id, i.enqueued_at, l.state,
                coalesce(l.state in ('scheduled', 'queued') and l.host is null and l.attempt = 0,
                         false) as untouched
         from onces o
         cross join invocations i on i.key = o.key
         left join live l on l.key = o.key
         where o.queue_id = ?1 and o.kind = ?2 and o.name = ?3",
    )
    .bind(keeps.place.queue.0)
    .bind(keeps.kind)
    .bind(&keeps.name)
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)
}

/// Gives the key to the invocation that was just stored.
pub(super) async fn keep(
    transaction: &mut Transaction,
    keeps: &Keeps,
    key: Key,
) -> Result<(), Error> {
    sqlx::query(
        "insert into onces (queue_id, kind, name, key, until, born) values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (queue_id, kind, name) do update set
             key = excluded.key, until = excluded.until, born = excluded.born",
    )
    .bind(keeps.place.queue.0)
    .bind(keeps.kind)
    .bind(&keeps.name)
    .bind(key.0)
    .bind(keeps.until.map(|until| until.0))
    .bind(transaction.now.0)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn keep_until(transaction: &mut Transaction, keeps: &Keeps) -> Result<(), Error> {
    sqlx::query("update onces set until = ?4 where queue_id = ?1 and kind = ?2 and name = ?3")
        .bind(keeps.place.queue.0)
        .bind(keeps.kind)
        .bind(&keeps.name)
        .bind(keeps.until.map(|until| until.0))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Puts a call into an invocation that has not started, which keeps its key, its id and its place.
async fn replace(
    transaction: &mut Transaction,
    holder: &Holder,
    call: &NewCall,
    place: Place,
    terms: &Terms,
) -> Result<(), Error> {
    let key = Key(holder.key);
    let deadline: Option<i64> = sqlx::query_scalar(include_str!("sql/replace.sql"))
        .bind(key.0)
        .bind(call.function.0)
        .bind(&call.task)
        .bind(&call.arguments[..])
        .bind(call.priority)
        .bind(call.timeout_ms.map(|ms| ms as i64))
        .bind(call.workflow)
        .bind(&terms.partition)
        .bind(terms.start_at.map(|at| at.0))
        .bind(terms.deadline.map(|at| at.0))
        .bind(&terms.retries)
        .bind(&terms.tags)
        .bind(terms.retry_of.map(|key| key.0))
        .fetch_one(&mut transaction.connection)
        .await
        .map_err(failed)?;
    // It may have begun with a part of another one's journal.
    for sql in [
        "delete from journal where key = ?1",
        "delete from tags where key = ?1",
    ] {
        sqlx::query(sql)
            .bind(key.0)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    terms::tag(transaction, &[(key, &call.namespace, &call.controls)]).await?;
    let partition = (place.partitioned).then(|| terms.partition.as_deref().unwrap_or_default());
    sqlx::query(
        "update live set priority = ?2, workflow = ?3, partition = ?4, deadline = ?5
         where key = ?1",
    )
    .bind(key.0)
    .bind(call.priority)
    .bind(call.workflow)
    .bind(partition)
    .bind(deadline)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    set_due(transaction, holder, place, terms.start_at).await
}

/// Lets an invocation that has not started start then, or at once: then it takes its place, if it
/// has none yet.
async fn set_due(
    transaction: &mut Transaction,
    holder: &Holder,
    place: Place,
    due: Option<Moment>,
) -> Result<(), Error> {
    let sql = match (holder.is_scheduled(), due) {
        (_, Some(_)) => "update live set state = 'scheduled', due = ?2, seq = key where key = ?1",
        (true, None) => {
            sqlx::query("update sqlite_sequence set seq = seq + 1 where name = 'invocations'")
                .execute(&mut transaction.connection)
                .await
                .map_err(failed)?;
            "update live set state = 'queued', due = ?2,
                 seq = (select seq from sqlite_sequence where name = 'invocations')
             where key = ?1"
        }
        (false, None) => "update live set due = ?2 where key = ?1",
    };
    sqlx::query(sql)
        .bind(holder.key)
        .bind(due.map(|due| due.0))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    match due {
        Some(due) => transaction.signal(Signal::Due(due)),
        None => transaction.signal(Signal::Work(place.queue)),
    }
    match (holder.is_scheduled(), due.is_some()) {
        (true, false) => queues::arrive(transaction, &[(place.queue, -1, 1)]).await,
        (false, true) => queues::arrive(transaction, &[(place.queue, 1, -1)]).await,
        _ => Ok(()),
    }
}
