//! Claims: how many slots of a queue a host may hold. What it takes stands in `take`.
//!
//! The rules, which the Postgres store follows alike:
//!
//! - the slots granted to all hosts together never exceed the queue's concurrency, except where it
//!   was lowered below what executes: then nothing more is granted;
//! - a host that holds every slot may reserve ahead, since nobody else can start out of order; on
//!   an ordered queue nothing is reserved, and what is claimed is running;
//! - what a dead host held before is told to be suspect; what two died of is never claimed straight
//!   to running, since it waits to execute alone;
//! - a waiting workflow keeps its slot, which counts like another host's. What is ready to go on does
//!   so in it, paused or not, before anything starts; then what is left of the rows goes to heads,
//!   and then to descendants that borrow;
//! - what starts counts against rate limits, see `tokens`; what goes on counts not.

use sqlx::FromRow;

use super::tokens::{self, Rates};
use super::{Error, Transaction, failed, lanes, queues, take};
use crate::model::{HostNumber, QueueId, queue::Settings};
use crate::store::{Claim, Granted, Signal};

/// How a queue's slots stand, as a claim finds them.
#[derive(FromRow)]
struct Stand {
    settings: String,
    /// Slots of all other hosts, and of workflows that wait or have waited.
    others: i64,
    /// Whether another host would like more slots than it holds.
    contended: bool,
    /// Other hosts that would like slots.
    wanting: i64,
    /// What this host holds, if it has a row.
    slots: Option<i64>,
    wanted: Option<i64>,
}

/// What a claim is granted.
struct Grant {
    /// Slots that the host may use from now on; less than it executes where nothing may start.
    /// None without a limit.
    slots: Option<u32>,
    /// How many may be claimed.
    rows: u32,
}

impl Grant {
    fn of(claim: &Claim, settings: &Settings, stand: &Stand) -> Self {
        if settings.paused {
            return Self {
                slots: Some(0),
                rows: 0,
            };
        }
        let Some(concurrency) = settings.concurrency else {
            return Self {
                slots: None,
                rows: claim.rows,
            };
        };
        let others = u32::try_from(stand.others).unwrap_or(u32::MAX);
        let mut slots = claim.slots.min(concurrency.saturating_sub(others));
        if stand.contended {
            slots = slots.min(concurrency.div_ceil(stand.wanting as u32 + 1));
        }
        let held = slots.max(claim.executing);
        let startable = if others.saturating_add(claim.executing) >= concurrency {
            0
        } else {
            held.saturating_sub(claim.executing)
                .saturating_sub(claim.reserved)
        };
        let holds_all = others == 0 && slots == concurrency && held == concurrency;
        Self {
            slots: Some(slots),
            rows: if holds_all && !settings.is_ordered() {
                claim.rows
            } else {
                claim.rows.min(startable)
            },
        }
    }
}

pub(super) async fn claim(
    transaction: &mut Transaction,
    host: HostNumber,
    claim: &Claim,
) -> Result<Granted, Error> {
    let stand: Stand = sqlx::query_as(include_str!("sql/stand.sql"))
        .bind(claim.queue.0)
        .bind(host.0)
        .fetch_optional(&mut transaction.connection)
        .await
        .map_err(failed)?
        .ok_or_else(|| Error::Database(format!("there is no queue of number {}", claim.queue)))?;
    let settings = queues::read_settings(&stand.settings)?;
    let grant = Grant::of(claim, &settings, &stand);
    let rates = Rates::of(&settings, transaction.now);
    let mut granted = Granted {
        queue: claim.queue,
        slots: grant.slots,
        contended: stand.contended,
        claimed: Vec::new(),
        drained: false,
        settings,
        opens_in_us: None,
        // The writer counts at the moment at which its transaction began.
        counted_after_us: (!rates.are_none()).then_some(0),
    };
    if claim.rows > 0 {
        take(transaction, host, claim, &grant, &rates, &mut granted).await?;
    }
    granted.drained = !granted.settings.paused
        && granted.claimed.len() < claim.rows as usize
        && !any_head(transaction, claim.queue).await?;
    if granted.drained {
        granted.opens_in_us = None;
    }
    hold(transaction, host, claim, &mut granted, &stand).await?;
    Ok(granted)
}

