//! Enqueueing calls, and asking for invocations.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use crate::client::Client;
use crate::error::Error;
use crate::handle::Handle;
use crate::wire::{
    Attempt, Bulk, BulkRequest, Debounce, Dedup, EnqueueRequest, Filter, GetQuery, Invocation,
    ListQuery, Log, OnConflict, Page, Retries, WaitFor, WaitRequest, Waited, Why,
};

/// How long the answer of something that is done to many may take beyond the usual.
const BULK: Duration = Duration::from_secs(600);

/// A call to be enqueued.
#[derive(Debug, Clone)]
pub struct Call {
    request: EnqueueRequest,
}

impl Call {
    /// A call of a task, such as `images/resize`, with arguments by position or by name.
    pub fn new<A: Serialize + ?Sized>(task: impl Into<String>, args: &A) -> Result<Self, Error> {
        let args = to_raw_value(args).map_err(|error| Error::Arguments(error.to_string()))?;
        let request = EnqueueRequest::new(String::new(), task, args);
        Ok(Self { request })
    }

    /// The same call under this id: enqueued twice, it is one invocation.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.request.id = Some(id.into());
        self
    }

    /// The same call with this priority; lower goes first.
    pub fn priority(mut self, priority: i32) -> Self {
        self.request.priority = Some(priority);
        self
    }

    /// The same call, whose attempts may take so long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout_ms = Some(ms(timeout));
        self
    }

    /// The same call, not before so much time has passed.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.request.delay_ms = Some(ms(delay));
        self
    }

    /// The same call, not before this moment, which is RFC 3339.
    pub fn start_at(mut self, moment: impl Into<String>) -> Self {
        self.request.start_at = Some(moment.into());
        self
    }

    /// The same call in this partition of its queue.
    pub fn partition(mut self, partition: impl Into<String>) -> Self {
        self.request.partition = Some(partition.into());
        self
    }

    /// The same call, the only one of its key that has not ended.
    pub fn dedup(mut self, dedup: Dedup) -> Self {
        self.request.dedup = Some(dedup);
        self
    }

    /// The same call, if no other one of its key comes within a period.
    pub fn debounce(mut self, debounce: Debounce) -> Self {
        self.request.debounce = Some(debounce);
        self
    }

    /// The same call, which ends as a `timeout` when so much time has passed since its enqueue.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.request.deadline_ms = Some(ms(deadline));
        self
    }

    /// The same call, tried again when it fails.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.request.retries = Some(retries);
        self
    }

    /// The same call with this tag besides.
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.tags.insert(name.into(), value.into());
        self
    }

    /// The request to enqueue it to a queue.
    pub fn into_request(self, queue: &str) -> EnqueueRequest {
        EnqueueRequest {
            queue: Some(queue.to_owned()),
            ..self.request
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
        self.get(&["v1", "invocations"], &pairs(query)?).await
    }

    /// Every invocation that matches, whole, one JSON document a line, the newest first: as it
    /// comes. It breaks off with an error where the connection does.
    pub async fn export(
        &self,
        filter: &Filter,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let path = ["v1", "invocations", "export"];
        let request = self.request(Method::GET, &path).query(&pairs(filter)?);
        let client = self.clone();
        let pieces = self.open(request).await?.bytes_stream();
        Ok(pieces
            .map_err(move |error| client.unreachable(&error))
            .boxed())
    }

    /// What holds an invocation back.
    pub async fn why(&self, id: &str) -> Result<Why, Error> {
        self.get(&["v1", "invocations", id, "why"], &()).await
    }

    /// Every try at running an invocation, oldest first.
    pub async fn attempts(&self, id: &str) -> Result<Vec<Attempt>, Error> {
        let path = ["v1", "invocations", id, "attempts"];
        let page: Page<Attempt> = self.get(&path, &()).await?;
        Ok(page.items)
    }

    /// A new invocation of the same call, of one that failed; of a workflow one that begins before
    /// its first failed step.
    pub async fn retry(&self, id: &str) -> Result<Invocation, Error> {
        self.again(id, "retry").await
    }

    /// A new invocation of the same call, of one that was cancelled; of a workflow one that begins
    /// with the steps that were done.
    pub async fn resume(&self, id: &str) -> Result<Invocation, Error> {
        self.again(id, "resume").await
    }

    async fn again(&self, id: &str, verb: &str) -> Result<Invocation, Error> {
        let request = self.request(Method::POST, &["v1", "invocations", id, verb]);
        crate::client::read(self.send_once(request, Duration::ZERO).await?).await
    }

    /// Cancels all that match, or tells how many do.
    pub async fn cancel_all(&self, request: &BulkRequest) -> Result<Bulk, Error> {
        self.bulk("cancel", request).await
    }

    /// Retries all dead letters that match, or tells how many do.
    pub async fn retry_all(&self, request: &BulkRequest) -> Result<Bulk, Error> {
        self.bulk("retry", request).await
    }

    /// Resumes all that match, were cancelled and not done again since, or tells how many do.
    pub async fn resume_all(&self, request: &BulkRequest) -> Result<Bulk, Error> {
        self.bulk("resume", request).await
    }

    async fn bulk(&self, verb: &str, request: &BulkRequest) -> Result<Bulk, Error> {
        // What it was done to does not match any more, so that it may arrive twice.
        let path = ["v1", "invocations", verb];
        self.send_json(Method::POST, &path, request, BULK).await
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
    // What takes another one's place keeps that one's id, and may arrive twice as it is.
    let replaces = request.dedup.as_ref();
    let replaces = replaces.is_some_and(|dedup| dedup.on_conflict == OnConflict::Replace);
    if replaces || request.debounce.is_some() {
        return request;
    }
    // Ids made later sort later, which keeps the host's index of them compact.
    request.id.get_or_insert_with(|| Uuid::now_v7().to_string());
    request
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A query's names and values, lists as often as they have items.
fn pairs<Q: Serialize>(query: &Q) -> Result<Vec<(String, String)>, Error> {
    let Ok(Value::Object(fields)) = serde_json::to_value(query) else {
        return Err(Error::Arguments("a query is an object".to_owned()));
    };
    let mut pairs = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Array(items) => {
                pairs.extend(items.iter().map(|item| (name.clone(), word(item))));
            }
            value => pairs.push((name, word(&value))),
        }
    }
    Ok(pairs)
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

pub(crate) fn in_words(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
