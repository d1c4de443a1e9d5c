//! Heads of a queue with partitions: its keys take turns.
//!
//! A claim walks the keys that have something queued, in their order, from behind the one that was
//! served last and once around. Those that are full, whose rate limit is closed or whose head backs off
//! are passed over. Then it takes one of each, and again one of each, until it has enough.

use sqlx::FromRow;

use super::packed::rows;
use super::tokens::Rates;
use super::{Error, Transaction, failed, take};
use crate::model::{HostNumber, Key, QueueId};
use crate::store::Granted;

/// The most keys that one claim looks at. It holds up every other writer for so long: some
/// milliseconds.
const LOOKED_MAX: usize = 2_000;

/// After how long a claim that has looked at so many keys goes on with the next, in microseconds:
/// others write in between.
const LOOK_ON_US: u64 = 10_000;

/// Keys that are looked at with one statement, at least: a few of them may be closed.
const BATCH_MIN: usize = 16;

/// A partition that has something to start.
struct Lane {
    partition: String,
    /// How many may start.
    free: usize,
    head: i64,
}

/// What a walk found.
#[derive(Default)]
struct Found {
    lanes: Vec<Lane>,
    /// In how many microseconds the first of those opens that only time holds back.
    opens_in: Option<u64>,
    looked: usize,
    /// The key that was looked at last.
    last: Option<String>,
}

#[derive(FromRow)]
struct Row {
    partition: String,
    taken: i64,
    counted: i64,
    oldest: Option<i64>,
    head: Option<i64>,
    backoff: Option<i64>,
}

#[derive(FromRow)]
struct Head {
    lane: i64,
    key: i64,
    backoff: Option<i64>,
}

impl Found {
    fn wait(&mut self, microseconds: u64) {
        let sooner = self
            .opens_in
            .map_or(microseconds, |first| first.min(microseconds));
        self.opens_in = Some(sooner);
    }

    /// Takes in a key that the walk came by.
    fn look(&mut self, row: Row, concurrency: Option<u32>, rates: &Rates, now: i64) {
        self.looked += 1;
        let slots = concurrency.map_or(i64::MAX, |concurrency| i64::from(concurrency) - row.taken);
        let starts = rates.lane.map_or(i64::MAX, |rate| rate.limit - row.counted);
        if let (Some(head), true) = (row.head, slots > 0) {
            let backoff = row.backoff.filter(|until| *until > now);
            let closed = rates.lane.filter(|_| starts <= 0).zip(row.oldest);
            match (closed, backoff) {
                (Some((rate, oldest)), _) => self.wait(rate.leaves_in(oldest)),
                (None, Some(until)) => self.wait((until - now) as u64),
                (None, None) => self.lanes.push(Lane {
                    partition: row.partition.clone(),
                    free: usize::try_from(slots.min(starts)).unwrap_or(0),
                    head,
                }),
            }
        }
        self.last = Some(row.partition);
    }
}

/// Takes heads, at most `rows_max`. If fewer can be had because time holds the others back: in how many
/// microseconds there may be more.
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
    let rows_max = rows_max as usize;
    let last = last_served(transaction, granted.queue).await?;
    let mut found = walk(transaction, rows_max, last.as_deref(), rates, granted).await?;
    let keys = rounds(transaction, rows_max, &mut found, granted).await?;
    let cut = found.looked >= LOOKED_MAX && found.lanes.len() < rows_max;
    if cut {
        found.wait(LOOK_ON_US);
    }
    let served = match keys.last() {
        _ if cut => found.last,
        Some((lane, _)) => Some(found.lanes.swap_remove(*lane).partition),
        None => None,
    };
    if let Some(served) = served.filter(|served| last.as_ref() != Some(served)) {
        turn(transaction, granted.queue, &served).await?;
    }
    let keys: Vec<Key> = keys.into_iter().map(|(_, key)| Key(key)).collect();
    let rows = take::read(transaction, &keys).await?;
    let taken = rows.len();
    take::give(transaction, host, rows, false, rates, granted).await?;
    Ok(found.opens_in.filter(|_| taken < rows_max))
}

/// Looks for keys with a head that may start, until there are enough of them.
async fn walk(
    transaction: &mut Transaction,
    rows_max: usize,
    last: Option<&str>,
    rates: &Rates,
    granted: &Granted,
) -> Result<Found, Error> {
    let concurrency = take::lane_concurrency(&granted.settings);
    let mut found = Found::default();
    let parts = match last {
        Some(last) => vec![(after(last), None), (String::new(), Some(last))],
        None => vec![(String::new(), None)],
    };
    for (mut from, until) in parts {
        loop {
            let left = LOOKED_MAX - found.looked;
            let wanted = rows_max - found.lanes.len();
            let batch = wanted.max(found.looked).max(BATCH_MIN).min(left);
            let rows: Vec<Row> = sqlx::query_as(include_str!("sql/lanes.sql"))
                .bind(granted.queue.0)
                .bind(from)
                .bind(until)
                .bind(batch as i64)
                .bind(transaction.now.0)
                .bind(concurrency.is_some())
                .bind(rates.lane.map(|rate| rate.since))
                .bind(granted.settings.is_ordered())
                .fetch_all(&mut transaction.connection)
                .await
                .map_err(failed)?;
            let came = rows.len();
            for row in rows {
                if found.lanes.len() < rows_max {
                    found.look(row, concurrency, rates, transaction.now.0);
                }
            }
            if found.lanes.len() == rows_max || found.looked >= LOOKED_MAX {
                return Ok(found);
            }
            match &found.last {
                Some(last) if came == batch => from = after(last),
                _ => break,
            }
        }
    }
    Ok(found)
}

