//! Starts that count against rate limits.
//!
//! A start is counted when it is claimed, by a token at that moment rounded up to a thousandth of the
//! period. A token counts for the period and the grace within which its start may still happen, so
//! that no window of the period ever holds more starts than the limit. What goes back unstarted gives
//! its tokens back.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::packed::rows;
use super::{Error, Transaction, failed};
use crate::model::queue::{RateLimit, Settings, TOKEN_GRACE_MS};
use crate::model::{Key, Moment, QueueId};
use crate::store::Claimed;

/// How finely the tokens of a period are told apart.
const STEPS_OF_PERIOD: i64 = 1_000;

/// The finest step, in microseconds.
const STEP_MIN_US: i64 = 1_000;

/// A rate limit, as it stands for a claim. Times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) limit: i64,
    /// The moment of the tokens of this claim.
    pub(super) stamp: i64,
    /// Tokens of this moment and before count no more.
    pub(super) since: i64,
    /// For how long a token counts.
    counts_us: i64,
}

impl Rate {
    fn of(rate: RateLimit, now: Moment) -> Self {
        let period = rate.period_ms as i64 * 1_000;
        let step = (period / STEPS_OF_PERIOD).max(STEP_MIN_US);
        let counts_us = period + TOKEN_GRACE_MS as i64 * 1_000;
        Self {
            limit: rate.limit.into(),
            stamp: (now.0 + step - 1).div_euclid(step) * step,
            since: now.0 - counts_us,
            counts_us,
        }
    }

    /// In how many microseconds a token of this moment counts no more.
    pub(super) fn leaves_in(&self, at: i64) -> u64 {
        // One that counts has not left yet: at least a microsecond.
        (at - self.since).clamp(1, 2 * self.counts_us) as u64
    }
}

/// The rate limits of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rates {
    pub(super) queue: Option<Rate>,
    /// Of each partition.
    pub(super) lane: Option<Rate>,
}

impl Rates {
    pub(super) fn of(settings: &Settings, now: Moment) -> Self {
        let lane = settings.partitions.and_then(|lanes| lanes.rate_limit);
        Self {
            queue: settings.rate_limit.map(|rate| Rate::of(rate, now)),
            lane: lane.map(|rate| Rate::of(rate, now)),
        }
    }

    pub(super) fn are_none(&self) -> bool {
        self.queue.is_none() && self.lane.is_none()
    }
}

/// How many may start of the whole queue by its rate limit.
pub(super) async fn opened(
    transaction: &mut Transaction,
    queue: QueueId,
    rate: Option<Rate>,
) -> Result<u32, Error> {
    let Some(rate) = rate else {
        return Ok(u32::MAX);
    };
    let counted: i64 = sqlx::query_scalar(
        "select coalesce(sum(n), 0) from tokens
         where queue_id = ?1 and of_partition = 0 and partition = '' and at > ?2",
    )
    .bind(queue.0)
    .bind(rate.since)
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(u32::try_from(rate.limit - counted).unwrap_or(0))
}

/// In how many microseconds the oldest start that counts against the queue's limit counts no more.
pub(super) async fn opens_in(
    transaction: &mut Transaction,
    queue: QueueId,
    rate: Rate,
) -> Result<Option<u64>, Error> {
    let oldest: Option<i64> = sqlx::query_scalar(
        "select min(at) from tokens
         where queue_id = ?1 and of_partition = 0 and partition = '' and at > ?2 and n > 0",
    )
    .bind(queue.0)
    .bind(rate.since)
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(oldest.map(|at| rate.leaves_in(at)))
}

/// Counts the starts of what was claimed, and forgets tokens of the same limits that count no more.
pub(super) async fn count(
    transaction: &mut Transaction,
    queue: QueueId,
    rates: &Rates,
    claimed: &[Claimed],
) -> Result<(), Error> {
    if rates.are_none() || claimed.is_empty() {
        return Ok(());
    }
    let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
    for lane in claimed.iter().filter_map(|one| one.partition.as_deref()) {
        *lanes.entry(lane).or_default() += 1;
    }
    let whole = BTreeMap::from([("", claimed.len())]);
    for (of_partition, rate, counts) in [(false, rates.queue, &whole), (true, rates.lane, &lanes)] {
        let Some(rate) = rate else { continue };
        let partitions: Vec<&str> = counts.keys().copied().collect();
        sqlx::query(include_str!("sql/tokens_old.sql"))
            .bind(queue.0)
            .bind(of_partition)
            .bind(rows(&partitions))
            .bind(rate.since)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
        sqlx::query(include_str!("sql/tokens.sql"))
            .bind(queue.0)
            .bind(of_partition)
            .bind(rows(&counts.iter().collect::<Vec<_>>()))
            .bind(rate.stamp)
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Token {
    queue_id: i64,
    partition: Option<String>,
    token: Option<i64>,
    lane_token: Option<i64>,
}

/// Counts the starts of these no more, which have not happened.
pub(super) async fn give_back(transaction: &mut Transaction, keys: &[Key]) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let found: Vec<Token> = sqlx::query_as(
        "select queue_id, partition, token, lane_token from live
         where key in (select value from json_each(?1))
           and (token is not null or lane_token is not null)",
    )
    .bind(rows(&keys))
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if found.is_empty() {
        return Ok(());
    }
    let mut back: BTreeMap<(i64, bool, &str, i64), u32> = BTreeMap::new();
    for row in &found {
        if let Some(at) = row.token {
            *back.entry((row.queue_id, false, "", at)).or_default() += 1;
        }
        if let (Some(at), Some(lane)) = (row.lane_token, &row.partition) {
            *back.entry((row.queue_id, true, lane, at)).or_default() += 1;
        }
    }
    let back: Vec<_> = back.into_iter().collect();
    sqlx::query(include_str!("sql/tokens_back.sql"))
        .bind(rows(&back))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_counts_for_the_period_and_the_grace_after_its_step() {
        let limit = RateLimit {
            limit: 3,
            period_ms: 10_000,
        };

        let claimed = Rate::of(limit, Moment(1_000_001));
        let later = Rate::of(limit, Moment(claimed.stamp + 10_250_000 - 1));
        let free = Rate::of(limit, Moment(claimed.stamp + 10_250_000));

        assert_eq!(claimed.stamp, 1_010_000);
        assert!(later.since < claimed.stamp);
        assert_eq!(later.leaves_in(claimed.stamp), 1);
        assert_eq!(free.since, claimed.stamp);
    }
}
