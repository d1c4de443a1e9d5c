//! What a workflow leaves in the store: its journal, its children, what it waits for, and what goes
//! to and from the outside.

use bytes::Bytes;

use super::{Hold, NewCall};
use crate::model::{FunctionId, InvocationId, Key, Moment, Outcome, QueueId, State};

/// The most entries of a journal in one [`Steps`].
pub const STEPS_MAX: usize = 10_000;

/// A part of a journal, as it was recorded in one transaction. What its entries say is the
/// workflow's business: the store numbers and keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The number of its first entry; parts follow each other without a gap.
    pub first: u32,
    /// How many entries it has.
    pub count: u32,
    /// The entries.
    pub body: Bytes,
    /// When it was recorded.
    pub recorded_at: Moment,
}

/// What a workflow did since it was last recorded: all of it or nothing, fenced.
#[derive(Debug, Clone)]
pub struct Steps {
    /// Who.
    pub hold: Hold,
    /// The number of the first entry. The journal ends before it, or holds these very entries
    /// already (an answer was lost).
    pub first: u32,
    /// How many entries.
    pub count: u32,
    /// The entries; empty where there are none.
    pub body: Bytes,
    /// What it enqueued, in order. Their ids are the parent's, so that one that stands there
    /// already is the same call.
    pub children: Vec<Child>,
    /// Whose end it asked for.
    pub cancels: Vec<Key>,
    /// What it told the outside, in order; of one name the last one stands.
    pub published: Vec<Publication>,
    /// The messages that it took.
    pub taken: Vec<i64>,
    /// It goes on as new with these arguments: the journal before `first` is deleted.
    pub restart: Option<Bytes>,
}

/// A call that a workflow makes.
#[derive(Debug, Clone)]
pub struct Child {
    /// The call. Its `chosen` says that the workflow chose the id.
    pub call: NewCall,
    /// Whether it goes on when its parent is cancelled.
    pub detached: bool,
}

/// A value that a workflow shows under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The name.
    pub name: String,
    /// The value as JSON.
    pub value: Bytes,
}

/// A published value as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The name.
    pub name: String,
    /// The value as JSON.
    pub value: Bytes,
    /// Grows with every change, over all names of the invocation.
    pub revision: i64,
    /// When.
    pub published_at: Moment,
}

/// A message to an invocation that was not taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The store's number; messages are taken in its order.
    pub number: i64,
    /// The name under which it was sent.
    pub name: String,
    /// The JSON value.
    pub value: Bytes,
    /// When.
    pub sent_at: Moment,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It is stored.
    Stored,
    /// There is no invocation of this id.
    Unknown,
    /// It is a task, which receives nothing.
    NoWorkflow,
    /// The invocation has ended.
    Ended(State),
    /// So many messages wait for it already: as many as may.
    Full(u32),
}

/// Until when a workflow waits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wait {
    /// Children whose end it waits for.
    pub awaited: Vec<Key>,
    /// Whether it waits for the end of all of them; else of any.
    pub all: bool,
    /// Names of messages, any of which it waits for.
    pub messages: Vec<String>,
    /// When it goes on in any case.
    pub at: Option<Moment>,
}

/// A workflow that gives its host back until what it waits for has come. It keeps its slot.
#[derive(Debug, Clone)]
pub struct Waited {
    /// Which.
    pub hold: Hold,
    /// In which queue.
    pub queue: QueueId,
    /// The attempt's number.
    pub attempt: u32,
    /// When the attempt started.
    pub started_at: Moment,
    /// For what it waits.
    pub wait: Wait,
    /// What it wrote since the last report.
    pub log: String,
}

/// An invocation that has ended, as whoever waits for it needs it.
#[derive(Debug, Clone)]
pub struct EndedWith {
    /// Which.
    pub key: Key,
    /// How.
    pub outcome: Outcome,
    /// When.
    pub finished_at: Moment,
}

/// A new invocation that begins with a part of another one's journal.
#[derive(Debug, Clone)]
pub struct Fork {
    /// The call.
    pub call: NewCall,
    /// The invocation from which it comes.
    pub of: Key,
    /// How many entries the journal below has.
    pub count: u32,
    /// The entries.
    pub journal: Bytes,
}

/// A workflow that has not ended, for a change of its component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// Which.
    pub key: Key,
    /// Its id.
    pub id: InvocationId,
    /// Its task.
    pub function: FunctionId,
    /// Where it is in its life.
    pub state: State,
    /// How many entries its journal has.
    pub entries: u32,
}

/// What a cancellation did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cancelling {
    /// Those that ended at once: they were not executing.
    pub ended: Vec<Key>,
    /// Those whose hosts end them now.
    pub asked: Vec<Key>,
    /// Queues in which something may be claimed now.
    pub queues: Vec<QueueId>,
}

/// What polling found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claimable {
    /// Every queue, of every namespace, in which something may be claimed or go on.
    pub queues: Vec<QueueId>,
    /// When the next waiting workflow goes on by the clock.
    pub next_at: Option<Moment>,
}
