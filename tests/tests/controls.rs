//! What may be said about a call, as a caller sees it: when it starts, how often it is tried, when it
//! is given up, what is done to many at once.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::time::Duration;

use windlass_client::wire::{
    BulkRequest, Dedup, Failure, FailureKind, Filter, Invocation, Keep, ListQuery, OnConflict,
    Outcome, QueueSettings, Retention, Retries, State,
};
use windlass_client::{Client, Error, Handle};
use windlass_tests::{Setup, call, ended, eventually, executing, on_both_stores, upload};

on_both_stores![
    a_task_that_fails_is_tried_again_and_is_a_dead_letter_in_the_end,
    a_deadline_ends_what_runs_and_what_waits,
    a_call_with_a_delay_starts_when_it_is_due,
    a_guest_that_counts_for_ever_is_cancelled_and_resumed,
    of_one_deduplication_key_there_is_one_call,
    everything_queued_is_cancelled_by_one_request_and_nothing_by_a_dry_run,
    a_workflow_says_when_and_how_often_its_calls_are_tried,
    what_has_ended_is_kept_as_long_as_its_queue_says,
];

fn failure(invocation: &Invocation) -> &Failure {
    match &invocation.outcome {
        Some(Outcome::Error(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

fn code(error: Error) -> String {
    match error {
        Error::Problem(problem) => problem.code,
        other => panic!("{other}"),
    }
}

async fn one(client: &Client, handle: &Handle) -> Invocation {
    ended(client, std::slice::from_ref(handle)).await.remove(0)
}

async fn dead(client: &Client) -> Vec<String> {
    let query = ListQuery {
        dead: true,
        ..ListQuery::default()
    };
    let page = client.invocations(&query).await.unwrap();
    page.items.into_iter().map(|dead| dead.id).collect()
}

async fn a_task_that_fails_is_tried_again_and_is_a_dead_letter_in_the_end(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let retries = Retries {
        max: 2,
        backoff_ms: Some(10),
        ..Retries::default()
    };

    let failing = call("hello/fail", &["no"]).retries(retries);
    let handle = client.queue("q").call(failing).await.unwrap();
    let failed = one(&client, &handle).await;

    assert_eq!((failed.state, failed.attempt), (State::Failed, 3));
    assert_eq!(failed.retried, 2);
    assert_eq!(failure(&failed).kind, FailureKind::Guest);
    assert_eq!(client.attempts(&failed.id).await.unwrap().len(), 3);
    assert_eq!(dead(&client).await, std::slice::from_ref(&failed.id));

    let again = client.retry(&failed.id).await.unwrap();
    assert_eq!(again.retry_of, Some(failed.id.clone()));
    let again = one(&client, &client.handle(again.id)).await;
    assert_eq!(again.attempt, 3, "the new one is tried as often");
    assert_eq!(dead(&client).await, [again.id]);
}

async fn a_deadline_ends_what_runs_and_what_waits(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let queue = client.queue("one");
    let settings = QueueSettings {
        concurrency: Some(1),
        ..QueueSettings::default()
    };
    queue.put(&settings).await.unwrap();

    // Its code is loaded before the time begins.
    let first = queue.enqueue("hello/nothing", &[(); 0]).await.unwrap();
    first.wait().await.unwrap();
    let runs = call("hello/work", &[u32::MAX]).deadline(Duration::from_secs(2));
    let waits = call("hello/nothing", &[(); 0]).deadline(Duration::from_secs(1));
    let handles = queue.enqueue_many(vec![runs, waits]).await.unwrap();
    let ended = ended(&client, &handles).await;

    for (invocation, attempts) in ended.iter().zip([1, 0]) {
        assert_eq!(failure(invocation).kind, FailureKind::Timeout);
        assert!(failure(invocation).message.contains("deadline"));
        assert_eq!(invocation.attempt, attempts);
    }
}

async fn a_call_with_a_delay_starts_when_it_is_due(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let queue = client.queue("q");

    let later = call("hello/add", &[1, 2]).delay(Duration::from_millis(700));
    let later = queue.call(later).await.unwrap();
    let now = queue.call(call("hello/add", &[3, 4])).await.unwrap();
    let waiting = later.get(Duration::ZERO).await.unwrap();
    let (now, later) = (one(&client, &now).await, one(&client, &later).await);

    assert_eq!(waiting.state, State::Scheduled);
    assert!(
        later.started_at.as_ref() >= waiting.due_at.as_ref(),
        "{later:?}"
    );
    assert_eq!(now.state, State::Succeeded);
}

async fn a_guest_that_counts_for_ever_is_cancelled_and_resumed(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let handle = client.queue("q").enqueue("hello/work", &[u32::MAX]).await;
    let handle = handle.unwrap();
    executing(&handle, 1).await;

    handle.cancel(None).await.unwrap();
    let cancelled = one(&client, &handle).await;
    let resumed = client.resume(&cancelled.id).await.unwrap();

    assert_eq!(cancelled.state, State::Cancelled);
    assert_eq!(resumed.retry_of, Some(cancelled.id));
    let resumed = client.handle(resumed.id);
    executing(&resumed, 1).await;
    resumed.cancel(None).await.unwrap();
}

async fn of_one_deduplication_key_there_is_one_call(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let queue = client.queue("q");
    let paused = QueueSettings {
        paused: true,
        ..QueueSettings::default()
    };
    queue.put(&paused).await.unwrap();
    let add = |n: i64, on_conflict| {
        let dedup = Dedup {
            key: "sum".to_owned(),
            on_conflict,
            ..Dedup::default()
        };
        queue.call(call("hello/add", &[n, 0]).dedup(dedup))
    };

    let first = add(1, OnConflict::Return).await.unwrap();
    let same = add(2, OnConflict::Return).await.unwrap();
    let refused = add(3, OnConflict::Reject).await.unwrap_err();
    let replaced = add(4, OnConflict::Replace).await.unwrap();
    queue.put(&QueueSettings::default()).await.unwrap();

    assert_eq!((same.id(), replaced.id()), (first.id(), first.id()));
    assert_eq!(code(refused), "duplicate");
    let sum: i64 = first.get_result().await.unwrap();
    assert_eq!(sum, 4);
    let after: i64 = add(5, OnConflict::Reject)
        .await
        .unwrap()
        .get_result()
        .await
        .unwrap();
    assert_eq!(after, 5);
}

async fn everything_queued_is_cancelled_by_one_request_and_nothing_by_a_dry_run(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    let queue = client.queue("q");
    let paused = QueueSettings {
        paused: true,
        ..QueueSettings::default()
    };
    queue.put(&paused).await.unwrap();
    let calls = (0..300).map(|n| {
        let parity = ["even", "odd"][n % 2];
        call("hello/nothing", &[(); 0]).tag("parity", parity)
    });
    let calls: Vec<_> = calls.collect();
    queue.enqueue_many(calls).await.unwrap();
    let odd = |dry_run| BulkRequest {
        filter: Filter {
            tag: vec!["parity:odd".to_owned()],
            ..Filter::default()
        },
        dry_run,
        ..BulkRequest::default()
    };

    let would = client.cancel_all(&odd(true)).await.unwrap();
    let untouched = queue.get().await.unwrap().counts;
    let done = client.cancel_all(&odd(false)).await.unwrap();
    let left = queue.get().await.unwrap().counts;
    let of_all = client.cancel_all(&BulkRequest::default()).await;

    assert_eq!((would.matched, untouched.queued), (150, 300));
    assert_eq!((done.matched, left.queued, left.cancelled), (150, 150, 150));
    assert_eq!(code(of_all.unwrap_err()), "matches-all");
}

async fn a_workflow_says_when_and_how_often_its_calls_are_tried(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "flows").await;

    let handle = client
        .queue("q")
        .enqueue("flows/stubborn", &[2])
        .await
        .unwrap();
    let workflow = one(&client, &handle).await;

    assert_eq!(workflow.state, State::Succeeded, "{workflow:?}");
    let children = ListQuery {
        parent: Some(workflow.id),
        ..ListQuery::default()
    };
    let children = client.invocations(&children).await.unwrap().items;
    let [child] = &children[..] else {
        panic!("{children:?}")
    };
    assert_eq!((child.state, child.attempt), (State::Failed, 3));
    assert_eq!(child.tags.get("purpose").map(String::as_str), Some("test"));
    eventually("the end of all", async || {
        let counts = client.queue("q").get().await.unwrap().counts;
        (counts.ended() == 2).then_some(()).ok_or(counts)
    })
    .await;
}

async fn what_has_ended_is_kept_as_long_as_its_queue_says(setup: Setup) {
    let host = setup.with(&["--set", "maintenance.sweep_ms=100"]).start();
    let client = host.client();
    upload(&client, "hello").await;
    let settings = QueueSettings {
        retention: Some(Retention {
            succeeded: Some(Keep {
                count: Some(2),
                ..Keep::default()
            }),
            ..Retention::default()
        }),
        ..QueueSettings::default()
    };
    client.queue("few").put(&settings).await.unwrap();

    let many = |queue: &'static str| {
        let calls: Vec<_> = (0..20).map(|_| call("hello/nothing", &[(); 0])).collect();
        let client = client.clone();
        async move { client.queue(queue).enqueue_many(calls).await.unwrap() }
    };
    let (few, all) = (many("few").await, many("all").await);
    ended(&client, &all).await;

    let listed = async |queue: &str| {
        let query = ListQuery {
            queue: Some(queue.to_owned()),
            ..ListQuery::default()
        };
        let page = client.invocations(&query).await.unwrap();
        page.items
            .into_iter()
            .map(|kept| kept.id)
            .collect::<Vec<_>>()
    };
    let newest = [few[19].id().to_owned(), few[18].id().to_owned()];
    eventually("the deletion of all but the newest", async || {
        let kept = listed("few").await;
        (kept == newest).then_some(()).ok_or(kept)
    })
    .await;
    assert_eq!(listed("all").await.len(), 20);
}
