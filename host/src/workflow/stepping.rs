//! The steps of a workflow: repeated from its journal, or taken for the first time.
//!
//! A step that is new is checked, numbered, and kept with what it does until it is recorded.

use super::asked::Asked;
use super::entry::{Answered, Entry};
use super::execution::{Execution, Handle, Mode};
use super::waits::Pending;
use crate::control::{Made, Refusal};
use crate::engine::{Answer, Asked as Reply, Gate, Halt, HandleNumber, NamedCall, Request};
use crate::model::{FailureKind, InvocationId};
use crate::store::NewCall;

/// The most calls in one `enqueue-many`.
const BATCH_MAX: usize = 10_000;

/// After so many children the workflow waits until they are recorded, so that a loop does not pile
/// them up in memory.
const SETTLE_CHILDREN: u32 = 5_000;

/// After so many bytes of arguments likewise.
const SETTLE_BYTES: usize = 8 << 20;

impl Execution {
    /// A step: repeated if the journal has it, else taken.
    pub(super) fn step(&mut self, request: Request, asked: Asked) -> Result<Reply, Halt> {
        let is_repeated = match self.parts.tape.next() {
            Some(Entry::Step {
                asked: recorded, ..
            }) if *recorded == asked => true,
            Some(_) => {
                self.steps += 1;
                return Err(self.differs(asked.shown()));
            }
            None => false,
        };
        self.steps += 1;
        if let Request::Cancel(handle) = request
            && let Some(Handle {
                id, found: true, ..
            }) = self.handles.get(handle.0 as usize)
        {
            let message =
                format!("a workflow may end what it enqueued itself: `{id}` was found by its id");
            return Err(Halt::failed(FailureKind::Trap, message));
        }
        if !is_repeated {
            return self.take_step(request, asked);
        }
        self.note_step();
        match self.parts.tape.take() {
            Some(Entry::Step { at, answer, .. }) => {
                self.advance(at);
                self.repeat(request, answer)
            }
            _ => Err(Halt::failed(
                FailureKind::Nondeterminism,
                "the journal lost an entry while it was read",
            )),
        }
    }

    /// Private executions tell how far they came.
    fn note_step(&self) {
        if let Mode::Private(report) = &self.parts.mode {
            let mut report = report.lock().expect("no holder of this lock can panic");
            report.steps = self.steps;
        }
    }

    /// Answers a step from the journal.
    fn repeat(&mut self, request: Request, answer: Option<Answered>) -> Result<Reply, Halt> {
        let n = self.steps;
        let children = match &request {
            Request::Enqueue(_) | Request::Call { .. } => 1,
            Request::EnqueueMany(calls) => calls.len() as u32,
            _ => 0,
        };
        let bytes = bytes_of(&request);
        Ok(match (request, answer) {
            (Request::Enqueue(call), Some(Answered::Handles(_))) => {
                let id = self.child_id(&call, n);
                let handle = self.handle_of(id, call.detached);
                self.settle(children, bytes, Answer::Handles(vec![handle]))
            }
            (Request::EnqueueMany(calls), Some(Answered::Handles(_))) => {
                let handles = self.handles_of(&calls, n);
                self.settle(children, bytes, Answer::Handles(handles))
            }
            (
                Request::Call {
                    interface,
                    function,
                    ..
                },
                None,
            ) => {
                let id = self.id_of_child(n, None);
                let (handle, _) = self.handle(id, None);
                self.made += 1;
                let name = format!("{interface}#{function}");
                Reply::Later(self.gate(Some(n), Pending::Result(handle, Some(name))))
            }
            (Request::Sleep(_), Some(Answered::Until(at))) => {
                Reply::Later(self.gate(Some(n), Pending::Sleep(at)))
            }
            (request, None) => Reply::Later(self.wait_for(n, request)?),
            (_, Some(answer)) => Reply::Now(answer.into()),
        })
    }

    /// A step that waits, live or repeated.
    fn wait_for(&mut self, n: u32, request: Request) -> Result<Gate, Halt> {
        let at = |ms: Option<u64>| ms.map(|ms| self.time.moved_ms(ms));
        let pending = match request {
            Request::Enqueue(call) => Pending::Enqueue(call),
            Request::EnqueueMany(calls) => Pending::EnqueueMany(calls),
            Request::Find(id) => Pending::Find(id),
            Request::Status(handle) => Pending::Status(handle),
            Request::WaitAny(handles, ms) => Pending::Any(handles, at(ms)),
            Request::WaitAll(handles, ms) => Pending::All(handles, at(ms)),
            Request::Receive(name, ms) => Pending::Receive(name, at(ms)),
            other => {
                let message = format!("the journal has no answer for {other:?}");
                return Err(Halt::failed(FailureKind::Nondeterminism, message));
            }
        };
        Ok(self.gate(Some(n), pending))
    }

