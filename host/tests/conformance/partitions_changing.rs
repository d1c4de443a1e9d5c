//! Partitions that come and go while a queue has a backlog, and families in them.

use windlass::model::queue::Settings;
use windlass::model::{HostNumber, QueueId};
use windlass::store::{Child, Claimed, NewCall};

use super::bed::Bed;
use super::controls::{lanes, partitioned, partitions};
use super::families::{for_all, until};
use super::world::{World, keys};

cases!(
    partitions_that_come_find_the_backlog_in_its_keys,
    what_is_held_counts_in_partitions_that_come,
    partitions_that_go_leave_the_backlog_in_its_places,
    a_call_raced_by_partitions_that_come_stands_in_one,
    a_child_stands_in_the_partition_of_its_parent,
    a_child_in_another_partition_needs_room_there,
    a_workflow_that_waits_keeps_its_place_in_its_partition,
    a_queue_without_a_limit_lends_the_place_in_a_partition,
    a_borrower_that_waits_keeps_its_place_in_its_own_partition,
    a_place_passes_on_when_its_holder_is_cancelled,
);

async fn partitions_that_come_find_the_backlog_in_its_keys(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Settings::default()).await;
    let host = world.host("a").await;
    let x = world.fill_partition("q", "x", 3).await;
    let none = world.fill("q", 2).await;
    let y = world.fill_partition("q", "y", 1).await;

    world.queue("q", lanes()).await;
    let first = world.claim(host, queue, 10).await.claimed;
    world.finish(host, &first).await;
    let second = world.claim(host, queue, 10).await.claimed;

    let sorted = |mut keys: Vec<_>| {
        keys.sort_unstable();
        keys
    };
    assert_eq!(sorted(keys(&first)), [x[0], none[0], y[0]]);
    assert_eq!(sorted(keys(&second)), [x[1], none[1]]);
}

async fn what_is_held_counts_in_partitions_that_come(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Settings::default()).await;
    let host = world.host("a").await;
    let x = world.fill_partition("q", "x", 2).await;
    let held = world.run_one(host, queue).await;
    let y = world.fill_partition("q", "y", 1).await;

    world.queue("q", partitioned(Some(1))).await;
    let first = world.claim(host, queue, 10).await.claimed;
    world.finish_one(host, &held).await;
    let second = world.claim(host, queue, 10).await.claimed;

    assert_eq!(keys(&first), y);
    assert_eq!(keys(&second), x[1..]);
}

async fn partitions_that_go_leave_the_backlog_in_its_places(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", lanes()).await;
    let host = world.host("a").await;
    let mut stored = Vec::new();
    for key in ["z", "a", "z", "m", "a"] {
        stored.extend(world.fill_partition("q", key, 1).await);
    }
    let held = world.claim_one(host, queue).await;

    world.queue("q", Settings::default()).await;
    let rest = world.claim(host, queue, 10).await.claimed;

    let held = held.hold.key;
    let others: Vec<_> = stored.into_iter().filter(|key| *key != held).collect();
    assert_eq!(keys(&rest), others);
    assert!(rest.iter().all(|claimed| claimed.partition.is_none()));
}

async fn a_call_raced_by_partitions_that_come_stands_in_one(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Settings::default()).await;
    let host = world.host("a").await;
    let calls = tokio::spawn({
        let world = world.through(bed.second().await);
        async move {
            for _ in 0..50 {
                world.fill_partition("q", "x", 1).await;
            }
        }
    });

    for number in 0..10 {
        let settings = match number % 2 {
            0 => partitioned(None),
            _ => Settings::default(),
        };
        world.queue("q", settings).await;
    }
    world.queue("q", partitioned(None)).await;
    calls.await.unwrap();
    let claimed = world.claim(host, queue, 100).await.claimed;

    assert_eq!(partitions(&claimed), ["x"; 50]);
}

/// Begins a workflow in partition `x`.
async fn begin_in_x(world: &World, host: HostNumber, queue: QueueId) -> Claimed {
    let call = NewCall {
        workflow: true,
        ..world.call_of("q", "x")
    };
    world.enqueue_one(call).await;
    world.run_one(host, queue).await
}

async fn a_child_stands_in_the_partition_of_its_parent(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", partitioned(None)).await;
    let plain = world.queue("plain", Settings::default()).await;
    let host = world.host("a").await;
    let flow = begin_in_x(&world, host, queue).await;

    let calls = vec![
        world.call("q"),
        world.call_of("q", "y"),
        world.call("plain"),
    ];
    let mut steps = world.steps_with(&flow, calls).await;
    steps.children.push(Child {
        call: NewCall {
            id: flow.id.of_child(0, Some(3)),
            ..world.call("q")
        },
        detached: true,
    });
    let stored = world.record(host, steps).await.unwrap();
    let claimed = world.claim(host, queue, 10).await.claimed;
    let aside = world.claim(host, plain, 10).await.claimed;

    let of = |at: usize| {
        let found = claimed.iter().find(|one| one.hold.key == stored[at].key);
        found.expect("it was claimed").partition.clone()
    };
    assert_eq!(of(0).as_deref(), Some("x"));
    assert_eq!(of(1).as_deref(), Some("y"));
    assert_eq!(of(3).as_deref(), Some("x"));
    assert_eq!(aside[0].partition, None);
}

