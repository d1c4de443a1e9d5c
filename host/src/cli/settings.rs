//! What the command line changes of a queue.
//!
//! The API sets a setting that has parts whole: where only some of them are named here, the others
//! are read first, so that they stay.

use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use windlass_client::wire::{
    Keep, Partitions, QueueChange, QueueSettings, RateLimit, Retention, Retries,
};
use windlass_client::{Error as ClientError, Queue};

use super::calls::ms;
use crate::http::duration;

/// What to change of a queue.
#[derive(Debug, Default, clap::Args)]
pub struct Change {
    /// At most so many at once over all hosts, or `none`.
    #[arg(long, value_name = "N|none")]
    concurrency: Option<OrNone<u32>>,

    /// At most so many at once on one host, or `none`.
    #[arg(long, value_name = "N|none")]
    worker_concurrency: Option<OrNone<u32>>,

    /// At most so many starts in a period over all hosts, such as 100/1m, or `none`.
    #[arg(long, value_name = "N/PERIOD|none")]
    rate_limit: Option<OrNone<Rate>>,

    /// Whether calls name partitions, which have limits of their own.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "yes")]
    partitions: Option<YesNo>,

    /// At most so many of one partition at once over all hosts, or `none`.
    #[arg(long, value_name = "N|none")]
    partition_concurrency: Option<OrNone<u32>>,

    /// At most so many starts of one partition in a period, such as 5/1s, or `none`.
    #[arg(long, value_name = "N/PERIOD|none")]
    partition_rate_limit: Option<OrNone<Rate>>,

    /// Whether starts happen strictly in order; `auto` follows --concurrency: yes where it, or
    /// --partition-concurrency, is 1.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "yes")]
    ordered: Option<Ordered>,

    /// Whether nothing starts.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    paused: Option<bool>,

    /// How long one attempt may take where the call does not say, such as 30s, or `none`.
    #[arg(long, value_name = "DURATION|none")]
    timeout: Option<OrNone<Span>>,

    /// How many times a failed attempt is made again where the call does not say, or `none`.
    #[arg(long, value_name = "N|none")]
    retries: Option<OrNone<u32>>,

    /// The wait before the first of them.
    #[arg(long, value_name = "DURATION")]
    retry_backoff: Option<Span>,

    /// By how much each wait is longer than the one before.
    #[arg(long, value_name = "FACTOR")]
    retry_factor: Option<f64>,

    /// The longest wait.
    #[arg(long, value_name = "DURATION")]
    retry_backoff_max: Option<Span>,

    /// How much of a wait is left to chance, from 0 to 1.
    #[arg(long, value_name = "PART")]
    retry_jitter: Option<f64>,

    /// Which failures are tried again: kinds, or guest:CASE.
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    retry_on: Vec<String>,

    /// For how long those that ended with a value are kept, or how many: 7d, 1000, `7d,1000`,
    /// `forever`, or `none` for what the host says.
    #[arg(long, value_name = "AGE,COUNT|none")]
    keep_succeeded: Option<OrNone<Kept>>,

    /// As --keep-succeeded, of those that failed.
    #[arg(long, value_name = "AGE,COUNT|none")]
    keep_failed: Option<OrNone<Kept>>,

    /// As --keep-succeeded, of those that were cancelled.
    #[arg(long, value_name = "AGE,COUNT|none")]
    keep_cancelled: Option<OrNone<Kept>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ordered {
    Yes,
    No,
    Auto,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span(u64);

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        duration(text).map(|span: Duration| Self(ms(span)))
    }
}

/// `100/1m`, or `100/m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate(RateLimit);

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fail = || format!("{text:?} is no rate: write it as 100/1m");
        let (limit, period) = text.split_once('/').ok_or_else(fail)?;
        let period = match period.starts_with(|c: char| c.is_ascii_digit()) {
            true => period.to_owned(),
            false => format!("1{period}"),
        };
        Ok(Self(RateLimit {
            limit: limit.parse().map_err(|_| fail())?,
            period_ms: ms(duration(&period).map_err(|_| fail())?),
        }))
    }
}

