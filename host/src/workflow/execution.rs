//! One execution of a workflow against its journal: what the engine asks, answered.
//!
//! While there is a journal ahead, every step is compared with it and answered from it. After its
//! end the execution is live: steps are numbered, checked, and kept until they are recorded together
//! (`arrivals`). A private execution stops there instead: it only looks whether it comes so far.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::asked::Asked;
use super::entry::{Entry, Origin, shown_end};
use super::fresh::Fresh;
use super::tape::Tape;
use super::turn::Turn;
use super::waits::{Pending, Waits};
use super::{Difference, Options};
use crate::control::{Children, Watch};
use crate::engine::{Answer, Asked as Reply, Durable, Gate, Halt, HandleNumber, Request};
use crate::model::{Failure, FailureKind, HostNumber, InvocationId, Key, Moment, Outcome};
use crate::store::{EndedWith, Message, Store};
use crate::values;

/// Who executes.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The store's number.
    pub key: Key,
    /// The id.
    pub id: InvocationId,
    /// How many ancestors it has.
    pub depth: u32,
    /// Its own type, for going on as new.
    pub signature: Arc<values::Function>,
}

/// Whether the execution may do anything.
pub enum Mode {
    /// It goes on where the journal ends.
    Live {
        /// Its turn on this host.
        turn: Box<dyn Turn>,
        /// The host.
        host: HostNumber,
    },
    /// It changes nothing, and stops where the journal ends: what it found.
    Private(Arc<Mutex<Report>>),
}

/// What a private execution found.
#[derive(Debug, Default)]
pub struct Report {
    /// The number of the last step that was the same.
    pub steps: u32,
    /// Where it differed.
    pub difference: Option<Difference>,
    /// What it would do after the end of the journal.
    pub beyond: Option<String>,
}

/// A handle that was given out.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub id: InvocationId,
    /// The store's number, once it is known.
    pub key: Option<Key>,
    /// Whether it goes on when the workflow is ended.
    pub detached: bool,
    /// Whether it was found by its id, and is not the workflow's to end.
    pub found: bool,
}

/// What an execution is made of.
pub struct Parts {
    /// Who.
    pub identity: Identity,
    /// Its journal.
    pub tape: Tape,
    /// What it may call.
    pub children: Children,
    /// Its children so far, by id.
    pub known: HashMap<InvocationId, Key>,
    /// Where everything is.
    pub store: Arc<dyn Store>,
    /// Who tells of ends.
    pub watch: Watch,
    /// The limits.
    pub options: Options,
    /// Whether it may do anything.
    pub mode: Mode,
    /// The database's time.
    pub now: Box<dyn Fn() -> Moment + Send + Sync>,
}

/// One execution.
pub struct Execution {
    pub(super) parts: Parts,
    pub(super) waits: Waits,
    pub(super) fresh: Fresh,
    pub(super) handles: Vec<Handle>,
    pub(super) outcomes: HashMap<Key, EndedWith>,
    /// Bytes and number of the outcomes that were read, for how many to read ahead.
    pub(super) read: (usize, usize),
    pub(super) messages: VecDeque<Message>,
    pub(super) ticket: Option<crate::control::Ticket>,
    /// Those that are not its own children, whose end does not wake it.
    pub(super) foreign: HashSet<Key>,
    pub(super) watched: HashSet<Key>,
    pub(super) unwatched: Vec<Key>,
    /// Whether the store was looked at since the execution became live or was resumed.
    pub(super) looked: bool,
    pub(super) seed: [u8; 32],
    pub(super) time: Moment,
    pub(super) steps: u32,
    pub(super) made: u32,
    pub(super) made_bytes: usize,
    /// Whose steps the first ones were.
    pub(super) origins: Vec<Origin>,
    /// The piece of own work that is being done.
    pub(super) piece: Option<String>,
}

