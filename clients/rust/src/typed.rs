//! Typed calls and handles: what the methods of stubs give.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use futures::future::{BoxFuture, FutureExt};
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::Error;
use crate::handle::Handle;
use crate::invocations::Call;
use crate::wire::{EnqueueRequest, FailureKind};
use crate::wit::{Read, Value};

/// A call whose result is a `T` and whose failures carry an `E`. Awaiting it enqueues it.
#[must_use = "a call is enqueued when it is awaited"]
#[derive(Debug)]
pub struct TypedCall<T, E = ()> {
    client: Client,
    queue: Option<String>,
    call: Result<Call, Error>,
    types: PhantomData<fn() -> (T, E)>,
}

impl<T, E> TypedCall<T, E> {
    /// A call of a task, on this queue or else on that of the task's manifest.
    pub fn new(
        client: &Client,
        queue: Option<&str>,
        task: &str,
        args: Result<Vec<Box<RawValue>>, Error>,
    ) -> Self {
        Self {
            client: client.clone(),
            queue: queue.map(str::to_owned),
            call: args.and_then(|args| Call::new(task, &args)),
            types: PhantomData,
        }
    }

    /// The same call, on this queue.
    pub fn on(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// The same call, which says more: `call.with(|call| call.priority(-1))`.
    pub fn with(mut self, more: impl FnOnce(Call) -> Call) -> Self {
        self.call = self.call.map(more);
        self
    }

    /// The request to enqueue it, for [`Client::enqueue_many`].
    ///
    /// # Errors
    /// If an argument cannot be written.
    pub fn into_request(self) -> Result<EnqueueRequest, Error> {
        let mut request = self.call?.into_request("");
        request.queue = self.queue;
        Ok(request)
    }

    /// Enqueues it. When this returns, the call is on the host's disk.
    ///
    /// # Errors
    /// As for every enqueue.
    pub async fn enqueue(self) -> Result<TypedHandle<T, E>, Error> {
        let client = self.client.clone();
        let invocation = client.enqueue(self.into_request()?).await?;
        Ok(TypedHandle::new(client.handle(invocation.id)))
    }
}

impl<T: 'static, E: 'static> IntoFuture for TypedCall<T, E> {
    type Output = Result<TypedHandle<T, E>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.enqueue().boxed()
    }
}

/// A handle whose result is a `T` and whose failures carry an `E`.
pub struct TypedHandle<T, E = ()> {
    handle: Handle,
    types: PhantomData<fn() -> (T, E)>,
}

impl<T, E> Clone for TypedHandle<T, E> {
    fn clone(&self) -> Self {
        Self::new(self.handle.clone())
    }
}

impl<T, E> fmt::Debug for TypedHandle<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedHandle")
            .field(&self.handle.id())
            .finish()
    }
}

impl<T, E> TypedHandle<T, E> {
    /// This handle with types, which are believed: as for an id that another process enqueued.
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            types: PhantomData,
        }
    }

    /// The id, under which any other process can ask as well.
    pub fn id(&self) -> &str {
        self.handle.id()
    }

    /// The handle without types, which can do everything else.
    pub fn untyped(&self) -> &Handle {
        &self.handle
    }
}

impl<T: Value, E: Value> TypedHandle<T, E> {
    /// The value, when there is one; however long that takes.
    ///
    /// # Errors
    /// As [`Handle::get_result`].
    pub async fn get_result(&self) -> Result<T, Error> {
        let value: Read<T> = self.handle.get_result().await?;
        Ok(value.0)
    }

    /// The E of the task's `result<T, E>`, if this is the error of an invocation that ended with one.
    ///
    /// # Errors
    /// [`Error::Value`] if the payload is no `E`.
    pub fn payload(&self, error: &Error) -> Result<Option<E>, Error> {
        let Error::TaskFailed { id, failure, .. } = error else {
            return Ok(None);
        };
        if failure.kind != FailureKind::Guest {
            return Ok(None);
        }
        let json = failure
            .payload
            .as_ref()
            .map_or("null", |payload| payload.get());
        let payload = serde_json::from_str::<Read<E>>(json).map_err(|error| Error::Value {
            id: id.clone(),
            reason: error.to_string(),
        })?;
        Ok(Some(payload.0))
    }
}
