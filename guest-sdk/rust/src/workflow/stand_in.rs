//! What answers away from wasm, where there is no host: tasks run in place.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use super::failure::{Failure, Refusal};
use super::handle::State;
use super::queue::Call;
use super::testing::Enqueued;

/// When the clock of a test begins: 2026-01-01.
const BEGIN_MS: u64 = 1_767_225_600_000;

thread_local! {
    /// What this thread's workflows have done.
    pub static WORLD: RefCell<World> = RefCell::default();
}

#[derive(Default)]
pub struct World {
    pub calls: Vec<Enqueued>,
    outcomes: BTreeMap<String, Result<String, Failure>>,
    slept_ms: u64,
    random: u64,
    pub messages: BTreeMap<String, VecDeque<String>>,
    pub published: BTreeMap<String, String>,
}

fn world<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(look)
}

#[derive(Clone)]
pub struct Handle {
    id: String,
    outcome: Result<String, Failure>,
}

impl Handle {
    pub fn id(&self) -> String {
        self.id.clone()
    }

    pub fn get_result(&self) -> Result<String, Failure> {
        self.outcome.clone()
    }

    pub fn status(&self) -> State {
        match self.outcome {
            Ok(_) => State::Succeeded,
            Err(_) => State::Failed,
        }
    }

    pub fn cancel(&self) {}
}

pub fn enqueue(
    call: Call,
    run: impl FnOnce() -> Option<Result<String, String>>,
) -> Result<Handle, Refusal> {
    let outcome = match run() {
        Some(Ok(value)) => Ok(value),
        Some(Err(payload)) => Err(Failure {
            kind: "guest".to_owned(),
            message: format!("`{}` returned an error: {payload}", call.task),
            payload: Some(payload),
        }),
        None => {
            let message = format!("`{}` is elsewhere, and there is no host here", call.task);
            Err(Failure::new("no-host", message))
        }
    };
    Ok(world(|world| {
        let next = world.outcomes.len() + 1;
        let id = call.options.id.unwrap_or_else(|| format!("no-host.{next}"));
        world.calls.push(Enqueued {
            queue: call.queue,
            task: call.task,
            arguments: call.arguments,
        });
        world.outcomes.insert(id.clone(), outcome.clone());
        Handle { id, outcome }
    }))
}

pub fn enqueue_many<R>(calls: impl Iterator<Item = (Call, R)>) -> Result<Vec<Handle>, Refusal>
where
    R: FnOnce() -> Option<Result<String, String>>,
{
    calls.map(|(call, run)| enqueue(call, run)).collect()
}

pub fn find(id: &str) -> Result<Handle, Refusal> {
    let outcome = world(|world| world.outcomes.get(id).cloned());
    let refusal = || Refusal {
        code: "invocation-unknown".to_owned(),
        message: format!("there is no invocation `{id}`"),
    };
    let outcome = outcome.ok_or_else(refusal)?;
    let id = id.to_owned();
    Ok(Handle { id, outcome })
}

/// All have ended when they were enqueued, in that order.
pub fn wait_any(handles: &[&Handle], timeout_ms: Option<u64>) -> Option<u32> {
    match handles {
        [] => {
            sleep(timeout_ms?);
            None
        }
        _ => Some(0),
    }
}

pub fn wait_all(_handles: &[&Handle], _timeout_ms: Option<u64>) -> bool {
    true
}

pub fn sleep(ms: u64) {
    world(|world| world.slept_ms = world.slept_ms.saturating_add(ms));
}

pub fn now() -> u64 {
    BEGIN_MS.saturating_add(world(|world| world.slept_ms))
}

/// The same in every run (SplitMix64), as a test wants them.
pub fn random(length: u32) -> Vec<u8> {
    let next = |_| {
        let mut bits = world(|world| {
            world.random = world.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            world.random
        });
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits >> 56) as u8
    };
    (0..length).map(next).collect()
}

pub fn publish(name: &str, value: &str) {
    world(|world| world.published.insert(name.to_owned(), value.to_owned()));
}

pub fn receive(name: &str, timeout_ms: Option<u64>) -> Option<String> {
    let message = world(|world| world.messages.get_mut(name)?.pop_front());
    match (message, timeout_ms) {
        (Some(message), _) => Some(message),
        (None, Some(timeout_ms)) => {
            sleep(timeout_ms);
            None
        }
        (None, None) => panic!("nobody sends the message `{name}`: call `testing::send` before"),
    }
}

pub fn step_begin(_name: &str) -> Option<String> {
    None
}

pub fn step_end(_value: &str) {}

pub fn continue_as_new(arguments: &str) -> ! {
    panic!("the workflow goes on as new with {arguments}, which only a host can do")
}
