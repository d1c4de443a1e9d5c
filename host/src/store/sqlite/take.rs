//! What a claim takes: workflows that go on, heads, and descendants that borrow a slot.
//!
//! How many it may take is decided in `claim`; that each slot is lent to one at a time, here.

use std::collections::HashSet;

use bytes::Bytes;
use sqlx::FromRow;

use super::packed::rows;
use super::tokens::{self, Rates};
use super::{Error, Transaction, failed, unreadable, waits};
use crate::model::{
    Fence, FunctionId, HostNumber, InvocationId, Key, Moment, Namespace, queue::Settings,
};
use crate::store::{Claim, Claimed, Granted, Hold, INLINE_ARGUMENTS_BYTES};

/// Deaths from which on an invocation executes alone on its host.
const DEATHS_ALONE: i64 = 2;

/// How many of one partition may execute at once.
pub(super) fn lane_concurrency(settings: &Settings) -> Option<u32> {
    settings.partitions.and_then(|lanes| lanes.concurrency)
}

/// Lets workflows that are ready go on in their own slots.
pub(super) async fn resume(
    transaction: &mut Transaction,
    host: HostNumber,
    claim: &Claim,
    granted: &mut Granted,
) -> Result<(), Error> {
    let resumed = waits::resume(
        transaction,
        host,
        claim.queue,
        claim.rows,
        &granted.settings,
    )
    .await?;
    for row in read(transaction, &resumed).await? {
        let claimed = Claimed {
            resumed: true,
            lent: true,
            ..row.read(true, &granted.settings, transaction.now)?
        };
        granted.claimed.push(claimed);
    }
    Ok(())
}

/// Takes the heads of a queue without partitions. If an ordered queue's retry holds back the rest: for
/// how many microseconds.
pub(super) async fn heads(
    transaction: &mut Transaction,
    host: HostNumber,
    rows_max: u32,
    rates: &Rates,
    granted: &mut Granted,
) -> Result<Option<u64>, Error> {
    if rows_max == 0 {
        return Ok(None);
    }
    let now = transaction.now.0;
    let mut heads: Vec<Row> = sqlx::query_as(include_str!("sql/heads.sql"))
        .bind(granted.queue.0)
        .bind(rows_max)
        .bind(INLINE_ARGUMENTS_BYTES as i64)
        .bind(now)
        .bind(granted.settings.is_ordered())
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)?;
    let held = |row: &Row| row.backoff.filter(|until| *until > now);
    let held_until = heads.iter().find_map(held);
    if let Some(free) = heads.iter().position(|row| held(row).is_some()) {
        heads.truncate(free);
    }
    give(transaction, host, heads, false, rates, granted).await?;
    Ok(held_until.map(|until| (until - now) as u64))
}

/// A descendant that may start in a slot which a waiting workflow lends.
#[derive(FromRow)]
struct Borrower {
    key: i64,
    payer: i64,
    /// Whether its partition's slot is lent as well.
    lane_lent: bool,
    partition: Option<String>,
}

/// Takes descendants that start in slots which waiting workflows lend, at most `rows_max`.
pub(super) async fn lend(
    transaction: &mut Transaction,
    host: HostNumber,
    rows_max: u32,
    rates: &Rates,
    granted: &mut Granted,
) -> Result<(), Error> {
    if !lends(&granted.settings) {
        return Ok(());
    }
    let most = granted.claimed.len() + rows_max as usize;
    while granted.claimed.len() < most {
        let rows_left = most - granted.claimed.len();
        let mut borrowers = borrowers(transaction, rows_left, rates, granted).await?;
        if borrowers.is_empty() {
            break;
        }
        // Of a partition one after the other: each may have been its last slot, or start.
        let mut partitions = HashSet::new();
        let before = borrowers.len();
        let lane_counts = rates.lane.is_some();
        borrowers.retain(|borrower| {
            (borrower.lane_lent && !lane_counts)
                || borrower.partition.is_none()
                || partitions.insert(borrower.partition.clone())
        });
        let deferred = borrowers.len() < before;
        let lent: Vec<_> = (borrowers.iter())
            .map(|borrower| (borrower.key, borrower.payer, borrower.lane_lent))
            .collect();
        sqlx::query(
            "update live set payer = lent.payer, lane_lent = lent.lane
             from (select value ->> 0 as key, value ->> 1 as payer, value ->> 2 as lane
                   from json_each(?1)) lent
             where live.key = lent.key",
        )
        .bind(rows(&lent))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
        let keys: Vec<Key> = lent.iter().map(|(key, ..)| Key(*key)).collect();
        let found = read(transaction, &keys).await?;
        give(transaction, host, found, true, rates, granted).await?;
        if !deferred {
            break;
        }
    }
    Ok(())
}

