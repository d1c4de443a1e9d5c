//! In order: places, priorities, ordered queues, and what comes back.

use windlass::store::Exchange;

use super::bed::Bed;
use super::world::{World, capped, claim, ended, keys, ordered};

cases!(
    claims_follow_priority_and_then_place,
    a_claim_takes_nothing_from_another_queue,
    an_ordered_queue_of_one_goes_on_only_after_the_end,
    the_end_and_the_next_start_share_one_exchange,
    an_ordered_queue_marks_what_it_claims_as_running,
    a_returned_invocation_regains_its_place,
    a_returned_attempt_that_executed_stays_counted,
    an_unmarked_start_counts_when_it_is_returned_as_executed,
    huge_arguments_come_separately,
    raced_claims_take_each_invocation_once,
);

async fn claims_follow_priority_and_then_place(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let mut calls: Vec<_> = (0..6).map(|_| world.call("q")).collect();
    for (call, priority) in calls.iter_mut().zip([0, 5, -1, 0, 5, -1]) {
        call.priority = priority;
    }
    let stored = world.enqueue(calls).await.unwrap();

    let first = world.claim(host, queue, 4).await;
    let rest = world.claim(host, queue, 4).await;

    let order: Vec<_> = [2, 5, 0, 3].map(|index| stored[index].key).into();
    assert_eq!(keys(&first.claimed), order);
    assert!(!first.drained);
    assert_eq!(keys(&rest.claimed), [stored[1].key, stored[4].key]);
    assert!(rest.drained);
    assert!(first.claimed.is_sorted_by_key(|claimed| claimed.place));
}

async fn a_claim_takes_nothing_from_another_queue(bed: Bed) {
    let world = World::new(&bed.store).await;
    let empty = world.queue("empty", Default::default()).await;
    let host = world.host("a").await;
    world.fill("full", 5).await;

    let granted = world.claim(host, empty, 10).await;

    assert!(granted.claimed.is_empty());
    assert!(granted.drained);
    assert_eq!(granted.slots, None);
}

async fn an_ordered_queue_of_one_goes_on_only_after_the_end(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", ordered(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let stored = world.fill("q", 3).await;

    let first = world.claim(a, queue, 10).await;
    let meanwhile = world.claim(b, queue, 10).await;
    let mut busy = claim(queue, 10);
    busy.executing = 1;
    let own = world.claim_with(a, busy).await;

    assert_eq!(keys(&first.claimed), [stored[0]]);
    assert!(meanwhile.claimed.is_empty());
    assert!(own.claimed.is_empty());

    world.finish(a, &first.claimed).await;
    let next = world.claim(a, queue, 10).await;
    assert_eq!(keys(&next.claimed), [stored[1]]);
}

async fn the_end_and_the_next_start_share_one_exchange(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", ordered(1)).await;
    let host = world.host("a").await;
    let stored = world.fill("q", 2).await;
    let first = world.claim(host, queue, 1).await;

    let exchange = Exchange {
        ended: first.claimed.iter().map(ended).collect(),
        claims: vec![claim(queue, 1)],
        ..Exchange::default()
    };
    let exchanged = world.exchange(host, exchange).await;

    assert!(exchanged.lost.is_empty());
    assert_eq!(keys(&exchanged.granted[0].claimed), [stored[1]]);
    assert_eq!(world.counts("q").await.succeeded, 1);
}

async fn an_ordered_queue_marks_what_it_claims_as_running(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", ordered(2)).await;
    let host = world.host("a").await;
    let stored = world.fill("q", 3).await;

    let granted = world.claim(host, queue, 10).await;

    assert_eq!(keys(&granted.claimed), stored[..2]);
    assert!(granted.claimed.iter().all(|claimed| claimed.running));
    assert!(granted.claimed.iter().all(|claimed| claimed.attempt == 1));
    let counts = world.counts("q").await;
    assert_eq!((counts.running, counts.queued), (2, 1));
}

async fn a_returned_invocation_regains_its_place(bed: Bed) {
    let world = World::new(&bed.store).await;
    let loose = world.queue("loose", capped(3)).await;
    let strict = world.queue("strict", ordered(1)).await;
    let host = world.host("a").await;

    for (name, queue) in [("loose", loose), ("strict", strict)] {
        let stored = world.fill(name, 3).await;
        let first = world.claim(host, queue, 1).await.claimed.remove(0);

        let lost = world.give_back(host, queue, &first, None).await;
        let again = world.claim(host, queue, 1).await.claimed.remove(0);

        assert!(lost.is_empty());
        assert_eq!(again.hold.key, stored[0]);
        assert_eq!(again.place, first.place);
        assert!(again.hold.fence > first.hold.fence);
        assert_eq!(again.attempt, 1, "it did not execute, so no attempt counts");
    }
}

async fn a_returned_attempt_that_executed_stays_counted(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let key = world.fill("q", 1).await.remove(0);
    let first = world.claim(host, queue, 1).await;
    world.start(host, &first.claimed).await;

    let reason = Some("the host was stopped");
    world
        .give_back(host, queue, &first.claimed[0], reason)
        .await;
    let second = world.claim(host, queue, 1).await;

    assert_eq!(second.claimed[0].attempt, 2);
    let attempts = world.store.lost_attempts(key).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].attempt, attempts[0].host), (1, host));
    assert_eq!(attempts[0].reason, "the host was stopped");
}

async fn an_unmarked_start_counts_when_it_is_returned_as_executed(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let key = world.fill("q", 1).await.remove(0);
    let first = world.claim(host, queue, 1).await;

    world
        .give_back(host, queue, &first.claimed[0], Some("stopped"))
        .await;
    let second = world.claim(host, queue, 1).await;

    assert_eq!(second.claimed[0].attempt, 2);
    let attempts = world.store.lost_attempts(key).await.unwrap();
    assert_eq!((attempts.len(), attempts[0].attempt), (1, 1));
}

async fn huge_arguments_come_separately(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let huge = format!("[\"{}\"]", "x".repeat(1024 * 1024));
    let mut call = world.call("q");
    call.arguments = huge.clone().into();
    world.enqueue(vec![call, world.call("q")]).await.unwrap();

    let granted = world.claim(host, queue, 2).await;

    assert!(granted.claimed[0].arguments.is_none());
    assert_eq!(granted.claimed[1].arguments.as_deref(), Some(&b"[1]"[..]));
    let read = world.store.arguments(granted.claimed[0].hold.key).await;
    assert_eq!(read.unwrap().unwrap(), huge.as_bytes());
}

async fn raced_claims_take_each_invocation_once(bed: Bed) {
    let world = World::new(&bed.store).await;
    let second = world.through(bed.second().await);
    let queue = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 1_000).await;

    let mut hosts = tokio::task::JoinSet::new();
    for number in 0..4 {
        let world = if number % 2 == 0 { &world } else { &second }.clone();
        hosts.spawn(async move {
            let host = world.host("h").await;
            let mut taken = Vec::new();
            loop {
                let granted = world.claim(host, queue, 37).await;
                if granted.claimed.is_empty() {
                    return taken;
                }
                assert!(granted.claimed.is_sorted_by_key(|claimed| claimed.place));
                taken.extend(keys(&granted.claimed));
            }
        });
    }
    let mut taken = hosts.join_all().await.concat();

    taken.sort();
    assert_eq!(taken, stored);
}
