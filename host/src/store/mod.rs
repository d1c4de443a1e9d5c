//! Everything that must survive, behind one trait with two implementations.
//!
//! The store knows rows, locks and commits. It never sees wasmtime, and it decides nothing that the
//! queue decides: it answers who may start what, and refuses what comes from a lost lease. What is
//! true after each method returns, and after a crash halfway, stands at the method.

pub mod postgres;
mod records;
pub mod sqlite;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use crate::model::{
    ComponentName, Digest, FunctionId, HostNumber, InvocationId, Key, Moment, Namespace, QueueId,
    QueueName, queue::Settings,
};

pub use records::*;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another call stands under the id that the caller chose.
    #[error(
        "another call stands under the id `{id}`: choose another id, or send the same queue, task and arguments again"
    )]
    IdTaken {
        /// Which call of the request.
        index: usize,
        /// The id.
        id: InvocationId,
    },
    /// Another invocation has the deduplication key, and the call does not want its handle.
    #[error("the invocation `{id}` has the deduplication key `{key}`")]
    Duplicate {
        /// Which call of the request.
        index: usize,
        /// The key.
        key: String,
        /// Who has it.
        id: InvocationId,
    },
    /// Components were added since the caller looked: look again, then enqueue again.
    #[error("components were added meanwhile")]
    CatalogueMoved,
    /// The queue does not exist and may not be made.
    #[error("there is no queue `{0}`, and this host makes none: declare it by PUT /v1/queues/{0}")]
    UnknownQueue(QueueName),
    /// The host was declared dead, or never registered.
    #[error("host {0} has lost its lease")]
    LeaseLost(HostNumber),
    /// The invocation is no longer the host's, or the host lost its lease: nothing was recorded.
    #[error("invocation {0} is no longer this host's")]
    NotHeld(Key),
    /// The database was written by a newer Windlass.
    #[error(
        "the database is of version {found}, this Windlass knows up to {known}: use the newer binary"
    )]
    TooNew {
        /// The newest migration in the database.
        found: i64,
        /// The newest that this binary knows.
        known: i64,
    },
    /// Another host has the SQLite file open.
    #[error(
        "{path} is in use by {holder}: a SQLite file belongs to one host; several hosts need --database postgres://…"
    )]
    InUse {
        /// The file.
        path: String,
        /// Who holds it, as far as that is known.
        holder: String,
    },
    /// The database cannot be reached, or ended the connection.
    #[error("cannot reach the database: {0}")]
    Unreachable(String),
    /// The database refused a statement, or answered what cannot be read.
    #[error("the database failed: {0}")]
    Database(String),
}

impl Error {
    /// Whether trying the same again may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

/// What changed, for whoever waits. A hint: it may come late, twice, or not at all (then polling
/// finds what it would have told).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// Invocations may be claimed from this queue.
    Work(QueueId),
    /// These invocations ended, on this host.
    Ended(std::sync::Arc<[Key]>),
    /// Some invocations ended, started or reported on another host.
    Moved,
    /// Something was stored that is due at this moment, or a schedule was set: whoever sleeps until
    /// later looks at the clock again.
    Due(Moment),
    /// A queue's settings changed.
    Settings(QueueId),
    /// Somebody asked for the end of invocations that hosts hold: see [`Store::held`].
    Cancel,
    /// A workflow of this host published a value, or took or got a message. (Of other hosts'
    /// workflows [`Signal::Moved`] tells.)
    Told(Key),
    /// Components or grants changed.
    Catalogue,
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Embedded.
    Sqlite,
    /// A server that several hosts share.
    Postgres,
}

/// A wall clock: the machine's, or one that a test drives.
pub type Clock = std::sync::Arc<dyn Fn() -> Moment + Send + Sync>;

