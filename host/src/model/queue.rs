//! What a queue allows.

use serde::{Deserialize, Serialize};

use super::retry::Retries;

/// The highest concurrency that may be asked for.
pub const CONCURRENCY_MAX: u32 = 1_000_000;

/// The longest timeout of one attempt, in milliseconds: thirty days.
pub const TIMEOUT_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// The highest number of starts in a period that may be asked for.
pub const RATE_MAX: u32 = 10_000_000;

/// The longest period of a rate limit, in milliseconds: thirty days.
pub const PERIOD_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// The highest age or count that retention may be asked for.
pub const RETENTION_MAX: u64 = 1 << 53;

/// How long after it was counted against a rate limit a start may happen, in milliseconds. What has
/// not started by then goes back and is counted no more.
pub const TOKEN_GRACE_MS: u64 = 250;

/// At most so many starts in any period of this length, over all hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many.
    pub limit: u32,
    /// The length of the period, in milliseconds.
    pub period_ms: u64,
}

/// Limits of each partition of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Partitions {
    /// At most so many invocations of one partition at once over all hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// At most so many starts of one partition in a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

/// For how long invocations that have ended are kept, by how they ended; what is not said, the host
/// says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Those that ended with a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<Keep>,
    /// Those that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Keep>,
    /// Those that were cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Keep>,
}

/// What is kept: whatever is older, or beyond the count, is deleted. Nothing said means for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Counted from the end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The newest so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// A queue's settings, all changeable while it runs; null or absent means no such limit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// At most so many invocations at once over all hosts.
    pub concurrency: Option<u32>,
    /// At most so many invocations at once on one host.
    pub worker_concurrency: Option<u32>,
    /// At most so many starts in a period, over all hosts.
    pub rate_limit: Option<RateLimit>,
    /// Limits of each partition; the limits above then hold for all partitions together.
    pub partitions: Option<Partitions>,
    /// Whether retries keep their place and hold what follows, and starts happen in order; of a queue
    /// with partitions, within each partition. Where it is not said: true if `concurrency`, or that
    /// of a partition, is 1.
    pub ordered: Option<bool>,
    /// Whether nothing starts.
    pub paused: bool,
    /// How long one attempt may take, in milliseconds, where the call does not say.
    pub timeout_ms: Option<u64>,
    /// How often a failed attempt is made again, where the call does not say.
    pub retries: Option<Retries>,
    /// For how long what has ended is kept.
    pub retention: Option<Retention>,
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct InvalidSetting {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it, and the way out.
    pub message: String,
}

impl Settings {
    /// Whether starts happen strictly in order.
    pub fn is_ordered(&self) -> bool {
        let partition = self
            .partitions
            .and_then(|partitions| partitions.concurrency);
        self.ordered
            .unwrap_or(self.concurrency == Some(1) || partition == Some(1))
    }

    /// Whether a claim must look at what others have taken: a limit or an order is at stake.
    pub fn is_shared(&self) -> bool {
        self.concurrency.is_some()
            || self.rate_limit.is_some()
            || self.partitions.is_some()
            || self.is_ordered()
    }

    /// These settings, if they can be.
    pub fn checked(self) -> Result<Self, InvalidSetting> {
        slots("concurrency", self.concurrency)?;
        slots("worker_concurrency", self.worker_concurrency)?;
        rate("rate_limit", self.rate_limit)?;
        if let Some(partitions) = self.partitions {
            slots("partitions.concurrency", partitions.concurrency)?;
            rate("partitions.rate_limit", partitions.rate_limit)?;
        }
        if let Some(retention) = &self.retention {
            keep("retention.succeeded", retention.succeeded)?;
            keep("retention.failed", retention.failed)?;
            keep("retention.cancelled", retention.cancelled)?;
        }
        within("timeout_ms", self.timeout_ms, 1, TIMEOUT_MS_MAX, "")?;
        let retries = self.retries.map(|retries| retries.checked("retries"));
        Ok(Self {
            retries: retries.transpose()?,
            ..self
        })
    }
}

fn within(
    field: &'static str,
    value: Option<u64>,
    least: u64,
    most: u64,
    way_out: &str,
) -> Result<(), InvalidSetting> {
    match value {
        Some(value) if value < least || value > most => Err(InvalidSetting {
            field,
            message: format!("expected {least} to {most}, got {value}{way_out}"),
        }),
        _ => Ok(()),
    }
}

fn slots(field: &'static str, slots: Option<u32>) -> Result<(), InvalidSetting> {
    let way_out = match slots {
        Some(0) => " (to stop a queue, pause it)",
        _ => " (null means no limit)",
    };
    within(
        field,
        slots.map(u64::from),
        1,
        CONCURRENCY_MAX.into(),
        way_out,
    )
}

fn rate(field: &'static str, rate: Option<RateLimit>) -> Result<(), InvalidSetting> {
    let way_out = match rate {
        Some(RateLimit { limit: 0, .. }) => " (to stop a queue, pause it)",
        _ => " (null means no limit)",
    };
    within(
        field,
        rate.map(|rate| rate.limit.into()),
        1,
        RATE_MAX.into(),
        way_out,
    )?;
    let period = rate.map(|rate| rate.period_ms);
    within(
        field,
        period,
        1,
        PERIOD_MS_MAX,
        " as the period in milliseconds",
    )
}

fn keep(field: &'static str, keep: Option<Keep>) -> Result<(), InvalidSetting> {
    let keep = keep.unwrap_or_default();
    within(field, keep.age_ms, 0, RETENTION_MAX, " milliseconds")?;
    within(field, keep.count, 0, RETENTION_MAX, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_with_concurrency_one_is_ordered_unless_told_otherwise() {
        let one = Settings {
            concurrency: Some(1),
            ..Settings::default()
        };
        let loose = Settings {
            ordered: Some(false),
            ..one.clone()
        };

        assert!(one.is_ordered());
        assert!(!loose.is_ordered());
        assert!(!Settings::default().is_ordered());
    }

    #[test]
    fn a_concurrency_of_zero_or_a_billion_is_refused() {
        for concurrency in [0, 1_000_000_000] {
            let settings = Settings {
                concurrency: Some(concurrency),
                ..Settings::default()
            };
            assert_eq!(settings.checked().unwrap_err().field, "concurrency");
        }
    }

    #[test]
    fn a_queue_whose_partitions_take_one_at_a_time_is_ordered() {
        let settings = Settings {
            partitions: Some(Partitions {
                concurrency: Some(1),
                rate_limit: None,
            }),
            ..Settings::default()
        };

        assert!(settings.is_ordered());
    }

    #[test]
    fn a_rate_of_nothing_or_over_a_century_is_refused() {
        for (limit, period_ms) in [
            (0, 1_000),
            (5, 0),
            (5, 100 * 366 * 24 * 3_600_000),
            (1_000_000_000, 1),
        ] {
            let settings = Settings {
                rate_limit: Some(RateLimit { limit, period_ms }),
                ..Settings::default()
            };
            assert_eq!(settings.checked().unwrap_err().field, "rate_limit");
        }
    }
}
