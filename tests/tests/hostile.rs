//! Components that mean harm end only themselves, each with the right kind of error.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::time::Duration;

use serde_json::{Value, json};
use windlass_client::Client;
use windlass_client::wire::{FailureKind, Grants, Outcome};
use windlass_tests::{Collector, Setup, call, ended, fresh_database, on_both_stores, upload};

/// The task, its arguments, the kind of error and the limit that it names.
fn misdeeds() -> Vec<(&'static str, Value, FailureKind, Option<&'static str>)> {
    use FailureKind::{Guest, Limit, Timeout, Trap};
    vec![
        ("hostile/spin", json!([]), Timeout, None),
        ("hostile/print-forever", json!([]), Timeout, None),
        ("hostile/sleep-ms", json!([3_600_000]), Timeout, None),
        (
            "hostile/grab-memory",
            json!([]),
            Limit,
            Some("memory_max_bytes"),
        ),
        ("hostile/recurse", json!([]), Limit, Some("stack_max_bytes")),
        (
            "grab-table/grab-table",
            json!([]),
            Limit,
            Some("table_elements_max"),
        ),
        (
            "hostile/huge-string",
            json!([16 << 20]),
            Limit,
            Some("value_max_bytes"),
        ),
        ("hostile/trap", json!([]), Trap, None),
        ("hostile/panic", json!(["on purpose"]), Trap, None),
        ("hostile/exit-zero", json!([]), Trap, None),
        ("hostile/exit", json!([3]), Trap, None),
        ("hostile/fail", json!(["typed"]), Guest, None),
    ]
}

/// What is odd and allowed.
fn oddities() -> Vec<(&'static str, Value)> {
    vec![
        ("hostile/millions-of-host-calls", json!([2_000_000])),
        ("hostile/print", json!([10 << 20])),
        ("hostile/log-lines", json!([100_000])),
        ("hostile/report-progress", json!([100_000])),
    ]
}

on_both_stores![a_hostile_task_ends_only_itself];

async fn a_hostile_task_ends_only_itself(setup: Setup) {
    let host = setup.with_short_lease().start();
    let client = host.client();
    for component in ["hello", "hostile", "grab-table"] {
        upload(&client, component).await;
    }
    let number = client.info().await.unwrap().host;
    let bystanders = tokio::spawn(greet_until_told(client.clone()));

    let mut handles = Vec::new();
    for (task, args, ..) in misdeeds() {
        let call = call(task, &args).timeout(Duration::from_secs(3));
        handles.push(client.queue("hostile").call(call).await.unwrap());
    }
    let mut odd = Vec::new();
    for (task, args) in oddities() {
        odd.push(client.queue("odd").enqueue(task, &args).await.unwrap());
    }

    for (invocation, (task, _, kind, limit)) in
        ended(&client, &handles).await.iter().zip(misdeeds())
    {
        let Some(Outcome::Error(failure)) = &invocation.outcome else {
            panic!("{task} succeeded");
        };
        assert_eq!(failure.kind, kind, "{task}: {failure:?}");
        assert_eq!(failure.limit.as_deref(), limit, "{task}: {failure:?}");
        assert_eq!(invocation.attempt, 1, "{task} was attempted again");
    }
    for (invocation, (task, _)) in ended(&client, &odd).await.iter().zip(oddities()) {
        let outcome = &invocation.outcome;
        assert!(
            matches!(outcome, Some(Outcome::Value(_))),
            "{task}: {outcome:?}"
        );
    }
    let stop = call("hello/greet", &["stop"]).id("stop");
    client.queue("bystanders").call(stop).await.unwrap();
    assert!(bystanders.await.unwrap() > 0);
    // A host that missed its heartbeats would have been declared dead, and registered anew.
    assert_eq!(client.info().await.unwrap().host, number);
}

/// Calls `greet` again and again beside the hostile ones, until there is an invocation `stop`.
async fn greet_until_told(client: Client) -> u32 {
    let queue = client.queue("bystanders");
    let mut greeted = 0;
    while client.invocation("stop", Duration::ZERO).await.is_err() {
        let handle = queue.enqueue("hello/greet", &["Ada"]).await.unwrap();
        let greeting: String = handle.get_result().await.unwrap();
        assert_eq!(greeting, "Hello, Ada!");
        greeted += 1;
    }
    greeted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_sees_nothing_that_was_not_granted() {
    let host = Setup::sqlite().start();
    let client = host.client();
    upload(&client, "hostile").await;
    let queue = client.queue("q");
    let result = async |task: &str, args: Value| {
        let handle = queue.enqueue(task, &args).await.unwrap();
        handle.get_result::<Value>().await
    };
    let own_api = host.url().trim_start_matches("http://").to_owned();

    let environment = result("hostile/read-env", json!([])).await;
    let files = result("hostile/list-files", json!([])).await;
    let connection = result("hostile/connect", json!([own_api])).await;
    let answer = result("hostile/fetch", json!([host.url()])).await;

    assert_eq!(environment.unwrap(), json!([]));
    assert!(
        files.is_err() || files.unwrap() == json!([]),
        "it saw files"
    );
    assert!(connection.is_err(), "it made a connection");
    assert!(answer.is_err(), "it reached its own host");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_reaches_what_it_names_and_nothing_else() {
    let collector = Collector::start().await;
    let host = Setup::sqlite().start();
    let client = host.client();
    upload(&client, "collector").await;
    let port = collector.host().rsplit(':').next().unwrap().to_owned();
    let record = async |granted: &str, asked: &str| {
        let grants = Grants {
            http: vec![granted.to_owned()],
            ..Grants::default()
        };
        client.set_grants("collector", &grants).await.unwrap();
        let args = (format!("http://{asked}:{port}/"), "reached", 0);
        let queue = client.queue("q");
        let handle = queue.enqueue("collector/record", &args).await.unwrap();
        handle.get_result::<String>().await
    };

    let another_port = record("127.0.0.1:1", "127.0.0.1").await;
    let the_usual_port = record("127.0.0.1", "127.0.0.1").await;
    let by_address = record(&format!("localhost:{port}"), "127.0.0.1").await;
    let by_name = record(&format!("127.0.0.1:{port}"), "localhost").await;
    let told_before = collector.len();
    let granted = record(&collector.host(), "127.0.0.1").await;

    for refused in [another_port, the_usual_port, by_address, by_name] {
        assert!(refused.is_err(), "{refused:?}");
    }
    assert_eq!(told_before, 0);
    assert_eq!(granted.unwrap(), "reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_finds_nothing_of_the_one_before() {
    let host = Setup::postgres(&fresh_database()).start();
    let client = host.client();
    upload(&client, "hostile").await;
    let queue = client.queue("q");

    for value in [7_u32, 8, 9] {
        let handle = queue
            .enqueue("hostile/touch-static", &[value])
            .await
            .unwrap();
        let found: u32 = handle.get_result().await.unwrap();

        assert_eq!(found, 0, "the static held what another attempt had left");
    }
}
