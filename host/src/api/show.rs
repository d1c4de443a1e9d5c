//! Records of the store as wire types.

use serde_json::value::RawValue;
use windlass_client::wire;

use crate::control::{Ack, Error, Grants, Progress};
use crate::http::{Answer, Problem};
use crate::model::controls::{Once, Start};
use crate::model::retry::Retries;
use crate::model::{FailureKind, Outcome, State};
use crate::registry::bindings::Binding;
use crate::registry::describe::Skipped;
use crate::store;
use crate::values::Function;
use crate::workflow;

/// JSON that the store holds, as it is.
pub(super) fn stored(bytes: Vec<u8>) -> Answer<Box<RawValue>> {
    String::from_utf8(bytes)
        .ok()
        .and_then(|text| RawValue::from_string(text).ok())
        .ok_or_else(|| Problem::from(Error::Internal("stored JSON does not read".to_owned())))
}

pub(super) fn state(state: State) -> wire::State {
    match state {
        State::Scheduled => wire::State::Scheduled,
        State::Queued => wire::State::Queued,
        State::Running => wire::State::Running,
        State::Waiting => wire::State::Waiting,
        State::Succeeded => wire::State::Succeeded,
        State::Failed => wire::State::Failed,
        State::Cancelled => wire::State::Cancelled,
    }
}

pub(super) fn state_from(state: wire::State) -> State {
    match state {
        wire::State::Scheduled => State::Scheduled,
        wire::State::Queued => State::Queued,
        wire::State::Running => State::Running,
        wire::State::Waiting => State::Waiting,
        wire::State::Succeeded => State::Succeeded,
        wire::State::Failed => State::Failed,
        wire::State::Cancelled => State::Cancelled,
    }
}

pub(super) fn kind_from(kind: wire::FailureKind) -> FailureKind {
    match kind {
        wire::FailureKind::Guest => FailureKind::Guest,
        wire::FailureKind::Arguments => FailureKind::Arguments,
        wire::FailureKind::Trap => FailureKind::Trap,
        wire::FailureKind::Limit => FailureKind::Limit,
        wire::FailureKind::Timeout => FailureKind::Timeout,
        wire::FailureKind::HostLost => FailureKind::HostLost,
        wire::FailureKind::Nondeterminism => FailureKind::Nondeterminism,
        wire::FailureKind::Component => FailureKind::Component,
        wire::FailureKind::Cancelled => FailureKind::Cancelled,
    }
}

pub(super) fn kind(kind: FailureKind) -> wire::FailureKind {
    match kind {
        FailureKind::Guest => wire::FailureKind::Guest,
        FailureKind::Arguments => wire::FailureKind::Arguments,
        FailureKind::Trap => wire::FailureKind::Trap,
        FailureKind::Limit => wire::FailureKind::Limit,
        FailureKind::Timeout => wire::FailureKind::Timeout,
        FailureKind::HostLost => wire::FailureKind::HostLost,
        FailureKind::Nondeterminism => wire::FailureKind::Nondeterminism,
        FailureKind::Component => wire::FailureKind::Component,
        FailureKind::Cancelled => wire::FailureKind::Cancelled,
    }
}

fn outcome(outcome: Outcome) -> wire::Outcome {
    match outcome {
        Outcome::Value(value) => wire::Outcome::Value(value),
        Outcome::Error(failure) => wire::Outcome::Error(wire::Failure {
            kind: kind(failure.kind),
            message: failure.message,
            limit: failure.limit,
            payload: failure.payload,
            backtrace: failure.backtrace,
        }),
    }
}

/// What a progress says; none where a guest wrote something else.
pub(super) fn progress(json: Option<&str>) -> Option<wire::Progress> {
    let progress: Progress = serde_json::from_str(json?).ok()?;
    Some(wire::Progress {
        done: progress.done,
        total: progress.total,
        note: progress.note,
    })
}

pub(super) fn retries(retries: Retries) -> wire::Retries {
    wire::Retries {
        max: retries.max,
        backoff_ms: Some(retries.backoff_ms),
        factor: Some(retries.factor),
        max_backoff_ms: Some(retries.max_backoff_ms),
        jitter: Some(retries.jitter),
        on: Some(retries.on.iter().map(ToString::to_string).collect()),
    }
}

fn kind_of(workflow: bool) -> wire::Kind {
    match workflow {
        true => wire::Kind::Workflow,
        false => wire::Kind::Task,
    }
}

pub(super) fn invocation(one: store::Invocation) -> Answer<wire::Invocation> {
    let arguments = one.arguments.map(|bytes| stored(bytes.into()));
    Ok(wire::Invocation {
        id: one.id.to_string(),
        queue: one.queue.to_string(),
        task: one.task,
        kind: kind_of(one.workflow),
        digest: one.digest.to_string(),
        state: state(one.state),
        attempt: one.attempt,
        priority: one.priority,
        enqueued_at: one.enqueued_at.to_string(),
        started_at: one.started_at.map(|moment| moment.to_string()),
        finished_at: one.finished_at.map(|moment| moment.to_string()),
        timeout_ms: one.timeout_ms,
        host: one.host.map(|host| host.0),
        parent: one.parent.map(|id| id.to_string()),
        forked_from: one.forked_from.map(|id| id.to_string()),
        retry_of: one.retry_of.map(|id| id.to_string()),
        retried_as: one.retried_as.map(|id| id.to_string()),
        partition: one.partition,
        due_at: one.due_at.map(|moment| moment.to_string()),
        deadline_at: one.deadline_at.map(|moment| moment.to_string()),
        retries: one.retries.map(retries),
        retried: one.retried,
        tags: one.tags,
        cancelling: one.cancelling,
        progress: progress(one.progress.as_deref()),
        args: arguments.transpose()?,
        outcome: one.outcome.map(outcome),
    })
}