/// `7d`, `1000`, `7d,1000` or `forever`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept(Keep);

impl FromStr for Kept {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut keep = Keep::default();
        if text == "forever" {
            return Ok(Self(keep));
        }
        for part in text.split(',') {
            match (part.parse(), duration(part)) {
                (Ok(count), _) if keep.count.is_none() => keep.count = Some(count),
                (_, Ok(age)) if keep.age_ms.is_none() => keep.age_ms = Some(ms(age)),
                _ => {
                    return Err(format!(
                        "{text:?} is neither an age nor a count: write it as 7d, 1000, 7d,1000 or forever"
                    ));
                }
            }
        }
        Ok(Self(keep))
    }
}

/// Something, or the word `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OrNone<T>(Option<T>);

impl<T: FromStr<Err: std::fmt::Display>> FromStr for OrNone<T> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            text => match text.parse() {
                Ok(value) => Ok(Self(Some(value))),
                Err(error) => Err(format!("{error} (`none` means no limit)")),
            },
        }
    }
}

impl Change {
    /// Makes the queue, or changes it.
    pub async fn apply(&self, queue: &Queue) -> Result<windlass_client::wire::Queue, ClientError> {
        let present = match self.is_in_parts() {
            false => QueueSettings::default(),
            true => match queue.get().await {
                Ok(present) => present.settings,
                Err(ClientError::Problem(problem)) if problem.code == "queue-unknown" => {
                    QueueSettings::default()
                }
                Err(error) => return Err(error),
            },
        };
        queue.change(&self.in_words(&present)).await
    }

    /// Whether parts of settings are named that have others.
    fn is_in_parts(&self) -> bool {
        self.changes_partitions() || self.changes_retries() || self.changes_retention()
    }

    fn changes_partitions(&self) -> bool {
        self.partitions.is_some()
            || self.partition_concurrency.is_some()
            || self.partition_rate_limit.is_some()
    }

    fn changes_retries(&self) -> bool {
        self.retries.is_some()
            || self.retry_backoff.is_some()
            || self.retry_factor.is_some()
            || self.retry_backoff_max.is_some()
            || self.retry_jitter.is_some()
            || !self.retry_on.is_empty()
    }

    fn changes_retention(&self) -> bool {
        self.keep_succeeded.is_some() || self.keep_failed.is_some() || self.keep_cancelled.is_some()
    }

    fn in_words(&self, present: &QueueSettings) -> QueueChange {
        QueueChange {
            concurrency: self.concurrency.map(|OrNone(limit)| limit),
            worker_concurrency: self.worker_concurrency.map(|OrNone(limit)| limit),
            rate_limit: self
                .rate_limit
                .map(|OrNone(rate)| rate.map(|Rate(rate)| rate)),
            partitions: self
                .changes_partitions()
                .then(|| self.partitions(present.partitions)),
            ordered: self.ordered.map(|ordered| match ordered {
                Ordered::Yes => Some(true),
                Ordered::No => Some(false),
                Ordered::Auto => None,
            }),
            paused: self.paused,
            timeout_ms: self
                .timeout
                .map(|OrNone(timeout)| timeout.map(|Span(timeout)| timeout)),
            retries: self
                .changes_retries()
                .then(|| self.retries(present.retries.as_ref())),
            retention: self
                .changes_retention()
                .then(|| self.retention(present.retention)),
        }
    }

    fn partitions(&self, present: Option<Partitions>) -> Option<Partitions> {
        if self.partitions == Some(YesNo::No) {
            return None;
        }
        let mut limits = present.unwrap_or_default();
        if let Some(OrNone(concurrency)) = self.partition_concurrency {
            limits.concurrency = concurrency;
        }
        if let Some(OrNone(rate)) = self.partition_rate_limit {
            limits.rate_limit = rate.map(|Rate(rate)| rate);
        }
        Some(limits)
    }

