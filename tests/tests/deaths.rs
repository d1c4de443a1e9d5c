//! What becomes of invocations when hosts die, are cut off, or are told to stop.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use serde_json::Value;
use windlass_client::Client;
use windlass_client::wire::{FailureKind, Grants, Outcome, QueueSettings, State};
use windlass_tests::{
    Collector, Durability, Entry, HostProcess, Postgres, Setup, Shutdown, call, ended, eventually,
    executing, on_both_stores, upload,
};

on_both_stores![
    what_keeps_killing_its_host_is_failed_and_bystanders_are_not,
    a_host_that_may_not_drain_for_long_gives_back_what_runs,
];

/// Longer than any test.
const FOR_EVER_MS: u32 = 3_600_000;

async fn what_keeps_killing_its_host_is_failed_and_bystanders_are_not(setup: Setup) {
    let collector = Collector::start().await;
    let setup = setup.with_short_lease();
    let mut host = setup.start();
    prepare(&host.client(), &collector).await;
    let (deadly, bystanders) = enqueue_deadly(&host.client(), &collector).await;

    for attempt in 1..=3 {
        // It executes, and the host has committed that it does: only then does the death count.
        told(&collector, attempt as usize).await;
        executing(&host.client().handle(&deadly), attempt).await;
        host.kill();
        host = setup.start();
    }

    let client = host.client();
    let deadly = client.handle(&deadly).wait().await.unwrap();
    let Some(Outcome::Error(failure)) = &deadly.outcome else {
        panic!("it has an outcome: {deadly:?}");
    };
    let how = (failure.kind, deadly.attempt);
    assert_eq!(how, (FailureKind::HostLost, 3), "{failure:?}");
    let handles: Vec<_> = bystanders.iter().map(|id| client.handle(id)).collect();
    for bystander in ended(&client, &handles).await {
        assert_eq!(bystander.state, State::Succeeded, "{bystander:?}");
    }
    assert_eq!(attempts(&host, &deadly.id).await.len(), 3);
    assert_eq!(collector.len(), 3);
}

/// Enqueues what is going to be executing at every death, and what waits and runs beside it.
async fn enqueue_deadly(client: &Client, collector: &Collector) -> (String, Vec<String>) {
    let two = QueueSettings {
        concurrency: Some(2),
        ..QueueSettings::default()
    };
    let queue = client.queue("bystanders");
    queue.put(&two).await.unwrap();
    let calls = (0..100).map(|_| call("hostile/sleep-ms", &[100]));
    let bystanders = queue.enqueue_many(calls).await.unwrap();
    let bystanders = bystanders.iter().map(|handle| handle.id().to_owned());
    let args = (collector.url(), "deadly", FOR_EVER_MS);
    let deadly = client.queue("deadly");
    let deadly = deadly.enqueue("collector/record", &args).await;
    (deadly.unwrap().id().to_owned(), bystanders.collect())
}

/// Uploads what this file calls, and grants the collector.
async fn prepare(client: &Client, collector: &Collector) {
    upload(client, "hostile").await;
    upload(client, "collector").await;
    let grants = Grants {
        http: vec![collector.host()],
        ..Grants::default()
    };
    client.set_grants("collector", &grants).await.unwrap();
}

async fn told(collector: &Collector, lines: usize) {
    eventually("what the collector is told", async || {
        let told = collector.len();
        (told >= lines).then_some(()).ok_or(told)
    })
    .await;
}

/// Why attempts ended without an outcome, with their numbers; null for one that runs.
async fn attempts(host: &HostProcess, id: &str) -> Vec<(u64, Value)> {
    let url = format!("{}/v1/invocations/{id}/attempts", host.url());
    let page: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| (item["attempt"].as_u64().unwrap(), item["lost"].clone()))
        .collect()
}

async fn a_host_that_may_not_drain_for_long_gives_back_what_runs(setup: Setup) {
    let setup = setup.with(&["--drain-timeout", "100ms"]);
    let host = setup.start();
    upload(&host.client(), "hostile").await;
    let queue = host.client().queue("q");
    let handle = queue.enqueue("hostile/sleep-ms", &[FOR_EVER_MS]).await;
    let handle = handle.unwrap();
    executing(&handle, 1).await;

    let (status, said) = host.stop_and_tell();
    let again = setup.start();

    assert!(status.success(), "{status}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
    // Nobody has to wait for a lease to end: it is there at once, and the death counts for nothing.
    let handle = again.client().handle(handle.id());
    executing(&handle, 2).await;
    let [(1, given_back), (2, Value::Null)] = &attempts(&again, handle.id()).await[..] else {
        panic!("the first was given back, the second runs");
    };
    assert_eq!(given_back, "its host stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_work_stops_without_a_warning() {
    let (status, said) = Setup::sqlite().start().stop_and_tell();

    assert!(status.success(), "{status}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_cut_off_from_the_database_ends_its_own_sandboxes() {
    const HOLD_MS: u32 = 5_000;
    let collector = Collector::start().await;
    let mut postgres = Postgres::start(Durability::Durable).unwrap();
    let setup = Setup::postgres(&postgres.fresh_database().unwrap()).with_short_lease();
    let host = setup.start();
    let client = host.client();
    prepare(&client, &collector).await;
    let args = (collector.url(), "cut-off", HOLD_MS);
    let queue = client.queue("q");
    let handle = queue.enqueue("collector/record", &args).await.unwrap();
    told(&collector, 1).await;
    executing(&handle, 1).await;

    postgres.stop(Shutdown::Kill).unwrap();
    eventually(
        "the host's word that it has ended its sandboxes",
        async || {
            let said = host.said();
            let has_ended = said.contains("every sandbox was ended");
            has_ended.then_some(()).ok_or(said)
        },
    )
    .await;
    postgres.start_again().unwrap();

    // The second attempt takes as long as the first would have: what is missing then never comes.
    let invocation = eventually("the outcome", async || handle.wait().await).await;
    assert_eq!(
        (invocation.state, invocation.attempt),
        (State::Succeeded, 2)
    );
    let told: Vec<(bool, u32)> = collector
        .log()
        .iter()
        .map(|entry| match entry {
            Entry::Start { attempt, .. } => (true, *attempt),
            Entry::End { attempt, .. } => (false, *attempt),
            Entry::Interruption => unreachable!("nobody noted one"),
        })
        .collect();
    assert_eq!(told, [(true, 1), (true, 2), (false, 2)]);
}
