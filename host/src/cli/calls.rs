//! What the command line says about a call beyond its task and arguments.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum;
use windlass_client::wire::{Debounce, Dedup, EnqueueRequest, OnConflict, Retries};

use super::arguments::Prepared;
use crate::http::duration;

/// What is said about a call.
#[derive(Debug, Default, clap::Args)]
pub struct CallFlags {
    /// Lower goes first.
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    priority: Option<i32>,

    /// Not before so much time has passed, such as 15m.
    #[arg(long, value_parser = duration, value_name = "DURATION", conflicts_with = "start_at")]
    delay: Option<Duration>,

    /// Not before this moment, such as 2026-01-31T09:00:00Z.
    #[arg(long, value_name = "MOMENT")]
    start_at: Option<String>,

    /// The partition, on a queue that has partitions.
    #[arg(long, value_name = "KEY")]
    partition: Option<String>,

    /// Of this key there is one invocation in the queue that has not ended.
    #[arg(long, value_name = "KEY", conflicts_with = "debounce")]
    dedup: Option<String>,

    /// What becomes of this call if another one has the key.
    #[arg(long, value_enum, requires = "dedup")]
    on_conflict: Option<Conflict>,

    /// For how long an invocation keeps the key at least, even if it has ended.
    #[arg(long, value_parser = duration, value_name = "DURATION", requires = "dedup")]
    dedup_for: Option<Duration>,

    /// Of the calls of this key the last one wins, when none has come for --debounce-for.
    #[arg(long, value_name = "KEY", requires = "debounce_for")]
    debounce: Option<String>,

    /// How long no other call of the key must come.
    #[arg(long, value_parser = duration, value_name = "DURATION", requires = "debounce")]
    debounce_for: Option<Duration>,

    /// How long after the first call of the key it starts in any case.
    #[arg(long, value_parser = duration, value_name = "DURATION", requires = "debounce")]
    debounce_max: Option<Duration>,

    /// How long one attempt may take, such as 30s.
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    timeout: Option<Duration>,

    /// How long it may take from enqueue to its end; then it ends as a timeout.
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    deadline: Option<Duration>,

    #[command(flatten)]
    retries: RetryFlags,

    /// A tag, for people and filters; may be repeated.
    #[arg(long = "tag", value_parser = tag, value_name = "NAME:VALUE")]
    tags: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Conflict {
    /// It is refused.
    Reject,
    /// It is answered with the one that has the key.
    Return,
    /// It takes the place of one that has not started.
    Replace,
}

/// When a failed attempt is made again.
#[derive(Debug, Default, clap::Args)]
pub struct RetryFlags {
    /// How many times a failed attempt is made again.
    #[arg(long, value_name = "N")]
    retries: Option<u32>,

    /// The wait before the first of them; 1s unless said otherwise.
    #[arg(long, value_parser = duration, value_name = "DURATION", requires = "retries")]
    retry_backoff: Option<Duration>,

    /// By how much each wait is longer than the one before; 2 unless said otherwise.
    #[arg(long, value_name = "FACTOR", requires = "retries")]
    retry_factor: Option<f64>,

    /// The longest wait; 1h unless said otherwise.
    #[arg(long, value_parser = duration, value_name = "DURATION", requires = "retries")]
    retry_backoff_max: Option<Duration>,

    /// How much of a wait is left to chance, from 0 to 1; 0.1 unless said otherwise.
    #[arg(long, value_name = "PART", requires = "retries")]
    retry_jitter: Option<f64>,

    /// Which failures are tried again: kinds, or guest:CASE; guest,trap,limit,timeout unless said
    /// otherwise.
    #[arg(long, value_delimiter = ',', value_name = "KIND", requires = "retries")]
    retry_on: Vec<String>,
}

impl RetryFlags {
    /// In the words of the API; none if nothing is said.
    pub fn in_words(&self) -> Option<Retries> {
        Some(Retries {
            max: self.retries?,
            backoff_ms: self.retry_backoff.map(ms),
            factor: self.retry_factor,
            max_backoff_ms: self.retry_backoff_max.map(ms),
            jitter: self.retry_jitter,
            on: (!self.retry_on.is_empty()).then(|| self.retry_on.clone()),
        })
    }
}

impl CallFlags {
    /// The request to enqueue a call of which this is said.
    pub fn request(&self, queue: &str, prepared: Prepared) -> EnqueueRequest {
        let dedup = self.dedup.as_ref().map(|key| Dedup {
            key: key.clone(),
            on_conflict: match self.on_conflict {
                Some(Conflict::Reject) => OnConflict::Reject,
                Some(Conflict::Return) | None => OnConflict::Return,
                Some(Conflict::Replace) => OnConflict::Replace,
            },
            period_ms: self.dedup_for.map(ms),
        });
        let debounce = self.debounce.as_ref().zip(self.debounce_for);
        let debounce = debounce.map(|(key, period)| Debounce {
            key: key.clone(),
            period_ms: ms(period),
            deadline_ms: self.debounce_max.map(ms),
        });
        let tags: BTreeMap<_, _> = self.tags.iter().cloned().collect();
        EnqueueRequest {
            priority: self.priority,
            delay_ms: self.delay.map(ms),
            start_at: self.start_at.clone(),
            partition: self.partition.clone(),
            dedup,
            debounce,
            timeout_ms: self.timeout.map(ms),
            deadline_ms: self.deadline.map(ms),
            retries: self.retries.in_words(),
            tags,
            ..EnqueueRequest::new(queue, prepared.task, prepared.args)
        }
    }
}

/// A duration in whole milliseconds.
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("{text:?} is no tag: write it as NAME:VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;

    fn read(line: &[&str]) -> Result<EnqueueRequest, clap::Error> {
        let command = CallFlags::augment_args(clap::Command::new("call").no_binary_name(true));
        let flags = CallFlags::from_arg_matches(&command.try_get_matches_from(line)?)?;
        let args = serde_json::value::to_raw_value(&[(); 0]).unwrap();
        let task = "a/b".to_owned();
        Ok(flags.request("q", Prepared { task, args }))
    }

    #[test]
    fn what_is_said_on_the_command_line_is_what_the_api_is_told() {
        let line = "--delay 15m --partition ada --dedup k --on-conflict reject --dedup-for 1h \
                    --retries 3 --retry-on guest:busy,trap --tag customer:7 --deadline 2h";

        let request = read(&line.split_whitespace().collect::<Vec<_>>()).unwrap();

        assert_eq!(
            serde_json::to_value(request).unwrap(),
            serde_json::json!({
                "queue": "q", "task": "a/b", "args": [], "delay_ms": 900_000, "partition": "ada",
                "dedup": {"key": "k", "on_conflict": "reject", "period_ms": 3_600_000},
                "deadline_ms": 7_200_000, "retries": {"max": 3, "on": ["guest:busy", "trap"]},
                "tags": {"customer": "7"},
            })
        );
    }

    #[test]
    fn flags_that_contradict_each_other_or_lack_one_another_are_refused() {
        for line in [
            "--delay 1s --start-at 2026-01-01T00:00:00Z",
            "--dedup a --debounce b --debounce-for 1s",
            "--debounce b",
            "--on-conflict reject",
            "--retry-on guest",
            "--tag customer",
        ] {
            let line: Vec<_> = line.split_whitespace().collect();
            assert!(read(&line).is_err(), "{line:?}");
        }
    }
}
