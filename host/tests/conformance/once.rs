//! Calls that are kept to one: deduplicated within a queue.

use windlass::model::controls::{Dedup, OnConflict, Once};
use windlass::model::{Controls, HostNumber, InvocationId, State};
use windlass::store::{Error, NewCall};

use super::bed::Bed;
use super::clock::Clock;
use super::controls::{after_ms, partitioned};
use super::world::{World, keys};

cases!(
    a_second_call_is_refused_and_names_the_first,
    a_second_call_gets_the_handle_of_the_first,
    a_second_call_takes_over_one_that_has_not_started,
    what_takes_over_keeps_the_place_and_brings_all_that_is_its_own,
    a_call_that_takes_over_may_come_earlier_or_later,
    a_second_call_is_stored_where_the_first_has_started,
    a_key_is_free_when_its_invocation_has_ended,
    a_key_is_kept_for_its_period_though_its_invocation_has_ended,
    a_key_is_kept_beyond_its_period_while_its_invocation_lives,
    keys_of_different_queues_are_different,
    calls_of_one_request_see_each_other,
    a_refused_call_keeps_its_whole_request_out,
    the_same_call_under_a_chosen_id_comes_first,
    calls_at_once_give_one_invocation,
    a_key_survives_a_retry_and_a_dead_host,
    a_key_that_nobody_has_is_forgotten,
);

async fn begin(bed: &Bed) -> (World, Clock, HostNumber) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    (world, clock, host)
}

fn dedup(key: &str, on_conflict: OnConflict, period_ms: Option<u64>) -> Controls {
    Controls {
        once: Some(Once::Dedup(Dedup {
            key: key.to_owned(),
            on_conflict,
            period_ms,
        })),
        ..Controls::default()
    }
}

fn call(world: &World, on_conflict: OnConflict) -> NewCall {
    world.call_with("q", dedup("k", on_conflict, None))
}

