//! The gates at which a workflow waits, opened: as its journal says, or with what has come.

use super::arrivals::{ID_TAKEN, PAUSE};
use super::entry::{Answered, Entry};
use super::execution::{Execution, Mode};
use super::waits::{Pending, Waiting};
use crate::engine::{Answer, Gate, Halt, HandleNumber, NamedCall};
use crate::model::{FailureKind, InvocationId, Moment, Outcome, State};
use crate::store::{EndedWith, Invocation};

impl Execution {
    /// The next gate to open. The guest is quiet.
    pub(super) async fn next_to_open(&mut self) -> Result<(Gate, Answer), Halt> {
        if let Some(opened) = self.repeat_open().await? {
            return Ok(opened);
        }
        loop {
            self.waits.tick(self.now());
            match self.waits.first_open() {
                Some(gate) => {
                    if let Some(answer) = self.open(gate).await? {
                        return Ok((gate, answer));
                    }
                }
                None => self.arrive().await?,
            }
        }
    }

    /// Opens what the journal says, while it says something.
    async fn repeat_open(&mut self) -> Result<Option<(Gate, Answer)>, Halt> {
        let Some(next) = self.parts.tape.next() else {
            return match self.parts.mode {
                // What follows from the past alone may still be repeated in private.
                Mode::Private(_) => self.repeat_derived(true).await,
                Mode::Live { .. } => Ok(None),
            };
        };
        let Entry::Open { gate, .. } = next else {
            return self.repeat_derived(false).await;
        };
        let gate = Gate(*gate);
        if self.waits.get(gate).is_none() {
            let waits: Vec<String> = self
                .waits
                .iter()
                .map(|(gate, _)| gate.0.to_string())
                .collect();
            return Err(self.differs(format!("waits at {}", waits.join(", "))));
        }
        let Some(Entry::Open { at, answer, .. }) = self.parts.tape.take() else {
            return Ok(None);
        };
        let waiting = self.waits.remove(gate);
        let step = waiting.as_ref().and_then(|waiting| waiting.step);
        self.advance(at);
        let answer = match (answer, waiting.map(|waiting| waiting.pending)) {
            (Some(Answered::Handles(_)), Some(Pending::Enqueue(call))) => {
                let id = self.child_id(&call, step.unwrap_or_default());
                self.made += 1;
                Answer::Handles(vec![self.handle_of(id, call.detached)])
            }
            (Some(Answered::Handles(_)), Some(Pending::EnqueueMany(calls))) => {
                self.made += calls.len() as u32;
                Answer::Handles(self.handles_of(&calls, step.unwrap_or_default()))
            }
            (Some(Answered::Handles(_)), Some(Pending::Find(id))) => {
                Answer::Handles(vec![self.handle_found(InvocationId::from_store(id), None)])
            }
            (Some(answer), _) => answer.into(),
            (None, Some(Pending::Result(handle, name))) => {
                let ended = self.wait_for_outcome(handle).await?;
                self.result(ended, name)?
            }
            (None, Some(Pending::All(..))) => Answer::Flag(true),
            (None, Some(Pending::Settled(answer))) => *answer,
            (None, _) => Answer::Done,
        };
        Ok(Some((gate, answer)))
    }

    /// The journal goes on without saying that a gate opened: then it was the only one, and what it
    /// brought follows from the store.
    async fn repeat_derived(&mut self, private: bool) -> Result<Option<(Gate, Answer)>, Halt> {
        let only = self
            .waits
            .only()
            .map(|(gate, waiting)| (gate, waiting.clone()));
        let Some((gate, Waiting { pending, .. })) = only.filter(|(_, w)| w.pending.is_derived())
        else {
            return match private {
                true => Err(Halt::Away),
                false => Err(self.differs(format!("waits for {} things", self.waits.len()))),
            };
        };
        let answer = match pending {
            Pending::Result(handle, name) => {
                if private && self.outcome_of(handle).await?.is_none() {
                    return Err(Halt::Away);
                }
                let ended = self.wait_for_outcome(handle).await?;
                self.advance(ended.finished_at);
                self.result(ended, name)?
            }
            Pending::Sleep(until) => {
                if private && until > self.now() {
                    return Err(Halt::Away);
                }
                self.advance(until);
                Answer::Done
            }
            Pending::Settled(answer) => *answer,
            _ if private => {
                for handle in pending.handles() {
                    if self.outcome_of(*handle).await?.is_none() {
                        return Err(Halt::Away);
                    }
                }
                Answer::Flag(true)
            }
            _ => Answer::Flag(true),
        };
        self.waits.remove(gate);
        Ok(Some((gate, answer)))
    }

