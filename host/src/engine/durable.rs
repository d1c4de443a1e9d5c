//! What a workflow asks of whoever keeps its journal, seen from the engine.
//!
//! The engine executes the guest and knows nothing of journals: it hands every request that must be
//! durable to a [`Durable`], in the order in which the guest makes them, and opens the gates at which
//! the guest waits in the order in which it is told. In between it runs the guest until it is quiet,
//! that is, until it can do nothing before a gate opens. So what a guest does follows from the
//! answers and their order alone, however many of its tasks wait at once.

use async_trait::async_trait;
use bytes::Bytes;

use crate::model::{Controls, Failure, FailureKind, Moment, Outcome, State};

/// An invocation to which the workflow has a handle, numbered from 0 in the order in which handles
/// were given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HandleNumber(pub u32);

/// Something that the guest waits for, numbered by whoever keeps the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gate(pub u32);

/// A call by name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedCall {
    /// The queue; none for the workflow's own.
    pub queue: Option<String>,
    /// The task as the guest wrote it.
    pub task: String,
    /// The arguments, which are hoped to be JSON.
    pub arguments: String,
    /// The id that the guest chose.
    pub id: Option<String>,
    /// Lower goes first.
    pub priority: Option<i32>,
    /// How long one attempt may take.
    pub timeout_ms: Option<u64>,
    /// When, how often, in which partition …
    pub controls: Box<Controls>,
    /// Whether it goes on when the workflow is cancelled.
    pub detached: bool,
}

/// What a workflow asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Enqueue one call: [`Answer::Handles`] with one, or [`Answer::Refused`].
    Enqueue(NamedCall),
    /// Enqueue many as one step: [`Answer::Handles`] or [`Answer::Refused`].
    EnqueueMany(Vec<NamedCall>),
    /// A call of an imported function, by type: enqueue it as the import is bound and wait for its
    /// end: [`Answer::Result`]. The arguments are canonical JSON by position.
    Call {
        /// The interface with its version, as it is imported.
        interface: String,
        /// The function.
        function: String,
        /// The arguments.
        arguments: Bytes,
    },
    /// The handle of an invocation by its id: [`Answer::Handles`] with one, or [`Answer::Refused`].
    Find(String),
    /// How an invocation ended, when it has: [`Answer::Result`].
    Result(HandleNumber),
    /// Where it is in its life: [`Answer::State`].
    Status(HandleNumber),
    /// Ask for its end: [`Answer::Done`].
    Cancel(HandleNumber),
    /// Until one has ended: [`Answer::Index`].
    WaitAny(Vec<HandleNumber>, Option<u64>),
    /// Until all have ended: [`Answer::Flag`].
    WaitAll(Vec<HandleNumber>, Option<u64>),
    /// For so many milliseconds: [`Answer::Done`]. Also what the clocks of WASI wait for, whose
    /// nanoseconds are rounded up.
    Sleep(u64),
    /// The time: [`Answer::Time`].
    Now,
    /// Show a value, which is hoped to be JSON: [`Answer::Done`].
    Publish(String, String),
    /// Take a message: [`Answer::Text`].
    Receive(String, Option<u64>),
    /// Begin a piece of own work: [`Answer::Text`], none if it is to be done.
    StepBegin(String),
    /// End it, with what is hoped to be JSON: [`Answer::Done`].
    StepEnd(String),
    /// Begin anew with these arguments: never answered, [`Halt::Restart`] follows.
    ContinueAsNew(String),
}

/// What a request is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is done.
    Done,
    /// Handles, with the ids of their invocations.
    Handles(Vec<(HandleNumber, String)>),
    /// It was not done: a code and a message.
    Refused(String, String),
    /// How an invocation ended.
    Result(Outcome),
    /// Where it is in its life.
    State(State),
    /// Which one.
    Index(Option<u32>),
    /// Whether it was so.
    Flag(bool),
    /// A moment.
    Time(Moment),
    /// JSON.
    Text(Option<String>),
}

/// The answer, or where the guest waits for it.
#[derive(Debug, Clone)]
pub enum Asked {
    /// At once.
    Now(Answer),
    /// When this gate opens. The guest that asked goes no further before.
    Later(Gate),
}

/// Why the guest executes no further here. It is dropped.
#[derive(Debug, Clone)]
pub enum Halt {
    /// This is its outcome: it differed from its journal, reached a limit, …
    Failed(Failure),
    /// It leaves memory and is replayed later, by whatever host: nothing is to be recorded.
    Away,
    /// The host may not execute it any more: nothing may be recorded.
    Fenced,
    /// It begins anew with these arguments (canonical JSON by position).
    Restart(Bytes),
}

impl Halt {
    /// An outcome of this kind.
    pub fn failed(kind: FailureKind, message: impl Into<String>) -> Self {
        Self::Failed(Failure::new(kind, message))
    }
}

/// Keeps the journal of one execution of a workflow. The engine calls it from one place at a time.
#[async_trait]
pub trait Durable: Send {
    /// Takes a request, in the order in which the guest makes them. Answers from memory, or names
    /// the gate; never waits.
    fn ask(&mut self, request: Request) -> Result<Asked, Halt>;

    /// The guest is quiet: it can do nothing before a gate opens, and there is at least one. Tells
    /// which opens next, and with what; may take days. The engine counts none of it as executing.
    async fn quiet(&mut self) -> Result<(Gate, Answer), Halt>;

    /// The function has returned, or failed. Records what is not recorded yet; afterwards the outcome
    /// may be. What it answers instead stands.
    async fn end(&mut self, outcome: &Outcome) -> Result<(), Halt>;

    /// The time as the workflow sees it: that of the latest answer. It never goes back, and is the
    /// same in every replay.
    fn time(&self) -> Moment;

    /// From what its random numbers come, in every replay the same.
    fn seed(&self) -> [u8; 32];

    /// Whether it still repeats what it did before: then what it writes to its log was written, and
    /// its progress told.
    fn is_replaying(&self) -> bool;
}
