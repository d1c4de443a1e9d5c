//! The outside of a workflow under test, away from wasm: who sends messages and reads values.
//!
//! Every thread has a world of its own, and so every test.

use super::host::WORLD;
use crate::data::Data;

/// A call that a workflow enqueued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enqueued {
    /// The queue; none for the workflow's own.
    pub queue: Option<String>,
    /// The task as it was named to the host.
    pub task: String,
    /// The arguments, a JSON array.
    pub arguments: String,
}

/// The calls so far, in the order in which they were done.
pub fn enqueued() -> Vec<Enqueued> {
    WORLD.with_borrow(|world| world.calls.clone())
}

/// Leaves a message that the next [`receive`](super::receive) of this name takes.
pub fn send(name: &str, message: &impl Data) {
    WORLD.with_borrow_mut(|world| {
        let messages = world.messages.entry(name.to_owned()).or_default();
        messages.push_back(message.to_json());
    });
}

/// What was published last under this name; `None` if nothing was, or something else.
pub fn published<T: Data>(name: &str) -> Option<T> {
    let value = WORLD.with_borrow(|world| world.published.get(name).cloned())?;
    T::from_json(&value).ok()
}
