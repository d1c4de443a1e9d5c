//! How fast workflows are, and what waiting costs: `cargo bench --bench workflows -p windlass-tests`,
//! beside a binary that `cargo build --release` made. Figures, no thresholds.

#![allow(clippy::unwrap_used, reason = "a measurement that fails has no figure")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass_client::wire::QueueSettings;
use windlass_tests::{
    HostProcess, Setup, call, enqueue, eventually, fresh_database, upload, value,
};

/// Runs of what is short; the median is told.
const RUNS: usize = 5;
/// Workflows that wait at once.
const WAITING: usize = 10_000;
/// How long they stay in memory here, in milliseconds.
const MEMORY_MS: u64 = 30_000;

#[tokio::main]
async fn main() {
    for (store, setup) in [
        ("sqlite", Setup::sqlite()),
        ("postgres", Setup::postgres(&fresh_database())),
    ] {
        let config = format!("[workflow]\nmemory_ms = {MEMORY_MS}\n");
        std::fs::write(setup.data().join("config.toml"), config).unwrap();
        let host = setup.start();
        upload(&host.client(), "flows").await;
        // Compiles.
        run(&host, "flows/fan-out-noop", json!([1, null])).await;
        for n in [500, 5_000] {
            let took = median(&host, "flows/fan-out-noop", json!([n, null])).await;
            println!(
                "{store}: fan out {n} and await all: {:.3} s",
                took.as_secs_f64()
            );
        }
        let took = median(&host, "flows/steps", json!([100, null])).await;
        println!(
            "{store}: one task after the other: {:.2} ms a step",
            took.as_secs_f64() * 10.0
        );
        on_one(&host, store).await;
        replay(&host, store).await;
        waiting(&host, store).await;
    }
}

async fn run(host: &HostProcess, task: &str, args: Value) -> (String, Duration) {
    let begun = Instant::now();
    let handle = enqueue(&host.client(), "q", task, args).await;
    value(&handle).await;
    (handle.id().to_owned(), begun.elapsed())
}

async fn median(host: &HostProcess, task: &str, args: Value) -> Duration {
    let mut took = Vec::new();
    for _ in 0..RUNS {
        took.push(run(host, task, args.clone()).await.1);
    }
    took.sort_unstable();
    took[RUNS / 2]
}

/// On a queue with concurrency 1, each child borrows the slot of its parent.
async fn on_one(host: &HostProcess, store: &str) {
    let client = host.client();
    let one = QueueSettings {
        concurrency: Some(1),
        ..QueueSettings::default()
    };
    client.queue("one").put(&one).await.unwrap();
    let begun = Instant::now();
    let handle = enqueue(&client, "one", "flows/fan-out-noop", json!([200, null])).await;
    value(&handle).await;
    let each = begun.elapsed().as_secs_f64() * 1_000.0 / 200.0;
    println!("{store}: a child in its parent's slot: {each:.2} ms");
}

async fn replay(host: &HostProcess, store: &str) {
    let (id, _) = run(host, "flows/journal", json!([9_999])).await;
    let begun = Instant::now();
    let replayed = host.client().replay(&id, None).await.unwrap();
    assert!(replayed.exact, "{replayed:?}");
    let took = begun.elapsed().as_secs_f64();
    println!("{store}: replay of {} steps: {took:.3} s", replayed.steps);
    let (id, _) = run(host, "flows/fan-out-noop", json!([5_000, null])).await;
    let begun = Instant::now();
    let replayed = host.client().replay(&id, None).await.unwrap();
    assert!(replayed.exact, "{replayed:?}");
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{store}: replay of {} calls and their results: {took:.3} s",
        replayed.steps
    );
}

async fn waiting(host: &HostProcess, store: &str) {
    let client = host.client();
    let queue = client.queue("waiting");
    let before = host.resident_bytes();
    let calls = (0..WAITING).map(|_| call("flows/asks", &json!(["go", null])));
    let begun = Instant::now();
    queue.enqueue_many(calls.collect::<Vec<_>>()).await.unwrap();
    eventually("all of them waiting", async || {
        let counts = queue.get().await.map_err(|error| error.to_string())?.counts;
        (counts.waiting as usize == WAITING)
            .then_some(())
            .ok_or(format!("{counts:?}"))
    })
    .await;
    let took = begun.elapsed().as_secs_f64();
    let each = |after: u64| after.saturating_sub(before) as f64 / WAITING as f64 / 1_024.0;
    let awake = each(host.resident_bytes());
    tokio::time::sleep(Duration::from_millis(MEMORY_MS + 5_000)).await;
    let asleep = each(host.resident_bytes());
    println!(
        "{store}: {WAITING} waiting after {took:.1} s: {awake:.1} KiB each in memory, {asleep:.2} KiB asleep"
    );
}
