//! Workflows: what makes a component that enqueues, waits and crashes go on where it was.
//!
//! - `entry`: what a journal consists of
//! - `tape`: a journal as it is read, replayed and continued; `execution`: one execution of a
//!   workflow against it, which the engine asks (`engine::Durable`): `stepping` its steps, `gates`
//!   the answers that it waits for, `waits` what stands behind them, `arrivals` and `outcomes` how
//!   they come, `fresh` what it did that is not recorded yet
//! - `turn`: what a running workflow asks of the queue (to wait, to be resumed)
//! - `steps`: the steps as people see them; `past`: replays, upgrades; `forks`: forks; `again`: retries
//!
//! Replay, determinism and the limits of a journal are decided here. Nothing here knows wasmtime or
//! SQL: the engine executes, `control` checks calls, the store keeps.

mod again;
mod arrivals;
mod asked;
mod entry;
mod execution;
mod forks;
mod fresh;
mod gates;
mod limits;
mod outcomes;
mod past;
mod stepping;
mod steps;
mod tape;
mod turn;
mod waits;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::control::{Control, Maker};
use crate::engine::Engine;
use crate::model::{Failure, FailureKind, InvocationId, Moment};
use crate::registry::programs::Programs;
use crate::store::{Chunk, Store};

pub use execution::{Execution, Identity, Mode, Parts};
pub use tape::{Tape, Unreadable};
pub use turn::{Gone, Turn};

/// What one workflow may do at most, and when it leaves memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Entries of a journal. A workflow that needs more goes on as new.
    pub journal_steps_max: u32,
    /// A journal, in bytes.
    pub journal_max_bytes: usize,
    /// A value that a workflow publishes, or the result of a piece of its own work, in bytes of JSON.
    pub value_max_bytes: usize,
    /// Invocations that one workflow enqueues.
    pub children_max: u32,
    /// Ancestors of an invocation.
    pub depth_max: u32,
    /// Messages that wait for one invocation.
    pub messages_max: u32,
    /// How long a workflow that waits keeps its permit, in milliseconds.
    pub hold_ms: u64,
    /// How long a workflow that waits stays in memory, in milliseconds.
    pub memory_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            journal_steps_max: 50_000,
            journal_max_bytes: 64 << 20,
            value_max_bytes: 4 << 20,
            children_max: 100_000,
            depth_max: 64,
            messages_max: 10_000,
            hold_ms: 50,
            memory_ms: 10_000,
        }
    }
}

/// One step of a workflow as people see it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its number, from 1.
    pub number: u32,
    /// `enqueue`, `enqueue-many`, `call`, `sleep`, `receive`, `wait-any` …
    pub kind: String,
    /// What was asked, as JSON.
    pub request: serde_json::Value,
    /// What was answered; none while it is not.
    pub result: Option<Box<RawValue>>,
    /// The invocations that it enqueued.
    pub children: Vec<InvocationId>,
    /// When it was asked.
    pub asked_at: Moment,
    /// When it was answered.
    pub answered_at: Option<Moment>,
}

/// Where an execution and a journal part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The number of the step.
    pub step: u32,
    /// What the journal has, for people.
    pub recorded: String,
    /// What the execution does there, for people.
    pub present: String,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// How many steps were the same.
    pub steps: u32,
    /// Where it differed; none if it replays exactly.
    pub difference: Option<Difference>,
}

/// What an upgrade of what is in flight did.
#[derive(Debug, Clone, Default)]
pub struct Upgraded {
    /// These replay exactly, and go on with the new version.
    pub moved: Vec<InvocationId>,
    /// These differ, and stay with their version.
    pub differ: Vec<(InvocationId, Difference)>,
    /// These were executing, or moved on meanwhile: ask again.
    pub busy: Vec<InvocationId>,
}

/// What it takes to begin an execution.
pub struct Begin {
    /// Who executes.
    pub identity: Identity,
    /// For whom it calls.
    pub maker: Maker,
    /// Whether it may do anything.
    pub mode: Mode,
    /// The database's time.
    pub now: Box<dyn Fn() -> Moment + Send + Sync>,
}

/// Workflows of a host: their executions, and for callers their steps and their past. Cheap to clone.
#[derive(Clone)]
pub struct Workflows {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    control: Control,
    /// None on a host that runs nothing.
    runs: Option<(Engine, Programs)>,
    options: Options,
}

/// The pause before the store is asked again.
const PAUSE: Duration = Duration::from_millis(100);

impl Workflows {
    /// The workflows of this store. A host that runs nothing replays nothing.
    pub fn new(
        store: Arc<dyn Store>,
        control: Control,
        runs: Option<(Engine, Programs)>,
        options: Options,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                control,
                runs,
                options,
            }),
        }
    }

    /// The limits.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// An execution at the beginning of its journal. Asks the store until it answers.
    ///
    /// # Errors
    ///
    /// Why the workflow cannot go on: its journal does not read.
    pub async fn begin(&self, begin: Begin) -> Result<Execution, Failure> {
        let key = begin.identity.key;
        let chunks = again(|| self.inner.store.journal(key)).await;
        self.begin_with(begin, &chunks).await
    }

    /// An execution with this journal.
    async fn begin_with(&self, begin: Begin, chunks: &[Chunk]) -> Result<Execution, Failure> {
        let store = &self.inner.store;
        let key = begin.identity.key;
        let tape = Tape::read(chunks)
            .map_err(|error| Failure::new(FailureKind::Component, error.to_string()))?;
        let known = match chunks.is_empty() {
            true => HashMap::new(),
            false => {
                let children = again(|| store.children(key)).await;
                children.into_iter().map(|(key, id)| (id, key)).collect()
            }
        };
        let control = &self.inner.control;
        let children = again(|| control.children(begin.maker.clone())).await;
        Ok(Execution::new(Parts {
            identity: begin.identity,
            tape,
            children,
            known,
            store: store.clone(),
            watch: control.watch().clone(),
            options: self.inner.options.clone(),
            mode: begin.mode,
            now: begin.now,
        }))
    }
}

/// Asks until there is an answer.
async fn again<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    mut ask: impl FnMut() -> F,
) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => tracing::warn!(%error, "a workflow cannot begin; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
