//! One attempt: arguments, grants, sandbox, outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::tasks::{Task, Tasks};
use crate::engine::{Call, Ended, Engine, Feed, Fence, Identity, Program};
use crate::model::{Failure, FailureKind, Moment, Outcome, QueueId, QueueName};
use crate::store::{Claimed, Store};

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
}

/// An attempt that is over.
pub struct Ran {
    /// What was claimed.
    pub claimed: Claimed,
    /// Its queue.
    pub queue: QueueId,
    /// How it ended.
    pub ended: Ended,
    /// When its sandbox started.
    pub started_at: Moment,
    /// When it ended.
    pub finished_at: Moment,
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
}

impl Runner {
    /// Makes the attempt.
    pub async fn run(self, attempt: Attempt) -> Ran {
        let started_at = self.clock.now();
        let Attempt {
            claimed,
            queue,
            queue_name,
            program,
            feed,
            cancel,
        } = attempt;
        let ended = match program {
            Err(why) => Ended::Outcome(Outcome::Error(Failure::new(
                FailureKind::Component,
                format!("the component cannot be loaded: {why}"),
            ))),
            Ok((task, program)) => {
                let prepare = self.call(&claimed, queue_name, &task, cancel.clone());
                let call = tokio::select! {
                    call = prepare => Some(call),
                    () = cancel.cancelled() => None,
                    () = self.fence.broken() => None,
                };
                match call {
                    Some(call) => {
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
            claimed,
            queue,
            ended,
            started_at,
            finished_at: self.clock.now(),
        }
    }

    async fn call(
        &self,
        claimed: &Claimed,
        queue: QueueName,
        task: &Task,
        cancel: CancellationToken,
    ) -> Call {
        let arguments = match &claimed.arguments {
            Some(arguments) => arguments.clone(),
            None => self.arguments(claimed).await,
        };
        let grants = loop {
            match self.tasks.grants(task).await {
                Ok(grants) => break grants,
                Err(error) => tracing::warn!(%error, "grants cannot be read; trying again"),
            }
            tokio::time::sleep(READ_PAUSE).await;
        };
        Call {
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
        }
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