/// A call that was stored a moment ago.
pub(super) fn ack(ack: Ack) -> wire::Invocation {
    let controls = ack.call.controls;
    let enqueued_at = ack.enqueued.enqueued_at;
    let due_at = match (&controls.once, controls.start) {
        (Some(Once::Debounce(debounce)), _) => Some(enqueued_at.moved_ms(debounce.period_ms)),
        (_, Start::Now) => None,
        (_, Start::After(ms)) => Some(enqueued_at.moved_ms(ms)),
        (_, Start::At(moment)) => Some(moment).filter(|moment| *moment > enqueued_at),
    };
    let deadline_at = controls.deadline_ms.map(|ms| enqueued_at.moved_ms(ms));
    wire::Invocation {
        id: ack.enqueued.id.to_string(),
        queue: ack.call.queue.to_string(),
        task: ack.call.task,
        kind: kind_of(ack.call.workflow),
        digest: ack.digest.to_string(),
        state: match due_at {
            Some(_) => wire::State::Scheduled,
            None => wire::State::Queued,
        },
        attempt: 0,
        priority: ack.call.priority,
        enqueued_at: enqueued_at.to_string(),
        started_at: None,
        finished_at: None,
        timeout_ms: ack.call.timeout_ms,
        host: None,
        parent: None,
        forked_from: None,
        retry_of: None,
        retried_as: None,
        partition: controls.partition,
        due_at: due_at.map(|moment| moment.to_string()),
        deadline_at: deadline_at.map(|moment| moment.to_string()),
        retries: controls.retries.map(retries),
        retried: 0,
        tags: controls.tags,
        cancelling: false,
        progress: None,
        args: None,
        outcome: None,
    }
}

pub(super) fn component(one: store::Component) -> Answer<wire::Component> {
    let broken = |error: serde_json::Error| {
        Problem::from(Error::Internal(format!(
            "stored JSON does not read: {error}"
        )))
    };
    let skipped: Vec<Skipped> = serde_json::from_value(one.skipped).map_err(broken)?;
    let bindings: Vec<Binding> = serde_json::from_value(one.bindings).map_err(broken)?;
    Ok(wire::Component {
        name: one.name.to_string(),
        version: one.version.to_string(),
        digest: one.digest.to_string(),
        size: one.size,
        uploaded_at: one.uploaded_at.to_string(),
        tasks: one
            .tasks
            .into_iter()
            .map(|task| self::task(task).map_err(broken))
            .collect::<Answer<_>>()?,
        skipped: skipped
            .into_iter()
            .map(|skipped| wire::Skipped {
                name: skipped.name,
                interface: skipped.interface,
                reason: skipped.reason,
            })
            .collect(),
        bindings: bindings
            .into_iter()
            .map(|binding| wire::Binding {
                interface: binding.interface,
                component: binding.component,
                version: binding.version,
                queue: binding.queue,
            })
            .collect(),
    })
}

fn task(task: store::Function) -> Result<wire::Task, serde_json::Error> {
    let function: Function = serde_json::from_value(task.signature.clone())?;
    Ok(wire::Task {
        name: task.name,
        interface: task.interface,
        kind: kind_of(task.workflow),
        params: function
            .params
            .iter()
            .map(|param| wire::Param {
                name: param.name.clone(),
                ty: param.ty.to_string(),
            })
            .collect(),
        result: function.result.as_ref().map(ToString::to_string),
        docs: task.docs,
        signature: task.signature,
    })
}

pub(super) fn grants(grants: Grants) -> wire::Grants {
    wire::Grants {
        http: grants.http,
        environment: grants.environment,
        queues: grants.queues,
        tasks: grants.tasks,
    }
}

pub(super) fn published(one: store::Published) -> Answer<wire::Published> {
    Ok(wire::Published {
        name: one.name,
        value: stored(one.value.into())?,
        revision: one.revision,
        published_at: one.published_at.to_string(),
    })
}

pub(super) fn step(step: workflow::Step) -> Answer<wire::Step> {
    Ok(wire::Step {
        number: step.number,
        kind: step.kind,
        request: stored(step.request.to_string().into_bytes())?,
        result: step.result,
        children: step.children.iter().map(ToString::to_string).collect(),
        asked_at: step.asked_at.to_string(),
        answered_at: step.answered_at.map(|moment| moment.to_string()),
    })
}

pub(super) fn difference(difference: workflow::Difference) -> wire::Difference {
    wire::Difference {
        step: difference.step,
        recorded: difference.recorded,
        present: difference.present,
    }
}
