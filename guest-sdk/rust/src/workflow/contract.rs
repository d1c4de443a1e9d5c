//! The host's side of the contract `windlass:host/workflow`.
//!
//! What a call would run in place is not run here: the host runs it, in a sandbox of its own.

use super::failure::{Failure, Refusal};
use super::handle::State;
use super::milliseconds;
use super::queue::{Call, Retries};
use crate::bindings::windlass::host::workflow;

pub use workflow::{now, publish, receive, sleep, step_begin, step_end};

pub struct Handle(workflow::Handle);

impl Handle {
    pub fn id(&self) -> String {
        self.0.id()
    }

    pub fn get_result(&self) -> Result<String, Failure> {
        self.0.get_result().map_err(|failure| {
            let workflow::Failure {
                kind,
                message,
                payload,
            } = failure;
            Failure {
                kind,
                message,
                payload,
            }
        })
    }

    pub fn status(&self) -> State {
        match self.0.status() {
            workflow::State::Scheduled => State::Scheduled,
            workflow::State::Queued => State::Queued,
            workflow::State::Running => State::Running,
            workflow::State::Waiting => State::Waiting,
            workflow::State::Succeeded => State::Succeeded,
            workflow::State::Failed => State::Failed,
            workflow::State::Cancelled => State::Cancelled,
        }
    }

    pub fn cancel(&self) {
        self.0.cancel();
    }
}

pub fn enqueue(
    call: Call,
    _run: impl FnOnce() -> Option<Result<String, String>>,
) -> Result<Handle, Refusal> {
    workflow::enqueue(&outgoing(call))
        .map(Handle)
        .map_err(refusal)
}

pub fn enqueue_many<R>(calls: impl Iterator<Item = (Call, R)>) -> Result<Vec<Handle>, Refusal>
where
    R: FnOnce() -> Option<Result<String, String>>,
{
    let calls: Vec<_> = calls.map(|(call, _run)| outgoing(call)).collect();
    match workflow::enqueue_many(&calls) {
        Ok(handles) => Ok(handles.into_iter().map(Handle).collect()),
        Err(refused) => Err(refusal(refused)),
    }
}

pub fn find(id: &str) -> Result<Handle, Refusal> {
    workflow::find(id).map(Handle).map_err(refusal)
}

pub fn wait_any(handles: &[&Handle], timeout_ms: Option<u64>) -> Option<u32> {
    workflow::wait_any(&borrowed(handles), timeout_ms)
}

pub fn wait_all(handles: &[&Handle], timeout_ms: Option<u64>) -> bool {
    workflow::wait_all(&borrowed(handles), timeout_ms)
}

pub fn random(length: u32) -> Vec<u8> {
    workflow::random(length)
}

pub fn continue_as_new(arguments: &str) -> ! {
    workflow::continue_as_new(arguments);
    unreachable!("the host begins anew and does not return")
}

fn borrowed<'a>(handles: &[&'a Handle]) -> Vec<&'a workflow::Handle> {
    handles.iter().map(|handle| &handle.0).collect()
}

fn outgoing(call: Call) -> workflow::Call {
    let options = call.options;
    workflow::Call {
        queue: call.queue,
        task: call.task,
        arguments: call.arguments,
        options: workflow::Options {
            id: options.id,
            priority: options.priority,
            timeout_ms: options.timeout.map(milliseconds),
            delay_ms: options.delay.map(milliseconds),
            deadline_ms: options.deadline.map(milliseconds),
            partition: options.partition,
            retries: options.retries.map(retries),
            tags: options.tags,
            detached: options.detached,
        },
    }
}

fn retries(retries: Retries) -> workflow::Retries {
    workflow::Retries {
        max: retries.max,
        backoff_ms: retries.backoff.map(milliseconds),
        factor: retries.factor,
        max_backoff_ms: retries.max_backoff.map(milliseconds),
        jitter: retries.jitter,
        on: retries.on,
    }
}

fn refusal(refusal: workflow::Refusal) -> Refusal {
    let workflow::Refusal { code, message } = refusal;
    Refusal { code, message }
}
