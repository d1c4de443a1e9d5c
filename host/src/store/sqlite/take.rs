//! What a claim takes: workflows that go on, heads, and descendants that borrow a slot.
//!
//! How many it may take is decided in `claim`; that each slot is lent to one at a time, here.

use bytes::Bytes;
use sqlx::FromRow;

use super::packed::rows;
use super::{Error, Transaction, failed, unreadable, waits};
use crate::model::{Fence, FunctionId, HostNumber, InvocationId, Key, Namespace, queue::Settings};
use crate::store::{Claim, Claimed, Granted, Hold, INLINE_ARGUMENTS_BYTES};

/// Deaths from which on an invocation executes alone on its host.
const DEATHS_ALONE: i64 = 2;

/// Lets workflows that are ready go on in their own slots.
pub(super) async fn resume(
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
pub(super) async fn heads(
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
    give(transaction, host, heads, false, granted).await
}

/// Takes descendants that start in slots which waiting workflows lend.
pub(super) async fn lend(
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
    let found = read(transaction, &keys).await?;
    give(transaction, host, found, true, granted).await
}

/// Gives queued invocations to the host: on an ordered queue they are running, else reserved.
async fn give(
    transaction: &mut Transaction,
    host: HostNumber,
    found: Vec<Row>,
    lent: bool,
    granted: &mut Granted,
) -> Result<(), Error> {
    let ordered = granted.settings.is_ordered();
    let (mut reserved, mut running) = (Vec::new(), Vec::new());
    for mut row in found {
        let starts = ordered && row.deaths < DEATHS_ALONE;
        if starts {
            running.push(Key(row.key));
        } else {
            reserved.push(Key(row.key));
        }
        row.fence += 1;
        row.attempt += 1;
        let claimed = row.read(starts, &granted.settings)?;
        granted.claimed.push(Claimed { lent, ..claimed });
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
            partition: None,
            retried: 0,
            retries: None,
            left_us: None,
            unchecked: false,
        })
    }
}
