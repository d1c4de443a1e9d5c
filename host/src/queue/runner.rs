//! One attempt: arguments, grants, sandbox, outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::tasks::{Task, Tasks};
use super::turns::{HeldAs, HostTurn, Waits};
use crate::control::Maker;
use crate::engine::{Call, Ended, Engine, Feed, Fence, Identity, Program};
use crate::model::{Failure, FailureKind, HostNumber, Moment, Outcome, QueueId, QueueName};
use crate::store::{Claimed, Hold, Store};
use crate::workflow::{Begin, Identity as Who, Mode, Workflows};

/// How long to wait before arguments are asked for again.
const READ_PAUSE: Duration = Duration::from_millis(100);

/// The database's wall clock, as far as the last beat told.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Now.
    pub fn now(&self) -> Moment {
        Moment::now().moved(self.0.load(Ordering::Relaxed))
    }

    /// The database said that it was `theirs` when this machine's clock stood at `ours`.
    pub fn set(&self, theirs: Moment, ours: Moment) {
        self.0.store(theirs.0 - ours.0, Ordering::Relaxed);
    }
}

/// An attempt about to start.
pub struct Attempt {
    /// What was claimed.
    pub claimed: Claimed,
    /// Its queue.
    pub queue: QueueId,
    /// The queue's name.
    pub queue_name: QueueName,
    /// The task and its code; or why it cannot be loaded.
    pub program: Result<(Arc<Task>, Program), String>,
    /// What it tells while it runs.
    pub feed: Arc<Feed>,
    /// Ends it.
    pub cancel: CancellationToken,
    /// Whether its queue has a limit.
    pub scarce: bool,
    /// To the dispatcher.
    pub news: mpsc::UnboundedSender<News>,
    /// Whether others wait for a permit.
    pub pressed: watch::Receiver<bool>,
}

/// What an attempt tells the dispatcher.
pub enum News {
    /// It is over.
    Over(Box<Ran>),
    /// It is a workflow that waits.
    Waits(Waits),
}

/// An attempt that is over.
pub struct Ran {
    /// What was claimed.
    pub claimed: Claimed,
    /// As what the store knows it now: a workflow was perhaps resumed since it was claimed.
    pub hold: Hold,
    /// Its queue.
    pub queue: QueueId,
    /// How it ended.
    pub ended: Ended,
    /// When its sandbox started.
    pub started_at: Moment,
    /// When it ended.
    pub finished_at: Moment,
}

/// A workflow about to be executed.
struct Workflow<'a> {
    claimed: &'a Claimed,
    queue: QueueName,
    task: &'a Task,
    program: &'a Program,
    feed: Arc<Feed>,
}

/// What every attempt needs.
#[derive(Clone)]
pub struct Runner {
    /// Arguments that did not come with the claim.
    pub store: Arc<dyn Store>,
    /// Sandboxes.
    pub engine: Engine,
    /// Grants.
    pub tasks: Tasks,
    /// Time.
    pub clock: Clock,
    /// Up to when this incarnation may execute.
    pub fence: Arc<Fence>,
    /// Workflows.
    pub workflows: Workflows,
    /// This incarnation.
    pub host: HostNumber,
    /// The largest arguments, in bytes, of calls that are checked only here.
    pub arguments_max_bytes: usize,
}

impl Runner {
    /// Makes the attempt.
    pub async fn run(self, attempt: Attempt) -> Ran {
        let started_at = self.clock.now();
        let held_as = HeldAs::new(attempt.claimed.hold);
        let turn = HostTurn {
            held_as: held_as.clone(),
            queue: attempt.queue,
            scarce: attempt.scarce,
            attempt: attempt.claimed.attempt,
            started_at,
            feed: attempt.feed.clone(),
            news: attempt.news,
            pressed: attempt.pressed,
            memory: Duration::from_millis(self.workflows.options().memory_ms),
        };
        let Attempt {
            claimed,
            queue,
            queue_name,
            program,
            feed,
            cancel,
            ..
        } = attempt;
        let ended = match program {
            Err(why) => Ended::Outcome(Outcome::Error(Failure::new(
                FailureKind::Component,
                format!("the component cannot be loaded: {why}"),
            ))),
            Ok((task, program)) => {
                let prepare = self.call(&claimed, queue_name.clone(), &task, cancel.clone());
                let call = tokio::select! {
                    call = prepare => Some(call),
                    () = cancel.cancelled() => None,
                    () = self.fence.broken() => None,
                };
                match call {
                    Some(Err(failure)) => Ended::Outcome(Outcome::Error(failure)),
                    Some(Ok(call)) if task.workflow => {
                        let workflow = Workflow {
                            claimed: &claimed,
                            queue: queue_name,
                            task: &task,
                            program: &program,
                            feed,
                        };
                        self.run_workflow(workflow, call, turn).await
                    }
                    Some(Ok(call)) => {
                        self.engine
                            .run(&program, call, feed, self.fence.clone())
                            .await
                    }
                    None if self.fence.is_whole() => Ended::Cancelled,
                    None => Ended::Fenced,
                }
            }
        };
        Ran {
            hold: held_as.get(),
            claimed,
            queue,
            ended,
            started_at,
            finished_at: self.clock.now(),
        }
    }