async fn a_child_in_another_partition_needs_room_there(bed: Bed) {
    let world = World::new(&bed.store).await;
    let settings = Settings {
        concurrency: Some(2),
        ..partitioned(Some(1))
    };
    let queue = world.queue("q", settings).await;
    let (host, other) = (world.host("a").await, world.host("b").await);
    world.fill_partition("q", "y", 1).await;
    let in_y = world.run_one(other, queue).await;
    let flow = begin_in_x(&world, host, queue).await;
    let children = world
        .enqueue_children(host, &flow, vec![world.call_of("q", "y")])
        .await;

    let full = world
        .wait_and_claim(host, queue, &flow, for_all(&children), 5)
        .await;
    world.finish_one(other, &in_y).await;
    let room = world.claim_one(host, queue).await;

    assert!(full.claimed.is_empty(), "its partition is full");
    assert_eq!(room.hold.key, children[0]);
    assert_eq!(room.partition.as_deref(), Some("y"));
}

async fn a_workflow_that_waits_keeps_its_place_in_its_partition(bed: Bed) {
    let world = World::new(&bed.store).await;
    let clock = bed.stop_clock().await;
    let queue = world.queue("q", partitioned(Some(1))).await;
    let host = world.host("a").await;
    let flow = begin_in_x(&world, host, queue).await;
    let later = world.fill_partition("q", "x", 1).await;

    let wait = until(clock.now().moved_ms(1_000));
    let full = world.wait_and_claim(host, queue, &flow, wait, 5).await;
    clock.forward_ms(1_000).await;
    world.tick(clock.now()).await;
    let on = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &on).await;
    let next = world.claim(host, queue, 5).await.claimed;

    assert!(full.claimed.is_empty());
    assert_eq!(keys(&on), [flow.hold.key]);
    assert_eq!(keys(&next), later);
}

async fn a_queue_without_a_limit_lends_the_place_in_a_partition(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", partitioned(Some(1))).await;
    let host = world.host("a").await;
    let flow = begin_in_x(&world, host, queue).await;
    let other = world.fill_partition("q", "x", 1).await;
    let calls = vec![world.call("q"), world.call("q")];
    let children = world.enqueue_children(host, &flow, calls).await;

    let lent = world
        .wait_and_claim(host, queue, &flow, for_all(&children), 5)
        .await
        .claimed;
    let full = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &lent).await;
    let second = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &second).await;
    let on = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &on).await;
    let last = world.claim(host, queue, 5).await.claimed;

    assert_eq!(keys(&lent), children[..1]);
    assert!(full.is_empty(), "one at a time in the place that is lent");
    assert_eq!(keys(&second), children[1..]);
    assert_eq!(keys(&on), [flow.hold.key]);
    assert_eq!(keys(&last), other);
}

async fn a_borrower_that_waits_keeps_its_place_in_its_own_partition(bed: Bed) {
    let world = World::new(&bed.store).await;
    let settings = Settings {
        concurrency: Some(2),
        ..partitioned(Some(1))
    };
    let queue = world.queue("q", settings).await;
    let host = world.host("a").await;
    let (flow, inner) = borrower_in_y(&world, host, queue).await;
    let leaf = world
        .enqueue_children(host, &inner, vec![world.call_of("q", "y")])
        .await;
    let other = world.fill_partition("q", "y", 1).await;

    let lent = world
        .wait_and_claim(host, queue, &inner, for_all(&leaf), 5)
        .await
        .claimed;
    let full = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &lent).await;
    let on = world.claim(host, queue, 5).await.claimed;
    let still_full = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &on).await;
    let mut after = keys(&world.claim(host, queue, 5).await.claimed);
    after.sort_unstable();

    assert_eq!(
        keys(&lent),
        leaf,
        "its child has its place, not another one"
    );
    assert!(full.is_empty(), "the place in y is taken while it waits");
    assert_eq!(keys(&on), [inner.hold.key]);
    assert!(still_full.is_empty(), "it went on in its own place");
    let mut expected = vec![flow.hold.key, other[0]];
    expected.sort_unstable();
    assert_eq!(after, expected, "its place is free once it has ended");
}

async fn a_place_passes_on_when_its_holder_is_cancelled(bed: Bed) {
    let world = World::new(&bed.store).await;
    let settings = Settings {
        concurrency: Some(2),
        ..partitioned(Some(1))
    };
    let queue = world.queue("q", settings).await;
    let host = world.host("a").await;
    let (_, inner) = borrower_in_y(&world, host, queue).await;
    let mut steps = world.steps_with(&inner, Vec::new()).await;
    steps.children.push(Child {
        call: NewCall {
            id: inner.id.of_child(0, Some(0)),
            ..world.call_of("q", "y")
        },
        detached: true,
    });
    let leaf = world.record(host, steps).await.unwrap()[0].key;
    let other = world.fill_partition("q", "y", 1).await;
    let lent = world
        .wait_and_claim(host, queue, &inner, for_all(&[leaf]), 5)
        .await
        .claimed;

    world.cancel(&[inner.hold.key]).await;
    let full = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &lent).await;
    let after = world.claim(host, queue, 5).await.claimed;

    assert_eq!(keys(&lent), [leaf]);
    assert!(
        !keys(&full).contains(&other[0]),
        "the place is its child's from now on: {full:?}"
    );
    assert!(keys(&after).contains(&other[0]), "{after:?}");
}

/// A workflow in x that waits for a workflow in y, which executes in its slot.
async fn borrower_in_y(world: &World, host: HostNumber, queue: QueueId) -> (Claimed, Claimed) {
    let flow = begin_in_x(world, host, queue).await;
    let call = NewCall {
        workflow: true,
        ..world.call_of("q", "y")
    };
    let children = world.enqueue_children(host, &flow, vec![call]).await;
    let mut claimed = world
        .wait_and_claim(host, queue, &flow, for_all(&children), 1)
        .await
        .claimed;
    (flow, claimed.remove(0))
}
