//! Queues, and the calls that go into them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::model::queue::Settings;
use crate::model::{
    Controls, FunctionId, InvocationId, Key, Moment, Namespace, QueueId, QueueName,
};

/// A queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// The store's number.
    pub id: QueueId,
    /// Whose it is.
    pub namespace: Namespace,
    /// Its name.
    pub name: QueueName,
    /// Its settings.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Moment,
}

/// How many invocations of a queue are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Not yet due.
    pub scheduled: u64,
    /// In their place.
    pub queued: u64,
    /// Executing.
    pub running: u64,
    /// Workflows that wait.
    pub waiting: u64,
    /// Ended with a value.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// When the oldest of those in their place was stored.
    #[serde(default)]
    pub oldest_queued_at: Option<Moment>,
}

/// A call to be stored.
#[derive(Debug, Clone)]
pub struct NewCall {
    /// Whose it is.
    pub namespace: Namespace,
    /// Its id.
    pub id: InvocationId,
    /// Whether the caller chose the id, so that it may exist already.
    pub chosen: bool,
    /// The queue, which is made without limits if it does not exist.
    pub queue: QueueName,
    /// The resolved task.
    pub function: FunctionId,
    /// The task as the caller wrote it.
    pub task: String,
    /// The arguments as canonical JSON: an array by position.
    pub arguments: Bytes,
    /// Lower goes first.
    pub priority: i32,
    /// How long one attempt may take.
    pub timeout_ms: Option<u64>,
    /// Whether the task is a workflow.
    pub workflow: bool,
    /// When, how often, in which partition …
    pub controls: Controls,
}

/// A call that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    /// The store's number.
    pub key: Key,
    /// Its id.
    pub id: InvocationId,
    /// When it was stored first.
    pub enqueued_at: Moment,
    /// Whether the same call stood there already, or another one has the deduplication key.
    pub existed: bool,
    /// Whether it took the place of a call that was stored before under its deduplication or
    /// debouncing key, whose id this is.
    pub replaced: bool,
}