    /// Executes a workflow against its journal, and again where it goes on as new.
    async fn run_workflow(&self, what: Workflow<'_>, mut call: Call, turn: HostTurn) -> Ended {
        let (claimed, task) = (what.claimed, what.task);
        loop {
            let clock = self.clock.clone();
            let begin = Begin {
                identity: Who {
                    key: claimed.hold.key,
                    id: claimed.id.clone(),
                    depth: claimed.depth,
                    signature: task.signature.clone(),
                },
                maker: Maker {
                    namespace: claimed.namespace.clone(),
                    component: task.component.clone(),
                    version: task.version.clone(),
                    digest: task.digest.clone(),
                    queue: what.queue.clone(),
                    grants: call.grants.clone(),
                },
                mode: Mode::Live {
                    turn: Box::new(turn.clone()),
                    host: self.host,
                },
                now: Box::new(move || clock.now()),
            };
            let begun = tokio::select! {
                begun = self.workflows.begin(begin) => begun,
                () = call.cancel.cancelled() => return Ended::Cancelled,
                () = self.fence.broken() => return Ended::Fenced,
            };
            let execution = match begun {
                Ok(execution) => execution,
                Err(failure) => return Ended::Outcome(Outcome::Error(failure)),
            };
            // What a replay is told of itself is what was told the first time.
            call.identity.id = execution.known_as().to_owned();
            call.identity.attempt = 1;
            let (feed, fence) = (what.feed.clone(), self.fence.clone());
            let ended = self
                .engine
                .run_workflow(what.program, call.clone(), feed, fence, Box::new(execution))
                .await;
            match ended {
                Ended::Restart(arguments) => call.arguments = arguments,
                ended => return ended,
            }
        }
    }

    async fn call(
        &self,
        claimed: &Claimed,
        queue: QueueName,
        task: &Task,
        cancel: CancellationToken,
    ) -> Result<Call, Failure> {
        let arguments = match &claimed.arguments {
            Some(arguments) => arguments.clone(),
            None => self.arguments(claimed).await,
        };
        let arguments = match claimed.unchecked {
            true => checked(task, &arguments, self.arguments_max_bytes)?,
            false => arguments,
        };
        let grants = loop {
            match self.tasks.grants(task).await {
                Ok(grants) => break grants,
                Err(error) => tracing::warn!(%error, "grants cannot be read; trying again"),
            }
            tokio::time::sleep(READ_PAUSE).await;
        };
        Ok(Call {
            identity: Identity {
                id: claimed.id.to_string(),
                namespace: claimed.namespace.to_string(),
                queue: queue.to_string(),
                task: claimed.task.clone(),
                attempt: claimed.attempt,
            },
            interface: task.interface.clone(),
            function: task.name.clone(),
            signature: task.signature.clone(),
            arguments,
            timeout: claimed.timeout_ms.map(Duration::from_millis),
            grants,
            cancel,
        })
    }

    /// Reads large arguments; tries until the database answers, the fence ends it otherwise.
    async fn arguments(&self, claimed: &Claimed) -> Bytes {
        loop {
            match self.store.arguments(claimed.hold.key).await {
                Ok(Some(arguments)) => return arguments.into(),
                Ok(None) => return Bytes::from_static(b"[]"),
                Err(error) => tracing::warn!(%error, "arguments cannot be read; trying again"),
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
    }
}

/// The arguments of a call that came unchecked, in canonical form.
fn checked(task: &Task, arguments: &Bytes, max_bytes: usize) -> Result<Bytes, Failure> {
    let fail = |message| Failure::new(FailureKind::Arguments, message);
    let json = std::str::from_utf8(arguments)
        .map_err(|error| fail(format!("args: {error}")))
        .and_then(|text| {
            serde_json::from_str::<&RawValue>(text).map_err(|error| fail(format!("args: {error}")))
        })?;
    let values = task.signature.arguments(json);
    let values = values.map_err(|mistakes| fail(mistakes.to_string()))?;
    let canonical = task.signature.canonical(&values, max_bytes);
    let canonical = canonical.map_err(|_| {
        Failure::limit(
            "arguments_max_bytes",
            format!("the arguments are larger than {max_bytes} bytes"),
        )
    })?;
    Ok(Bytes::from(canonical))
}
