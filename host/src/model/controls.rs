//! What a caller may say about one call: when, how often, in which partition, how urgently.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::queue::InvalidSetting;
use super::retry::Retries;
use super::{Key, Moment};

/// The longest partition key, deduplication key, tag name or tag value, in bytes.
pub const KEY_BYTES_MAX: usize = 256;

/// The most tags of one call.
pub const TAGS_MAX: usize = 32;

/// The longest delay, period or deadline, in milliseconds: five years.
pub const DELAY_MS_MAX: u64 = 5 * 366 * 24 * 60 * 60 * 1000;

/// What is said about one call beyond its queue, task and arguments.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Controls {
    /// When it may start.
    pub start: Start,
    /// The partition of its queue, if that has partitions.
    pub partition: Option<String>,
    /// How often, and when, a failed attempt is made again; else what the queue says.
    pub retries: Option<Retries>,
    /// From enqueue to outcome, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// For people and filters.
    pub tags: BTreeMap<String, String>,
    /// Whether it is the only one of its kind.
    pub once: Option<Once>,
    /// The invocation that it does again: a retry by a person, or a resumption.
    pub retry_of: Option<Key>,
}

/// When a call may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// As soon as it is its turn.
    #[default]
    Now,
    /// Not before so many milliseconds have passed.
    After(u64),
    /// Not before this moment. One that has passed means now.
    At(Moment),
}

/// How a call is kept to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// Of one key, one at a time.
    Dedup(Dedup),
    /// Of one key, the last within a period.
    Debounce(Debounce),
}

/// Of one key in a queue there is one invocation that has not ended, or within a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dedup {
    /// The key.
    pub key: String,
    /// What becomes of a second call.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// For how long after its enqueue an invocation keeps the key, even if it has ended, in
    /// milliseconds. It keeps it at least until it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ms: Option<u64>,
}

/// What becomes of a call whose deduplication key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// It is refused.
    Reject,
    /// The handle of the one that has the key is returned.
    #[default]
    Return,
    /// The one that has the key and has not started takes over this call: it keeps its id and its
    /// place. If it has started or ended, this call is stored as a new one, which has the key from
    /// then on.
    Replace,
}

/// Calls of one key wait until none has come for a while; the last one wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debounce {
    /// The key.
    pub key: String,
    /// How long to wait after the last call, in milliseconds.
    pub period_ms: u64,
    /// How long after the first call it starts in any case, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
}

impl Controls {
    /// These controls, if they can be. `chosen` says that the caller chose the id.
    pub fn checked(self, chosen: bool) -> Result<Self, InvalidSetting> {
        let fail = |field, message: String| Err(InvalidSetting { field, message });
        if let Some(partition) = &self.partition {
            text("partition", partition)?;
        }
        if let Start::After(ms) = self.start {
            span("delay_ms", ms)?;
        }
        if let Some(ms) = self.deadline_ms {
            span("deadline_ms", ms)?;
            if matches!(self.start, Start::After(delay) if delay >= ms) {
                return fail("deadline_ms", "it is over before the delay is".to_owned());
            }
        }
        if self.tags.len() > TAGS_MAX {
            let count = self.tags.len();
            return fail("tags", format!("expected at most {TAGS_MAX}, got {count}"));
        }
        for (name, value) in &self.tags {
            text("tags", name)?;
            if value.len() > KEY_BYTES_MAX {
                return fail(
                    "tags",
                    format!("the value of `{name}` is longer than {KEY_BYTES_MAX} bytes"),
                );
            }
        }
        match &self.once {
            Some(Once::Dedup(dedup)) => {
                text("dedup.key", &dedup.key)?;
                if let Some(ms) = dedup.period_ms {
                    span("dedup.period_ms", ms)?;
                }
                if chosen && dedup.on_conflict == OnConflict::Replace {
                    return fail("dedup", "an id beside `replace`: what is replaced keeps its own id, leave one of them out".to_owned());
                }
            }
            Some(Once::Debounce(debounce)) => {
                text("debounce.key", &debounce.key)?;
                span("debounce.period_ms", debounce.period_ms)?;
                if let Some(ms) = debounce.deadline_ms {
                    span("debounce.deadline_ms", ms)?;
                    if ms < debounce.period_ms {
                        return fail(
                            "debounce.deadline_ms",
                            "it is shorter than the period".to_owned(),
                        );
                    }
                }
                if chosen {
                    return fail("debounce", "an id beside it: calls that are debounced become one invocation, leave one of them out".to_owned());
                }
                if self.start != Start::Now {
                    return fail("debounce", "a delay or start time beside it: the period says when it starts, leave one of them out".to_owned());
                }
            }
            None => {}
        }
        match self
            .retries
            .map(|retries| retries.checked("retries"))
            .transpose()
        {
            Ok(retries) => Ok(Self { retries, ..self }),
            Err(error) => Err(error),
        }
    }
}

/// Checks a key, or the name of a tag.
fn text(field: &'static str, text: &str) -> Result<(), InvalidSetting> {
    let message = match text.len() {
        0 => format!("is empty: give 1 to {KEY_BYTES_MAX} bytes"),
        n if n > KEY_BYTES_MAX => format!("has {n} bytes: at most {KEY_BYTES_MAX} are allowed"),
        _ if text.contains('\0') => "contains the character U+0000".to_owned(),
        _ => return Ok(()),
    };
    Err(InvalidSetting { field, message })
}

/// Checks a length of time.
fn span(field: &'static str, ms: u64) -> Result<(), InvalidSetting> {
    match ms {
        1..=DELAY_MS_MAX => Ok(()),
        _ => Err(InvalidSetting {
            field,
            message: format!("expected 1 to {DELAY_MS_MAX}, got {ms}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debounced() -> Controls {
        Controls {
            once: Some(Once::Debounce(Debounce {
                key: "k".to_owned(),
                period_ms: 500,
                deadline_ms: Some(5_000),
            })),
            ..Controls::default()
        }
    }

    #[test]
    fn options_that_contradict_each_other_are_refused_with_the_way_out() {
        let delayed = Controls {
            start: Start::After(10),
            ..debounced()
        };
        let late = Controls {
            start: Start::After(10),
            deadline_ms: Some(10),
            ..Controls::default()
        };

        assert_eq!(debounced().checked(true).unwrap_err().field, "debounce");
        assert_eq!(delayed.checked(false).unwrap_err().field, "debounce");
        assert_eq!(late.checked(false).unwrap_err().field, "deadline_ms");
        assert!(debounced().checked(false).is_ok());
    }

    #[test]
    fn keys_of_a_megabyte_or_of_nothing_are_refused() {
        for partition in [String::new(), "k".repeat(1 << 20)] {
            let controls = Controls {
                partition: Some(partition),
                ..Controls::default()
            };
            assert_eq!(controls.checked(false).unwrap_err().field, "partition");
        }
    }
}
