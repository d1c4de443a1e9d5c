//! Ends: an outcome comes, the hot row goes, and whoever waited for it may go on.
//!
//! Every way to an end leads through here, be it handed in, cancelled, or lost with its host. What
//! becomes of the slot stands in `slots`, what becomes of those that wait in `waits`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use sqlx::FromRow;

use super::packed::{Packed, rows};
use super::{Error, Transaction, clockwork, failed, slots, waits};
use crate::model::{Failure, FailureKind, Fence, HostNumber, Key, Moment, Outcome, QueueId, State};
use crate::store::{Hold, Signal};

/// Who recorded the end of what no host held.
pub(super) const NOBODY: HostNumber = HostNumber(0);

/// What ties an invocation to its family.
#[derive(Debug, Clone, Copy, FromRow)]
pub(super) struct Kin {
    pub(super) workflow: bool,
    pub(super) parent: Option<i64>,
    pub(super) lender: Option<i64>,
    pub(super) payer: Option<i64>,
}

/// Where it stood, of what no host held.
#[derive(Debug, Clone, Copy, Default, FromRow)]
pub(super) struct Place {
    /// It was not due yet.
    pub(super) scheduled: bool,
    /// Its retry held back what stood behind it.
    pub(super) backs_off: bool,
}

/// A hot row that no end was handed in for.
#[derive(FromRow)]
pub(super) struct Unfinished {
    pub(super) key: i64,
    pub(super) queue_id: i64,
    pub(super) fence: i64,
    pub(super) attempt: u32,
    pub(super) started_at: Option<i64>,
    #[sqlx(flatten)]
    pub(super) place: Place,
    #[sqlx(flatten)]
    pub(super) kin: Kin,
}

impl Unfinished {
    /// An end that no attempt handed in.
    pub(super) fn ends<'o>(
        &self,
        outcome: Cow<'o, Outcome>,
        host: HostNumber,
        now: Moment,
    ) -> Record<'o> {
        Record {
            hold: Hold {
                key: Key(self.key),
                // No attempt ever carries this fence, so none passes for the one that recorded it.
                fence: Fence(self.fence + 1),
            },
            queue: QueueId(self.queue_id),
            outcome,
            attempt: self.attempt,
            host,
            started_at: self.started_at.map(Moment),
            finished_at: now,
            place: self.place,
            kin: self.kin,
        }
    }
}

/// The outcome of what somebody wished to end.
pub(super) fn cancelled(reason: &str) -> Outcome {
    Outcome::Error(Failure::new(FailureKind::Cancelled, reason))
}

/// An outcome to be recorded, of an invocation that has none.
pub(super) struct Record<'o> {
    pub(super) hold: Hold,
    pub(super) queue: QueueId,
    pub(super) outcome: Cow<'o, Outcome>,
    pub(super) attempt: u32,
    pub(super) host: HostNumber,
    pub(super) started_at: Option<Moment>,
    pub(super) finished_at: Moment,
    pub(super) place: Place,
    pub(super) kin: Kin,
}

/// Records outcomes: the hot rows go, the outcomes and the counts of ended ones come. The queues in
/// which something may start or go on because of it, ends of what a host held aside.
pub(super) async fn record(
    transaction: &mut Transaction,
    records: &[Record<'_>],
) -> Result<Vec<QueueId>, Error> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Key> = records.iter().map(|record| record.hold.key).collect();
    let mut bodies = Packed::default();
    let mut outcomes = Vec::with_capacity(records.len());
    let mut tallies: BTreeMap<(QueueId, HostNumber), [u32; 3]> = BTreeMap::new();
    let mut scheduled: BTreeMap<QueueId, u32> = BTreeMap::new();
    for record in records {
        if record.place.scheduled {
            *scheduled.entry(record.queue).or_default() += 1;
        }
        let state = record.outcome.state();
        let (start, length) = bodies.push(record.outcome.to_stored().as_bytes());
        outcomes.push((
            record.hold.key,
            record.queue,
            state,
            record.outcome.kind(),
            start,
            length,
            record.attempt,
            record.hold.fence,
            record.host,
            record.started_at.map(|moment| moment.0),
            record.finished_at.0,
        ));
        let tally = tallies.entry((record.queue, record.host)).or_default();
        match state {
            State::Succeeded => tally[0] += 1,
            State::Cancelled => tally[2] += 1,
            _ => tally[1] += 1,
        }
    }
    let tallies: Vec<_> = tallies.into_iter().collect();
    sqlx::query("delete from live where key in (select value from json_each(?1))")
        .bind(rows(&keys))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    sqlx::query(include_str!("sql/record.sql"))
        .bind(rows(&outcomes))
        .bind(bodies.into_bytes())
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    sqlx::query(include_str!("sql/tally.sql"))
        .bind(rows(&tallies))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    clockwork::no_longer_scheduled(transaction, scheduled).await?;
    transaction.signal(Signal::Ended(keys.into()));
    tell_families(transaction, records).await
}

/// Passes the slots on, turns descendants to the next ancestor, and wakes who waited.
async fn tell_families(
    transaction: &mut Transaction,
    records: &[Record<'_>],
) -> Result<Vec<QueueId>, Error> {
    let mut lenders = HashMap::new();
    let mut payers = Vec::new();
    let mut parents = Vec::new();
    let mut queues = Vec::new();
    for Record {
        hold,
        queue,
        place,
        kin,
        ..
    } in records
    {
        if place.backs_off {
            queues.push(*queue);
        }
        if kin.workflow {
            lenders.insert(hold.key.0, kin.lender);
        }
        if let Some(payer) = kin.payer {
            queues.push(*queue);
            if payer == hold.key.0 {
                payers.push(hold.key);
            }
        }
        parents.extend(kin.parent);
    }
    if !lenders.is_empty() {
        let gone: Vec<i64> = lenders.keys().copied().collect();
        slots::turn_to_the_next(transaction, &lenders).await?;
        waits::forget(transaction, &gone).await?;
    }
    for payer in payers {
        slots::pass_on(transaction, payer).await?;
    }
    parents.sort_unstable();
    parents.dedup();
    queues.extend(waits::wake(transaction, &parents).await?);
    queues.sort_unstable();
    queues.dedup();
    for queue in &queues {
        transaction.signal(Signal::Work(*queue));
    }
    Ok(queues)
}