/// The first text after this one.
fn after(text: &str) -> String {
    format!("{text}\0")
}

/// One head of each partition, then the second of each, and so on: which, with the partition's index.
async fn rounds(
    transaction: &mut Transaction,
    rows_max: usize,
    found: &mut Found,
    granted: &Granted,
) -> Result<Vec<(usize, i64)>, Error> {
    let lanes = &found.lanes;
    if lanes.len() >= rows_max || lanes.iter().all(|lane| lane.free == 1) {
        let heads = lanes.iter().enumerate().take(rows_max);
        return Ok(heads.map(|(index, lane)| (index, lane.head)).collect());
    }
    let partitions: Vec<&str> = lanes.iter().map(|lane| lane.partition.as_str()).collect();
    let partitions = rows(&partitions);
    let now = transaction.now.0;
    let mut depth = rows_max.div_ceil(lanes.len());
    loop {
        let heads: Vec<Head> = sqlx::query_as(include_str!("sql/lane_heads.sql"))
            .bind(granted.queue.0)
            .bind(&partitions)
            .bind(depth as i64)
            .bind(now)
            .bind(granted.settings.is_ordered())
            .fetch_all(&mut transaction.connection)
            .await
            .map_err(failed)?;
        let mut queues = vec![Vec::new(); found.lanes.len()];
        let mut held = vec![None; found.lanes.len()];
        for head in heads {
            let lane = head.lane as usize;
            if head.backoff.is_some_and(|until| until > now) {
                held[lane] = held[lane].or(head.backoff);
            } else if held[lane].is_none() {
                queues[lane].push(head.key);
            }
        }
        let mut total = 0;
        let mut deeper = false;
        for ((queue, lane), held) in queues.iter_mut().zip(&found.lanes).zip(&held) {
            deeper |= held.is_none() && queue.len() == depth && lane.free > depth;
            queue.truncate(lane.free);
            total += queue.len();
        }
        if total < rows_max && deeper && depth < rows_max {
            depth = (depth * 2).min(rows_max);
            continue;
        }
        for until in held.into_iter().flatten() {
            found.wait((until - now) as u64);
        }
        return Ok(in_turns(&queues, rows_max));
    }
}

fn in_turns(queues: &[Vec<i64>], rows_max: usize) -> Vec<(usize, i64)> {
    let mut taken = Vec::new();
    let deepest = queues.iter().map(Vec::len).max().unwrap_or(0);
    for round in 0..deepest {
        let of_round = queues
            .iter()
            .enumerate()
            .filter_map(|(lane, queue)| Some((lane, *queue.get(round)?)));
        taken.extend(of_round.take(rows_max - taken.len()));
    }
    taken
}

async fn last_served(
    transaction: &mut Transaction,
    queue: QueueId,
) -> Result<Option<String>, Error> {
    sqlx::query_scalar("select last from turns where queue_id = ?1")
        .bind(queue.0)
        .fetch_optional(&mut transaction.connection)
        .await
        .map_err(failed)
}

async fn turn(transaction: &mut Transaction, queue: QueueId, served: &str) -> Result<(), Error> {
    sqlx::query(
        "insert into turns (queue_id, last) values (?1, ?2)
         on conflict (queue_id) do update set last = excluded.last",
    )
    .bind(queue.0)
    .bind(served)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The queue has partitions from now on, or none any more: what has not ended is told.
pub(super) async fn change(
    transaction: &mut Transaction,
    queue: QueueId,
    partitioned: bool,
) -> Result<(), Error> {
    for sql in [
        "update live set
             partition = iif(?2, (select coalesce(i.partition, '') from invocations i
                                  where i.key = live.key), null),
             lane_token = null
         where queue_id = ?1",
        "update live set
             lane_lent = exists (select 1 from live other
                                 where other.payer = live.payer and other.partition = live.partition
                                   and other.key < live.key)
         where queue_id = ?1 and payer is not null",
        "delete from tokens where queue_id = ?1 and of_partition",
        "delete from turns where queue_id = ?1",
    ] {
        sqlx::query(sql)
            .bind(queue.0)
            .bind(partitioned)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_take_turns_until_enough_is_taken() {
        let queues = [vec![1, 2, 3], vec![10], vec![20, 21]];

        let taken = in_turns(&queues, 5);

        assert_eq!(taken, [(0, 1), (1, 10), (2, 20), (0, 2), (2, 21)]);
    }
}
