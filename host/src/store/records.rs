//! What goes into the store and what comes out of it.

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::model::{
    ComponentName, Digest, Fence, FunctionId, HostNumber, InvocationId, Key, Moment, Namespace,
    Outcome, QueueId, QueueName, State, queue::Settings,
};

/// The most outcomes, starts or returns in one exchange.
pub const EXCHANGE_MAX: usize = 2_000;

/// Arguments up to this size come with the claim; larger ones are read afterwards, not under a lock.
pub const INLINE_ARGUMENTS_BYTES: usize = 8 * 1024;

/// A version of a component, as uploaded.
#[derive(Debug, Clone)]
pub struct NewComponent {
    /// Its name.
    pub name: ComponentName,
    /// Its version.
    pub version: semver::Version,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The component.
    pub bytes: Bytes,
    /// Its interfaces as WIT text.
    pub wit: String,
    /// The functions that can be called.
    pub tasks: Vec<NewFunction>,
    /// The functions that cannot, with reasons, as JSON for whoever asks.
    pub skipped: serde_json::Value,
}

/// A function that a component exports.
#[derive(Debug, Clone)]
pub struct NewFunction {
    /// The interface, such as `demo:images/tasks@0.1.0`; none at world level.
    pub interface: Option<String>,
    /// The function's name in it.
    pub name: String,
    /// Its parameters and result, as `values::Function` in JSON.
    pub signature: serde_json::Value,
    /// What its author wrote about it.
    pub docs: Option<String>,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The version is new.
    Created,
    /// The same bytes stand under this version already.
    Existed,
    /// Other bytes stand under this version.
    Conflict(Digest),
}

/// A version of a component.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its name.
    pub name: ComponentName,
    /// Its version.
    pub version: semver::Version,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// When it was uploaded.
    pub uploaded_at: Moment,
    /// Its interfaces as WIT text; empty in lists of more than one component.
    pub wit: String,
    /// Its tasks.
    pub tasks: Vec<Function>,
    /// What it exports besides, as JSON.
    pub skipped: serde_json::Value,
}

/// A task: one function of one version of a component.
#[derive(Debug, Clone)]
pub struct Function {
    /// The store's number.
    pub id: FunctionId,
    /// Whose it is.
    pub namespace: Namespace,
    /// The component.
    pub component: ComponentName,
    /// Its version.
    pub version: semver::Version,
    /// Its digest.
    pub digest: Digest,
    /// The interface; none at world level.
    pub interface: Option<String>,
    /// The function's name in it.
    pub name: String,
    /// Parameters and result, as `values::Function` in JSON.
    pub signature: serde_json::Value,
    /// What its author wrote about it.
    pub docs: Option<String>,
}

/// Everything that can be called, at one revision.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Grows with every upload and every change of grants, over all namespaces.
    pub revision: i64,
    /// The tasks, in no order.
    pub functions: Vec<Function>,
    /// What each component may do beyond its sandbox, as JSON; absent means nothing.
    pub grants: HashMap<ComponentName, serde_json::Value>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Whether the same call stood there already.
    pub existed: bool,
}

/// A host that registers.
#[derive(Debug, Clone)]
pub struct NewHost {
    /// Its name for people.
    pub name: String,
    /// Where its API listens.
    pub address: String,
    /// The Windlass version that it runs.
    pub version: String,
    /// The queues that it serves; all of them if none are named.
    pub queues: Option<Vec<String>>,
    /// Its lease, for others to observe, in milliseconds.
    pub lease_ms: u64,
}

/// A registered host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its incarnation.
    pub number: HostNumber,
    /// What it said of itself.
    pub about: NewHost,
    /// Its beat counter.
    pub beat: i64,
    /// When it registered.
    pub started_at: Moment,
    /// How many invocations it holds.
    pub holds: u64,
}

/// What a renewal tells.
#[derive(Debug, Clone, Default)]
pub struct Beat {
    /// Every other live host: its beat counter and the length of its lease in milliseconds.
    pub others: Vec<(HostNumber, i64, u64)>,
    /// The database's clock.
    pub now: Option<Moment>,
}

/// What was taken from a dead host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rescued {
    /// Went back to their places.
    pub returned: u64,
    /// Failed as `host-lost`.
    pub failed: Vec<Key>,
    /// The queues in which something may be claimed now.
    pub queues: Vec<QueueId>,
}

