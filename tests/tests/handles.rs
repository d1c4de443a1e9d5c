//! Upload, enqueue, fetch the result by handle; and the same through the death of the host.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use reqwest::Client as Http;
use serde_json::{Value, json};
use windlass_client::wire::{FailureKind, ListQuery, Outcome, QueueSettings, State};
use windlass_tests::{Setup, call, ended, executing, on_both_stores, upload, upload_as};

on_both_stores![
    a_result_is_fetched_by_handle,
    a_typed_error_keeps_its_payload,
    what_was_enqueued_survives_a_kill,
    a_host_that_is_told_to_stop_finishes_what_runs,
    a_new_version_changes_nothing_that_is_queued,
    the_same_call_under_the_same_id_is_one_invocation,
    an_array_under_an_idempotency_key_is_stored_once,
    an_array_with_one_mistake_is_not_stored_at_all,
];

async fn a_result_is_fetched_by_handle(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;

    let by_position = client.queue("q").enqueue("hello/greet", &["Ada"]).await;
    let by_name = client
        .queue("q")
        .enqueue("hello/add", &json!({"b": 40, "a": 2}))
        .await;

    let greeting: String = by_position.unwrap().get_result().await.unwrap();
    let sum: i64 = by_name.unwrap().get_result().await.unwrap();
    assert_eq!((greeting.as_str(), sum), ("Hello, Ada!", 42));
}

async fn a_typed_error_keeps_its_payload(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;

    let handle = client.queue("q").enqueue("hello/fail", &["no wind"]).await;

    let invocation = handle.unwrap().wait().await.unwrap();
    assert_eq!(invocation.state, State::Failed);
    let Some(Outcome::Error(failure)) = invocation.outcome else {
        panic!("a failed invocation has an error");
    };
    assert_eq!(failure.kind, FailureKind::Guest);
    assert_eq!(failure.payload.unwrap().get(), "\"no wind\"");
}

async fn what_was_enqueued_survives_a_kill(setup: Setup) {
    let setup = setup.with_short_lease();
    let host = setup.start();
    upload(&host.client(), "hello").await;
    let names: Vec<String> = (0..500).map(|n| format!("sailor-{n}")).collect();

    let calls = names.iter().map(|name| call("hello/greet", &[name]));
    let handles = host.client().queue("q").enqueue_many(calls).await.unwrap();
    host.kill();
    let host = setup.start();

    let client = host.client();
    let handles: Vec<_> = handles.iter().map(|old| client.handle(old.id())).collect();
    for (invocation, name) in ended(&client, &handles).await.iter().zip(&names) {
        let Some(Outcome::Value(value)) = &invocation.outcome else {
            panic!(
                "{} did not succeed: {:?}",
                invocation.id, invocation.outcome
            );
        };
        assert_eq!(value.get(), format!("\"Hello, {name}!\""));
    }
}

async fn a_host_that_is_told_to_stop_finishes_what_runs(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hostile").await;
    let queue = client.queue("q");
    let handle = queue.enqueue("hostile/sleep-ms", &[1_000]).await.unwrap();
    executing(&handle, 1).await;

    let status = host.stop();
    let host = setup.start();

    assert!(status.success(), "{status}");
    let invocation = host.client().handle(handle.id()).wait().await.unwrap();
    assert_eq!(
        (invocation.state, invocation.attempt),
        (State::Succeeded, 1)
    );
}

async fn a_new_version_changes_nothing_that_is_queued(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload_as(&client, "hello", "hello", "1.0.0").await;
    let queue = client.queue("q");
    let paused = QueueSettings {
        paused: true,
        ..QueueSettings::default()
    };
    queue.put(&paused).await.unwrap();
    let calls = (0..1_000).map(|_| call("hello/greet", &["Ada"]));
    let old = queue.enqueue_many(calls).await.unwrap();

    upload_as(&client, "hello2", "hello", "1.1.0").await;
    let new = queue.enqueue("hello/greet", &["Ada"]).await.unwrap();
    queue.put(&QueueSettings::default()).await.unwrap();

    for invocation in ended(&client, &old).await {
        let Some(Outcome::Value(value)) = &invocation.outcome else {
            panic!("{} did not succeed", invocation.id);
        };
        assert_eq!(value.get(), "\"Hello, Ada!\"");
    }
    let greeting: String = new.get_result().await.unwrap();
    assert_eq!(greeting, "Welcome back, Ada.");
}

async fn the_same_call_under_the_same_id_is_one_invocation(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let queue = client.queue("q");
    let order = |name: &str| call("hello/greet", &[name]).id("order-7");

    let first = queue.call(order("Ada")).await.unwrap();
    let again = queue.call(order("Ada")).await.unwrap();
    let other = queue.call(order("Eve")).await.unwrap_err();

    let value: String = again.get_result().await.unwrap();
    assert_eq!((first.id(), value.as_str()), ("order-7", "Hello, Ada!"));
    let windlass_client::Error::Problem(problem) = other else {
        panic!("{other}");
    };
    assert_eq!((problem.status, problem.code.as_str()), (409, "id-taken"));
}

async fn an_array_under_an_idempotency_key_is_stored_once(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let send = async |names: [&str; 2]| {
        let calls = names.map(|name| json!({"queue": "q", "task": "hello/greet", "args": [name]}));
        let request = Http::new().post(format!("{}/v1/invocations", host.url()));
        let request = request.header("idempotency-key", "batch-9").json(&calls);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };

    let (first, stored) = send(["Ada", "Eve"]).await;
    let (again, found) = send(["Ada", "Eve"]).await;
    let (other, refused) = send(["Ada", "Bob"]).await;

    assert_eq!(
        [first, again, other].map(|status| status.as_u16()),
        [201, 200, 409]
    );
    let ids = |page: &Value| [0, 1].map(|index| page[index]["id"].as_str().unwrap().to_owned());
    assert_eq!(ids(&stored), ["batch-9~0", "batch-9~1"]);
    assert_eq!(ids(&found), ids(&stored));
    assert_eq!(refused["code"], "id-taken");
    let all = client.invocations(&ListQuery::default()).await.unwrap();
    assert_eq!(all.items.len(), 2);
}

async fn an_array_with_one_mistake_is_not_stored_at_all(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let mut calls: Vec<_> = (0..999).map(|_| call("hello/greet", &["Ada"])).collect();
    calls.push(call("hello/greet", &[7]));

    let refused = client.queue("q").enqueue_many(calls).await.unwrap_err();

    let windlass_client::Error::Problem(problem) = refused else {
        panic!("{refused}");
    };
    assert_eq!(problem.code, "arguments");
    assert_eq!(problem.errors[0].place, "[999].args[0]");
    let all = client.invocations(&ListQuery::default()).await.unwrap();
    assert_eq!(all.items.len(), 0);
}
