//! Queues: their settings and counts, and enqueueing to one.

use std::time::Duration;

use reqwest::Method;
use serde::Serialize;

use crate::client::Client;
use crate::error::Error;
use crate::handle::Handle;
use crate::invocations::Call;
use crate::wire::{self, Page, PageQuery, QueueChange, QueueSettings};

impl Client {
    /// The queue with this name, which need not exist yet.
    pub fn queue(&self, name: impl Into<String>) -> Queue {
        Queue {
            client: self.clone(),
            name: name.into(),
        }
    }

    /// A page of the queues.
    pub async fn queues(&self, page: &PageQuery) -> Result<Page<wire::Queue>, Error> {
        self.get(&["v1", "queues"], page).await
    }
}

/// A queue by its name.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    name: String,
}

impl Queue {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its settings and counts.
    pub async fn get(&self) -> Result<wire::Queue, Error> {
        self.client.get(&["v1", "queues", &self.name], &()).await
    }

    /// Makes the queue, or replaces all its settings.
    pub async fn put(&self, settings: &QueueSettings) -> Result<wire::Queue, Error> {
        let path = ["v1", "queues", self.name.as_str()];
        self.client
            .send_json(Method::PUT, &path, settings, Duration::ZERO)
            .await
    }

    /// Makes the queue, or changes what the change names and leaves the rest.
    pub async fn change(&self, change: &QueueChange) -> Result<wire::Queue, Error> {
        let path = ["v1", "queues", self.name.as_str()];
        self.client
            .send_json(Method::PUT, &path, change, Duration::ZERO)
            .await
    }

    /// Enqueues a call. When this returns, the call is on the host's disk.
    ///
    /// The arguments become JSON: a tuple, an array or a slice by position, a struct or a map by
    /// name. A task without parameters takes `&[(); 0]`.
    pub async fn enqueue<A: Serialize + ?Sized>(
        &self,
        task: &str,
        args: &A,
    ) -> Result<Handle, Error> {
        self.call(Call::new(task, args)?).await
    }

    /// Enqueues a call that says more than task and arguments.
    pub async fn call(&self, call: Call) -> Result<Handle, Error> {
        let invocation = self.client.enqueue(call.into_request(&self.name)).await?;
        Ok(self.client.handle(invocation.id))
    }

    /// Enqueues many calls, all or none, in one request. The handles are in the order of the calls.
    pub async fn enqueue_many(
        &self,
        calls: impl IntoIterator<Item = Call>,
    ) -> Result<Vec<Handle>, Error> {
        let requests = calls.into_iter().map(|call| call.into_request(&self.name));
        let invocations = self.client.enqueue_many(requests.collect()).await?;
        Ok(invocations
            .into_iter()
            .map(|invocation| self.client.handle(invocation.id))
            .collect())
    }
}
