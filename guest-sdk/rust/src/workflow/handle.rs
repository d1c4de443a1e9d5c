//! What a workflow holds of an invocation that it enqueued or found.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::failure::Failure;
use super::{host, milliseconds};
use crate::data::Data;

/// Where an invocation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not due yet.
    Scheduled,
    /// It waits for its turn.
    Queued,
    /// It executes.
    Running,
    /// It is a workflow that waits.
    Waiting,
    /// It has a value.
    Succeeded,
    /// It has a failure.
    Failed,
    /// It was ended before.
    Cancelled,
}

/// An invocation whose value is a `T`.
pub struct Handle<T> {
    host: host::Handle,
    value: PhantomData<fn() -> T>,
}

impl<T: Data> Handle<T> {
    pub(super) fn new(host: host::Handle) -> Self {
        Self {
            host,
            value: PhantomData,
        }
    }

    /// The id, unique within the namespace.
    pub fn id(&self) -> String {
        self.host.id()
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// It did not succeed.
    pub fn get_result(&self) -> Result<T, Failure> {
        let value = self.host.get_result()?;
        T::from_json(&value).map_err(|mistake| {
            let message = format!("the value is not what the workflow expects: {mistake}");
            Failure::new("mismatch", message)
        })
    }

    /// Where it is in its life.
    pub fn status(&self) -> State {
        self.host.status()
    }

    /// Asks for its end and for that of its descendants. Does not wait for it.
    pub fn cancel(&self) {
        self.host.cancel();
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.host.id()).finish()
    }
}

/// Waits until one of them has ended, and tells which, by its index; of several the one that ended
/// first.
///
/// # Panics
///
/// There is none to wait for.
pub fn wait_any<'a, T: 'a>(handles: impl IntoIterator<Item = &'a Handle<T>>) -> usize {
    let index = host::wait_any(&inside(handles), None);
    index.expect("there is a handle to wait for") as usize
}

/// As [`wait_any`]; `None` if the time was up before.
pub fn wait_any_for<'a, T: 'a>(
    handles: impl IntoIterator<Item = &'a Handle<T>>,
    timeout: Duration,
) -> Option<usize> {
    let index = host::wait_any(&inside(handles), Some(milliseconds(timeout)));
    index.map(|index| index as usize)
}

/// Waits until all of them have ended.
pub fn wait_all<'a, T: 'a>(handles: impl IntoIterator<Item = &'a Handle<T>>) {
    host::wait_all(&inside(handles), None);
}

/// As [`wait_all`]; `false` if the time was up before.
pub fn wait_all_for<'a, T: 'a>(
    handles: impl IntoIterator<Item = &'a Handle<T>>,
    timeout: Duration,
) -> bool {
    host::wait_all(&inside(handles), Some(milliseconds(timeout)))
}

fn inside<'a, T: 'a>(handles: impl IntoIterator<Item = &'a Handle<T>>) -> Vec<&'a host::Handle> {
    handles.into_iter().map(|handle| &handle.host).collect()
}
