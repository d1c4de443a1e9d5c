//! What a workflow may ask of its host: to enqueue, to wait, to sleep, to be told.
//!
//! ```
//! #[windlass_guest::tasks(package = "demo:numbers@0.1.0")]
//! mod numbers {
//!     use windlass_guest::workflow::{Failure, Queue};
//!
//!     /// A task.
//!     pub fn square(number: u32) -> u32 {
//!         number * number
//!     }
//!
//!     /// Enqueues a task for each number, so that they run in parallel, and waits for all.
//!     #[workflow]
//!     pub fn squares(numbers: Vec<u32>) -> Result<Vec<u32>, Failure> {
//!         let queue = Queue::named("example_queue");
//!         let handles: Vec<_> = numbers.into_iter().map(|n| queue.enqueue(square, n)).collect();
//!         handles.into_iter().map(|h| h.get_result()).collect()
//!     }
//! }
//!
//! assert_eq!(numbers::squares(vec![1, 2, 3]), Ok(vec![1, 4, 9]));
//! ```
//!
//! A workflow is replayed: after a crash, or when it has waited for long, it is executed again from
//! its beginning, and what it asks here is answered from its journal as it was answered before. So
//! whatever it does must follow from its arguments and from these answers. Clocks and random
//! numbers of the standard library are answered from the journal as well.
//!
//! # Tests on your own machine
//!
//! Away from wasm a stand-in answers, so that `cargo test` tests a workflow without a host: tasks
//! that are given as functions run at once, in place, when they are enqueued; [`sleep`] moves the
//! clock that [`now`] reads and does not wait; [`receive`] takes what [`testing::send`] has left,
//! and else its time is up; [`testing::published`] reads what was published. A task that is given
//! by its name fails with the kind `no-host`. Every test thread has a world of its own.

#[cfg(target_arch = "wasm32")]
#[path = "contract.rs"]
mod host;
#[cfg(not(target_arch = "wasm32"))]
#[path = "stand_in.rs"]
mod host;

mod failure;
mod handle;
mod queue;
mod task;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use failure::{Failure, Refusal};
pub use handle::{Handle, State, wait_all, wait_all_for, wait_any, wait_any_for};
pub use queue::{Options, Queue, Retries};
pub use task::{Callable, Task};

use crate::Data;

/// How many random bytes the host gives at once.
const RANDOM_MAX: usize = 65_536;

/// Waits. Days are fine: a workflow that waits takes no memory.
pub fn sleep(duration: Duration) {
    host::sleep(milliseconds(duration));
}

/// The time.
pub fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(host::now())
}

/// Random bytes.
pub fn random(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let some = (length - bytes.len()).min(RANDOM_MAX);
        bytes.extend(host::random(some as u32));
    }
    bytes
}

/// Shows a value to the outside under a name. A later one of the same name replaces it.
pub fn publish(name: &str, value: &impl Data) {
    host::publish(name, &value.to_json());
}

/// Waits for a message of this name, which somebody sends to this invocation, and takes it; `None`
/// if the time was up before. Without a timeout it waits until there is one.
///
/// # Panics
///
/// The message is not of the type `T`. To refuse it in another way, receive a
/// [`Json`](crate::Json) and read that.
pub fn receive<T: Data>(name: &str, timeout: impl Into<Option<Duration>>) -> Option<T> {
    let message = host::receive(name, timeout.into().map(milliseconds))?;
    match T::from_json(&message) {
        Ok(message) => Some(message),
        Err(mistake) => panic!("the message `{name}` is not what the workflow expects: {mistake}"),
    }
}

/// Does a piece of the workflow's own work once: its result is recorded, and a replay takes it from
/// there. Pieces do not lie in each other.
///
/// # Panics
///
/// What was recorded is not of the type `T`.
pub fn step<T: Data>(name: &str, work: impl FnOnce() -> T) -> T {
    match host::step_begin(name) {
        None => {
            let value = work();
            host::step_end(&value.to_json());
            value
        }
        Some(recorded) => match T::from_json(&recorded) {
            Ok(value) => value,
            Err(mistake) => panic!("the recorded step `{name}` is of another type: {mistake}"),
        },
    }
}

/// Goes on as new: the invocation keeps its id and begins anew with these arguments, several of them
/// as a tuple, and an empty journal.
pub fn continue_as_new(arguments: impl Data) -> ! {
    let mut text = String::new();
    arguments.write_arguments(&mut text);
    host::continue_as_new(&text)
}

/// The handle of an invocation whose id the workflow was given. What it returns is of type `T`, or
/// [`Json`](crate::Json) where that is not known.
///
/// # Errors
///
/// There is no such invocation.
pub fn find<T: Data>(id: &str) -> Result<Handle<T>, Refusal> {
    host::find(id).map(Handle::new)
}

/// Durations shorter than a millisecond are one, so that a wait stays a wait.
fn milliseconds(duration: Duration) -> u64 {
    let whole = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if whole == 0 && !duration.is_zero() {
        1
    } else {
        whole
    }
}

#[cfg(test)]
mod tests;
