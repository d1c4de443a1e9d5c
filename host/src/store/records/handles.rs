//! What a handle shows.

use bytes::Bytes;

use crate::model::{
    Digest, FunctionId, HostNumber, InvocationId, Key, Moment, Outcome, QueueName, State,
};

/// An invocation, as a handle shows it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The store's number.
    pub key: Key,
    /// Its id.
    pub id: InvocationId,
    /// Its queue.
    pub queue: QueueName,
    /// The task as the caller wrote it.
    pub task: String,
    /// The resolved task.
    pub function: FunctionId,
    /// The component's digest.
    pub digest: Digest,
    /// Where it is in its life.
    pub state: State,
    /// The newest attempt, 0 before the first.
    pub attempt: u32,
    /// Lower goes first.
    pub priority: i32,
    /// How long one attempt may take, where the call said so.
    pub timeout_ms: Option<u64>,
    /// When it was stored.
    pub enqueued_at: Moment,
    /// When the newest attempt started.
    pub started_at: Option<Moment>,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// The host that runs it or ran it last.
    pub host: Option<HostNumber>,
    /// How far it is, as JSON.
    pub progress: Option<String>,
    /// Whether it is a workflow.
    pub workflow: bool,
    /// The workflow that enqueued it.
    pub parent: Option<InvocationId>,
    /// The invocation from whose journal it began.
    pub forked_from: Option<InvocationId>,
    /// Whether somebody asked for its end, and it has not ended yet.
    pub cancelling: bool,
    /// The arguments as canonical JSON; none in lists.
    pub arguments: Option<Bytes>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// Which invocations to list. Pages are by key: `before` is the last key of the page before.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this queue.
    pub queue: Option<QueueName>,
    /// In this state.
    pub state: Option<State>,
    /// With this task, as written.
    pub task: Option<String>,
    /// Enqueued by this workflow.
    pub parent: Option<Key>,
    /// Older than this one.
    pub before: Option<Key>,
    /// At most so many.
    pub limit: u32,
}

/// A piece of an invocation's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// The attempt that wrote it.
    pub attempt: u32,
    /// What it wrote.
    pub text: String,
}

/// An attempt that ended without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostAttempt {
    /// Its number.
    pub attempt: u32,
    /// The host that ran it.
    pub host: HostNumber,
    /// When it started, where that was recorded.
    pub started_at: Option<Moment>,
    /// When it was found to be over.
    pub ended_at: Moment,
    /// Why.
    pub reason: String,
}
