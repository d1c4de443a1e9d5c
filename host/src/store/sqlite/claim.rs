//! Claims: how many slots of a queue a host may hold, and what it may take.
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
//!   and then to descendants that borrow.

use bytes::Bytes;
use sqlx::FromRow;

use super::packed::rows;
use super::{Error, Transaction, failed, queues, unreadable, waits};
use crate::model::{
    Fence, FunctionId, HostNumber, InvocationId, Key, Namespace, QueueId, queue::Settings,
};
use crate::store::{Claim, Claimed, Granted, Hold, INLINE_ARGUMENTS_BYTES, Signal};

/// Deaths from which on an invocation executes alone on its host.
const DEATHS_ALONE: i64 = 2;

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
    let mut granted = Granted {
        queue: claim.queue,
        slots: grant.slots,
        contended: stand.contended,
        claimed: Vec::new(),
        drained: false,
        settings,
    };
    if claim.rows > 0 {
        resume(transaction, host, claim, &mut granted).await?;
        let rows_left = claim.rows - granted.claimed.len() as u32;
        take(transaction, host, grant.rows.min(rows_left), &mut granted).await?;
        lend(transaction, host, claim, &mut granted).await?;
    }
    granted.drained = !granted.settings.paused
        && granted.claimed.len() < claim.rows as usize
        && !any_head(transaction, claim.queue).await?;
    hold(transaction, host, claim, &mut granted, &stand).await?;
    Ok(granted)
}

async fn any_head(transaction: &mut Transaction, queue: QueueId) -> Result<bool, Error> {
    sqlx::query_scalar(
        "select exists (select 1 from live
                        where queue_id = ?1 and state = 'queued' and host is null)",
    )
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

/// Lets workflows that are ready go on in their own slots.
async fn resume(
    transaction: &mut Transaction,
    host: HostNumber,
    claim: &Claim,
    granted: &mut Granted,
) -> Result<(), Error> {
    let limited = granted.settings.concurrency.is_some();
    let resumed = waits::resume(transaction, host, claim.queue, claim.rows, limited).await?;
    for row in read(transaction, &resumed).await? {
        let claimed = Claimed {
            resumed: true,
            lent: true,
            ..row.read(true, &granted.settings)?
        };
        granted.claimed.push(claimed);
    }
    Ok(())
}

/// Takes the heads of the queue.
async fn take(
    transaction: &mut Transaction,
    host: HostNumber,
    rows_max: u32,
    granted: &mut Granted,
) -> Result<(), Error> {
    if rows_max == 0 {
        return Ok(());
    }
    let heads: Vec<Row> = sqlx::query_as(include_str!("sql/heads.sql"))
        .bind(granted.queue.0)
        .bind(rows_max)
        .bind(INLINE_ARGUMENTS_BYTES as i64)
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)?;
    let ordered = granted.settings.is_ordered();
    let (mut reserved, mut running) = (Vec::new(), Vec::new());
    for mut head in heads {
        let starts = ordered && head.deaths < DEATHS_ALONE;
        if starts {
            running.push(Key(head.key));
        } else {
            reserved.push(Key(head.key));
        }
        head.fence += 1;
        head.attempt += 1;
        granted.claimed.push(head.read(starts, &granted.settings)?);
    }
    reserve(transaction, host, &reserved).await?;
    start(transaction, host, &running).await
}

/// Takes descendants that start in slots which waiting workflows lend.
async fn lend(
    transaction: &mut Transaction,
    host: HostNumber,
    claim: &Claim,
    granted: &mut Granted,
) -> Result<(), Error> {
    let rows_left = claim.rows - granted.claimed.len() as u32;
    if rows_left == 0 || granted.settings.paused || granted.settings.concurrency.is_none() {
        return Ok(());
    }
    let borrowers: Vec<(i64, i64)> = sqlx::query_as(include_str!("sql/borrowers.sql"))
        .bind(claim.queue.0)
        .bind(rows_left)
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)?;
    if borrowers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set payer = lent.payer
         from (select value ->> 0 as key, value ->> 1 as payer from json_each(?1)) lent
         where live.key = lent.key",
    )
    .bind(rows(&borrowers))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let keys: Vec<Key> = borrowers.iter().map(|(key, _)| Key(*key)).collect();
    let ordered = granted.settings.is_ordered();
    let (mut reserved, mut running) = (Vec::new(), Vec::new());
    for mut row in read(transaction, &keys).await? {
        let starts = ordered && row.deaths < DEATHS_ALONE;
        if starts {
            running.push(Key(row.key));
        } else {
            reserved.push(Key(row.key));
        }
        row.fence += 1;
        row.attempt += 1;
        let claimed = row.read(starts, &granted.settings)?;
        granted.claimed.push(Claimed {
            lent: true,
            ..claimed
        });
    }
    reserve(transaction, host, &reserved).await?;
    start(transaction, host, &running).await
}

async fn reserve(
    transaction: &mut Transaction,
    host: HostNumber,
    keys: &[Key],
) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set host = ?2, fence = fence + 1
         where key in (select value from json_each(?1))",
    )
    .bind(rows(&keys))
    .bind(host.0)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn start(transaction: &mut Transaction, host: HostNumber, keys: &[Key]) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set host = ?2, fence = fence + 1, state = 'running',
                         attempt = attempt + 1, started_at = ?3
         where key in (select value from json_each(?1))",
    )
    .bind(rows(&keys))
    .bind(host.0)
    .bind(transaction.now.0)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The rows of what is claimed, in the order given.
async fn read(transaction: &mut Transaction, keys: &[Key]) -> Result<Vec<Row>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(include_str!("sql/claimed.sql"))
        .bind(rows(&keys))
        .bind(INLINE_ARGUMENTS_BYTES as i64)
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)
}

#[derive(FromRow)]
struct Row {
    key: i64,
    /// As it is claimed, not as it stood before.
    fence: i64,
    attempt: u32,
    deaths: i64,
    suspect: bool,
    priority: i32,
    seq: i64,
    namespace: String,
    id: String,
    function_id: i64,
    task: String,
    arguments: Option<Vec<u8>>,
    timeout_ms: Option<i64>,
    workflow: bool,
    depth: u32,
}

impl Row {
    fn read(self, running: bool, settings: &Settings) -> Result<Claimed, Error> {
        Ok(Claimed {
            hold: Hold {
                key: Key(self.key),
                fence: Fence(self.fence),
            },
            id: InvocationId::from_store(self.id),
            namespace: Namespace::parse(&self.namespace).map_err(unreadable)?,
            attempt: self.attempt,
            running,
            suspect: self.suspect,
            alone: self.deaths >= DEATHS_ALONE,
            function: FunctionId(self.function_id),
            task: self.task,
            arguments: self.arguments.map(Bytes::from),
            timeout_ms: (self.timeout_ms.map(|ms| ms as u64)).or(settings.timeout_ms),
            place: (self.priority, self.seq),
            workflow: self.workflow,
            resumed: false,
            lent: false,
            depth: self.depth,
        })
    }
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
