//! Handles: whoever holds an id can ask for the result, from any process, as often as wanted.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::stream::BoxStream;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;
use crate::wire::{Event, Failure, FailureKind, Invocation, Log, Outcome, Published, WaitFor, Why};

/// How long one request waits. Longer would only meet the patience of proxies in between.
const POLL: Duration = Duration::from_secs(30);

/// How many ids one request names at most.
const IDS_MAX: usize = 1_000;

/// An invocation by its id.
#[derive(Debug, Clone)]
pub struct Handle {
    client: Client,
    id: String,
}

impl Handle {
    pub(crate) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    /// The id, under which any other process can ask as well.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The value, when there is one; however long that takes.
    ///
    /// # Errors
    /// [`Error::TaskFailed`] if the invocation ended without a value, [`Error::Value`] if the value
    /// is no `T`.
    pub async fn get_result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        value_of(&self.wait().await?)
    }

    /// The invocation when it has ended; however long that takes.
    pub async fn wait(&self) -> Result<Invocation, Error> {
        loop {
            let invocation = self.get(POLL).await?;
            if invocation.state.is_final() {
                return Ok(invocation);
            }
        }
    }

    /// The invocation as it is now, or when it has ended, or after so long.
    pub async fn get(&self, wait: Duration) -> Result<Invocation, Error> {
        self.client.invocation(&self.id, wait).await
    }

    /// What it wrote.
    pub async fn log(&self) -> Result<Log, Error> {
        self.client.log(&self.id).await
    }

    /// Asks for its end and for that of what it enqueued, and gives it as it stands.
    pub async fn cancel(&self, reason: Option<&str>) -> Result<Invocation, Error> {
        self.client.cancel(&self.id, reason).await
    }

    /// What holds it back, if it does not run.
    pub async fn why(&self) -> Result<Why, Error> {
        self.client.why(&self.id).await
    }

    /// Sends it a message, which it takes under this name if it is a workflow.
    pub async fn message<V: Serialize + ?Sized>(&self, name: &str, value: &V) -> Result<(), Error> {
        self.client.message(&self.id, name, value).await
    }

    /// What it shows to the outside, by name, if it is a workflow.
    pub async fn published(&self) -> Result<Vec<Published>, Error> {
        self.client.published(&self.id).await
    }

    /// What happens to it, from now to its end; goes on by itself where a connection breaks.
    pub fn events(&self) -> BoxStream<'static, Result<Event, Error>> {
        self.client.events(&self.id)
    }
}

impl Client {
    /// Waits until at least one of these has ended, and gives those that have.
    pub async fn wait_any(&self, handles: &[Handle]) -> Result<Vec<Invocation>, Error> {
        let ids = ids_of(handles);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // With more ids than fit one request, the requests take turns.
        let poll = if ids.len() > IDS_MAX { POLL / 30 } else { POLL };
        loop {
            for some in ids.chunks(IDS_MAX) {
                let ended = self.wait(some.to_vec(), WaitFor::Any, poll).await?;
                if !ended.is_empty() {
                    return Ok(ended);
                }
            }
        }
    }

    /// Waits until all of these have ended, and gives them in the order of the handles.
    pub async fn wait_all(&self, handles: &[Handle]) -> Result<Vec<Invocation>, Error> {
        let mut found = HashMap::new();
        for some in ids_of(handles).chunks(IDS_MAX) {
            let mut missing = some.to_vec();
            while !missing.is_empty() {
                let ended = self.wait(missing.clone(), WaitFor::All, POLL).await?;
                found.extend(ended.into_iter().map(|one| (one.id.clone(), one)));
                missing.retain(|id| !found.contains_key(id));
            }
        }
        Ok(handles
            .iter()
            .filter_map(|handle| found.get(&handle.id).cloned())
            .collect())
    }
}

fn ids_of(handles: &[Handle]) -> Vec<String> {
    let mut seen = HashSet::new();
    let ids = handles.iter().map(|handle| handle.id.clone());
    ids.filter(|id| seen.insert(id.clone())).collect()
}

/// The value of an invocation that has ended.
pub(crate) fn value_of<T: DeserializeOwned>(invocation: &Invocation) -> Result<T, Error> {
    let failed = |failure: Failure| Error::TaskFailed {
        id: invocation.id.clone(),
        task: invocation.task.clone(),
        failure: Box::new(failure),
    };
    match &invocation.outcome {
        Some(Outcome::Value(value)) => {
            serde_json::from_str(value.get()).map_err(|error| Error::Value {
                id: invocation.id.clone(),
                reason: error.to_string(),
            })
        }
        Some(Outcome::Error(failure)) => Err(failed(failure.clone())),
        None => Err(failed(Failure {
            kind: FailureKind::Cancelled,
            message: format!("it is {} without an outcome", invocation.state),
            limit: None,
            payload: None,
            backtrace: Vec::new(),
        })),
    }
}
