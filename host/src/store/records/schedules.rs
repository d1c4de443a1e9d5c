//! Schedules, and their firings.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::NewCall;
use crate::model::schedule::{Missed, Overlap};
use crate::model::{InvocationId, Moment, Namespace, QueueName};

/// A schedule as it is stored.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Whose it is.
    pub namespace: Namespace,
    /// Its name.
    pub name: String,
    /// When it fires: a cron line.
    pub cron: String,
    /// In which time zone, by its IANA name.
    pub timezone: String,
    /// The queue.
    pub queue: QueueName,
    /// The task as it was written; resolved anew at each firing.
    pub task: String,
    /// The arguments, as they were given.
    pub arguments: Bytes,
    /// Priority, timeout and so on, as JSON of the fields of a call.
    pub options: Box<RawValue>,
    /// What becomes of times at which no host looked.
    pub missed: Missed,
    /// What becomes of a firing while the invocation of the one before has not ended.
    pub overlap: Overlap,
    /// Whether it does not fire.
    pub paused: bool,
    /// When it fires next; none if it never does again.
    pub next_at: Option<Moment>,
    /// Grows with every change by a person; a firing that was computed before is void.
    pub revision: i64,
    /// The last firing that came due: when it was due, and the invocation, if one was enqueued.
    pub last: Option<(Moment, Option<InvocationId>)>,
    /// Why the last firing that came due enqueued nothing.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Moment,
}

/// Schedules whose time has come.
#[derive(Debug, Clone)]
pub struct DueSchedules {
    /// Those, the longest due first.
    pub due: Vec<Schedule>,
    /// When the next one is due.
    pub next_at: Option<Moment>,
    /// The store's clock.
    pub now: Moment,
}

/// A firing: it happens if the schedule still stands as it was read.
#[derive(Debug, Clone)]
pub struct Firing {
    /// Whose the schedule is.
    pub namespace: Namespace,
    /// Its name.
    pub name: String,
    /// As it was read.
    pub revision: i64,
    /// The time that is due, as it was read.
    pub due_at: Moment,
    /// When it fires after this.
    pub next_at: Option<Moment>,
    /// What to enqueue, with the revision of the catalogue by which it was resolved: or why nothing.
    pub call: Result<(Box<NewCall>, i64), String>,
    /// Taken from the schedule.
    pub overlap: Overlap,
}

/// What became of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fired {
    /// The call is stored and the schedule has moved on.
    Enqueued(super::Enqueued),
    /// The schedule has moved on, and nothing is stored: the invocation before has not ended, or the
    /// firing said why not.
    Skipped,
    /// Another host fired it, or somebody changed it.
    Gone,
}
