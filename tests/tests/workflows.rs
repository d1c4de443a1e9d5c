//! What workflows promise while nothing dies: fan-out, slots, messages, sleep, cancelling, types,
//! and many at once.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::time::Duration;

use serde_json::json;
use windlass_client::wire::{FailureKind, ListQuery, QueueSettings, State};
use windlass_client::{Client, Handle};
use windlass_tests::{
    Setup, children, enqueue, eventually, failure, guests, in_state, on_both_stores, upload, value,
};

on_both_stores![
    a_fan_out_on_its_own_queue_of_one_ends_in_order,
    three_levels_on_a_queue_of_one_end_and_never_two_execute,
    tasks_of_a_queue_that_was_not_granted_are_refused,
    a_workflow_takes_messages_and_shows_values,
    what_is_cancelled_takes_its_descendants_with_it_but_for_the_detached,
    a_workflow_that_sleeps_goes_on_in_time,
    calls_by_type_reach_the_component_that_is_bound,
    going_on_as_new_keeps_the_invocation,
    of_several_waits_the_first_to_end_is_told,
    many_workflows_wait_at_once,
];

async fn queue_of_one(client: &Client) {
    let settings = QueueSettings {
        concurrency: Some(1),
        ..QueueSettings::default()
    };
    client.queue("one").put(&settings).await.unwrap();
}

async fn a_fan_out_on_its_own_queue_of_one_ends_in_order(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    queue_of_one(&client).await;

    let handle = enqueue(&client, "one", "flows/fan-out", json!([20, null])).await;

    let expected: Vec<u32> = (1..=20).collect();
    assert_eq!(value(&handle).await, json!(expected));
    let children = children(&client, &handle).await;
    let mut starts = Vec::new();
    for child in &children {
        starts.push(client.handle(child).wait().await.unwrap());
    }
    assert!(
        starts
            .windows(2)
            .all(|two| two[0].finished_at <= two[1].started_at),
        "one began before the one before it had ended"
    );
}

async fn three_levels_on_a_queue_of_one_end_and_never_two_execute(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    queue_of_one(&client).await;

    let handle = enqueue(&client, "one", "flows/nested", json!([3, 3])).await;
    let behind = enqueue(&client, "one", "flows/add-one", json!([1])).await;

    assert_eq!(value(&handle).await, json!(27));
    assert_eq!(value(&behind).await, json!(2));
    let first = handle.get(Duration::ZERO).await.unwrap();
    let last = behind.get(Duration::ZERO).await.unwrap();
    assert!(
        first.finished_at <= last.started_at,
        "the one behind it began before it ended"
    );
    let query = ListQuery {
        queue: Some("one".to_owned()),
        task: Some("flows@0.1.0/add-one".to_owned()),
        limit: Some(1_000),
        ..ListQuery::default()
    };
    let mut leaves = client.invocations(&query).await.unwrap().items;
    assert_eq!(leaves.len(), 27);
    leaves.sort_by(|a, b| a.started_at.cmp(&b.started_at));
    assert!(
        leaves
            .windows(2)
            .all(|two| two[0].finished_at <= two[1].started_at),
        "two executed at once"
    );
}

async fn tasks_of_a_queue_that_was_not_granted_are_refused(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    upload(&client, "hello").await;

    let elsewhere = enqueue(&client, "q", "flows/fan-out", json!([1, "elsewhere"])).await;
    let others = enqueue(&client, "q", "flows/calls", json!(["hello/nothing"])).await;
    let nobody = enqueue(&client, "q", "flows/calls", json!(["flows/nobody"])).await;

    let message = failure(&elsewhere).await.message;
    assert!(
        message.contains("windlass component grant flows --queue elsewhere"),
        "{message}"
    );
    let code = |failure: windlass_client::wire::Failure| failure.payload.unwrap().get().to_owned();
    assert_eq!(code(failure(&others).await), "\"not-granted\"");
    assert_eq!(code(failure(&nobody).await), "\"task-unknown\"");
}

async fn a_workflow_takes_messages_and_shows_values(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;

    let asks = enqueue(&client, "q", "flows/asks", json!(["answer", null])).await;
    let gives_up = enqueue(&client, "q", "flows/asks", json!(["answer", 50])).await;
    in_state(&asks, State::Waiting).await;
    let shown = asks.published().await.unwrap();
    asks.message("answer", &json!({"by": "ada"})).await.unwrap();

    assert_eq!(shown[0].value.get(), "\"answer\"");
    assert_eq!(value(&asks).await, json!("{\"by\":\"ada\"}"));
    assert_eq!(value(&gives_up).await, json!(null));
    let late = asks.message("answer", &1).await.unwrap_err();
    assert!(late.to_string().contains("has ended"), "{late}");
}

