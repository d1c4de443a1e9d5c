//! What a workflow waits for, as it comes: told by other invocations' ends, by messages, by the clock.
//!
//! Nothing is recorded for its own sake: what was done is recorded when the workflow has to wait for
//! something that depends on it, gives its host back, or ends.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::execution::{Execution, Mode};
use super::turn::Gone;
use super::waits::Pending;
use crate::engine::{Gate, Halt, HandleNumber};
use crate::model::{Failure, FailureKind};
use crate::store::{Error, Steps};

/// The pause before the store is asked again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How often a workflow looks whether an invocation that is not its own child has ended.
const FOREIGN_POLL_MS: u64 = 1_000;

/// How many keys one question to the store has.
const KEYS_MAX: usize = 5_000;

/// Marks the failure of a record as that of an id.
pub(super) const ID_TAKEN: &str = "id-taken";

impl Execution {
    /// Waits until something has come, here or, after a while, as a workflow that waits.
    pub(super) async fn arrive(&mut self) -> Result<(), Halt> {
        if let Mode::Private(_) = self.parts.mode {
            return Err(Halt::Away);
        }
        if !self.fresh.is_empty() {
            self.flush(None).await?;
        }
        let handles: Vec<HandleNumber> = self
            .waits
            .iter()
            .flat_map(|(_, waiting)| waiting.pending.handles().to_vec())
            .collect();
        self.learn_keys(&handles).await?;
        if !self.unwatched.is_empty() || !self.looked {
            self.look().await?;
            return Ok(());
        }
        let (now, next_at) = (self.now(), self.waits.next_at());
        if next_at.is_some_and(|at| at <= now) {
            return Ok(());
        }
        let patience = self.patience();
        let timer = next_at.map(|at| Duration::from_micros((at.0 - now.0).max(0) as u64));
        let until = Instant::now() + timer.map_or(patience, |timer| timer.min(patience));
        let Mode::Live { turn, .. } = &self.parts.mode else {
            return Err(Halt::Away);
        };
        let ended = async {
            match &self.ticket {
                Some(ticket) => ticket.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = ended => {
                ended.into_iter().for_each(|key| self.waits.end(key));
                return Ok(());
            }
            () = tokio::time::sleep_until(until.into()) => {}
            () = turn.wanted() => return self.leave().await,
        }
        match timer.is_some_and(|timer| timer < patience) {
            true => Ok(()),
            false => self.leave().await,
        }
    }

    /// How long to keep slot and permit while waiting.
    fn patience(&self) -> Duration {
        let Mode::Live { turn, .. } = &self.parts.mode else {
            return Duration::ZERO;
        };
        let own_queue = turn.is_scarce() && !self.waits.awaited().is_empty();
        let nothing_near = self.waits.awaited().is_empty();
        match own_queue || nothing_near {
            true => Duration::ZERO,
            false => Duration::from_millis(self.parts.options.hold_ms),
        }
    }

    /// Gives the host back until something has come.
    async fn leave(&mut self) -> Result<(), Halt> {
        self.flush(None).await?;
        let mut wait = self.waits.to_store();
        if wait.awaited.iter().any(|key| self.foreign.contains(key)) {
            // Nobody tells of the end of others' children.
            let poll = self.now().moved_ms(FOREIGN_POLL_MS);
            wait.at = Some(wait.at.map_or(poll, |at| at.min(poll)));
        }
        let Mode::Live { turn, .. } = &mut self.parts.mode else {
            return Err(Halt::Away);
        };
        match turn.wait(wait).await {
            Ok(()) => {
                self.looked = false;
                self.look().await
            }
            Err(Gone::Away) => Err(Halt::Away),
            Err(Gone::Fenced) => Err(Halt::Fenced),
        }
    }

    /// Looks in the store for what has come, and has the rest told.
    async fn look(&mut self) -> Result<(), Halt> {
        let mut fresh = std::mem::take(&mut self.unwatched);
        fresh.retain(|key| !self.waits.has_ended(*key) && self.watched.insert(*key));
        if !fresh.is_empty() {
            let registered = match &mut self.ticket {
                Some(ticket) => ticket.add(&fresh),
                None => self
                    .parts
                    .watch
                    .register(fresh.clone())
                    .map(|ticket| self.ticket = Some(ticket)),
            };
            if let Err(error) = registered {
                // Then the store tells, a little later: as soon as the workflow waits there.
                tracing::debug!(%error, "the ends of children are not told in memory");
            }
        }
        let keys = match self.looked {
            true => fresh,
            false => {
                let mut keys = self.waits.awaited();
                keys.extend(fresh);
                keys.sort_unstable();
                keys.dedup();
                keys
            }
        };
        self.looked = true;
        for keys in keys.chunks(KEYS_MAX) {
            let ended = loop {
                match self.parts.store.ended(keys).await {
                    Ok(ended) => break ended,
                    Err(error) => self.pause(&error).await,
                }
            };
            ended.into_iter().for_each(|key| self.waits.end(key));
        }
        self.take_messages().await;
        Ok(())
    }

    /// Reads the messages that somebody waits for.
    async fn take_messages(&mut self) {
        if self.waits.messages().is_empty() {
            return;
        }
        let messages = loop {
            match self.parts.store.messages(self.parts.identity.key).await {
                Ok(messages) => break messages,
                Err(error) => self.pause(&error).await,
            }
        };
        let taken = &self.fresh.taken;
        let left = messages.into_iter();
        self.messages = left
            .filter(|message| !taken.contains(&message.number))
            .collect();
        let gates: Vec<Gate> = self
            .waits
            .iter()
            .filter(|(_, waiting)| match &waiting.pending {
                Pending::Receive(name, _) => {
                    self.messages.iter().any(|message| message.name == *name)
                }
                _ => false,
            })
            .map(|(gate, _)| gate)
            .collect();
        gates.into_iter().for_each(|gate| self.waits.notice(gate));
    }

    /// Records what is new; with `restart` that the workflow goes on as new.
    pub(super) async fn flush(&mut self, restart: Option<Bytes>) -> Result<(), Halt> {
        if restart.is_some() {
            let begin = self.begin_anew();
            self.parts.tape.begin_anew(begin);
        }
        if self.parts.tape.fresh() == 0 && self.fresh.is_empty() {
            return Ok(());
        }
        let Mode::Live { turn, host } = &self.parts.mode else {
            return Err(Halt::Away);
        };
        let (first, count, body) = self.parts.tape.news();
        let (bytes, max) = (body.len(), self.parts.options.journal_max_bytes);
        if self.parts.tape.bytes() + bytes > max {
            let message = super::limits::too_large(max);
            return Err(Halt::Failed(Failure::limit("journal_max_bytes", message)));
        }
        let cancels = self.fresh.cancels.iter();
        let (known, unknown): (Vec<HandleNumber>, Vec<HandleNumber>) =
            cancels.partition(|handle| self.key_of(**handle).is_some());
        let steps = Steps {
            hold: turn.hold(),
            first,
            count,
            body,
            children: self
                .fresh
                .children
                .iter()
                .map(|(_, child)| child.clone())
                .collect(),
            cancels: known
                .iter()
                .filter_map(|handle| self.key_of(*handle))
                .collect(),
            published: self.fresh.published.clone(),
            taken: self.fresh.taken.clone(),
            restart,
        };
        let host = *host;
        let enqueued = loop {
            match self.parts.store.record(host, steps.clone()).await {
                Ok(enqueued) => break enqueued,
                Err(Error::NotHeld(_) | Error::LeaseLost(_)) => return Err(Halt::Fenced),
                Err(Error::IdTaken { id, .. }) => {
                    let message = format!("another call stands under the id `{id}`");
                    return Err(Halt::Failed(Failure::limit(ID_TAKEN, message)));
                }
                Err(Error::UnknownQueue(queue)) => {
                    let message = Error::UnknownQueue(queue).to_string();
                    return Err(Halt::failed(FailureKind::Trap, message));
                }
                Err(error) => self.pause(&error).await,
            }
        };
        self.parts.tape.recorded(bytes);
        let children = std::mem::take(&mut self.fresh.children);
        for ((handle, child), enqueued) in children.into_iter().zip(enqueued) {
            let made = &mut self.handles[handle.0 as usize];
            made.key = Some(enqueued.key);
            if enqueued.existed && child.call.chosen {
                self.foreign.insert(enqueued.key);
            }
            self.waits.know(handle, enqueued.key);
            self.unwatched.push(enqueued.key);
        }
        self.fresh.published.clear();
        self.fresh.taken.clear();
        self.fresh.cancels = unknown;
        if !self.fresh.cancels.is_empty() && self.parts.tape.fresh() == 0 {
            // Those that this very record has numbered.
            return Box::pin(self.flush(None)).await;
        }
        Ok(())
    }

    pub(super) async fn pause(&self, error: &Error) {
        tracing::warn!(key = %self.parts.identity.key, %error, "a workflow cannot reach the store; trying again");
        tokio::time::sleep(PAUSE).await;
    }
}
