//! The journal's keeper, shared by the guest, which asks, and the driver, which waits for it. They
//! take turns: the guest is never polled while the driver waits, so the lock is never contended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;

use crate::engine::durable::{Answer, Asked, Durable, Gate, Halt, Request};
use crate::model::{Moment, Outcome};

/// The guest goes no further here. What became of it is with the keeper.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the workflow executes no further here")]
pub(in crate::engine) struct Halted;

/// The keeper answered something that does not answer the request: a mistake of the host.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the host answered the workflow something that it did not ask: please report this")]
pub(in crate::engine) struct Mismatch;

/// A shared [`Durable`]. Cheap to clone.
#[derive(Clone)]
pub(in crate::engine) struct Keeper {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    /// Away only while the driver waits, when no guest asks.
    durable: Option<Box<dyn Durable>>,
    /// The gates at which the guest waits, or did before it lost interest.
    gates: HashMap<Gate, oneshot::Sender<Answer>>,
    halt: Option<Halt>,
}

/// What the guest waits for. Not a channel of tokio's, which now and then lets its receiver wait
/// another turn to be fair to others: then the order of a replay would not follow from the journal.
pub(in crate::engine) type Later = oneshot::Receiver<Answer>;

/// An answer, now or later.
pub(in crate::engine) enum Wait {
    /// It is there.
    Now(Answer),
    /// It comes when the gate opens.
    Later(Later),
}

impl Wait {
    /// The answer. The guest that asked goes no further before.
    pub async fn answer(self) -> wasmtime::Result<Answer> {
        match self {
            Self::Now(answer) => Ok(answer),
            Self::Later(later) => later.await.map_err(|_| Halted.into()),
        }
    }
}

impl Keeper {
    pub fn new(durable: Box<dyn Durable>) -> Self {
        let shared = Shared {
            durable: Some(durable),
            gates: HashMap::new(),
            halt: None,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// Hands in a request of the guest.
    pub fn ask(&self, request: Request) -> wasmtime::Result<Wait> {
        let mut shared = self.shared();
        // A guest may have several tasks, and only one of them learns of the halt.
        if shared.halt.is_some() {
            return Err(Halted.into());
        }
        match shared.durable().ask(request) {
            Ok(Asked::Now(answer)) => Ok(Wait::Now(answer)),
            Ok(Asked::Later(gate)) => {
                let (open, later) = oneshot::channel();
                shared.gates.insert(gate, open);
                Ok(Wait::Later(later))
            }
            Err(halt) => {
                shared.halt = Some(halt);
                Err(Halted.into())
            }
        }
    }

    /// The time as the workflow sees it, in microseconds since 1970.
    pub fn microseconds(&self) -> u64 {
        let Moment(time) = self.shared().durable().time();
        u64::try_from(time).unwrap_or(0)
    }

    pub fn seed(&self) -> [u8; 32] {
        self.shared().durable().seed()
    }

    pub fn is_replaying(&self) -> bool {
        self.shared().durable().is_replaying()
    }

    /// Whether the guest waits at any gate.
    pub fn has_gates(&self) -> bool {
        !self.shared().gates.is_empty()
    }

    /// Waits until one gate opens, and opens it. The guest must be quiet, and stay so meanwhile.
    pub async fn open_next(&self) -> Result<(), Halt> {
        let mut durable = self.take();
        let opened = durable.quiet().await;
        let mut shared = self.shared();
        shared.durable = Some(durable);
        let (gate, answer) = opened?;
        if let Some(open) = shared.gates.remove(&gate) {
            drop(shared);
            // A guest that lost interest does not listen any more.
            open.send(answer).ok();
        }
        Ok(())
    }

    /// The guest has ended by itself.
    pub async fn end(&self, outcome: &Outcome) -> Result<(), Halt> {
        self.take().end(outcome).await
    }

    /// Why the keeper stopped the guest, if it did.
    pub fn take_halt(&self) -> Option<Halt> {
        self.shared().halt.take()
    }

    fn take(&self) -> Box<dyn Durable> {
        let durable = self.shared().durable.take();
        durable.expect("the driver gives it back before it goes on")
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn durable(&mut self) -> &mut dyn Durable {
        let durable = self.durable.as_deref_mut();
        durable.expect("the guest does nothing while the driver waits")
    }
}
