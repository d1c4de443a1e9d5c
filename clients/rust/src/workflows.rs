//! What goes to and from workflows, their steps, and their past.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;

use crate::client::{Client, read};
use crate::components::REPLAYING;
use crate::error::Error;
use crate::invocations::in_words;
use crate::wire::{
    CancelRequest, ForkRequest, Invocation, Page, PageQuery, Published, PublishedQuery, Replayed,
    Step,
};

impl Client {
    /// Sends a message to a workflow, which takes it under this name.
    pub async fn message<V: Serialize + ?Sized>(
        &self,
        id: &str,
        name: &str,
        value: &V,
    ) -> Result<(), Error> {
        let path = ["v1", "invocations", id, "messages", name];
        self.post_once(&path, &value).await.map(drop)
    }

    /// Everything that a workflow shows to the outside, by name.
    pub async fn published(&self, id: &str) -> Result<Vec<Published>, Error> {
        let path = ["v1", "invocations", id, "published"];
        let page: Page<Published> = self.get(&path, &()).await?;
        Ok(page.items)
    }

    /// What a workflow shows under a name: when it is later than the revision `after`, or after so
    /// long.
    ///
    /// # Errors
    /// A problem with the code `not-published` if there is nothing then.
    pub async fn published_as(
        &self,
        id: &str,
        name: &str,
        after: i64,
        wait: Duration,
    ) -> Result<Published, Error> {
        let query = PublishedQuery {
            wait: (!wait.is_zero()).then(|| in_words(wait)),
            after: (after > 0).then_some(after),
        };
        let path = ["v1", "invocations", id, "published", name];
        let request = self.request(Method::GET, &path).query(&query);
        read(self.send(request, wait).await?).await
    }

    /// Asks for the end of an invocation and of what it enqueued, and gives it as it stands.
    pub async fn cancel(&self, id: &str, reason: Option<&str>) -> Result<Invocation, Error> {
        let request = CancelRequest {
            reason: reason.map(str::to_owned),
        };
        let path = ["v1", "invocations", id, "cancel"];
        self.send_json(Method::POST, &path, &request, Duration::ZERO)
            .await
    }

    /// A new invocation that begins with the steps of a workflow.
    pub async fn fork(&self, id: &str, request: &ForkRequest) -> Result<Invocation, Error> {
        let path = ["v1", "invocations", id, "fork"];
        read(self.post_once(&path, request).await?).await
    }

    /// A page of the steps of a workflow, in order.
    pub async fn steps(&self, id: &str, page: &PageQuery) -> Result<Page<Step>, Error> {
        self.get(&["v1", "invocations", id, "steps"], page).await
    }

    /// Executes a workflow against its journal, changing nothing; with these bytes in place of its
    /// component if there are any.
    pub async fn replay(&self, id: &str, component: Option<Bytes>) -> Result<Replayed, Error> {
        let path = ["v1", "invocations", id, "replay"];
        let mut request = self.request(Method::POST, &path);
        if let Some(component) = component {
            request = request
                .header(CONTENT_TYPE, "application/wasm")
                .body(component);
        }
        read(self.send(request, REPLAYING).await?).await
    }
}