async fn refused(world: &World, calls: Vec<NewCall>) -> (usize, InvocationId) {
    match world.enqueue(calls).await {
        Err(Error::Duplicate { index, key, id }) => {
            assert_eq!(key, "k");
            (index, id)
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

async fn a_second_call_is_refused_and_names_the_first(bed: Bed) {
    let (world, _, _) = begin(&bed).await;
    let first = world.enqueue_one(call(&world, OnConflict::Reject)).await;

    let calls = vec![world.call("q"), call(&world, OnConflict::Reject)];
    let (index, id) = refused(&world, calls).await;

    assert_eq!((index, id), (1, first.id));
}

async fn a_second_call_gets_the_handle_of_the_first(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let first = world.enqueue_one(call(&world, OnConflict::Return)).await;

    let second = world.enqueue_one(call(&world, OnConflict::Return)).await;
    let queue = world.queue("q", Default::default()).await;
    world.run_one(host, queue).await;
    let third = world.enqueue_one(call(&world, OnConflict::Return)).await;

    assert!(!first.existed && !first.replaced);
    for later in [second, third] {
        assert_eq!((later.key, &later.id), (first.key, &first.id));
        assert!(later.existed && !later.replaced);
    }
    let counts = world.counts("q").await;
    assert_eq!((counts.queued, counts.running), (0, 1));
}

async fn a_second_call_takes_over_one_that_has_not_started(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let first = world.enqueue_one(call(&world, OnConflict::Replace)).await;
    let mut other = call(&world, OnConflict::Replace);
    other.arguments = b"[2]".as_slice().into();

    let second = world.enqueue_one(other).await;
    let claimed = world.claim(host, queue, 5).await.claimed;

    assert_eq!((second.key, &second.id), (first.key, &first.id));
    assert!(second.replaced);
    assert_eq!(keys(&claimed), [first.key]);
    assert_eq!(claimed[0].arguments.as_deref(), Some(&b"[2]"[..]));
}

async fn what_takes_over_keeps_the_place_and_brings_all_that_is_its_own(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", partitioned(None)).await;
    let first = world.enqueue_one(call(&world, OnConflict::Replace)).await;
    let later = world.fill_partition("q", "x", 1).await;
    let tags = [("who".to_owned(), "the second".to_owned())].into();
    let second = NewCall {
        task: "demo/run@1".to_owned(),
        timeout_ms: Some(7_000),
        controls: Controls {
            tags,
            deadline_ms: Some(9_000),
            partition: Some("x".to_owned()),
            ..dedup("k", OnConflict::Replace, None)
        },
        ..call(&world, OnConflict::Replace)
    };

    world.enqueue_one(second).await;
    let shown = world.invocation(&first.id).await.unwrap();
    let claimed = world.claim(host, queue, 5).await.claimed;

    assert_eq!(keys(&claimed), [first.key, later[0]]);
    assert_eq!(claimed[0].task, "demo/run@1");
    assert_eq!(claimed[0].timeout_ms, Some(7_000));
    assert_eq!(claimed[0].left_us, Some(9_000_000));
    assert_eq!(shown.deadline_at, Some(clock.now().moved_ms(9_000)));
    assert_eq!(shown.partition.as_deref(), Some("x"));
    assert_eq!(
        shown.tags.get("who").map(String::as_str),
        Some("the second")
    );
}

async fn a_call_that_takes_over_may_come_earlier_or_later(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let delayed = |ms| {
        let once = dedup("k", OnConflict::Replace, None).once;
        world.call_with(
            "q",
            Controls {
                once,
                ..after_ms(ms)
            },
        )
    };
    let first = world.enqueue_one(delayed(500)).await;

    let later = world.enqueue_one(delayed(900)).await;
    clock.forward_ms(500).await;
    world.tick(clock.now()).await;
    let early = world.claim(host, queue, 1).await.claimed;
    let now = world.enqueue_one(call(&world, OnConflict::Replace)).await;
    world.tick(clock.now()).await;
    let claimed = world.claim(host, queue, 1).await.claimed;

    assert!(later.replaced && now.replaced);
    assert!(early.is_empty());
    assert_eq!(keys(&claimed), [first.key]);
    let counts = world.counts("q").await;
    assert_eq!(counts.scheduled, 0);
    assert_eq!(counts.queued + counts.running, 1);
}

async fn a_second_call_is_stored_where_the_first_has_started(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let first = world.enqueue_one(call(&world, OnConflict::Replace)).await;
    world.run_one(host, queue).await;

    let second = world.enqueue_one(call(&world, OnConflict::Replace)).await;
    let third = world.enqueue_one(call(&world, OnConflict::Return)).await;

    assert_ne!(second.key, first.key);
    assert!(!second.replaced && !second.existed);
    assert_eq!(third.key, second.key, "the key is the second's now");
}

async fn a_key_is_free_when_its_invocation_has_ended(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    for on_conflict in [OnConflict::Reject, OnConflict::Return, OnConflict::Replace] {
        let first = world.enqueue_one(call(&world, on_conflict)).await;
        let claimed = world.claim_one(host, queue).await;
        world.finish_one(host, &claimed).await;
        let second = world.enqueue_one(call(&world, on_conflict)).await;
        world.cancel(&[second.key]).await;
        let third = world.enqueue_one(call(&world, on_conflict)).await;
        world.cancel(&[third.key]).await;

        assert_ne!(first.key, second.key);
        assert_ne!(second.key, third.key);
        assert!(!second.existed && !third.existed);
    }
}

async fn a_key_is_kept_for_its_period_though_its_invocation_has_ended(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let kept = |on_conflict| world.call_with("q", dedup("k", on_conflict, Some(1_000)));
    let first = world.enqueue_one(kept(OnConflict::Return)).await;
    let claimed = world.claim_one(host, queue).await;
    world.finish_one(host, &claimed).await;

    clock.forward_us(999_999).await;
    world.tidy().await;
    let same = world.enqueue_one(kept(OnConflict::Return)).await;
    let (_, id) = refused(&world, vec![kept(OnConflict::Reject)]).await;
    clock.forward_us(1).await;
    let next = world.enqueue_one(kept(OnConflict::Reject)).await;

    assert_eq!((same.key, same.existed), (first.key, true));
    assert_eq!(id, first.id);
    assert_ne!(next.key, first.key);
    assert!(!next.existed);
}

async fn a_key_is_kept_beyond_its_period_while_its_invocation_lives(bed: Bed) {
    let (world, clock, _) = begin(&bed).await;
    let kept = || world.call_with("q", dedup("k", OnConflict::Return, Some(1_000)));
    let first = world.enqueue_one(kept()).await;

    clock.forward_ms(5_000).await;
    world.tidy().await;
    let same = world.enqueue_one(kept()).await;

    assert_eq!((same.key, same.existed), (first.key, true));
}

async fn keys_of_different_queues_are_different(bed: Bed) {
    let (world, _, _) = begin(&bed).await;
    let on = |queue| world.call_with(queue, dedup("k", OnConflict::Reject, None));

    let stored = world.enqueue(vec![on("q"), on("other")]).await.unwrap();

    assert_ne!(stored[0].key, stored[1].key);
}

async fn calls_of_one_request_see_each_other(bed: Bed) {
    let (world, _, _) = begin(&bed).await;

    let calls = vec![
        call(&world, OnConflict::Return),
        call(&world, OnConflict::Return),
    ];
    let stored = world.enqueue(calls).await.unwrap();

    assert_eq!(stored[0].key, stored[1].key);
    assert!(!stored[0].existed && stored[1].existed);
    assert_eq!(world.counts("q").await.queued, 1);
}

async fn a_refused_call_keeps_its_whole_request_out(bed: Bed) {
    let (world, _, _) = begin(&bed).await;
    let first = world.enqueue_one(call(&world, OnConflict::Reject)).await;
    let named = world.call_as("named", "q");
    let other = world.call_with("q", dedup("other", OnConflict::Reject, None));

    let calls = vec![named, other.clone(), call(&world, OnConflict::Reject)];
    let (index, id) = refused(&world, calls).await;

    assert_eq!((index, id), (2, first.id));
    assert!(world.invocation_as("named").await.is_none());
    assert_eq!(world.counts("q").await.queued, 1);
    assert!(!world.enqueue_one(other).await.existed, "its key is free");
}

async fn the_same_call_under_a_chosen_id_comes_first(bed: Bed) {
    let (world, _, _) = begin(&bed).await;
    let named = NewCall {
        controls: dedup("k", OnConflict::Reject, None),
        ..world.call_as("named", "q")
    };

    let first = world.enqueue_one(named.clone()).await;
    let again = world.enqueue_one(named.clone()).await;
    let other = NewCall {
        id: InvocationId::parse("other").unwrap(),
        ..named
    };
    let (_, id) = refused(&world, vec![other]).await;

    assert_eq!((again.key, again.existed), (first.key, true));
    assert_eq!(id, first.id);
}

async fn calls_at_once_give_one_invocation(bed: Bed) {
    let (world, _, _) = begin(&bed).await;
    let other = world.through(bed.second().await);

    for round in 0..10 {
        let key = format!("key {round}");
        let calls = (0..8).map(async |number| {
            let world = if number % 2 == 0 { &world } else { &other };
            let controls = dedup(&key, OnConflict::Return, None);
            world.enqueue_one(world.call_with("q", controls)).await
        });
        let stored = futures::future::join_all(calls).await;

        assert!(stored.iter().all(|call| call.key == stored[0].key));
        let new = stored.iter().filter(|call| !call.existed).count();
        assert_eq!(new, 1);
    }
    assert_eq!(world.counts("q").await.queued, 10);
}

async fn a_key_survives_a_retry_and_a_dead_host(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let first = world.enqueue_one(call(&world, OnConflict::Replace)).await;
    let claimed = world.run_one(host, queue).await;

    world.retry(host, queue, &claimed, 0).await;
    let same = world.enqueue_one(call(&world, OnConflict::Return)).await;
    let new = world.enqueue_one(call(&world, OnConflict::Replace)).await;

    assert_eq!(same.key, first.key);
    assert_ne!(new.key, first.key, "the first has started once");
    world.kill(host).await;
    assert_eq!(world.state(&new.id).await, State::Queued);
}

async fn a_key_that_nobody_has_is_forgotten(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let first = world.enqueue_one(call(&world, OnConflict::Reject)).await;
    let claimed = world.claim_one(host, queue).await;
    world.finish_one(host, &claimed).await;
    clock.forward_ms(60_000).await;

    world.tidy().await;
    let second = world.enqueue_one(call(&world, OnConflict::Reject)).await;
    world.tidy().await;
    let (_, id) = refused(&world, vec![call(&world, OnConflict::Reject)]).await;

    assert_ne!(second.key, first.key);
    assert_eq!(id, second.id);
}
