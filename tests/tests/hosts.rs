//! Several hosts on one Postgres: each serves what it was told to, and any of them tells of all.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::time::Duration;

use futures::TryStreamExt;
use windlass_client::wire::{Event, State};
use windlass_tests::{HostProcess, Setup, executing, fresh_database, upload};

/// A host that looks for nothing by itself: what it hears of was pushed.
const DEAF: [&str; 4] = [
    "--set",
    "control.poll_ms=3600000",
    "--set",
    "queue.poll_ms=3600000",
];

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_at_another_host_is_told_by_push() {
    let database = fresh_database();
    let worker = Setup::postgres(&database).with(&DEAF).start();
    let other = Setup::postgres(&database).with(&DEAF);
    let other = other.with(&["--no-workers"]).start();
    upload(&other.client(), "hostile").await;
    let queue = other.client().queue("q");

    for _ in 0..3 {
        let handle = queue.enqueue("hostile/sleep-ms", &[300]).await.unwrap();
        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move { handle.wait().await }
        });
        let events: Vec<Event> = handle.events().try_collect().await.unwrap();

        assert_eq!(waiting.await.unwrap().unwrap().state, State::Succeeded);
        let Some(Event::State(last)) = events.last() else {
            panic!("the last event is a state: {events:?}");
        };
        assert_eq!(last.state, State::Succeeded);
    }
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_loads_what_another_has_compiled() {
    let database = fresh_database();
    let key = [
        "--set",
        "code_key=a key that the hosts of this fleet are given",
    ];
    let first = Setup::postgres(&database).with(&key).start();
    upload(&first.client(), "hello").await;
    let queue = first.client().queue("q");
    let greeted = queue.enqueue("hello/greet", &["Ada"]).await.unwrap();
    let _: String = greeted.get_result().await.unwrap();
    // Its code is shared when it has ended at the latest.
    let compiled = loaded(&first, "compiled").await;
    assert!(first.stop().success());

    let second = Setup::postgres(&database).with(&key).start();
    let queue = second.client().queue("q");
    let greeted = queue.enqueue("hello/greet", &["Bob"]).await.unwrap();
    let greeting: String = greeted.get_result().await.unwrap();

    assert_eq!((compiled, greeting.as_str()), (1, "Hello, Bob!"));
    assert_eq!(loaded(&second, "fleet").await, 1);
    assert_eq!(loaded(&second, "compiled").await, 0);
}

/// How many components a host has loaded from there.
async fn loaded(host: &HostProcess, from: &str) -> u64 {
    let text = reqwest::get(format!("{}/metrics", host.url())).await;
    let text = text.unwrap().text().await.unwrap();
    let name = format!("windlass_components_loaded_total{{code=\"{from}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_serves_the_queues_that_it_was_told_to() {
    let database = fresh_database();
    let of_a = Setup::postgres(&database).with(&["--queues", "a,other"]);
    let of_a = of_a.start();
    let client = of_a.client();
    upload(&client, "hello").await;
    upload(&client, "hostile").await;

    let for_b = client.queue("b").enqueue("hello/greet", &["Bob"]).await;
    let for_b = for_b.unwrap();
    let for_a = client.queue("a").enqueue("hello/greet", &["Ada"]).await;
    let ada: String = for_a.unwrap().get_result().await.unwrap();
    let waits = for_b.get(Duration::ZERO).await.unwrap().state;
    let of_b = Setup::postgres(&database).with(&["--queues", "b"]).start();
    let bob: String = for_b.get_result().await.unwrap();

    assert_eq!((ada.as_str(), bob.as_str()), ("Hello, Ada!", "Hello, Bob!"));
    assert_eq!(waits, State::Queued);
    let numbers = [of_a.client(), of_b.client()].map(|client| async move {
        let info = client.info().await.unwrap();
        info.host
    });
    let [_, number_of_b] = futures::future::join_all(numbers).await[..] else {
        unreachable!("there are two hosts");
    };
    assert_eq!(for_b.wait().await.unwrap().host, Some(number_of_b));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_workers_runs_nothing() {
    let database = fresh_database();
    let idle = Setup::postgres(&database).with(&["--no-workers"]).start();
    upload(&idle.client(), "hostile").await;
    let queue = idle.client().queue("q");

    let handle = queue.enqueue("hostile/sleep-ms", &[60_000]).await.unwrap();

    assert!(idle.client().hosts().await.unwrap().is_empty());
    let state = handle.get(Duration::ZERO).await.unwrap().state;
    assert_eq!(state, State::Queued);
    let _worker = Setup::postgres(&database).start();
    executing(&handle, 1).await;
}
