//! What a caller says about one call, and what its task's manifest says where the call does not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::controls::{DELAY_MS_MAX, Debounce, Dedup, Once, Start};
use crate::model::queue::InvalidSetting;
use crate::model::retry::Retries;
use crate::model::{Controls, Moment};

/// A call, as a caller asks for it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The queue; that of the task's manifest where it is not said.
    pub queue: Option<String>,
    /// The task.
    pub task: String,
    /// An array by position or an object by name.
    pub arguments: Box<RawValue>,
    /// The id that the caller chose.
    pub id: Option<String>,
    /// What else is said about it.
    pub options: CallOptions,
}

/// What is said about a call beyond its queue, task, arguments and id; in JSON the fields of a call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallOptions {
    /// Lower goes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Not before so many milliseconds have passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Not before this moment, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
    /// The partition of its queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// One of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup: Option<Dedup>,
    /// The last of its key within a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debounce: Option<Debounce>,
    /// How long one attempt may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// From enqueue to outcome, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// How often, and when, a failed attempt is made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// For people and filters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// What the manifest of a component says about one of its tasks: it holds where a call does not say.
///
/// What a newer host wrote besides is passed over.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Defaults {
    /// The queue.
    pub queue: Option<String>,
    /// Lower goes first.
    pub priority: Option<i32>,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// From enqueue to outcome, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// How often, and when, a failed attempt is made again.
    pub retries: Option<Retries>,
}

impl CallOptions {
    /// What is said, as the store takes it; `chosen` says that the caller chose the id.
    pub(super) fn controls(
        &self,
        defaults: &Defaults,
        chosen: bool,
        now: Moment,
    ) -> Result<Controls, InvalidSetting> {
        let once = match (&self.dedup, &self.debounce) {
            (Some(_), Some(_)) => {
                return fail(
                    "debounce",
                    "a deduplication key beside it: leave one of them out",
                );
            }
            (Some(dedup), None) => Some(Once::Dedup(dedup.clone())),
            (None, Some(debounce)) => Some(Once::Debounce(debounce.clone())),
            (None, None) => None,
        };
        let deadline_ms = self.deadline_ms.or(defaults.deadline_ms);
        let controls = Controls {
            start: self.start(deadline_ms, now)?,
            partition: self.partition.clone(),
            retries: self.retries.clone().or_else(|| defaults.retries.clone()),
            deadline_ms,
            tags: self.tags.clone(),
            once,
            retry_of: None,
        };
        controls.checked(chosen)
    }

    fn start(&self, deadline_ms: Option<u64>, now: Moment) -> Result<Start, InvalidSetting> {
        let text = match (self.delay_ms, &self.start_at) {
            (Some(_), Some(_)) => {
                return fail("start_at", "a delay beside it: leave one of them out");
            }
            (None | Some(0), None) => return Ok(Start::Now),
            (Some(ms), None) => return Ok(Start::After(ms)),
            (None, Some(text)) => text,
        };
        let Ok(timestamp) = text.parse::<jiff::Timestamp>() else {
            let wrong = format!("{text:?} is no moment: write it as 2026-01-31T09:00:00Z");
            return fail("start_at", wrong);
        };
        let at = Moment(timestamp.as_microsecond());
        if at > now.moved_ms(DELAY_MS_MAX) {
            let wrong = format!("expected at most {DELAY_MS_MAX} ms from now, got {at}");
            return fail("start_at", wrong);
        }
        match deadline_ms {
            Some(ms) if at >= now.moved_ms(ms) => {
                fail("deadline_ms", "it is over before the start time is")
            }
            _ => Ok(Start::At(at)),
        }
    }
}

fn fail<T>(field: &'static str, message: impl Into<String>) -> Result<T, InvalidSetting> {
    let message = message.into();
    Err(InvalidSetting { field, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_700_000_000_000_000);

    fn controls(json: serde_json::Value) -> Result<Controls, InvalidSetting> {
        let options: CallOptions = serde_json::from_value(json).unwrap();
        options.controls(&Defaults::default(), false, NOW)
    }

    #[test]
    fn options_that_contradict_each_other_are_refused_at_the_field_that_is_too_much() {
        for (json, field) in [
            (
                serde_json::json!({"delay_ms": 5, "start_at": "2030-01-01T00:00:00Z"}),
                "start_at",
            ),
            (
                serde_json::json!({"dedup": {"key": "a"}, "debounce": {"key": "a", "period_ms": 5}}),
                "debounce",
            ),
            (
                serde_json::json!({"start_at": "2023-11-15T00:00:00Z", "deadline_ms": 1000}),
                "deadline_ms",
            ),
        ] {
            assert_eq!(controls(json.clone()).unwrap_err().field, field, "{json}");
        }
    }

    #[test]
    fn a_start_time_is_rfc_3339_and_within_five_years() {
        let at = controls(serde_json::json!({"start_at": "2023-11-15T00:00:00+01:00"})).unwrap();

        assert_eq!(at.start, Start::At(Moment(1_700_002_800_000_000)));
        for wrong in ["tomorrow", "2023-11-15", "2123-11-15T00:00:00Z"] {
            let refused = controls(serde_json::json!({ "start_at": wrong })).unwrap_err();
            assert_eq!(refused.field, "start_at", "{wrong}");
        }
    }

    #[test]
    fn a_delay_of_nothing_is_now() {
        let now = controls(serde_json::json!({"delay_ms": 0})).unwrap();

        assert_eq!(now.start, Start::Now);
    }

    #[test]
    fn what_the_call_says_goes_before_what_the_manifest_says() {
        let defaults: Defaults = serde_json::from_value(serde_json::json!({
            "deadline_ms": 5000, "retries": {"max": 3}, "memoize": true,
        }))
        .unwrap();
        let said = CallOptions {
            deadline_ms: Some(7_000),
            ..CallOptions::default()
        };

        let controls = said.controls(&defaults, false, NOW).unwrap();

        assert_eq!(controls.deadline_ms, Some(7_000));
        assert_eq!(controls.retries.unwrap().max, 3);
    }
}