    /// Takes a step that is new.
    fn take_step(&mut self, request: Request, asked: Asked) -> Result<Reply, Halt> {
        if let Mode::Private(_) = self.parts.mode {
            return Err(self.stop_at(asked.shown()));
        }
        self.check_limits(&request)?;
        let (n, at) = (self.steps, self.now());
        self.advance(at);
        let at = self.time;
        let bytes = bytes_of(&request);
        let (answer, reply) = match request {
            Request::Enqueue(call) if call.id.is_none() => match self.prepare(&call, n, None) {
                Ok(made) => {
                    let handle = self.handle_of(made.id.clone(), call.detached);
                    self.fresh.add(handle.0, made, call.detached);
                    let reply = self.settle(1, bytes, Answer::Handles(vec![handle]));
                    (Some(Answered::Handles(1)), reply)
                }
                Err(refusal) if refusal.stale => (
                    None,
                    Reply::Later(self.gate(Some(n), Pending::Enqueue(call))),
                ),
                Err(refusal) => refused(refusal.code, refusal.message),
            },
            Request::EnqueueMany(calls) => match self.prepare_many(&calls, n) {
                Ok(made) => {
                    let count = made.len() as u32;
                    let handles = self.add_many(made);
                    let reply = self.settle(count, bytes, Answer::Handles(handles));
                    (Some(Answered::Handles(count)), reply)
                }
                Err(refusal) if refusal.stale => (
                    None,
                    Reply::Later(self.gate(Some(n), Pending::EnqueueMany(calls))),
                ),
                Err(refusal) => refused(refusal.code, refusal.message),
            },
            Request::Call {
                interface,
                function,
                arguments,
            } => {
                let id = self.id_of_child(n, None);
                let made = self
                    .parts
                    .children
                    .imported(id.clone(), &interface, &function, arguments)
                    .map_err(|refusal| Halt::failed(FailureKind::Component, refusal.message))?;
                let (handle, _) = self.handle(id, None);
                self.fresh.add(handle, made, false);
                self.made += 1;
                let name = format!("{interface}#{function}");
                let gate = self.gate(Some(n), Pending::Result(handle, Some(name)));
                (None, Reply::Later(gate))
            }
            Request::Sleep(ms) => {
                let until = self.time.moved_ms(ms);
                let gate = self.gate(Some(n), Pending::Sleep(until));
                (Some(Answered::Until(until)), Reply::Later(gate))
            }
            Request::Now => (Some(Answered::Time(at)), Reply::Now(Answer::Time(at))),
            Request::Cancel(handle) => {
                self.fresh.cancel(handle);
                done()
            }
            Request::Publish(name, value) => {
                self.check_value(&name, &value)?;
                match self.fresh.publish(name, value) {
                    Ok(()) => done(),
                    Err(message) => return Err(Halt::failed(FailureKind::Trap, message)),
                }
            }
            waits => (None, Reply::Later(self.wait_for(n, waits)?)),
        };
        self.parts.tape.push(Entry::Step {
            n,
            at,
            asked,
            answer,
        });
        Ok(reply)
    }

    pub(super) fn child_id(&self, call: &NamedCall, step: u32) -> InvocationId {
        match &call.id {
            Some(id) => InvocationId::from_store(id.clone()),
            None => self.id_of_child(step, None),
        }
    }

    /// Checks a call by name.
    pub(super) fn prepare(
        &self,
        call: &NamedCall,
        step: u32,
        index: Option<usize>,
    ) -> Result<NewCall, Refusal> {
        let id = match &call.id {
            Some(id) => (
                InvocationId::parse(id).map_err(|error| Refusal {
                    code: "invalid",
                    message: error.to_string(),
                    stale: false,
                })?,
                true,
            ),
            None => (self.id_of_child(step, index), false),
        };
        self.parts.children.call(&Made {
            id,
            queue: call.queue.as_deref(),
            task: &call.task,
            arguments: &call.arguments,
            priority: call.priority,
            timeout_ms: call.timeout_ms,
            controls: &call.controls,
        })
    }

    /// Handles of what a batch enqueued.
    pub(super) fn handles_of(
        &mut self,
        calls: &[NamedCall],
        step: u32,
    ) -> Vec<(HandleNumber, String)> {
        let calls = calls.iter().enumerate();
        let handles = calls.map(|(index, call)| {
            let id = self.id_of_child(step, Some(index));
            self.handle_of(id, call.detached)
        });
        handles.collect()
    }

    /// Takes note of a batch that may be enqueued.
    pub(super) fn add_many(&mut self, made: Vec<(NewCall, bool)>) -> Vec<(HandleNumber, String)> {
        let handles = made.into_iter().map(|(made, detached)| {
            let handle = self.handle_of(made.id.clone(), detached);
            self.fresh.add(handle.0, made, detached);
            handle
        });
        handles.collect()
    }

