//! What a handle shows.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::model::queue::Settings;
use crate::model::retry::Retries;
use crate::model::{
    ComponentName, Digest, FailureKind, FunctionId, HostNumber, InvocationId, Key, Moment, Outcome,
    QueueName, State,
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
    /// The invocation that this one does again.
    pub retry_of: Option<InvocationId>,
    /// The newest invocation that does this one again.
    pub retried_as: Option<InvocationId>,
    /// The partition of its queue.
    pub partition: Option<String>,
    /// Not before this moment: as it was enqueued, or while a retry backs off.
    pub due_at: Option<Moment>,
    /// It ends by then.
    pub deadline_at: Option<Moment>,
    /// How often a failed attempt is made again, where the call or its task said so.
    pub retries: Option<Retries>,
    /// How many times it was tried again after a failure.
    pub retried: u32,
    /// For people and filters.
    pub tags: BTreeMap<String, String>,
    /// Whether somebody asked for its end, and it has not ended yet.
    pub cancelling: bool,
    /// The arguments as canonical JSON; none in lists.
    pub arguments: Option<Bytes>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// Which invocations to list, newest first: those for which all that is said holds. Pages are by key:
/// `before` is the last key of the page before.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this queue.
    pub queue: Option<QueueName>,
    /// In this state.
    pub state: Option<State>,
    /// With this task, as written.
    pub task: Option<String>,
    /// With a task of this component, of any version.
    pub component: Option<ComponentName>,
    /// Ended with an error of this kind.
    pub kind: Option<FailureKind>,
    /// With all of these tags.
    pub tags: BTreeMap<String, String>,
    /// In this partition.
    pub partition: Option<String>,
    /// Enqueued then or later.
    pub since: Option<Moment>,
    /// Enqueued earlier.
    pub until: Option<Moment>,
    /// Dead letters: failed, and not done again since.
    pub dead: bool,
    /// Whether arguments and outcomes' values come with them.
    pub whole: bool,
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

/// What holds an invocation back that is scheduled, queued or waiting, as the store sees it: all of
/// it read at one moment.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Where it is in its life.
    pub state: Option<State>,
    /// By which host it is reserved.
    pub reserved_by: Option<HostNumber>,
    /// The settings of its queue.
    pub settings: Settings,
    /// Not before this moment: it is scheduled, or a retry backs off.
    pub due_at: Option<Moment>,
    /// On an ordered queue: the one before it whose retry backs off, and until when.
    pub behind_retry: Option<(InvocationId, Moment)>,
    /// How many stand before it in its queue or partition, at most [`AHEAD_MAX`].
    pub ahead: u64,
    /// How many slots of the queue are taken, executing or kept by waiting workflows.
    pub taken: u64,
    /// Some of those who have them.
    pub holders: Vec<Holder>,
    /// As `taken`, of its partition.
    pub partition_taken: u64,
    /// As `holders`, of its partition.
    pub partition_holders: Vec<Holder>,
    /// When the queue's rate limit lets the next one start, if it is closed now.
    pub rate_opens_at: Option<Moment>,
    /// When its partition's rate limit does.
    pub partition_rate_opens_at: Option<Moment>,
    /// The store's clock.
    pub now: Option<Moment>,
}

/// As far as [`Standing::ahead`] counts.
pub const AHEAD_MAX: u64 = 100_000;

/// How many holders of slots [`Standing`] names.
pub const HOLDERS_MAX: usize = 10;

/// Who has a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The invocation.
    pub id: InvocationId,
    /// Its state: running, waiting, or queued where it is reserved.
    pub state: State,
    /// Its host.
    pub host: Option<HostNumber>,
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
    /// Of which kind its failure was, where it failed and was tried again.
    pub kind: Option<FailureKind>,
}
