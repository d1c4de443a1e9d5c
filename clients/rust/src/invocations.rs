//! Enqueueing calls, and asking for invocations.

use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::client::Client;
use crate::error::Error;
use crate::handle::Handle;
use crate::wire::{
    EnqueueRequest, GetQuery, Invocation, ListQuery, Log, Page, WaitFor, WaitRequest, Waited,
};

/// A call to be enqueued.
#[derive(Debug, Clone)]
pub struct Call {
    task: String,
    args: Box<RawValue>,
    id: Option<String>,
    priority: Option<i32>,
    timeout: Option<Duration>,
}

impl Call {
    /// A call of a task, such as `images/resize`, with arguments by position or by name.
    pub fn new<A: Serialize + ?Sized>(task: impl Into<String>, args: &A) -> Result<Self, Error> {
        Ok(Self {
            task: task.into(),
            args: to_raw_value(args).map_err(|error| Error::Arguments(error.to_string()))?,
            id: None,
            priority: None,
            timeout: None,
        })
    }

    /// The same call under this id: enqueued twice, it is one invocation.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same call with this priority; lower goes first.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The same call, whose attempts may take so long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The request to enqueue it to a queue.
    pub fn into_request(self, queue: &str) -> EnqueueRequest {
        EnqueueRequest {
            queue: queue.to_owned(),
            task: self.task,
            args: self.args,
            id: self.id,
            priority: self.priority,
            timeout_ms: self.timeout.map(|timeout| timeout.as_millis() as u64),
        }
    }
}

impl Client {
    /// Enqueues a call. It gets an id here if it has none, so that sending it again is harmless.
    pub async fn enqueue(&self, request: EnqueueRequest) -> Result<Invocation, Error> {
        let request = identified(request);
        let path = ["v1", "invocations"];
        self.send_json(Method::POST, &path, &request, Duration::ZERO)
            .await
    }

    /// Enqueues calls, all or none, in one request; the answers are in their order.
    pub async fn enqueue_many(
        &self,
        requests: Vec<EnqueueRequest>,
    ) -> Result<Vec<Invocation>, Error> {
        let requests: Vec<_> = requests.into_iter().map(identified).collect();
        let path = ["v1", "invocations"];
        self.send_json(Method::POST, &path, &requests, Duration::ZERO)
            .await
    }

    /// The handle of the invocation with this id.
    pub fn handle(&self, id: impl Into<String>) -> Handle {
        Handle::new(self.clone(), id.into())
    }

    /// The invocation with this id: as it is now, or when it has ended, or after so long.
    pub async fn invocation(&self, id: &str, wait: Duration) -> Result<Invocation, Error> {
        let query = GetQuery {
            wait: (!wait.is_zero()).then(|| in_words(wait)),
        };
        let request = self
            .request(Method::GET, &["v1", "invocations", id])
            .query(&query);
        crate::client::read(self.send(request, wait).await?).await
    }

    /// A page of invocations, the newest first.
    pub async fn invocations(&self, query: &ListQuery) -> Result<Page<Invocation>, Error> {
        self.get(&["v1", "invocations"], query).await
    }

    /// Those of these invocations that have ended, when any or all of them have, or after so long.
    pub async fn wait(
        &self,
        ids: Vec<String>,
        wait_for: WaitFor,
        wait: Duration,
    ) -> Result<Vec<Invocation>, Error> {
        let request = WaitRequest {
            ids,
            wait_for,
            wait: (!wait.is_zero()).then(|| in_words(wait)),
        };
        let path = ["v1", "invocations", "wait"];
        let waited: Waited = self.send_json(Method::POST, &path, &request, wait).await?;
        Ok(waited.items)
    }

    /// What an invocation wrote.
    pub async fn log(&self, id: &str) -> Result<Log, Error> {
        self.get(&["v1", "invocations", id, "logs"], &()).await
    }
}

fn identified(mut request: EnqueueRequest) -> EnqueueRequest {
    // Ids made later sort later, which keeps the host's index of them compact.
    request.id.get_or_insert_with(|| Uuid::now_v7().to_string());
    request
}

pub(crate) fn in_words(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