impl Execution {
    /// An execution that begins: at the beginning of its journal, or of a new one.
    pub fn new(mut parts: Parts) -> Self {
        if parts.tape.next().is_none() {
            let random = [uuid::Uuid::now_v7(), uuid::Uuid::now_v7()];
            let from = format!("{}{}{}", random[0], random[1], parts.identity.id);
            let begin = Entry::Begin {
                seed: crate::model::Digest::of(from.as_bytes())
                    .as_str()
                    .to_owned(),
                at: (parts.now)(),
                steps: 0,
                children: 0,
                origins: Vec::new(),
            };
            parts.tape.begin(begin);
        }
        let (mut seed, mut time, mut steps, mut made) = ([0; 32], Moment(0), 0, 0);
        let mut origins = Vec::new();
        if let Some(Entry::Begin { .. }) = parts.tape.next()
            && let Some(Entry::Begin {
                seed: text,
                at,
                steps: before,
                children,
                origins: forks,
            }) = parts.tape.take()
        {
            origins = forks;
            for (byte, digits) in seed.iter_mut().zip(text.as_bytes().chunks(2)) {
                let digits = std::str::from_utf8(digits).unwrap_or_default();
                *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
            }
            (time, steps, made) = (at, before, children);
        }
        Self {
            waits: Waits::default(),
            fresh: Fresh::default(),
            handles: Vec::new(),
            outcomes: HashMap::new(),
            read: (0, 0),
            messages: VecDeque::new(),
            ticket: None,
            foreign: HashSet::new(),
            watched: HashSet::new(),
            unwatched: Vec::new(),
            looked: false,
            seed,
            time,
            steps,
            made,
            made_bytes: 0,
            origins,
            piece: None,
            parts,
        }
    }

    /// The present, by the database's clock.
    pub(super) fn now(&self) -> Moment {
        (self.parts.now)()
    }

    /// What is seen from now on is not older than this.
    pub(super) fn advance(&mut self, at: Moment) {
        self.time = self.time.max(at);
    }

    /// The time as the workflow sees it.
    pub(super) fn time_now(&self) -> Moment {
        self.time
    }

    pub(super) fn key_of(&self, handle: HandleNumber) -> Option<Key> {
        self.handles.get(handle.0 as usize)?.key
    }

    /// A new gate.
    pub(super) fn gate(&mut self, step: Option<u32>, pending: Pending) -> Gate {
        let keys: Vec<Option<Key>> = pending
            .handles()
            .iter()
            .map(|handle| self.key_of(*handle))
            .collect();
        self.waits.add(step, pending, &keys)
    }

    /// The id of what a step enqueues, or enqueued when it was another invocation's.
    pub(super) fn id_of_child(&self, step: u32, index: Option<usize>) -> InvocationId {
        match self.origins.iter().find(|origin| step < origin.before) {
            Some(origin) => InvocationId::from_store(origin.id.clone()).of_child(step, index),
            None => self.parts.identity.id.of_child(step, index),
        }
    }

    /// What a private execution would do after the end of its journal.
    pub(super) fn stop_at(&self, present: String) -> Halt {
        if let Mode::Private(report) = &self.parts.mode {
            let mut report = report.lock().expect("no holder of this lock can panic");
            report.beyond = Some(present);
        }
        Halt::Away
    }

    /// Gives out a handle.
    pub(super) fn handle(&mut self, id: InvocationId, key: Option<Key>) -> (HandleNumber, String) {
        let known = self.parts.known.get(&id).copied();
        let handle = HandleNumber(self.handles.len() as u32);
        let text = id.to_string();
        self.handles.push(Handle {
            id,
            key: key.or(known),
            detached: false,
            found: false,
        });
        if let Some(key) = key.or(known) {
            self.unwatched.push(key);
        }
        (handle, text)
    }

    /// Gives out a handle of a call.
    pub(super) fn handle_of(&mut self, id: InvocationId, detached: bool) -> (HandleNumber, String) {
        let (handle, text) = self.handle(id, None);
        self.handles[handle.0 as usize].detached = detached;
        (handle, text)
    }

    /// Gives out a handle of an invocation that was found by its id.
    pub(super) fn handle_found(
        &mut self,
        id: InvocationId,
        key: Option<Key>,
    ) -> (HandleNumber, String) {
        let (handle, text) = self.handle(id, key);
        self.handles[handle.0 as usize].found = true;
        (handle, text)
    }