    /// Opens a gate of which it is believed that it can be opened; none if it cannot.
    async fn open(&mut self, gate: Gate) -> Result<Option<Answer>, Halt> {
        let Some(waiting) = self.waits.get(gate).cloned() else {
            return Ok(None);
        };
        let alone = self.waits.len() == 1;
        let (answer, recorded) = match waiting.pending {
            Pending::Result(handle, name) => {
                let ended = self.wait_for_outcome(handle).await?;
                self.advance(ended.finished_at);
                (self.result(ended, name)?, None)
            }
            Pending::Sleep(until) => {
                self.advance(until);
                (Answer::Done, None)
            }
            Pending::Settled(answer) => {
                self.flush(None).await?;
                (*answer, None)
            }
            Pending::All(_, None) => (Answer::Flag(true), None),
            Pending::All(ref handles, Some(_)) => {
                let keys = handles.iter().map(|handle| self.key_of(*handle));
                let all = keys
                    .into_iter()
                    .all(|key| key.is_some_and(|key| self.waits.has_ended(key)));
                told(Answered::Flag(all))
            }
            Pending::Any(handles, _) => told(Answered::Index(self.first_of(&handles).await?)),
            Pending::Receive(ref name, until) => {
                match self
                    .messages
                    .iter()
                    .position(|message| message.name == *name)
                {
                    Some(index) => {
                        let message = self.messages.remove(index);
                        let message = message.expect("its index was just found");
                        self.fresh.taken.push(message.number);
                        let text = String::from_utf8_lossy(&message.value).into_owned();
                        told(Answered::Text(Some(text)))
                    }
                    None if until.is_some_and(|until| until <= self.now()) => {
                        told(Answered::Text(None))
                    }
                    None => {
                        self.waits.unnotice(gate);
                        return Ok(None);
                    }
                }
            }
            Pending::Status(handle) => told(Answered::State(self.state_of(handle).await?)),
            Pending::Find(id) => self.find(&id).await?,
            Pending::Enqueue(call) => {
                let step = waiting.step.unwrap_or_default();
                self.enqueue_looking(&call, step).await?
            }
            Pending::EnqueueMany(calls) => {
                self.look_for_tasks().await;
                let step = waiting.step.unwrap_or_default();
                match self.prepare_many(&calls, step) {
                    Ok(made) => {
                        let count = made.len() as u32;
                        self.made += count;
                        let handles = self.add_many(made);
                        (Answer::Handles(handles), Some(Answered::Handles(count)))
                    }
                    Err(refusal) => {
                        told(Answered::Refused(refusal.code.to_owned(), refusal.message))
                    }
                }
            }
            Pending::Restart(arguments) => {
                self.flush(None).await?;
                self.flush(Some(arguments.clone())).await?;
                return Err(Halt::Restart(arguments));
            }
        };
        self.waits.remove(gate);
        if recorded.is_some() || !alone {
            let at = self.now();
            if recorded.is_some() {
                self.advance(at);
            }
            let at = self.time_now();
            self.parts
                .tape
                .push(Entry::open(gate, waiting.step, at, recorded));
        }
        Ok(Some(answer))
    }

    /// An outcome as the answer to whoever waits for it.
    fn result(&mut self, ended: EndedWith, name: Option<String>) -> Result<Answer, Halt> {
        if let (Some(name), Outcome::Error(failure)) = (&name, &ended.outcome)
            && (failure.kind != FailureKind::Guest || failure.payload.is_none())
        {
            // The imported type has no word for it.
            let message = format!(
                "the call of {name} failed as {}: {}",
                failure.kind, failure.message
            );
            return Err(Halt::failed(FailureKind::Trap, message));
        }
        // It is mostly asked for once.
        self.outcomes.remove(&ended.key);
        Ok(Answer::Result(ended.outcome))
    }

