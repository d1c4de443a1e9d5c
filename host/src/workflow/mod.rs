//! Workflows: what makes a component that enqueues, waits and crashes go on where it was.
//!
//! - `entry`: what a journal consists of; `steps`: how people see it
//! - `tape`: a journal as it is read, replayed and continued; `execution`: one execution of a
//!   workflow against it, which the engine asks (`engine::Durable`): `stepping` its steps, `gates`
//!   the answers that it waits for, `waits` what stands behind them, `arrivals` and `outcomes` how
//!   they come, `fresh` what it did that is not recorded yet
//! - `turn`: what a running workflow asks of the queue (to wait, to be resumed)
//! - `past`: forks, retries, replays, upgrades
//!
//! Replay, determinism and the limits of a journal are decided here. Nothing here knows wasmtime or
//! SQL: the engine executes, `control` checks calls, the store keeps.

mod arrivals;
mod entry;
mod execution;
mod fresh;
mod gates;
mod outcomes;
mod stepping;
mod tape;
mod turn;
mod waits;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::control::{self, Control};
use crate::engine::Engine;
use crate::model::{Digest, InvocationId, Moment, Namespace};
use crate::registry::programs::Programs;
use crate::store::{Invocation, Store};

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

/// Workflows of a host, as callers see them: their steps, their past. Cheap to clone.
#[derive(Clone)]
pub struct Workflows {
    inner: Arc<Inner>,
}

#[expect(dead_code, reason = "the parts that use it follow")]
struct Inner {
    store: Arc<dyn Store>,
    control: Control,
    engine: Engine,
    programs: Programs,
    options: Options,
}

impl Workflows {
    /// The workflows of this store.
    pub fn new(
        store: Arc<dyn Store>,
        control: Control,
        engine: Engine,
        programs: Programs,
        options: Options,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                control,
                engine,
                programs,
                options,
            }),
        }
    }

    /// The limits.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// The steps of a workflow above `after`, at most `limit`, in order.
    ///
    /// # Errors
    ///
    /// If there is no such invocation.
    pub async fn steps(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Step>, control::Error> {
        let _ = (namespace, id, after, limit);
        todo!()
    }

    /// A new invocation that begins with the steps of `id` before the one of this number (all of them
    /// if none is given), of the version with this digest if one is given.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, step or version, or it is no workflow.
    pub async fn fork(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        step: Option<u32>,
        digest: Option<&Digest>,
    ) -> Result<Invocation, control::Error> {
        let _ = (namespace, id, step, digest);
        todo!()
    }

    /// A new invocation of the same call. Of a workflow one that begins before its first failed step.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, or it has not failed or been cancelled.
    pub async fn retry(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Invocation, control::Error> {
        let _ = (namespace, id);
        todo!()
    }

    /// Executes a workflow against its journal, in private, changing nothing; with the code of this
    /// component if bytes are given.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, it is no workflow, or the component cannot be loaded.
    pub async fn replay(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        component: Option<bytes::Bytes>,
    ) -> Result<Replayed, control::Error> {
        let _ = (namespace, id, component);
        todo!()
    }

    /// Moves the workflows of a component that are in flight to this version of it, if they replay
    /// exactly. With `dry_run` it only says which would.
    ///
    /// # Errors
    ///
    /// If there is no such version.
    pub async fn upgrade(
        &self,
        namespace: &Namespace,
        component: &str,
        version: Option<&semver::Version>,
        dry_run: bool,
    ) -> Result<Upgraded, control::Error> {
        let _ = (namespace, component, version, dry_run);
        todo!()
    }
}