    /// Asks for the end of every child that is left, but for the detached.
    fn cancel_children(&mut self) {
        for (index, handle) in self.handles.iter().enumerate() {
            let ended = handle.key.is_some_and(|key| self.waits.has_ended(key));
            if !handle.detached && !handle.found && !ended {
                self.fresh.cancel(HandleNumber(index as u32));
            }
        }
    }

    /// That the execution and its journal part here.
    pub(super) fn differs(&self, present: String) -> Halt {
        let recorded = self
            .parts
            .tape
            .next()
            .map_or_else(|| "the journal ends".to_owned(), Entry::shown);
        let step = match self.parts.tape.next() {
            Some(Entry::Step { n, .. }) => *n,
            _ => self.steps,
        };
        let difference = Difference {
            step,
            recorded,
            present,
        };
        if let Mode::Private(report) = &self.parts.mode {
            let mut report = report.lock().expect("no holder of this lock can panic");
            report.difference = Some(difference);
            return Halt::Away;
        }
        let mut failure = Failure::new(
            FailureKind::Nondeterminism,
            format!(
                "step {step} of the replay differs from the journal: recorded was `{}`, now it is `{}`; \
                 a workflow must do the same again whenever it is executed",
                difference.recorded, difference.present
            ),
        );
        failure.payload = serde_json::value::to_raw_value(&difference).ok();
        Halt::Failed(failure)
    }

    /// The id under which the first steps were taken: of a fork that of the oldest invocation from
    /// which it comes. A guest that asks for its id is told this one, since what it did with the
    /// answer is in the journal.
    pub fn known_as(&self) -> &str {
        let oldest = self.origins.first();
        oldest.map_or(self.parts.identity.id.as_str(), |origin| &origin.id)
    }

    /// How a journal that goes on as new begins.
    pub(super) fn begin_anew(&self) -> Entry {
        let from: Vec<u8> = [&self.seed[..], &self.steps.to_le_bytes()].concat();
        Entry::Begin {
            seed: crate::model::Digest::of(&from).as_str().to_owned(),
            at: self.time,
            steps: self.steps,
            children: self.made,
            origins: Vec::new(),
        }
    }
}

#[async_trait]
impl Durable for Execution {
    fn ask(&mut self, request: Request) -> Result<Reply, Halt> {
        if let (Some(name), false) = (&self.piece, matches!(request, Request::StepEnd(_))) {
            let message = format!(
                "inside the step `{name}` nothing else may be asked of the workflow's host: end it first"
            );
            return Err(Halt::failed(FailureKind::Trap, message));
        }
        if let Some(asked) = Asked::of(&request) {
            return self.step(request, asked);
        }
        match request {
            Request::Result(handle) => {
                Ok(Reply::Later(self.gate(None, Pending::Result(handle, None))))
            }
            Request::WaitAll(handles, _) => {
                Ok(Reply::Later(self.gate(None, Pending::All(handles, None))))
            }
            Request::StepBegin(name) => self.begin_piece(name),
            Request::StepEnd(value) => self.end_piece(value),
            Request::ContinueAsNew(arguments) => self.restart(&arguments),
            other => {
                let message = format!("{other:?} is no request that waits");
                Err(Halt::failed(FailureKind::Trap, message))
            }
        }
    }

    async fn quiet(&mut self) -> Result<(Gate, Answer), Halt> {
        self.next_to_open().await
    }

    async fn end(&mut self, outcome: &Outcome) -> Result<(), Halt> {
        if self.parts.tape.next().is_some() {
            return Err(self.differs(shown_end(outcome)));
        }
        match self.parts.mode {
            Mode::Private(_) => Ok(()),
            Mode::Live { .. } => {
                // What took too long took too long with its family.
                if outcome.kind() == Some(FailureKind::Timeout) {
                    self.cancel_children();
                }
                self.flush(None).await
            }
        }
    }

    fn time(&self) -> Moment {
        self.time
    }

    fn seed(&self) -> [u8; 32] {
        self.seed
    }

    fn is_replaying(&self) -> bool {
        self.parts.tape.is_replaying() || matches!(self.parts.mode, Mode::Private(_))
    }
}