    fn retries(&self, present: Option<&Retries>) -> Option<Retries> {
        if self.retries == Some(OrNone(None)) {
            return None;
        }
        let mut retries = present.cloned().unwrap_or_default();
        if let Some(OrNone(Some(max))) = self.retries {
            retries.max = max;
        }
        if let Some(Span(backoff)) = self.retry_backoff {
            retries.backoff_ms = Some(backoff);
        }
        if let Some(Span(longest)) = self.retry_backoff_max {
            retries.max_backoff_ms = Some(longest);
        }
        retries.factor = self.retry_factor.or(retries.factor);
        retries.jitter = self.retry_jitter.or(retries.jitter);
        if !self.retry_on.is_empty() {
            retries.on = Some(self.retry_on.clone());
        }
        Some(retries)
    }

    fn retention(&self, present: Option<Retention>) -> Option<Retention> {
        let mut kept = present.unwrap_or_default();
        for (said, kept) in [
            (self.keep_succeeded, &mut kept.succeeded),
            (self.keep_failed, &mut kept.failed),
            (self.keep_cancelled, &mut kept.cancelled),
        ] {
            if let Some(OrNone(keep)) = said {
                *kept = keep.map(|Kept(keep)| keep);
            }
        }
        Some(kept).filter(|kept| *kept != Retention::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_takes_a_limit_away_and_what_is_not_named_stays() {
        let change = Change {
            concurrency: Some("none".parse().unwrap()),
            timeout: Some("2s".parse().unwrap()),
            ..Change::default()
        };

        assert_eq!(
            change.in_words(&QueueSettings::default()),
            QueueChange {
                concurrency: Some(None),
                timeout_ms: Some(Some(2000)),
                ..QueueChange::default()
            }
        );
    }

    #[test]
    fn parts_that_are_not_named_stay_as_they_are() {
        let present = QueueSettings {
            partitions: Some(Partitions {
                concurrency: Some(1),
                rate_limit: None,
            }),
            retention: Some(Retention {
                failed: Some(Keep::default()),
                ..Retention::default()
            }),
            ..QueueSettings::default()
        };
        let change = Change {
            partition_rate_limit: Some("5/s".parse().unwrap()),
            keep_succeeded: Some("7d,1000".parse().unwrap()),
            ..Change::default()
        };

        let words = change.in_words(&present);

        let limits = words.partitions.unwrap().unwrap();
        assert_eq!(limits.concurrency, Some(1));
        assert_eq!(
            limits.rate_limit,
            Some(RateLimit {
                limit: 5,
                period_ms: 1_000
            })
        );
        let kept = words.retention.unwrap().unwrap();
        assert_eq!(kept.failed, Some(Keep::default()));
        assert_eq!(
            kept.succeeded,
            Some(Keep {
                age_ms: Some(604_800_000),
                count: Some(1_000)
            })
        );
        assert_eq!(words.concurrency, None);
    }

    #[test]
    fn partitions_and_retries_go_away_whole() {
        let change = Change {
            partitions: Some(YesNo::No),
            retries: Some("none".parse().unwrap()),
            ..Change::default()
        };

        let words = change.in_words(&QueueSettings::default());

        assert_eq!((words.partitions, words.retries), (Some(None), Some(None)));
    }

    #[test]
    fn what_is_no_limit_is_refused_with_the_way_out() {
        let error = "-1".parse::<OrNone<u32>>().unwrap_err();
        assert!(error.contains("`none` means no limit"), "{error}");
        for wrong in ["100", "100/", "x/1m", "100/1x"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
        for wrong in ["", "7d,1d", "long"] {
            assert!(wrong.parse::<Kept>().is_err(), "{wrong}");
        }
    }
}
