//! Short ways to use workflows.

use std::time::Duration;

use serde_json::Value;
use windlass_client::wire::{Failure, Outcome, PageQuery, State};
use windlass_client::{Client, Handle};

use crate::eventually;

/// A call on a queue, by its arguments as JSON.
pub async fn enqueue(client: &Client, queue: &str, task: &str, args: Value) -> Handle {
    let enqueued = client.queue(queue).enqueue(task, &args).await;
    enqueued.unwrap_or_else(|error| panic!("enqueueing {task}: {error}"))
}

/// The value that an invocation ends with. Hosts may die meanwhile.
pub async fn value(handle: &Handle) -> Value {
    let ended = eventually("an end", async || handle.wait().await).await;
    match ended.outcome {
        Some(Outcome::Value(value)) => serde_json::from_str(value.get()).expect("a value is JSON"),
        other => panic!("{}: {other:?}", ended.id),
    }
}

/// The error that it ends with.
pub async fn failure(handle: &Handle) -> Failure {
    let ended = eventually("an end", async || handle.wait().await).await;
    match ended.outcome {
        Some(Outcome::Error(failure)) => failure,
        other => panic!("{}: {other:?}", ended.id),
    }
}

/// Returns when it is in this state.
pub async fn in_state(handle: &Handle, state: State) {
    eventually("a state", async || {
        let now = handle.get(Duration::ZERO).await.map(|found| found.state);
        matches!(now, Ok(now) if now == state)
            .then_some(())
            .ok_or(now)
    })
    .await;
}

/// The ids of what a workflow enqueued, in the order of its steps.
pub async fn children(client: &Client, handle: &Handle) -> Vec<String> {
    let page = PageQuery {
        limit: Some(1_000),
        ..PageQuery::default()
    };
    let steps = client.steps(handle.id(), &page).await;
    let steps = steps.unwrap_or_else(|error| panic!("the steps of {}: {error}", handle.id()));
    steps
        .items
        .into_iter()
        .flat_map(|step| step.children)
        .collect()
}