/// The store.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Which database it is.
    fn backend(&self) -> Backend;

    /// What changes from now on, here and on other hosts. A subscriber that lags must look for
    /// itself.
    fn subscribe(&self) -> broadcast::Receiver<Signal>;

    // --- components ---------------------------------------------------------------------------

    /// Adds a version of a component with its bytes and the tasks that it exports, in one
    /// transaction. Versions are immutable: see [`Added`].
    async fn add_component(
        &self,
        namespace: &Namespace,
        component: &NewComponent,
    ) -> Result<Added, Error>;

    /// All versions of all components (or of one), without bytes and WIT, newest version last.
    async fn components(
        &self,
        namespace: &Namespace,
        name: Option<&ComponentName>,
    ) -> Result<Vec<Component>, Error>;

    /// The bytes of a component.
    async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error>;

    /// Compiled code that a host has shared. Where there is none, the first that asks claims it: until
    /// it has shared the code or `claim` is over, the others are told to wait. A claim holds nobody
    /// to it; whoever does not want to wait compiles for itself.
    ///
    /// The component must be stored.
    async fn shared_code(&self, of: &CodeId, claim: Duration) -> Result<SharedCode, Error>;

    /// Stores compiled code for other hosts, in place of what there was. What was not used for longest
    /// is deleted until all shared code together has at most `total_max` bytes; this code stays.
    async fn share_code(&self, of: &CodeId, sealed: Bytes, total_max: u64) -> Result<(), Error>;

    /// Gives up a claim on code that could not be compiled.
    async fn unclaim_code(&self, of: &CodeId) -> Result<(), Error>;

    /// Every task of every version in the namespace, with the grants of each component and the
    /// revision to which that belongs. Read whole and cached by the caller.
    async fn catalogue(&self, namespace: &Namespace) -> Result<Catalogue, Error>;

    /// A task by its number, which never changes.
    async fn function(&self, id: FunctionId) -> Result<Option<Function>, Error>;

    /// Sets what a component may do beyond its sandbox, for attempts that start from now on.
    async fn put_grants(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        grants: &serde_json::Value,
    ) -> Result<(), Error>;

    /// Sets what a component's manifest says about its tasks, as JSON: read back in the catalogue.
    async fn put_defaults(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        defaults: &serde_json::Value,
    ) -> Result<(), Error>;

    // --- queues -------------------------------------------------------------------------------

    /// Makes the queue or changes its settings. Hosts hear of it by [`Signal::Settings`], at the
    /// latest with their next claim or beat.
    async fn put_queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
        settings: &Settings,
    ) -> Result<Queue, Error>;

    /// The queue with its counts.
    async fn queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
    ) -> Result<Option<(Queue, Counts)>, Error>;

    /// All queues with their counts, by name.
    async fn queues(&self, namespace: &Namespace) -> Result<Vec<(Queue, Counts)>, Error>;

    /// Every queue of every namespace, without counts: what a host may serve.
    async fn served_queues(&self) -> Result<Vec<Queue>, Error>;

    // --- enqueue ------------------------------------------------------------------------------

    /// Stores these calls, all or none, at the end of their queues in the order given. When it
    /// returns, they are committed and fsynced. Calls that arrive while a commit is in flight go
    /// out together in the next. A call whose id exists already with the same queue, task and
    /// arguments is not stored again but answered as `existed`.
    ///
    /// A call that may not start yet is `scheduled`, and takes its place at the end of its queue when
    /// it is due. Of a queue with partitions, a call without a key stands in the partition of the
    /// empty key; of one without, no call has a partition. A child takes its parent's partition where
    /// it is on the same queue and names none, and ends by its parent's deadline.
    ///
    /// Of calls that are deduplicated or debounced see [`crate::model::controls`]; one that is
    /// refused is [`Error::Duplicate`], and nothing of its request is stored.
    ///
    /// `revision` is the revision of the catalogue by which the tasks were resolved; if components
    /// were added since, nothing is stored and [`Error::CatalogueMoved`] says so.
    async fn enqueue(&self, calls: Vec<NewCall>, revision: i64) -> Result<Vec<Enqueued>, Error>;

    // --- the lease of a host ------------------------------------------------------------------

    /// Every queue, of every namespace, in which something may be claimed or may go on: what polling
    /// asks, for all queues at once. It also does what the clock asks for: what is due takes its
    /// place, what is past its deadline ends as a `timeout`, unless a host has it, and waiting
    /// workflows whose time has come are made ready; each at most a few thousand at a time, oldest
    /// first ([`Claimable::next_at`] has then passed already).
    async fn claimable(&self) -> Result<Claimable, Error>;

    /// Whether this host has nothing to do and would like to be told at once of calls by SQL.
    async fn rest(&self, host: HostNumber, rests: bool) -> Result<(), Error>;

    /// Registers a new incarnation of a host.
    async fn register(&self, host: &NewHost) -> Result<HostNumber, Error>;

    /// Renews the lease and tells what every live host's beat counter stands at.
    /// [`Error::LeaseLost`] if this incarnation was declared dead.
    ///
    /// `troubles` are the tasks that this host cannot run now, for [`Host::troubles`].
    async fn renew(&self, host: HostNumber, troubles: &[Trouble]) -> Result<Beat, Error>;

    /// Declares a host dead, if its beat counter still stands at `seen`, and in the same
    /// transaction takes everything from it: its slots, and its invocations, which go back to their
    /// places with a new fence. Those that were executing count a death; one that reaches
    /// `deaths_max` fails as `host-lost`. Reserved ones count none. All of them are suspect from now
    /// on (see [`Claimed::suspect`]). `None` if the host beat meanwhile or is dead already.
    async fn rescue(
        &self,
        host: HostNumber,
        seen: i64,
        deaths_max: u32,
    ) -> Result<Option<Rescued>, Error>;

    /// Gives back everything that the host still holds, without counting a death, and ends its
    /// registration.
    async fn leave(&self, host: HostNumber) -> Result<(), Error>;

    /// The hosts that are registered and not dead.
    async fn hosts(&self) -> Result<Vec<Host>, Error>;

    // --- execution ----------------------------------------------------------------------------

    /// Hands in what ended and what started, and takes what may start next: one transaction, one
    /// round trip. Everything handed in is fenced by the host's incarnation and the invocation's
    /// fence; what no longer belongs to the host comes back in [`Exchanged::lost`] and is not
    /// recorded. When it returns, the outcomes are on disk. Sending the same outcome twice (after an
    /// error that left open whether it was committed) is harmless.
    ///
    /// Of an exchange that only claims, from queues on which neither limit nor order is at stake, the
    /// database may forget the claims in a crash of its own: then they are claimed again, and the
    /// fence keeps each invocation to one outcome.
    ///
    /// Order of work: ends, marks of starts, reports, returns, retries, waits, then claims, so that a claim
    /// sees the slots that the ends have freed. A claim takes, as far as slots allow, first the
    /// waiting workflows of the queue that are ready to go on, then the head while a slot is free,
    /// else the first queued descendant of a waiting workflow on this queue, one a slot.
    ///
    /// Of a queue with partitions a claim takes turns among the keys that have a head which may start,
    /// from where the last claim of the queue stopped, one of each, then again; within a key in order
    /// of place. What a host has claimed counts in its partition until its end or return is recorded.
    /// Starts count against rate limits when they are claimed (see [`Granted::counted_after_us`]), and
    /// are counted no more if they go back unstarted; what goes on counts not.
    ///
    /// An end or a return of an invocation whose cancellation was asked for is recorded as
    /// `cancelled`, whatever is handed in. An end makes waiting workflows ready for which it
    /// completes what they wait for; their queues are told by [`Signal::Work`].
    async fn exchange(&self, host: HostNumber, exchange: Exchange) -> Result<Exchanged, Error>;

    /// What the store believes this host holds: after an error that left open whether an exchange
    /// was committed, the host returns what it does not know of.
    async fn held(&self, host: HostNumber) -> Result<Vec<Held>, Error>;

    /// The arguments of one invocation, for claims that came without them because they are large.
    async fn arguments(&self, key: Key) -> Result<Option<Vec<u8>>, Error>;

    // --- workflows ----------------------------------------------------------------------------

    /// Records what a workflow did, if the host still holds it: journal, children, publications,
    /// messages taken, cancellations asked for; one transaction, shared with the steps of other
    /// workflows that come meanwhile. When it returns it is on disk. Answers the children in order.
    /// It also forgets the deaths of hosts that were counted against the workflow.
    ///
    /// [`Error::NotHeld`] if the workflow is not the host's any more; [`Error::IdTaken`] if another
    /// call stands under an id that the workflow chose (the index is the child's): nothing of this
    /// workflow's steps was recorded then. Sending the same again after an error that left open
    /// whether it was committed is harmless.
    async fn record(&self, host: HostNumber, steps: Steps) -> Result<Vec<Enqueued>, Error>;

    /// A workflow's journal from its beginning, in order.
    async fn journal(&self, key: Key) -> Result<Vec<Chunk>, Error>;

    /// The children of a workflow, in the order in which they were enqueued.
    async fn children(&self, parent: Key) -> Result<Vec<(Key, InvocationId)>, Error>;

    /// How those of these invocations that have ended ended.
    async fn outcomes(&self, keys: &[Key]) -> Result<Vec<EndedWith>, Error>;

    /// Sends a message to an invocation that has not ended. At most `full` wait for it at once. A
    /// workflow that waits for one of this name becomes ready.
    async fn send(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        name: &str,
        value: Bytes,
        full: u32,
    ) -> Result<Sent, Error>;

    /// The messages that an invocation has not taken yet, in order.
    async fn messages(&self, key: Key) -> Result<Vec<Message>, Error>;

    /// What an invocation published, by name; later than `after` if that is said.
    async fn published(&self, key: Key, after: i64) -> Result<Vec<Published>, Error>;

    /// Asks for the end of these invocations and of their descendants that are not detached: what
    /// is not held by a host ends at once as `cancelled`, the rest when its host says so. Those that
    /// have ended stay as they are.
    async fn cancel(&self, keys: &[Key], reason: &str) -> Result<Cancelling, Error>;

    /// Stores a call that begins with a part of another invocation's journal, as `enqueue` does.
    async fn fork(&self, fork: Fork) -> Result<Enqueued, Error>;

    /// The workflows of this component that have not ended and were not pinned to `digest`, at most
    /// `limit`, with keys above `after`, in order.
    async fn in_flight(
        &self,
        namespace: &Namespace,
        component: &ComponentName,
        digest: &Digest,
        after: Key,
        limit: u32,
    ) -> Result<Vec<InFlight>, Error>;

    /// Pins a workflow to another task, if no host holds it and its journal still has so many
    /// entries. Says whether that was so.
    async fn repin(&self, key: Key, entries: u32, function: FunctionId) -> Result<bool, Error>;

    // --- handles ------------------------------------------------------------------------------

    /// One invocation, with its outcome when it has one.
    async fn invocation(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Option<Invocation>, Error>;

    /// What holds an invocation back; none if there is no such invocation or it has ended.
    async fn standing(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Option<Standing>, Error>;

    /// Several at once, in no order; unknown ids are left out.
    async fn invocations_by_id(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
    ) -> Result<Vec<Invocation>, Error>;

    /// Which of these have ended.
    async fn ended(&self, keys: &[Key]) -> Result<Vec<Key>, Error>;

    /// A page of invocations, newest first, without arguments and outcomes' values unless the filter
    /// asks for them. Fast at ten million rows for every single condition.
    async fn invocations(
        &self,
        namespace: &Namespace,
        filter: &Filter,
    ) -> Result<Vec<Invocation>, Error>;

    /// The log of an invocation, all attempts, oldest first.
    async fn log(&self, key: Key) -> Result<Vec<LogChunk>, Error>;

    /// Attempts that ended without an outcome: their host died, or gave them back.
    async fn lost_attempts(&self, key: Key) -> Result<Vec<LostAttempt>, Error>;

    // --- schedules ----------------------------------------------------------------------------

    /// Makes a schedule or changes it; what it fired last stays. Its `revision`, `last` and
    /// `created_at` are the store's.
    async fn put_schedule(&self, schedule: &Schedule) -> Result<Schedule, Error>;

    /// All schedules, or the one of this name, by name.
    async fn schedules(
        &self,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Result<Vec<Schedule>, Error>;

    /// Deletes a schedule; whether it was there. What it enqueued stays.
    async fn delete_schedule(&self, namespace: &Namespace, name: &str) -> Result<bool, Error>;

    /// Schedules of all namespaces that are due, at most `limit`, and when the next one is. Both by
    /// the store's clock, which it tells.
    async fn due_schedules(&self, limit: u32) -> Result<DueSchedules, Error>;

    /// Fires a schedule, if it still stands as it was read: moves it on and enqueues its call, in one
    /// transaction. So each firing is enqueued exactly once, whoever looks.
    async fn fire(&self, firing: Firing) -> Result<Fired, Error>;

    // --- keeping ------------------------------------------------------------------------------

    /// Deletes invocations that ended longer ago than they are kept, with all that belongs to them,
    /// and whatever else is of no use any more: one small batch, which disturbs no claim. Children
    /// stay as long as their parent has not ended.
    async fn sweep(&self, sweep: &Sweep) -> Result<Swept, Error>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), Error>;

    /// Commits what is in flight and closes.
    async fn close(&self);
}