async fn what_is_cancelled_takes_its_descendants_with_it_but_for_the_detached(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    let handle = enqueue(&client, "q", "flows/cancel-me", json!([])).await;
    in_state(&handle, State::Waiting).await;
    let children = children(&client, &handle).await;
    let children: Vec<Handle> = children.iter().map(|id| client.handle(id)).collect();
    for child in &children {
        in_state(child, State::Running).await;
    }

    handle.cancel(Some("no longer needed")).await.unwrap();

    assert_eq!(failure(&handle).await.kind, FailureKind::Cancelled);
    assert_eq!(failure(&children[0]).await.message, "no longer needed");
    assert_eq!(failure(&children[1]).await.kind, FailureKind::Cancelled);
    let detached = children[2].get(Duration::ZERO).await.unwrap();
    assert_eq!(detached.state, State::Running);
    children[2].cancel(None).await.unwrap();
    assert_eq!(failure(&children[2]).await.kind, FailureKind::Cancelled);

    let cancels = enqueue(&client, "q", "flows/cancels", json!([])).await;
    assert_eq!(value(&cancels).await, json!("cancelled"));
}

async fn a_workflow_that_sleeps_goes_on_in_time(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;

    let handle = enqueue(&client, "q", "flows/sleeps", json!([700])).await;
    in_state(&handle, State::Waiting).await;

    assert!(value(&handle).await.as_u64().unwrap() >= 700);
}

async fn calls_by_type_reach_the_component_that_is_bound(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    let unbound = {
        let upload = windlass_client::wire::Upload {
            name: "typed".to_owned(),
            ..Default::default()
        };
        client.upload(&upload, guests::component("typed")).await
    };
    upload(&client, "hello").await;
    upload(&client, "typed").await;
    upload(&client, "typed_async").await;

    let sum = enqueue(&client, "q", "typed/sum", json!([20])).await;
    let greet = enqueue(&client, "q", "typed/greet", json!([["ada", "bob"]])).await;
    let fails = enqueue(&client, "q", "typed/fails", json!(["no"])).await;

    let message = unbound.unwrap_err().to_string();
    assert!(message.contains("demo:hello/tasks@0.1.0"), "{message}");
    assert_eq!(value(&sum).await, json!(210));
    assert_eq!(value(&greet).await.as_array().unwrap().len(), 2);
    assert_eq!(failure(&fails).await.kind, FailureKind::Guest);
    let names: Vec<String> = (0..300).map(|n| format!("n{n}")).collect();
    let many = enqueue(&client, "q", "typed_async/greet", json!([names])).await;
    let greeted = value(&many).await;
    let greeted = greeted.as_array().unwrap();
    assert!(
        greeted
            .iter()
            .zip(&names)
            .all(|(greeting, name)| { greeting.as_str().unwrap().contains(name.as_str()) })
    );
    let replayed = client.replay(many.id(), None).await.unwrap();
    assert!(replayed.exact, "{replayed:?}");
}

async fn going_on_as_new_keeps_the_invocation(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;

    let handle = enqueue(&client, "q", "flows/continues", json!([5, 0])).await;

    assert_eq!(value(&handle).await, json!(5));
    assert_eq!(
        handle
            .get(Duration::ZERO)
            .await
            .unwrap()
            .args
            .unwrap()
            .get(),
        "[0,5]"
    );
}

async fn of_several_waits_the_first_to_end_is_told(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;

    let handle = enqueue(
        &client,
        "q",
        "flows/wait-any",
        json!([[900, 10, 450], null]),
    )
    .await;
    let in_time = enqueue(&client, "q", "flows/waits", json!([1, 60_000])).await;
    let too_late = enqueue(&client, "q", "flows/waits", json!([1_500, 100])).await;

    assert_eq!(value(&handle).await, json!([1, 2, 0]));
    assert_eq!(value(&in_time).await, json!(true));
    assert_eq!(value(&too_late).await, json!(false));
}

async fn many_workflows_wait_at_once(setup: Setup) {
    // They leave memory at once, so that all of them are replayed.
    let config = setup.data().join("config.toml");
    std::fs::write(config, "[workflow]\nmemory_ms = 1\n").unwrap();
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    let calls = (0..500).map(|_| windlass_tests::call("flows/asks", &json!(["go", null])));
    let queue = client.queue("q");
    let handles = queue.enqueue_many(calls.collect::<Vec<_>>()).await.unwrap();
    eventually("500 that wait", async || {
        let counts = queue.get().await.map_err(|error| error.to_string())?.counts;
        (counts.waiting == 500)
            .then_some(())
            .ok_or(format!("{counts:?}"))
    })
    .await;

    for (n, handle) in handles.iter().enumerate() {
        handle.message("go", &n).await.unwrap();
    }

    for (n, handle) in handles.iter().enumerate() {
        assert_eq!(value(handle).await, json!(n.to_string()));
    }
}