/// Takes what may go on or start, and notes when time lets more start.
async fn take(
    transaction: &mut Transaction,
    host: HostNumber,
    claim: &Claim,
    grant: &Grant,
    rates: &Rates,
    granted: &mut Granted,
) -> Result<(), Error> {
    take::resume(transaction, host, claim, granted).await?;
    let resumed = granted.claimed.len();
    let rows_max = claim.rows - resumed as u32;
    let opened = tokens::opened(transaction, claim.queue, rates.queue).await?;
    let heads_max = grant.rows.min(rows_max);
    let heads = heads_max.min(opened);
    granted.opens_in_us = match granted.settings.partitions {
        None => take::heads(transaction, host, heads, rates, granted).await?,
        Some(_) => lanes::heads(transaction, host, heads, rates, granted).await?,
    };
    let started = |granted: &Granted| (granted.claimed.len() - resumed) as u32;
    let lend_max = rows_max.min(opened) - started(granted);
    take::lend(transaction, host, lend_max, rates, granted).await?;
    if let Some(rate) = rates.queue
        && opened < rows_max
        && started(granted) >= opened
        && (opened < heads_max || take::could_lend(transaction, rates, granted).await?)
    {
        granted.opens_in_us = tokens::opens_in(transaction, claim.queue, rate).await?;
    }
    Ok(())
}

/// Whether anything of the queue is in its place.
async fn any_head(transaction: &mut Transaction, queue: QueueId) -> Result<bool, Error> {
    sqlx::query_scalar(include_str!("sql/any_head.sql"))
        .bind(queue.0)
        .fetch_one(&mut transaction.connection)
        .await
        .map_err(failed)
}

/// Writes down how many slots the host holds from now on, never less than it executes, and how
/// many it would like to hold.
async fn hold(
    transaction: &mut Transaction,
    host: HostNumber,
    claim: &Claim,
    granted: &mut Granted,
    stand: &Stand,
) -> Result<(), Error> {
    let limited = granted.settings.concurrency.is_some();
    let mut held = granted.slots.unwrap_or(0).max(claim.executing);
    let nothing_to_start = granted.drained || granted.settings.paused || claim.rows == 0;
    if nothing_to_start {
        // No more than is in use: the rest is another host's.
        let own = granted.claimed.iter().filter(|claimed| !claimed.lent);
        let in_use = claim.executing + claim.reserved + own.count() as u32;
        held = held.min(in_use);
    }
    granted.slots = granted.slots.map(|slots| slots.min(held));
    let now = match limited {
        // Without a limit nobody counts.
        false => (0, 0),
        true if granted.drained || granted.settings.paused => (held, held),
        true => (held, claim.slots),
    };
    let before = (stand.slots.unwrap_or(0), stand.wanted.unwrap_or(0));
    if before == (i64::from(now.0), i64::from(now.1)) {
        return Ok(());
    }
    if now == (0, 0) {
        sqlx::query("delete from slots where queue_id = ?1 and host = ?2")
            .bind(claim.queue.0)
            .bind(host.0)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    } else {
        sqlx::query(
            "insert into slots (queue_id, host, slots, wanted) values (?1, ?2, ?3, ?4)
             on conflict (queue_id, host) do update
                 set slots = excluded.slots, wanted = excluded.wanted",
        )
        .bind(claim.queue.0)
        .bind(host.0)
        .bind(now.0)
        .bind(now.1)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    if i64::from(now.0) < before.0 && stand.contended {
        transaction.signal(Signal::Work(claim.queue));
    }
    Ok(())
}

/// The queues in which this host's slots are another's gain.
pub(super) async fn free_slots(
    transaction: &mut Transaction,
    host: HostNumber,
) -> Result<Vec<QueueId>, Error> {
    let queues: Vec<i64> =
        sqlx::query_scalar("delete from slots where host = ?1 returning queue_id")
            .bind(host.0)
            .fetch_all(&mut transaction.connection)
            .await
            .map_err(failed)?;
    Ok(queues.into_iter().map(QueueId).collect())
}
