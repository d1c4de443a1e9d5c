//! What ends workflows that know no end, and who is refused.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::time::Duration;

use serde_json::json;
use windlass_client::Client;
use windlass_client::wire::{FailureKind, Outcome, State};
use windlass_tests::{
    HostProcess, Setup, enqueue, eventually, failure, on_both_stores, upload, value,
};

on_both_stores![
    a_workflow_that_enqueues_itself_for_ever_is_ended_by_a_limit,
    a_timeout_ends_the_family,
    a_handle_of_nobody_is_refused,
    a_workflow_cannot_end_what_it_did_not_enqueue,
    a_journal_that_grows_for_ever_is_ended_by_a_limit,
    a_journal_that_grows_too_large_is_ended_by_a_limit,
    a_value_that_is_too_large_is_not_kept,
    a_million_calls_in_one_loop_are_ended_by_a_limit,
    more_children_than_may_be_are_refused_by_name,
    more_messages_than_may_wait_are_refused,
];

async fn limited(setup: Setup, options: &str) -> (HostProcess, Client) {
    let config = setup.data().join("config.toml");
    std::fs::write(config, format!("[workflow]\n{options}\n")).unwrap();
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    (host, client)
}

async fn a_timeout_ends_the_family(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    // Twice two hundred calls take longer to make than a millisecond of executing.
    let late = windlass_tests::call("flows/nested", &json!([2, 200]));
    let late = late.timeout(Duration::from_millis(1));

    let handle = client.queue("q").call(late).await.unwrap();

    let failed = handle.wait().await.unwrap();
    let Some(Outcome::Error(failure)) = &failed.outcome else {
        panic!("{failed:?}")
    };
    assert_eq!(failure.kind, FailureKind::Timeout, "{failure:?}");
    eventually("nobody who goes on", async || {
        let counts = client.queue("q").get().await;
        let counts = counts.map_err(|error| error.to_string())?.counts;
        let left = counts.queued + counts.running + counts.waiting;
        (left == 0).then_some(()).ok_or(format!("{counts:?}"))
    })
    .await;
}

async fn a_handle_of_nobody_is_refused(setup: Setup) {
    let (_host, client) = limited(setup, "").await;
    let known = enqueue(&client, "q", "flows/add-one", json!([41])).await;

    let found = enqueue(&client, "q", "flows/finds", json!([known.id()])).await;
    let nobody = enqueue(&client, "q", "flows/finds", json!(["nobody"])).await;

    assert_eq!(value(&found).await, json!("42"));
    let payload = failure(&nobody).await.payload.unwrap();
    assert_eq!(payload.get(), "\"invocation-unknown\"");
}

async fn a_workflow_cannot_end_what_it_did_not_enqueue(setup: Setup) {
    let (_host, client) = limited(setup, "").await;
    let other = enqueue(&client, "q", "flows/asks", json!(["go", null])).await;

    let handle = enqueue(&client, "q", "flows/cancels-other", json!([other.id()])).await;

    let failed = failure(&handle).await;
    assert_eq!(failed.kind, FailureKind::Trap);
    assert!(failed.message.contains("was found by its id"), "{failed:?}");
    other.message("go", &1).await.unwrap();
    assert_eq!(value(&other).await, json!("1"));
}

async fn a_journal_that_grows_for_ever_is_ended_by_a_limit(setup: Setup) {
    let (_host, client) = limited(setup, "journal_steps_max = 100").await;

    let long = enqueue(&client, "q", "flows/journal", json!([101])).await;
    let short = enqueue(&client, "q", "flows/journal", json!([99])).await;

    let failed = failure(&long).await;
    assert_eq!(failed.limit.as_deref(), Some("journal_steps_max"));
    assert!(failed.message.contains("continue-as-new"), "{failed:?}");
    assert_eq!(value(&short).await, json!(99 * 98 / 2));
}

async fn a_journal_that_grows_too_large_is_ended_by_a_limit(setup: Setup) {
    let (_host, client) = limited(setup, "journal_max_bytes = 10_000").await;

    let handle = enqueue(&client, "q", "flows/journal", json!([1_000])).await;

    let limit = failure(&handle).await.limit;
    assert_eq!(limit.as_deref(), Some("journal_max_bytes"));
}

async fn a_value_that_is_too_large_is_not_kept(setup: Setup) {
    let (_host, client) = limited(setup, "value_max_bytes = 20").await;
    let long = "a name that is published, and too long for that";

    let handle = enqueue(&client, "q", "flows/asks", json!([long, 1])).await;

    let limit = failure(&handle).await.limit;
    assert_eq!(limit.as_deref(), Some("value_max_bytes"));
}

async fn a_million_calls_in_one_loop_are_ended_by_a_limit(setup: Setup) {
    let (_host, client) = limited(setup, "").await;

    let handle = enqueue(&client, "q", "flows/fan-out-noop", json!([1_000_000, null])).await;

    let failed = failure(&handle).await;
    assert_eq!(
        failed.limit.as_deref(),
        Some("journal_steps_max"),
        "{failed:?}"
    );
}

async fn more_children_than_may_be_are_refused_by_name(setup: Setup) {
    let (_host, client) = limited(setup, "children_max = 10").await;

    let handle = enqueue(&client, "q", "flows/fan-out-at-once", json!([11, null])).await;
    let fits = enqueue(&client, "q", "flows/fan-out-at-once", json!([10, null])).await;

    assert_eq!(
        failure(&handle).await.limit.as_deref(),
        Some("children_max")
    );
    value(&fits).await;
}

async fn more_messages_than_may_wait_are_refused(setup: Setup) {
    let (_host, client) = limited(setup, "messages_max = 2").await;
    let handle = enqueue(&client, "q", "flows/asks", json!(["go", null])).await;
    for n in 0..2 {
        handle.message("other", &n).await.unwrap();
    }

    let refused = handle.message("other", &2).await.unwrap_err();

    let said = refused.to_string();
    assert!(said.contains("2 messages"), "{said}");
    handle.cancel(None).await.unwrap();
}

async fn a_workflow_that_enqueues_itself_for_ever_is_ended_by_a_limit(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;

    let handle = enqueue(&client, "q", "flows/endless-self", json!([0])).await;

    let failed = handle.wait().await.unwrap();
    let query = windlass_client::wire::ListQuery {
        state: Some(State::Failed),
        include: Some("outcome".to_owned()),
        ..Default::default()
    };
    let deepest = client.invocations(&query).await.unwrap().items;
    let limits: Vec<_> = deepest
        .iter()
        .filter_map(|one| match &one.outcome {
            Some(Outcome::Error(failure)) => failure.limit.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(failed.state, State::Failed);
    assert_eq!(limits, ["depth_max"]);
}
