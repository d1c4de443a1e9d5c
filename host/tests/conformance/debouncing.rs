//! Calls of one key that come close upon each other: the last one wins.

use windlass::model::controls::{Debounce, Once};
use windlass::model::{Controls, HostNumber, Moment, QueueId, State};
use windlass::store::{Enqueued, Signal};

use super::bed::Bed;
use super::clock::Clock;
use super::signals::hear;
use super::world::{World, keys};

cases!(
    the_last_of_several_calls_wins_when_none_follows,
    a_deadline_starts_it_though_calls_follow,
    a_call_after_it_is_due_is_a_new_one,
    a_call_after_it_was_cancelled_is_a_new_one,
    each_key_waits_for_itself,
    calls_at_once_become_one,
    a_debounced_call_is_told_with_the_time_it_is_due,
);

async fn begin(bed: &Bed) -> (World, Clock, QueueId, HostNumber) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    (world, clock, queue, host)
}

fn debounce(key: &str, deadline_ms: Option<u64>) -> Controls {
    Controls {
        once: Some(Once::Debounce(Debounce {
            key: key.to_owned(),
            period_ms: 500,
            deadline_ms,
        })),
        ..Controls::default()
    }
}

/// Enqueues a call of key `k` with this argument.
async fn say(world: &World, argument: u32, deadline_ms: Option<u64>) -> Enqueued {
    let mut call = world.call_with("q", debounce("k", deadline_ms));
    call.arguments = format!("[{argument}]").into();
    world.enqueue_one(call).await
}

async fn due_at(world: &World, stored: &Enqueued) -> Option<Moment> {
    world.invocation(&stored.id).await.unwrap().due_at
}

async fn the_last_of_several_calls_wins_when_none_follows(bed: Bed) {
    let (world, clock, queue, host) = begin(&bed).await;
    let first = say(&world, 1, None).await;
    let state = world.state(&first.id).await;
    clock.forward_ms(400).await;
    let second = say(&world, 2, None).await;
    clock.forward_ms(400).await;
    let third = say(&world, 3, None).await;

    clock.forward_us(499_999).await;
    world.tick(clock.now()).await;
    let early = world.claim(host, queue, 5).await.claimed;
    clock.forward_us(1).await;
    world.tick(clock.now()).await;
    let claimed = world.claim(host, queue, 5).await.claimed;

    assert_eq!(state, State::Scheduled);
    assert!(!first.replaced && second.replaced && third.replaced);
    assert_eq!((second.key, &third.id), (first.key, &first.id));
    assert!(early.is_empty());
    assert_eq!(keys(&claimed), [first.key]);
    assert_eq!(claimed[0].arguments.as_deref(), Some(&b"[3]"[..]));
}

async fn a_deadline_starts_it_though_calls_follow(bed: Bed) {
    let (world, clock, queue, host) = begin(&bed).await;
    let latest = clock.now().moved_ms(1_000);
    let first = say(&world, 1, Some(1_000)).await;
    for argument in 2..5 {
        clock.forward_ms(300).await;
        say(&world, argument, Some(1_000)).await;
    }

    let due = due_at(&world, &first).await;
    clock.set(latest).await;
    world.tick(latest).await;
    let claimed = world.claim(host, queue, 5).await.claimed;

    assert_eq!(due, Some(latest));
    assert_eq!(keys(&claimed), [first.key]);
    assert_eq!(claimed[0].arguments.as_deref(), Some(&b"[4]"[..]));
}

async fn a_call_after_it_is_due_is_a_new_one(bed: Bed) {
    let (world, clock, queue, host) = begin(&bed).await;
    let first = say(&world, 1, None).await;
    clock.forward_ms(500).await;
    world.tick(clock.now()).await;

    let second = say(&world, 2, None).await;
    let claimed = world.claim_one(host, queue).await;
    let third = say(&world, 3, None).await;
    world.finish_one(host, &claimed).await;
    let fourth = say(&world, 4, None).await;

    assert_ne!(second.key, first.key);
    assert!(!second.replaced && !second.existed);
    assert_eq!(claimed.hold.key, first.key);
    assert!(third.replaced && fourth.replaced);
    assert_eq!((third.key, fourth.key), (second.key, second.key));
}

async fn a_call_after_it_was_cancelled_is_a_new_one(bed: Bed) {
    let (world, clock, _, _) = begin(&bed).await;
    let first = say(&world, 1, Some(1_000)).await;
    clock.forward_ms(300).await;
    world.cancel(&[first.key]).await;

    let second = say(&world, 2, Some(1_000)).await;
    clock.forward_ms(400).await;
    say(&world, 3, Some(1_000)).await;

    assert_ne!(second.key, first.key);
    let due = clock.now().moved_ms(500);
    assert_eq!(due_at(&world, &second).await, Some(due), "counted anew");
}

async fn each_key_waits_for_itself(bed: Bed) {
    let (world, clock, queue, host) = begin(&bed).await;
    let call = |key: &str| world.call_with("q", debounce(key, None));
    let first = world.enqueue(vec![call("x"), call("y")]).await.unwrap();
    clock.forward_ms(300).await;
    let again = world.enqueue_one(call("x")).await;

    clock.forward_ms(200).await;
    world.tick(clock.now()).await;
    let claimed = world.claim(host, queue, 5).await.claimed;

    assert_eq!(again.key, first[0].key);
    assert_eq!(keys(&claimed), [first[1].key]);
}

async fn calls_at_once_become_one(bed: Bed) {
    let (world, clock, queue, host) = begin(&bed).await;
    let other = world.through(bed.second().await);

    let calls = (0..12).map(async |number| {
        let world = if number % 2 == 0 { &world } else { &other };
        say(world, number, None).await
    });
    let stored = futures::future::join_all(calls).await;
    clock.forward_ms(500).await;
    world.tick(clock.now()).await;
    let claimed = world.claim(host, queue, 20).await.claimed;

    assert!(stored.iter().all(|call| call.key == stored[0].key));
    let new = stored.iter().filter(|call| !call.replaced).count();
    assert_eq!(new, 1);
    assert_eq!(keys(&claimed), [stored[0].key]);
}

async fn a_debounced_call_is_told_with_the_time_it_is_due(bed: Bed) {
    let (world, clock, _, _) = begin(&bed).await;
    let mut signals = bed.store.subscribe();
    let due = clock.now().moved_ms(500);

    say(&world, 1, None).await;

    hear(&mut signals, |signal| *signal == Signal::Due(due)).await;
    assert_eq!(world.tick(clock.now()).await.next_at, Some(due));
}
