//! Why a caller was refused.

use crate::model::{
    ComponentName, Digest, InvalidName, InvocationId, QueueName, ScheduleName, State,
    queue::InvalidSetting,
};
use crate::store;
use crate::values::Mistake;

/// Why a caller was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name or id that is none.
    #[error("{0}")]
    Name(#[from] InvalidName),
    /// A queue's setting that cannot be.
    #[error("{0}")]
    Setting(#[from] InvalidSetting),
    /// Some other value that cannot be.
    #[error("{place}: {message}")]
    Value {
        /// Where it stands in the request.
        place: String,
        /// What is wrong with it, and the way out.
        message: String,
    },
    /// The arguments of at least one call do not fit.
    #[error("{}", mistakes(.told, *.more))]
    Arguments {
        /// The first mistakes, in the order of the calls.
        told: Vec<Mistake>,
        /// How many there are beyond those.
        more: usize,
    },
    /// Something is larger than it may be.
    #[error("{what} may have {max}, this one has {size}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How much of it there may be, with its unit.
        max: String,
        /// How much of it there is.
        size: String,
    },
    /// The bytes are no component that can be used.
    #[error("{message}")]
    Component {
        /// What is wrong with it.
        message: String,
        /// The way out.
        hint: String,
        /// Each thing that is wrong, with its place in the component.
        mistakes: Vec<Mistake>,
    },
    /// Imports of the component cannot be bound to other components.
    #[error("{}", messages(.0))]
    Bindings(Vec<Mistake>),
    /// The same bytes stand under the version with other bindings or kinds.
    #[error("{stands} exists with other {what}")]
    BoundOtherwise {
        /// What stands there.
        stands: String,
        /// What is other.
        what: &'static str,
    },
    /// Other bytes stand under the version.
    #[error("{name}@{version} exists with other bytes (sha-256 {digest})")]
    VersionExists {
        /// The component.
        name: ComponentName,
        /// Its version.
        version: semver::Version,
        /// What stands there.
        digest: Digest,
    },
    /// No such component, or not in that version.
    #[error("there is no component {0:?}")]
    UnknownComponent(String),
    /// No such task.
    #[error("there is no task {task:?}: {reason}")]
    UnknownTask {
        /// As the caller wrote it.
        task: String,
        /// What there is instead.
        reason: String,
        /// The call's place in the request; empty if it is the only one.
        place: String,
    },
    /// Several tasks go by the name.
    #[error("{task:?} could be any of {}", .candidates.join(", "))]
    AmbiguousTask {
        /// As the caller wrote it.
        task: String,
        /// The tasks in full.
        candidates: Vec<String>,
        /// The call's place in the request; empty if it is the only one.
        place: String,
    },
    /// No such queue.
    #[error("there is no queue `{0}`")]
    UnknownQueue(QueueName),
    /// No such schedule.
    #[error("there is no schedule `{0}`")]
    UnknownSchedule(ScheduleName),
    /// No such invocation.
    #[error("there is no invocation {}", listed(.0))]
    UnknownInvocation(Vec<InvocationId>),
    /// The invocation has ended, so that nothing reaches it any more.
    #[error("the invocation {id} has ended: it is {state}")]
    Ended {
        /// Which.
        id: InvocationId,
        /// How.
        state: State,
    },
    /// The invocation is a task, not a workflow.
    #[error("the invocation {0} is a task, not a workflow")]
    NotAWorkflow(InvocationId),
    /// As many messages wait for it as may.
    #[error("{waiting} messages wait for the invocation {id}, which is as many as may")]
    MessagesFull {
        /// Which.
        id: InvocationId,
        /// How many.
        waiting: u32,
    },
    /// It has published nothing under the name.
    #[error("the invocation {id} has published nothing under the name {name:?}")]
    NotPublished {
        /// Which.
        id: InvocationId,
        /// The name.
        name: String,
    },
    /// The workflow has no such step.
    #[error("the workflow {id} has no step {step}: it has {steps}")]
    UnknownStep {
        /// Which.
        id: InvocationId,
        /// The number.
        step: u32,
        /// How many it has.
        steps: u32,
    },
    /// It has not failed.
    #[error("the invocation {id} is {state}: only one that failed is retried")]
    NotFailed {
        /// Which.
        id: InvocationId,
        /// Where it is in its life.
        state: State,
    },
    /// It was not cancelled.
    #[error("the invocation {id} is {state}: only one that was cancelled is resumed")]
    NotCancelled {
        /// Which.
        id: InvocationId,
        /// Where it is in its life.
        state: State,
    },
    /// Another invocation has the deduplication key.
    #[error("the invocation {id} has the deduplication key {key:?}")]
    Duplicate {
        /// Where the key stands in the request.
        place: String,
        /// The key.
        key: String,
        /// Who has it.
        id: InvocationId,
    },
    /// The call names no queue, nor does the manifest of its task.
    #[error("{0}: it is not said: name one, or declare the task's in its manifest")]
    NoQueue(String),
    /// The call names a partition, and its queue has none.
    #[error("{place}: the queue `{queue}` has no partitions")]
    NoPartitions {
        /// Where the partition stands in the request.
        place: String,
        /// The queue.
        queue: QueueName,
    },
    /// What was to be done would be done to everything.
    #[error("the filter matches every invocation")]
    MatchesAll,
    /// The host has reached a limit of its own.
    #[error("{0}")]
    Busy(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Something of ours failed.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// A value in a named place that cannot be.
    pub fn value(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Value {
            place: place.into(),
            message: message.into(),
        }
    }
}

fn messages(mistakes: &[Mistake]) -> String {
    let messages: Vec<_> = mistakes.iter().map(|one| one.message.as_str()).collect();
    messages.join("; ")
}

fn mistakes(told: &[Mistake], more: usize) -> String {
    let first = told
        .first()
        .map(|mistake| mistake.to_string())
        .unwrap_or_default();
    match told.len().saturating_sub(1) + more {
        0 => first,
        others => format!("{first} (and {others} more)"),
    }
}

fn listed(ids: &[InvocationId]) -> String {
    const LISTED_MAX: usize = 5;
    let names: Vec<_> = ids.iter().take(LISTED_MAX).map(|id| id.as_str()).collect();
    match ids.len().saturating_sub(LISTED_MAX) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
