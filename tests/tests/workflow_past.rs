//! What a workflow's past is good for: replays, upgrades, forks, retries.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::time::Duration;

use serde_json::json;
use windlass_client::wire::{FailureKind, ForkRequest, State, UpgradeRequest};
use windlass_tests::{
    Setup, children, enqueue, failure, guests, in_state, on_both_stores, upload, upload_as, value,
};

on_both_stores![
    random_numbers_and_time_replay_identically,
    a_replay_that_differs_is_caught_at_the_right_step,
    an_upgrade_moves_what_replays_exactly_and_lists_the_rest,
    a_fork_begins_with_the_steps_before,
    a_retry_begins_before_the_first_failed_step,
];

async fn random_numbers_and_time_replay_identically(setup: Setup) {
    let mut host = setup.start();
    upload(&host.client(), "flows").await;
    let handle = enqueue(&host.client(), "q", "flows/dice", json!([true])).await;
    let id = handle.id().to_owned();
    in_state(&handle, State::Waiting).await;
    host.kill();
    host = setup.with_short_lease().start();
    let client = host.client();
    let handle = client.handle(&id);

    handle.message("go", &true).await.unwrap();

    let rolls = value(&handle).await;
    assert!(rolls.as_array().unwrap().len() > 10, "{rolls}");
    let replayed = client.replay(&id, None).await.unwrap();
    assert!(replayed.exact, "{replayed:?}");
}

async fn a_replay_that_differs_is_caught_at_the_right_step(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    let handle = enqueue(&client, "q", "flows/fickle", json!([false])).await;
    value(&handle).await;

    let same = client.replay(handle.id(), None).await.unwrap();
    let other = guests::component("flows2").into();
    let other = client.replay(handle.id(), Some(other)).await.unwrap();

    assert!(same.exact, "{same:?}");
    let difference = other.difference.expect("the order of the steps differs");
    assert_eq!(difference.step, 1);
    assert!(difference.recorded.contains("add-one"), "{difference:?}");
    assert!(difference.present.contains("noop"), "{difference:?}");
}

async fn an_upgrade_moves_what_replays_exactly_and_lists_the_rest(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    let same = enqueue(&client, "q", "flows/asks", json!(["go", null])).await;
    let other = enqueue(&client, "q", "flows/fickle", json!([true])).await;
    in_state(&same, State::Waiting).await;
    in_state(&other, State::Waiting).await;
    upload_as(&client, "flows2", "flows", "0.2.0").await;

    let request = |dry_run| UpgradeRequest {
        version: None,
        dry_run,
    };
    let told = client.upgrade("flows", &request(true)).await.unwrap();
    let done = client.upgrade("flows", &request(false)).await.unwrap();

    assert_eq!(told, done);
    assert_eq!(done.moved, [same.id()]);
    assert_eq!(done.differ.len(), 1, "{done:?}");
    let new = client.component("flows", Some("0.2.0")).await.unwrap();
    assert_eq!(same.get(Duration::ZERO).await.unwrap().digest, new.digest);
    assert_ne!(other.get(Duration::ZERO).await.unwrap().digest, new.digest);
    for handle in [&same, &other] {
        handle.message("go", &true).await.unwrap();
        assert_eq!(handle.wait().await.unwrap().state, State::Succeeded);
    }
}

async fn a_fork_begins_with_the_steps_before(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    let handle = enqueue(&client, "q", "flows/steps", json!([5, null])).await;
    let first = value(&handle).await;

    let request = ForkRequest {
        step: Some(3),
        version: None,
    };
    let forked = client.fork(handle.id(), &request).await.unwrap();

    let fork = client.handle(&forked.id);
    assert_eq!(value(&fork).await, first);
    let (old, new) = (
        children(&client, &handle).await,
        children(&client, &fork).await,
    );
    assert_eq!(old[..2], new[..2], "the first two steps are the old ones");
    assert!(
        new[2..].iter().all(|id| id.starts_with(&forked.id)),
        "{new:?}"
    );
    let shown = fork.get(Duration::ZERO).await.unwrap();
    assert_eq!(shown.forked_from.as_deref(), Some(handle.id()));
}

async fn a_retry_begins_before_the_first_failed_step(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;
    let handle = enqueue(&client, "q", "flows/fails", json!(["it broke"])).await;
    let failed = failure(&handle).await;

    let again = client.retry(handle.id()).await.unwrap();

    assert_eq!(failed.payload.unwrap().get(), "\"guest: it broke\"");
    let again = client.handle(&again.id);
    assert_eq!(failure(&again).await.kind, FailureKind::Guest);
    let (old, new) = (
        children(&client, &handle).await,
        children(&client, &again).await,
    );
    assert_ne!(old, new, "the step that failed is done anew");
}