/// What a host hands in, and what it would like to start. Each list at most [`EXCHANGE_MAX`] long.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// Attempts that ended.
    pub ended: Vec<Ended>,
    /// Reserved ones whose sandbox has started.
    pub started: Vec<Started>,
    /// News of running ones.
    pub reports: Vec<Report>,
    /// Given back unstarted, or handed back at the end of a drain.
    pub returned: Vec<Returned>,
    /// What to claim.
    pub claims: Vec<Claim>,
}

impl Exchange {
    /// Whether nothing is handed in and nothing asked.
    pub fn is_empty(&self) -> bool {
        self.ended.is_empty()
            && self.started.is_empty()
            && self.reports.is_empty()
            && self.returned.is_empty()
            && self.claims.is_empty()
    }
}

/// An invocation as a host holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hold {
    /// The invocation.
    pub key: Key,
    /// The fence that came with the claim.
    pub fence: Fence,
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Which.
    pub hold: Hold,
    /// How it ended.
    pub outcome: Outcome,
    /// The attempt's number.
    pub attempt: u32,
    /// When its sandbox started.
    pub started_at: Moment,
    /// When it ended.
    pub finished_at: Moment,
    /// What it wrote since the last report; empty means nothing.
    pub log: String,
}

/// The start of a reserved invocation.
#[derive(Debug, Clone)]
pub struct Started {
    /// Which.
    pub hold: Hold,
    /// The attempt's number.
    pub attempt: u32,
    /// When.
    pub started_at: Moment,
}

/// News of a running attempt.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which.
    pub hold: Hold,
    /// The attempt's number.
    pub attempt: u32,
    /// How far it is, as JSON `{done, total, note}`.
    pub progress: Option<String>,
    /// What it wrote since the last report.
    pub log: String,
}

/// An invocation that goes back to its place.
#[derive(Debug, Clone)]
pub struct Returned {
    /// Which.
    pub hold: Hold,
    /// In which queue, whose waiting hosts are told.
    pub queue: QueueId,
    /// If its sandbox had started: why it was ended, for the list of attempts. The attempt then
    /// stays counted; else it was none.
    pub executed: Option<String>,
}

/// A wish to claim from one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The queue.
    pub queue: QueueId,
    /// How many of its invocations execute here now, those handed in as ended not counted.
    pub executing: u32,
    /// How many are reserved here and not started, those handed in as returned not counted.
    pub reserved: u32,
    /// How many slots the host would like to hold in all; 0 gives back what is not in use.
    pub slots: u32,
    /// How many invocations it would like to take, those claimed ahead included.
    pub rows: u32,
}

/// What an exchange brought.
#[derive(Debug, Clone, Default)]
pub struct Exchanged {
    /// What was handed in and no longer belongs to the host: nothing was recorded for it.
    pub lost: Vec<Hold>,
    /// The answer to each claim, in the order asked.
    pub granted: Vec<Granted>,
}

/// The answer to a claim.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The queue.
    pub queue: QueueId,
    /// Its settings, as they held under the claim's lock.
    pub settings: Settings,
    /// How many may execute here at once from now on; none means no limit. Where it is less than
    /// what executes, nothing may start.
    pub slots: Option<u32>,
    /// Whether another host waits for slots of this queue.
    pub contended: bool,
    /// What was claimed, in order of place.
    pub claimed: Vec<Claimed>,
    /// Whether the queue had no more to claim (else a limit, or the number asked for, was reached).
    pub drained: bool,
}

/// A claimed invocation.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// With its fence.
    pub hold: Hold,
    /// Its id.
    pub id: InvocationId,
    /// Its namespace.
    pub namespace: Namespace,
    /// The number that this attempt has or will have.
    pub attempt: u32,
    /// Whether the store counts it as running already, as on ordered queues. Else it is reserved,
    /// and its start is to be marked.
    pub running: bool,
    /// Whether a dead host held it before: unless it counts as running already, the mark of its
    /// start must be committed before it executes, so that a host that dies of it at once has left
    /// a trace.
    pub suspect: bool,
    /// Whether it must execute alone on its host, because two hosts died of it, or beside it.
    pub alone: bool,
    /// The task.
    pub function: FunctionId,
    /// The task as the caller wrote it.
    pub task: String,
    /// The arguments, unless they are larger than [`INLINE_ARGUMENTS_BYTES`].
    pub arguments: Option<Bytes>,
    /// How long the attempt may take, from the call or the queue.
    pub timeout_ms: Option<u64>,
    /// Its place.
    pub place: (i32, i64),
}

/// Something that the store believes a host holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// What.
    pub hold: Hold,
    /// In which queue.
    pub queue: QueueId,
    /// Whether it counts as running; else it is reserved.
    pub running: bool,
}

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
