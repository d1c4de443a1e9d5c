//! What invocations log, and how they end, while somebody develops.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use windlass_client::wire::{Event, Invocation, ListQuery, Outcome};
use windlass_client::{Client, Error};

use crate::cli::{output, show};

/// How often the host is asked what is new.
const PERIOD: Duration = Duration::from_millis(150);

/// So many of the newest are looked at each time; more than that in one period are not told of.
const NEWEST: u32 = 1_000;

/// So many are followed at once, each over a connection of its own.
const FOLLOWED: usize = 32;

/// Tells of every invocation until the host goes.
pub async fn tell(client: &Client) -> anyhow::Result<()> {
    let query = ListQuery {
        limit: Some(NEWEST),
        ..ListQuery::default()
    };
    let mut seen = HashSet::new();
    // Dropped with this future, and everything that is followed with it.
    let mut following = JoinSet::new();
    let turns = Arc::new(Semaphore::new(FOLLOWED));
    loop {
        let newest = client.invocations(&query).await?.items;
        let new = newest.iter().rev().filter(|one| !seen.contains(&one.id));
        for invocation in new {
            let (client, turns) = (client.clone(), Arc::clone(&turns));
            let (id, task) = (invocation.id.clone(), invocation.task.clone());
            following.spawn(async move {
                let _turn = turns.acquire().await.ok()?;
                follow(&client, &id, &task).await.ok()
            });
        }
        // Older ones do not come back, since the newest come first.
        seen = newest.into_iter().map(|one| one.id).collect();
        while following.try_join_next().is_some() {}
        tokio::time::sleep(PERIOD).await;
    }
}

async fn follow(client: &Client, id: &str, task: &str) -> Result<(), Error> {
    let mut events = client.events(id);
    // A line may come in pieces.
    let mut begun = String::new();
    let say = |what: &str| {
        // Nobody is left to be told that nobody listens.
        let _ = output::line(&format!("{task} {id}: {what}"));
    };
    while let Some(event) = events.next().await {
        match event? {
            Event::Log(chunk) => {
                begun.push_str(&chunk.text);
                while let Some((line, rest)) = begun.split_once('\n') {
                    say(&format!("| {line}"));
                    begun = rest.to_owned();
                }
            }
            Event::Published(published) => {
                say(&format!("{} = {}", published.name, published.value.get()));
            }
            Event::State(invocation) if invocation.state.is_final() => {
                if !begun.is_empty() {
                    say(&format!("| {}", std::mem::take(&mut begun)));
                }
                say(&ending(&invocation));
            }
            Event::State(_) | Event::Progress(_) => {}
        }
    }
    Ok(())
}

fn ending(invocation: &Invocation) -> String {
    match &invocation.outcome {
        Some(Outcome::Value(value)) => format!("succeeded: {}", show::value(value.get())),
        Some(Outcome::Error(failure)) => {
            let payload = failure
                .payload
                .as_ref()
                .map(|json| format!(": {}", json.get()));
            let payload = payload.unwrap_or_default();
            format!("failed ({}): {}{payload}", failure.kind, failure.message)
        }
        None => invocation.state.to_string(),
    }
}