    /// Of those that have ended, the one that ended first.
    async fn first_of(&mut self, handles: &[HandleNumber]) -> Result<Option<u32>, Halt> {
        let mut first: Option<(Moment, u32)> = None;
        for (index, handle) in handles.iter().enumerate() {
            let ended = self
                .key_of(*handle)
                .filter(|key| self.waits.has_ended(*key));
            if ended.is_some()
                && let Some(with) = self.outcome_of(*handle).await?
            {
                let this = (with.finished_at, index as u32);
                first = Some(first.map_or(this, |first| first.min(this)));
            }
        }
        Ok(first.map(|(_, index)| index))
    }

    async fn find(&mut self, id: &str) -> Result<(Answer, Option<Answered>), Halt> {
        let unknown = |message: String| {
            let answered = Answered::Refused("invocation-unknown".to_owned(), message);
            Ok(told(answered))
        };
        let id = InvocationId::from_store(id.to_owned());
        match self.invocation(&id).await? {
            Some(found) => {
                self.foreign.insert(found.key);
                let handle = self.handle_found(id, Some(found.key));
                Ok((Answer::Handles(vec![handle]), Some(Answered::Handles(1))))
            }
            None => unknown(format!("there is no invocation `{id}`")),
        }
    }

    async fn state_of(&mut self, handle: HandleNumber) -> Result<State, Halt> {
        // One that is not enqueued yet is so before anybody can ask.
        self.flush(None).await?;
        let id = self.handles[handle.0 as usize].id.clone();
        match self.invocation(&id).await? {
            Some(found) => Ok(found.state),
            None => Err(Halt::failed(
                FailureKind::Trap,
                format!("the invocation `{id}` is there no more"),
            )),
        }
    }

    pub(super) async fn invocation(&self, id: &InvocationId) -> Result<Option<Invocation>, Halt> {
        let namespace = self.parts.children.maker().namespace.clone();
        loop {
            match self.parts.store.invocation(&namespace, id).await {
                Ok(found) => return Ok(found),
                Err(error) => self.pause(&error).await,
            }
        }
    }

    /// Looks for what was uploaded a moment ago.
    async fn look_for_tasks(&mut self) {
        while let Err(error) = self.parts.children.renew().await {
            tracing::warn!(%error, "tasks cannot be read; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A call for which the store has to be asked: whether its task was uploaded a moment ago, or
    /// whether its id is taken.
    async fn enqueue_looking(
        &mut self,
        call: &NamedCall,
        step: u32,
    ) -> Result<(Answer, Option<Answered>), Halt> {
        let refused =
            |code: &str, message: String| told(Answered::Refused(code.to_owned(), message));
        let mut prepared = self.prepare(call, step, None);
        if prepared.as_ref().is_err_and(|refusal| refusal.stale) {
            self.look_for_tasks().await;
            prepared = self.prepare(call, step, None);
        }
        let made = match prepared {
            Ok(made) => made,
            Err(refusal) => return Ok(refused(refusal.code, refusal.message)),
        };
        // What came before is recorded first, so that only this call can be refused.
        self.flush(None).await?;
        let (id, taken) = (made.id.clone(), made.id.clone());
        let handle = self.handle_of(id, call.detached);
        self.fresh.add(handle.0, made, call.detached);
        match self.flush(None).await {
            Ok(()) => {
                self.made += 1;
                Ok((Answer::Handles(vec![handle]), Some(Answered::Handles(1))))
            }
            Err(Halt::Failed(failure)) if failure.limit.as_deref() == Some(ID_TAKEN) => {
                self.fresh.children.clear();
                self.handles.pop();
                let message = format!("another call stands under the id `{taken}`");
                Ok(refused("id-taken", message))
            }
            Err(halt) => Err(halt),
        }
    }
}

/// An answer that the journal must have.
fn told(answered: Answered) -> (Answer, Option<Answered>) {
    (answered.clone().into(), Some(answered))
}
