//! Calls that may not start yet: when they take their place, and where.

use windlass::model::controls::Start;
use windlass::model::{Controls, HostNumber, Moment, State};
use windlass::store::Signal;

use super::bed::Bed;
use super::clock::Clock;
use super::controls::{after_ms, partitioned};
use super::signals::hear;
use super::world::{World, capped, keys};

cases!(
    a_delayed_call_starts_not_before_its_time,
    a_start_time_is_kept_to_the_microsecond,
    a_start_time_that_has_passed_means_now,
    it_takes_the_last_place_when_it_is_due,
    several_that_are_due_take_places_in_order_of_their_times,
    its_priority_holds_when_it_is_due,
    a_scheduled_call_is_cancelled_at_once,
    a_scheduled_call_is_told_and_then_the_work,
    more_than_one_batch_that_is_due_take_their_places,
    a_scheduled_call_stands_in_its_partition_when_it_is_due,
    a_scheduled_call_survives_the_end_of_the_store,
);

async fn begin(bed: &Bed) -> (World, Clock, HostNumber) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    (world, clock, host)
}

fn at(moment: Moment) -> Controls {
    Controls {
        start: Start::At(moment),
        ..Controls::default()
    }
}

async fn a_delayed_call_starts_not_before_its_time(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.enqueue_one(world.call_with("q", after_ms(500))).await;
    let due = clock.now().moved_ms(500);

    let found = world.tick(clock.now()).await;
    let shown = world.invocation(&stored.id).await.unwrap();
    let counts = world.counts("q").await;
    let early = world.claim(host, queue, 5).await.claimed;
    clock.set(due).await;
    world.tick(due).await;
    let state = world.state(&stored.id).await;
    let claimable = world.is_claimable(queue).await;
    let after = world.counts("q").await;
    let claimed = world.claim_one(host, queue).await;

    assert_eq!((found.next_at, found.queues), (Some(due), vec![]));
    assert_eq!((shown.state, shown.due_at), (State::Scheduled, Some(due)));
    assert_eq!((counts.scheduled, counts.queued), (1, 0));
    assert_eq!(counts.oldest_queued_at, None);
    assert!(early.is_empty());
    assert_eq!(state, State::Queued);
    assert!(claimable);
    assert_eq!((after.scheduled, after.queued), (0, 1));
    assert_eq!((claimed.hold.key, claimed.attempt), (stored.key, 1));
}

async fn a_start_time_is_kept_to_the_microsecond(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", capped(1)).await;
    let due = clock.now().moved(123_457);
    let stored = world.enqueue_one(world.call_with("q", at(due))).await;

    clock.set(due.moved(-1)).await;
    world.tick(clock.now()).await;
    let early = world.claim(host, queue, 1).await.claimed;
    clock.set(due).await;
    world.tick(due).await;

    assert!(early.is_empty());
    assert_eq!(world.claim_one(host, queue).await.hold.key, stored.key);
}

async fn a_start_time_that_has_passed_means_now(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;

    for moment in [clock.now(), clock.now().moved(-1), Moment(0)] {
        let stored = world.enqueue_one(world.call_with("q", at(moment))).await;
        let state = world.state(&stored.id).await;

        assert_eq!(state, State::Queued);
        assert_eq!(world.claim_one(host, queue).await.hold.key, stored.key);
    }
}

async fn it_takes_the_last_place_when_it_is_due(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let delayed = world.enqueue_one(world.call_with("q", after_ms(500))).await;
    let before = world.fill("q", 2).await;
    clock.forward_ms(500).await;
    world.tick(clock.now()).await;
    let after = world.fill("q", 1).await;

    let claimed = world.claim(host, queue, 5).await.claimed;

    assert_eq!(
        keys(&claimed),
        [&before[..], &[delayed.key], &after].concat()
    );
}

async fn several_that_are_due_take_places_in_order_of_their_times(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let calls = [300, 100, 200, 100]
        .map(|delay| world.call_with("q", after_ms(delay)))
        .into();
    let stored = world.enqueue(calls).await.unwrap();

    clock.forward_ms(1_000).await;
    world.tick(clock.now()).await;
    let claimed = world.claim(host, queue, 5).await.claimed;

    let order: Vec<_> = [1, 3, 2, 0].map(|index| stored[index].key).into();
    assert_eq!(keys(&claimed), order);
}

async fn its_priority_holds_when_it_is_due(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let mut urgent = world.call_with("q", after_ms(100));
    urgent.priority = -5;
    let urgent = world.enqueue_one(urgent).await;
    world.fill("q", 2).await;

    clock.forward_ms(100).await;
    world.tick(clock.now()).await;

    assert_eq!(world.claim_one(host, queue).await.hold.key, urgent.key);
}

async fn a_scheduled_call_is_cancelled_at_once(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.enqueue_one(world.call_with("q", after_ms(100))).await;

    let cancelling = world.store.cancel(&[stored.key], "no").await.unwrap();
    clock.forward_ms(100).await;
    let found = world.tick(clock.now()).await;

    assert_eq!(cancelling.ended, [stored.key]);
    assert_eq!(found.next_at, None);
    assert_eq!(world.state(&stored.id).await, State::Cancelled);
    assert!(world.claim(host, queue, 1).await.claimed.is_empty());
    let counts = world.counts("q").await;
    assert_eq!(
        (counts.scheduled, counts.queued, counts.cancelled),
        (0, 0, 1)
    );
}

async fn a_scheduled_call_is_told_and_then_the_work(bed: Bed) {
    let (world, clock, _) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let mut signals = bed.store.subscribe();
    let due = clock.now().moved_ms(100);

    world.enqueue_one(world.call_with("q", after_ms(100))).await;
    hear(&mut signals, |signal| *signal == Signal::Due(due)).await;
    clock.set(due).await;
    let found = world.store.claimable().await.unwrap();

    assert!(found.queues.contains(&queue));
}

async fn more_than_one_batch_that_is_due_take_their_places(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let calls = (0..2_500)
        .map(|number| world.call_with("q", after_ms(1 + number % 7)))
        .collect();
    world.enqueue(calls).await.unwrap();

    clock.forward_ms(1_000).await;
    world.tick(clock.now()).await;

    let counts = world.counts("q").await;
    assert_eq!((counts.scheduled, counts.queued), (0, 2_500));
    let claimed = world.claim(host, queue, 2_000).await.claimed;
    assert_eq!(claimed.len(), 2_000);
}

async fn a_scheduled_call_stands_in_its_partition_when_it_is_due(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    for partition in ["x", "y", "x"] {
        let controls = Controls {
            partition: Some(partition.to_owned()),
            ..after_ms(100)
        };
        world.enqueue_one(world.call_with("q", controls)).await;
    }
    world.queue("q", partitioned(Some(1))).await;

    clock.forward_ms(100).await;
    world.tick(clock.now()).await;
    let claimed = world.claim(host, queue, 5).await.claimed;

    let mut taken = super::controls::partitions(&claimed);
    taken.sort_unstable();
    assert_eq!(taken, ["x", "y"]);
}

async fn a_scheduled_call_survives_the_end_of_the_store(mut bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.enqueue_one(world.call_with("q", after_ms(100))).await;
    drop(world);

    bed.reopen().await;
    let world = World::new(&bed.store).await;
    let early = world.claim(host, queue, 1).await.claimed;
    clock.forward_ms(100).await;
    world.tick(clock.now()).await;

    assert!(early.is_empty());
    assert_eq!(world.claim_one(host, queue).await.hold.key, stored.key);
}
