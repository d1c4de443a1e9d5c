//! The queue as a workflow sees it: where calls are put, and handles come from.

use std::time::Duration;

use super::failure::Refusal;
use super::handle::Handle;
use super::host;
use super::task::Callable;

/// How a call is to be run; what is left out comes from its task, its queue, its host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The id of the invocation; by default it is made of the workflow's own. If the same call
    /// stands there already, the handle is that one's.
    pub id: Option<String>,
    /// Lower goes first; 0 by default.
    pub priority: Option<i32>,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// How long to wait before it may start.
    pub delay: Option<Duration>,
    /// From enqueue to outcome; never later than this workflow's own deadline.
    pub deadline: Option<Duration>,
    /// The partition of the queue; this workflow's own where it is on the same queue.
    pub partition: Option<String>,
    /// How often a failed attempt is made again.
    pub retries: Option<Retries>,
    /// For people and filters.
    pub tags: Vec<(String, String)>,
    /// Whether it goes on when this workflow is cancelled.
    pub detached: bool,
}

/// How often a failed attempt is made again, and when. What is left out is as everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retries {
    /// At most so many attempts after the first.
    pub max: u32,
    /// The wait before the first retry.
    pub backoff: Option<Duration>,
    /// By how much each wait is longer than the one before.
    pub factor: Option<f64>,
    /// The longest wait.
    pub max_backoff: Option<Duration>,
    /// How much of a wait is left to chance, from 0 to 1.
    pub jitter: Option<f64>,
    /// Kinds of failures that are tried again, or `guest:CASE`; the usual ones where it is empty.
    pub on: Vec<String>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue(Option<String>);

/// A call on its way to the host.
pub(super) struct Call {
    pub queue: Option<String>,
    pub task: String,
    pub arguments: String,
    pub options: Options,
}

impl Queue {
    /// The queue of this name. The workflow's component must be allowed to enqueue on it, as by
    /// `windlass push --grant-queue NAME`.
    pub fn named(name: impl Into<String>) -> Self {
        Self(Some(name.into()))
    }

    /// The queue on which the workflow itself was enqueued.
    pub fn own() -> Self {
        Self(None)
    }

    /// Enqueues a call and gives its handle, which does not wait for it. Several arguments are given
    /// as a tuple, none as `()`.
    ///
    /// # Panics
    ///
    /// The host refuses the call: the task is unknown, say. The workflow then ends, with the
    /// refusal in its log; [`try_enqueue`](Self::try_enqueue) gives it back instead.
    pub fn enqueue<T, Arguments, Shape>(&self, task: T, arguments: Arguments) -> Handle<T::Value>
    where
        T: Callable<Arguments, Shape>,
    {
        self.enqueue_with(task, arguments, Options::default())
    }

    /// As [`enqueue`](Self::enqueue), with options.
    ///
    /// # Panics
    ///
    /// The host refuses the call.
    pub fn enqueue_with<T, Arguments, Shape>(
        &self,
        task: T,
        arguments: Arguments,
        options: Options,
    ) -> Handle<T::Value>
    where
        T: Callable<Arguments, Shape>,
    {
        match self.try_enqueue_with(task, arguments, options) {
            Ok(handle) => handle,
            Err(refusal) => refused(&refusal),
        }
    }

    /// Enqueues a call.
    ///
    /// # Errors
    ///
    /// The host refuses the call, and says why.
    pub fn try_enqueue<T, Arguments, Shape>(
        &self,
        task: T,
        arguments: Arguments,
    ) -> Result<Handle<T::Value>, Refusal>
    where
        T: Callable<Arguments, Shape>,
    {
        self.try_enqueue_with(task, arguments, Options::default())
    }

    /// As [`try_enqueue`](Self::try_enqueue), with options.
    ///
    /// # Errors
    ///
    /// The host refuses the call, and says why.
    pub fn try_enqueue_with<T, Arguments, Shape>(
        &self,
        task: T,
        arguments: Arguments,
        options: Options,
    ) -> Result<Handle<T::Value>, Refusal>
    where
        T: Callable<Arguments, Shape>,
    {
        let call = self.call::<T, _, _>(&task, &arguments, options);
        host::enqueue(call, || task.run(arguments)).map(Handle::new)
    }

    /// Enqueues a call for each of many arguments, as one step: all or none.
    ///
    /// # Panics
    ///
    /// The host refuses one of the calls.
    pub fn enqueue_many<T, Arguments, Shape>(
        &self,
        task: T,
        arguments: impl IntoIterator<Item = Arguments>,
    ) -> Vec<Handle<T::Value>>
    where
        T: Callable<Arguments, Shape>,
    {
        match self.try_enqueue_many(task, arguments) {
            Ok(handles) => handles,
            Err(refusal) => refused(&refusal),
        }
    }

    /// As [`enqueue_many`](Self::enqueue_many).
    ///
    /// # Errors
    ///
    /// The host refuses one of the calls, and says which and why; none is enqueued.
    pub fn try_enqueue_many<T, Arguments, Shape>(
        &self,
        task: T,
        arguments: impl IntoIterator<Item = Arguments>,
    ) -> Result<Vec<Handle<T::Value>>, Refusal>
    where
        T: Callable<Arguments, Shape>,
    {
        let task = &task;
        let calls = arguments.into_iter().map(|arguments| {
            let call = self.call::<T, _, _>(task, &arguments, Options::default());
            (call, move || task.run(arguments))
        });
        let handles = host::enqueue_many(calls)?;
        Ok(handles.into_iter().map(Handle::new).collect())
    }

    fn call<T, Arguments, Shape>(&self, task: &T, arguments: &Arguments, options: Options) -> Call
    where
        T: Callable<Arguments, Shape>,
    {
        Call {
            queue: self.0.clone(),
            task: task.name(),
            arguments: T::write(arguments),
            options,
        }
    }
}

fn refused(refusal: &Refusal) -> ! {
    panic!("a call was refused: {refusal}")
}
