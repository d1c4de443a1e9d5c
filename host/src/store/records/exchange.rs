//! What a host hands in, and what it takes.

use bytes::Bytes;

use super::Waited;
use crate::model::queue::Settings;
use crate::model::retry::Retries;
use crate::model::{
    Failure, Fence, FunctionId, InvocationId, Key, Moment, Namespace, Outcome, QueueId,
};

/// The most outcomes, starts or returns in one exchange.
pub const EXCHANGE_MAX: usize = 2_000;

/// Arguments up to this size come with the claim; larger ones are read afterwards, not under a lock.
pub const INLINE_ARGUMENTS_BYTES: usize = 8 * 1024;

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
    /// Attempts that failed and are to be made again.
    pub retried: Vec<Retried>,
    /// Workflows that wait.
    pub waited: Vec<Waited>,
    /// What to claim.
    pub claims: Vec<Claim>,
}

impl Exchange {
    /// Whether nothing is handed in.
    pub fn is_claims_only(&self) -> bool {
        self.ended.is_empty()
            && self.started.is_empty()
            && self.reports.is_empty()
            && self.returned.is_empty()
            && self.retried.is_empty()
            && self.waited.is_empty()
    }

    /// Whether nothing is handed in and nothing asked.
    pub fn is_empty(&self) -> bool {
        self.is_claims_only() && self.claims.is_empty()
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

/// An attempt that failed, of an invocation that goes back to its place to be tried again.
///
/// On an ordered queue it stays in its place and holds back what follows until its time has come;
/// elsewhere it is out of the way until then. If its deadline comes first, or its end was asked for,
/// it ends: as this failure, or as cancelled.
#[derive(Debug, Clone)]
pub struct Retried {
    /// Which.
    pub hold: Hold,
    /// In which queue.
    pub queue: QueueId,
    /// The attempt's number.
    pub attempt: u32,
    /// How it failed, for the list of attempts.
    pub failure: Failure,
    /// When its sandbox started.
    pub started_at: Moment,
    /// When it ended.
    pub finished_at: Moment,
    /// How long to wait before the next attempt, in milliseconds, by the store's clock.
    pub delay_ms: u64,
    /// What it wrote since the last report.
    pub log: String,
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
    /// Where only time holds back what is queued: a rate limit, or a retry in its place. In how many
    /// microseconds more may be claimed.
    pub opens_in_us: Option<u64>,
    /// Where starts are counted against a rate limit: how many microseconds after the exchange had
    /// begun in the store the claimed ones were counted. They start within
    /// [`TOKEN_GRACE_MS`](crate::model::queue::TOKEN_GRACE_MS) of that, or go back.
    pub counted_after_us: Option<u64>,
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
    /// Whether it is a workflow.
    pub workflow: bool,
    /// A waiting workflow that goes on. It counts as running, its attempt is the same as before, its
    /// fence is one more than when it waited.
    pub resumed: bool,
    /// Whether it executes in a slot that is not among the host's slots of this queue: the one that
    /// it kept while it waited, or one that a waiting ancestor lends it.
    pub lent: bool,
    /// How many ancestors it has.
    pub depth: u32,
    /// The partition in which it stands, if its queue has partitions.
    pub partition: Option<String>,
    /// How many times it was tried again after a failure.
    pub retried: u32,
    /// How often a failed attempt is made again, where the call or its task says.
    pub retries: Option<Retries>,
    /// How many microseconds are left before its deadline.
    pub left_us: Option<u64>,
    /// Whether its arguments were not checked yet, because the call came by SQL: they may be an
    /// object by name, or not fit.
    pub unchecked: bool,
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
    /// Whether somebody asked for its end. Hand it in as ended or returned: either way the store
    /// records that it was cancelled.
    pub cancelled: bool,
}
