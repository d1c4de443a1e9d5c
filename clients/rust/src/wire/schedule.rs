//! Schedules: what `PUT` and `GET /v1/schedules` take and give.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A schedule to be made or changed: the body of `PUT /v1/schedules/{name}`. It replaces all of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SchedulePlan {
    /// When it fires: five fields (minute, hour, day of month, month, day of week), or six with
    /// seconds first, or `@hourly` and the like.
    pub cron: String,
    /// In which time zone, by its IANA name; UTC by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The queue; what the task's manifest says by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The task, resolved anew at each firing: without a version the highest that there is then.
    pub task: String,
    /// The arguments: an array by position or an object by name.
    #[serde(default = "no_arguments")]
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub args: Box<RawValue>,
    /// What else is said about its calls: the fields of a call, such as `priority`, `timeout_ms`,
    /// `deadline_ms`, `retries`, `partition`, `dedup` and `tags`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub options: Option<Box<RawValue>>,
    /// What becomes of times at which no host looked for over a minute.
    #[serde(default)]
    pub missed: Missed,
    /// What becomes of a firing while the invocation of the one before has not ended.
    #[serde(default)]
    pub overlap: Overlap,
    /// Whether it does not fire; as before by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

fn no_arguments() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).expect("an empty array is JSON")
}

impl SchedulePlan {
    /// A schedule that calls this task without arguments, in UTC.
    pub fn new(cron: impl Into<String>, task: impl Into<String>) -> Self {
        Self {
            cron: cron.into(),
            timezone: None,
            queue: None,
            task: task.into(),
            args: no_arguments(),
            options: None,
            missed: Missed::default(),
            overlap: Overlap::default(),
            paused: None,
        }
    }
}

/// What becomes of times at which no host looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// They are left out.
    #[default]
    Skip,
    /// Each of them is enqueued late.
    Backfill,
}

/// What becomes of a firing while the invocation of the one before has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// It is enqueued all the same.
    #[default]
    Queue,
    /// It is left out.
    Skip,
    /// The one before is cancelled, and it is enqueued.
    Replace,
}

/// A schedule as it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When it fires.
    pub cron: String,
    /// In which time zone.
    pub timezone: String,
    /// The queue.
    pub queue: String,
    /// The task.
    pub task: String,
    /// The arguments as they were given.
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub args: Box<RawValue>,
    /// What else is said about its calls.
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub options: Box<RawValue>,
    /// What becomes of times at which no host looked.
    pub missed: Missed,
    /// What becomes of a firing while the invocation of the one before has not ended.
    pub overlap: Overlap,
    /// Whether it does not fire.
    pub paused: bool,
    /// The next five times at which it fires; none while it is paused.
    pub next: Vec<String>,
    /// The last time that came due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// What was enqueued then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_id: Option<String>,
    /// Why nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: String,
}