/// Whether slots are lent: where there is a limit.
fn lends(settings: &Settings) -> bool {
    !settings.paused && (settings.concurrency.is_some() || lane_concurrency(settings).is_some())
}

/// Whether a descendant could start in a slot that is lent.
pub(super) async fn could_lend(
    transaction: &mut Transaction,
    rates: &Rates,
    granted: &Granted,
) -> Result<bool, Error> {
    let lends = lends(&granted.settings);
    Ok(lends && !borrowers(transaction, 1, rates, granted).await?.is_empty())
}

async fn borrowers(
    transaction: &mut Transaction,
    rows_max: usize,
    rates: &Rates,
    granted: &Granted,
) -> Result<Vec<Borrower>, Error> {
    let settings = &granted.settings;
    let sql = match settings.partitions {
        None => include_str!("sql/borrowers.sql"),
        Some(_) => include_str!("sql/lane_borrowers.sql"),
    };
    sqlx::query_as(sql)
        .bind(granted.queue.0)
        .bind(rows_max as i64)
        .bind(transaction.now.0)
        .bind(settings.is_ordered())
        .bind(settings.concurrency.is_some())
        .bind(lane_concurrency(settings))
        .bind(rates.lane.map(|rate| rate.since))
        .bind(rates.lane.map(|rate| rate.limit))
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)
}

/// Gives queued invocations to the host, and counts their starts: on an ordered queue they are running,
/// else reserved.
pub(super) async fn give(
    transaction: &mut Transaction,
    host: HostNumber,
    found: Vec<Row>,
    lent: bool,
    rates: &Rates,
    granted: &mut Granted,
) -> Result<(), Error> {
    let ordered = granted.settings.is_ordered();
    let before = granted.claimed.len();
    let (mut reserved, mut running, mut retries) = (Vec::new(), Vec::new(), Vec::new());
    for mut row in found {
        let starts = ordered && row.deaths < DEATHS_ALONE;
        if starts {
            running.push(Key(row.key));
        } else {
            reserved.push(Key(row.key));
        }
        if row.backoff.is_some() {
            retries.push(Key(row.key));
        }
        row.fence += 1;
        row.attempt += 1;
        let claimed = row.read(starts, &granted.settings, transaction.now)?;
        granted.claimed.push(Claimed { lent, ..claimed });
    }
    reserve(transaction, host, &reserved, rates).await?;
    start(transaction, host, &running, rates).await?;
    forget_backoff(transaction, &retries).await?;
    tokens::count(
        transaction,
        granted.queue,
        rates,
        &granted.claimed[before..],
    )
    .await
}

async fn reserve(
    transaction: &mut Transaction,
    host: HostNumber,
    keys: &[Key],
    rates: &Rates,
) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set host = ?2, fence = fence + 1, token = ?3, lane_token = ?4
         where key in (select value from json_each(?1))",
    )
    .bind(rows(&keys))
    .bind(host.0)
    .bind(rates.queue.map(|rate| rate.stamp))
    .bind(rates.lane.map(|rate| rate.stamp))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn start(
    transaction: &mut Transaction,
    host: HostNumber,
    keys: &[Key],
    rates: &Rates,
) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set host = ?2, fence = fence + 1, state = 'running',
                         attempt = attempt + 1, started_at = ?3, token = ?4, lane_token = ?5
         where key in (select value from json_each(?1))",
    )
    .bind(rows(&keys))
    .bind(host.0)
    .bind(transaction.now.0)
    .bind(rates.queue.map(|rate| rate.stamp))
    .bind(rates.lane.map(|rate| rate.stamp))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// These are tried again now.
async fn forget_backoff(transaction: &mut Transaction, keys: &[Key]) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query("update live set backoff = null where key in (select value from json_each(?1))")
        .bind(rows(&keys))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The rows of what is claimed, in the order given.
pub(super) async fn read(transaction: &mut Transaction, keys: &[Key]) -> Result<Vec<Row>, Error> {
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
pub(super) struct Row {
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
    partition: Option<String>,
    retried: u32,
    /// Until when its retry waited, or waits.
    backoff: Option<i64>,
    deadline: Option<i64>,
    retries: Option<String>,
    unchecked: bool,
}

impl Row {
    fn read(self, running: bool, settings: &Settings, now: Moment) -> Result<Claimed, Error> {
        let retries = self.retries.as_deref().map(serde_json::from_str);
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
            partition: self.partition,
            retried: self.retried,
            retries: retries.transpose().map_err(unreadable)?,
            left_us: (self.deadline).map(|deadline| u64::try_from(deadline - now.0).unwrap_or(0)),
            unchecked: self.unchecked,
        })
    }
}