    /// Checks the calls of a batch.
    pub(super) fn prepare_many(
        &self,
        calls: &[NamedCall],
        step: u32,
    ) -> Result<Vec<(NewCall, bool)>, Refusal> {
        let refuse = |code, message| Refusal {
            code,
            message,
            stale: false,
        };
        if calls.len() > BATCH_MAX {
            let message = format!(
                "a batch may have {BATCH_MAX} calls, this one has {}: send several",
                calls.len()
            );
            return Err(refuse("too-large", message));
        }
        let made = calls.iter().enumerate().map(|(index, call)| {
            if call.id.is_some() {
                let message = format!("[{index}].id: a call in a batch gets its id from the batch");
                return Err(refuse("invalid", message));
            }
            let made = self.prepare(call, step, Some(index));
            let made = made.map_err(|why| Refusal {
                message: format!("[{index}]: {}", why.message),
                ..why
            });
            Ok((made?, call.detached))
        });
        made.collect()
    }

    /// Answers at once, or, now and then, when everything so far is recorded. When that is follows
    /// from what was asked alone, so that it is the same in a replay.
    fn settle(&mut self, children: u32, bytes: usize, answer: Answer) -> Reply {
        let before = (self.made / SETTLE_CHILDREN, self.made_bytes / SETTLE_BYTES);
        self.made += children;
        self.made_bytes += bytes;
        let after = (self.made / SETTLE_CHILDREN, self.made_bytes / SETTLE_BYTES);
        match before == after {
            true => Reply::Now(answer),
            false => Reply::Later(self.gate(None, Pending::Settled(Box::new(answer)))),
        }
    }

    /// Begins a piece of the workflow's own work, or takes its result from the journal.
    pub(super) fn begin_piece(&mut self, name: String) -> Result<Reply, Halt> {
        let asked = Asked::Step { name: name.clone() };
        match self.parts.tape.next() {
            Some(Entry::Step {
                asked: recorded, ..
            }) if *recorded == asked => {
                self.steps += 1;
                self.note_step();
                match self.parts.tape.take() {
                    Some(Entry::Step {
                        at,
                        answer: Some(answer),
                        ..
                    }) => {
                        self.advance(at);
                        Ok(Reply::Now(answer.into()))
                    }
                    _ => Err(self.differs(asked.shown())),
                }
            }
            Some(_) => Err(self.differs(asked.shown())),
            None if matches!(self.parts.mode, Mode::Private(_)) => Err(self.stop_at(asked.shown())),
            None => {
                self.piece = Some(name);
                Ok(Reply::Now(Answer::Text(None)))
            }
        }
    }

    pub(super) fn end_piece(&mut self, value: String) -> Result<Reply, Halt> {
        let Some(name) = self.piece.take() else {
            let message = "step-end was called without step-begin";
            return Err(Halt::failed(FailureKind::Trap, message));
        };
        if let Err(error) = serde_json::from_str::<&serde_json::value::RawValue>(&value) {
            let message = format!("the result of the step `{name}` is no JSON: {error}");
            return Err(Halt::failed(FailureKind::Trap, message));
        }
        self.check_limits(&Request::Now)?;
        self.check_value(&name, &value)?;
        self.steps += 1;
        let at = self.now();
        self.advance(at);
        self.parts.tape.push(Entry::Step {
            n: self.steps,
            at: self.time,
            asked: Asked::Step { name },
            answer: Some(Answered::Text(Some(value))),
        });
        Ok(Reply::Now(Answer::Done))
    }

    pub(super) fn restart(&mut self, arguments: &str) -> Result<Reply, Halt> {
        if self.parts.tape.next().is_some() {
            return Err(self.differs("continues as new".to_owned()));
        }
        if let Mode::Private(_) = self.parts.mode {
            return Err(self.stop_at("continues as new".to_owned()));
        }
        let signature = self.parts.identity.signature.clone();
        let arguments = self.parts.children.own_arguments(&signature, arguments);
        let arguments = arguments.map_err(|refusal| {
            let message = format!("the workflow cannot go on as new: {}", refusal.message);
            Halt::failed(FailureKind::Trap, message)
        })?;
        Ok(Reply::Later(self.gate(None, Pending::Restart(arguments))))
    }
}

fn refused(code: &str, message: String) -> (Option<Answered>, Reply) {
    let answer = Answer::Refused(code.to_owned(), message.clone());
    (
        Some(Answered::Refused(code.to_owned(), message)),
        Reply::Now(answer),
    )
}

fn done() -> (Option<Answered>, Reply) {
    (Some(Answered::Done), Reply::Now(Answer::Done))
}

fn bytes_of(request: &Request) -> usize {
    match request {
        Request::Enqueue(call) => call.arguments.len(),
        Request::EnqueueMany(calls) => calls.iter().map(|call| call.arguments.len()).sum(),
        _ => 0,
    }
}
