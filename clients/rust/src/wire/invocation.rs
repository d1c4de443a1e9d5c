//! Invocations: enqueueing them, what a handle shows, waiting.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Debounce, Dedup, Kind, Progress, Retries};

/// A call to be enqueued: the body of `POST /v1/invocations`, or an element of its array.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EnqueueRequest {
    /// The queue, which is made without limits if it does not exist; that of the task's manifest
    /// where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The task: `images/resize`, `images@1.2.0/resize`, `images/demo:images/tasks#resize`.
    pub task: String,
    /// The arguments: an array by position or an object by name.
    #[serde(default = "no_arguments")]
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub args: Box<RawValue>,
    /// The id that the caller chose. The same call under it again returns the same invocation;
    /// another call is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Lower goes first; what the task's manifest says by default, else 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Not before so many milliseconds have passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Not before this moment, as RFC 3339; in place of `delay_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
    /// The partition, on a queue that has partitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Of this key there is one invocation that has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup: Option<Dedup>,
    /// Of this key the last call within a period wins; in place of `dedup`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debounce: Option<Debounce>,
    /// How long one attempt may take, in milliseconds; what the task's manifest says by default,
    /// else the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// From enqueue to outcome, in milliseconds; then it ends as a `timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// How often a failed attempt is made again; what the task's manifest says by default, else
    /// the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// For people and filters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl EnqueueRequest {
    /// A call of which nothing else is said.
    pub fn new(queue: impl Into<String>, task: impl Into<String>, args: Box<RawValue>) -> Self {
        Self {
            queue: Some(queue.into()),
            task: task.into(),
            args,
            id: None,
            priority: None,
            delay_ms: None,
            start_at: None,
            partition: None,
            dedup: None,
            debounce: None,
            timeout_ms: None,
            deadline_ms: None,
            retries: None,
            tags: BTreeMap::new(),
        }
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn no_arguments() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).expect("an empty array is JSON")
}

/// Where an invocation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not before a time that has not come.
    Scheduled,
    /// In its place in the queue.
    Queued,
    /// An attempt executes.
    Running,
    /// A workflow waits for something.
    Waiting,
    /// Ended with a value.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked.
    Cancelled,
}

impl State {
    /// Whether nothing can happen any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An invocation, as a handle shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invocation {
    /// Its id.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// The task as the caller wrote it.
    pub task: String,
    /// Whether it is a task or a workflow.
    #[serde(default)]
    pub kind: Kind,
    /// The digest of the component, fixed when it was enqueued.
    pub digest: String,
    /// Where it is in its life.
    pub state: State,
    /// The newest attempt, 0 before the first.
    pub attempt: u32,
    /// Lower goes first.
    pub priority: i32,
    /// When it was stored.
    pub enqueued_at: String,
    /// When the newest attempt started.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// How long one attempt may take, in milliseconds, where the call said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// The number of the host that runs it or ran it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<i64>,
    /// The workflow that enqueued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The invocation from whose journal it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<String>,
    /// The invocation that this one does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// The newest invocation that does this one again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retried_as: Option<String>,
    /// The partition of its queue that the call named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Not before this moment: as it was enqueued, or while a retry backs off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// It ends by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_at: Option<String>,
    /// How often a failed attempt is made again, where the call or its task said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// How many times it was tried again after a failure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retried: u32,
    /// For people and filters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether somebody asked for its end, which has not come yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelling: bool,
    /// How far it is, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The arguments by position: when asked for singly, and in lists with `include=args`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub args: Option<Box<RawValue>>,
    /// How it ended; null before.
    pub outcome: Option<Outcome>,
}

/// How an invocation ended: `{"value": …}` or `{"error": {…}}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// What the function returned, of a `result<T, E>` the T; null where it returns nothing.
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    Value(Box<RawValue>),
    /// Why there is no value.
    Error(Failure),
}

/// Why an invocation did not succeed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// Of which kind it is.
    pub kind: FailureKind,
    /// For people: what happened, and where there is one, the way out.
    pub message: String,
    /// Of kind `limit`: which limit, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Of kind `guest`: the E of the function's `result<T, E>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub payload: Option<Box<RawValue>>,
    /// Of kind `trap` and `limit`: the frames of the guest, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
}

/// Of which kind an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The function returned `err`; the payload is kept.
    Guest,
    /// A call by SQL that does not fit its type.
    Arguments,
    /// The guest trapped, or exited before it returned.
    Trap,
    /// A limit: memory, CPU, stack, tables, output …
    Limit,
    /// The attempt took longer than its timeout.
    Timeout,
    /// Its hosts died while it ran, too often.
    HostLost,
    /// A replay differed from the journal.
    Nondeterminism,
    /// The component cannot be loaded.
    Component,
    /// Somebody cancelled it.
    Cancelled,
}

impl FailureKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Arguments => "arguments",
            Self::Trap => "trap",
            Self::Limit => "limit",
            Self::Timeout => "timeout",
            Self::HostLost => "host-lost",
            Self::Nondeterminism => "nondeterminism",
            Self::Component => "component",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One try at running an invocation: an item of `GET /v1/invocations/{id}/attempts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// The number of the host that ran it.
    pub host: Option<i64>,
    /// When it started.
    pub started_at: Option<String>,
    /// When it was over; null while it runs.
    pub ended_at: Option<String>,
    /// Why it ended without an outcome; null for one that runs or brought the outcome.
    pub lost: Option<String>,
    /// Of which kind its failure was, where it failed and was tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FailureKind>,
}

/// The query of `GET /v1/invocations/{id}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct GetQuery {
    /// Answer when it has ended, or after so long at the latest: `30s`, `500ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
}

/// The body of `POST /v1/invocations/wait`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WaitRequest {
    /// Which invocations.
    pub ids: Vec<String>,
    /// For any of them, or for all.
    #[serde(rename = "for", default)]
    pub wait_for: WaitFor,
    /// Answer after so long at the latest: `30s`, `500ms`. At once where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
}

/// How many of the invocations to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum WaitFor {
    /// Until one has ended.
    Any,
    /// Until all have ended.
    #[default]
    All,
}

/// The answer of `POST /v1/invocations/wait`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waited {
    /// Those that have ended, in the order of `ids`.
    pub items: Vec<Invocation>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_a_value_or_an_error() {
        let value: Outcome = serde_json::from_str(r#"{"value": null}"#).unwrap();
        let error: Outcome = serde_json::from_str(
            r#"{"error":{"kind":"host-lost","message":"its hosts died","payload":{"a":1.10}}}"#,
        )
        .unwrap();

        assert!(matches!(value, Outcome::Value(raw) if raw.get() == "null"));
        let Outcome::Error(failure) = error else {
            panic!("an error became a value")
        };
        assert_eq!(failure.kind, FailureKind::HostLost);
        assert_eq!(failure.payload.unwrap().get(), r#"{"a":1.10}"#);
    }

    #[test]
    fn a_call_without_arguments_has_an_empty_array() {
        let call: EnqueueRequest = serde_json::from_str(r#"{"queue":"q","task":"a/b"}"#).unwrap();

        assert_eq!(call.args.get(), "[]");
    }
}
