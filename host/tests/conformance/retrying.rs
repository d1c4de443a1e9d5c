//! Attempts that failed and are made again: out of the way, or in their place.

use windlass::model::{FailureKind, HostNumber, State};
use windlass::store::{Exchange, Signal};

use super::bed::Bed;
use super::clock::Clock;
use super::controls::{lanes, partitioned, retried, within_ms};
use super::signals::hear;
use super::world::{World, capped, claim, keys, ordered};

cases!(
    a_failed_attempt_is_out_of_the_way_until_its_time,
    a_retry_has_its_old_place,
    without_a_wait_it_is_claimed_at_once,
    on_an_ordered_queue_it_holds_back_what_follows,
    on_an_ordered_queue_with_several_slots_too,
    on_an_ordered_queue_what_stands_before_it_goes_first,
    a_key_in_order_holds_back_only_itself,
    a_queue_that_is_not_ordered_any_more_passes_it_by,
    it_holds_no_slot_and_no_place_in_its_partition,
    a_failed_attempt_is_kept_with_its_reason,
    one_that_waits_for_its_time_is_cancelled_at_once,
    one_in_its_place_is_cancelled_and_what_follows_goes_on,
    one_whose_end_was_asked_for_ends_cancelled,
    one_whose_deadline_comes_first_ends_as_it_failed,
    what_is_no_longer_the_hosts_is_not_tried_again,
    deaths_are_forgotten_when_it_is_tried_again,
);

async fn begin(bed: &Bed) -> (World, Clock, HostNumber) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    (world, clock, host)
}

async fn a_failed_attempt_is_out_of_the_way_until_its_time(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 3).await;
    let first = world.run_one(host, queue).await;
    let due = clock.now().moved_ms(1_000);
    let mut signals = bed.store.subscribe();

    let lost = world.retry(host, queue, &first, 1_000).await;
    hear(&mut signals, |signal| *signal == Signal::Due(due)).await;
    let others = world.claim(host, queue, 10).await.claimed;
    let found = world.tick(clock.now()).await;
    let shown = world.invocation(&first.id).await.unwrap();
    clock.forward_us(999_999).await;
    world.tick(clock.now()).await;
    let early = world.claim(host, queue, 10).await.claimed;
    clock.forward_us(1).await;
    world.tick(clock.now()).await;
    let again = world.claim_one(host, queue).await;

    assert!(lost.is_empty());
    assert_eq!(keys(&others), stored[1..]);
    assert_eq!(found.next_at, Some(due));
    assert_eq!((shown.state, shown.due_at), (State::Queued, Some(due)));
    assert_eq!((shown.attempt, shown.retried), (1, 1));
    assert!(early.is_empty());
    assert_eq!((again.hold.key, again.place), (stored[0], first.place));
    assert_eq!((again.attempt, again.retried), (2, 1));
    assert!(again.hold.fence > first.hold.fence);
    assert!(!again.suspect && !again.alone);
}

async fn a_retry_has_its_old_place(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 5).await;
    let taken = world.claim(host, queue, 2).await.claimed;
    world.start(host, &taken).await;

    world.retry(host, queue, &taken[1], 500).await;
    world.retry(host, queue, &taken[0], 900).await;
    clock.forward_ms(900).await;
    world.tick(clock.now()).await;
    let claimed = world.claim(host, queue, 10).await.claimed;

    assert_eq!(keys(&claimed), stored);
}

async fn without_a_wait_it_is_claimed_at_once(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    for (name, settings) in [
        ("plain", Default::default()),
        ("ordered", ordered(1)),
        ("lanes", lanes()),
    ] {
        let queue = world.queue(name, settings).await;
        let stored = world.fill(name, 2).await;
        let first = world.run_one(host, queue).await;

        let exchange = Exchange {
            retried: vec![retried(queue, &first, 0)],
            claims: vec![claim(queue, 1)],
            ..Exchange::default()
        };
        let granted = world.exchange(host, exchange).await.granted.remove(0);

        assert_eq!(keys(&granted.claimed), stored[..1], "{name}");
        assert_eq!(granted.claimed[0].attempt, 2);
    }
}

async fn on_an_ordered_queue_it_holds_back_what_follows(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", ordered(1)).await;
    let stored = world.fill("q", 3).await;
    let first = world.run_one(host, queue).await;

    world.retry(host, queue, &first, 1_000).await;
    let due = clock.now().moved_ms(1_000);
    let held = world.claim(host, queue, 10).await;
    let found = world.tick(clock.now()).await;
    let shown = world.invocation(&first.id).await.unwrap();
    clock
        .forward_us(held.opens_in_us.expect("only time holds it back") as i64)
        .await;
    let again = world.claim(host, queue, 10).await.claimed;
    let other = world.host("b").await;
    let alone = world.claim(other, queue, 10).await.claimed;
    world.finish(host, &again).await;
    let next = world.claim(host, queue, 10).await.claimed;

    assert!(held.claimed.is_empty() && !held.drained);
    assert_eq!(held.opens_in_us, Some(1_000_000));
    assert_eq!(found.next_at, Some(due));
    assert_eq!((shown.state, shown.due_at), (State::Queued, Some(due)));
    assert_eq!(keys(&again), stored[..1]);
    assert_eq!((again[0].attempt, again[0].place), (2, first.place));
    assert!(alone.is_empty());
    assert_eq!(keys(&next), stored[1..2]);
}

async fn on_an_ordered_queue_with_several_slots_too(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", ordered(2)).await;
    let stored = world.fill("q", 4).await;
    let first = world.claim(host, queue, 2).await.claimed;

    world.retry(host, queue, &first[0], 1_000).await;
    world.finish(host, &first[1..]).await;
    let held = world.claim(host, queue, 2).await.claimed;
    clock.forward_ms(1_000).await;
    let again = world.claim(host, queue, 2).await.claimed;

    assert_eq!(keys(&first), stored[..2]);
    assert!(held.is_empty());
    assert_eq!(keys(&again), [stored[0], stored[2]]);
}

async fn on_an_ordered_queue_what_stands_before_it_goes_first(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", ordered(1)).await;
    let stored = world.fill("q", 2).await;
    let first = world.run_one(host, queue).await;
    world.retry(host, queue, &first, 1_000).await;
    let mut urgent = world.call("q");
    urgent.priority = -1;
    let urgent = world.enqueue_one(urgent).await;

    let before = world.claim(host, queue, 10).await.claimed;
    world.finish(host, &before).await;
    let held = world.claim(host, queue, 10).await.claimed;
    clock.forward_ms(1_000).await;
    let again = world.claim(host, queue, 10).await.claimed;

    assert_eq!(keys(&before), [urgent.key]);
    assert!(held.is_empty());
    assert_eq!(keys(&again), stored[..1]);
}

async fn a_key_in_order_holds_back_only_itself(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", lanes()).await;
    let x = world.fill_partition("q", "x", 2).await;
    let first = world.run_one(host, queue).await;
    let y = world.fill_partition("q", "y", 1).await;

    world.retry(host, queue, &first, 1_000).await;
    let other = world.claim(host, queue, 10).await;
    let held = world.claim(host, queue, 10).await;
    clock
        .forward_us(held.opens_in_us.expect("only time holds x back") as i64)
        .await;
    let again = world.claim(host, queue, 10).await.claimed;

    assert_eq!(keys(&other.claimed), y);
    assert!(held.claimed.is_empty() && !held.drained);
    assert_eq!(keys(&again), x[..1]);
}

async fn a_queue_that_is_not_ordered_any_more_passes_it_by(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", ordered(1)).await;
    let stored = world.fill("q", 3).await;
    let first = world.run_one(host, queue).await;
    world.retry(host, queue, &first, 1_000).await;

    world.queue("q", Default::default()).await;
    let others = world.claim(host, queue, 10).await.claimed;
    clock.forward_ms(1_000).await;
    world.tick(clock.now()).await;
    let again = world.claim(host, queue, 10).await.claimed;

    assert_eq!(keys(&others), stored[1..]);
    assert_eq!(keys(&again), stored[..1]);
}

async fn it_holds_no_slot_and_no_place_in_its_partition(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let slots = world.queue("slots", capped(1)).await;
    let keyed = world.queue("keyed", partitioned(Some(1))).await;
    let of_slots = world.fill("slots", 2).await;
    let of_keyed = world.fill_partition("keyed", "x", 2).await;

    for (queue, stored) in [(slots, of_slots), (keyed, of_keyed)] {
        let first = world.run_one(host, queue).await;
        world.retry(host, queue, &first, 1_000).await;
        let next = world.claim(host, queue, 1).await.claimed;

        assert_eq!(keys(&next), stored[1..]);
    }
    let counts = world.counts("slots").await;
    assert_eq!((counts.queued, counts.running, counts.scheduled), (2, 0, 0));
}

async fn a_failed_attempt_is_kept_with_its_reason(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let key = world.fill("q", 1).await.remove(0);
    for log in ["one\n", "two\n"] {
        let claimed = world.run_one(host, queue).await;
        let mut again = retried(queue, &claimed, 0);
        again.log = log.to_owned();
        let exchange = Exchange {
            retried: vec![again],
            ..Exchange::default()
        };
        world.exchange(host, exchange).await;
    }

    let attempts = world.store.lost_attempts(key).await.unwrap();
    let log = world.store.log(key).await.unwrap();

    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(attempts.iter().all(|attempt| attempt.host == host));
    assert_eq!(attempts[0].reason, "it failed, once more");
    let texts: Vec<_> = log.iter().map(|chunk| chunk.text.as_str()).collect();
    assert_eq!(texts, ["one\n", "two\n"]);
}

async fn one_that_waits_for_its_time_is_cancelled_at_once(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 1).await;
    let claimed = world.run_one(host, queue).await;
    world.retry(host, queue, &claimed, 1_000).await;

    let cancelling = world.store.cancel(&stored, "enough").await.unwrap();
    clock.forward_ms(1_000).await;
    let found = world.tick(clock.now()).await;

    assert_eq!(cancelling.ended, stored);
    assert_eq!(world.state(&claimed.id).await, State::Cancelled);
    assert_eq!(found.next_at, None);
    assert!(world.claim(host, queue, 1).await.claimed.is_empty());
}

async fn one_in_its_place_is_cancelled_and_what_follows_goes_on(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let queue = world.queue("q", ordered(1)).await;
    let stored = world.fill("q", 2).await;
    let claimed = world.run_one(host, queue).await;
    world.retry(host, queue, &claimed, 1_000).await;

    let cancelling = world.store.cancel(&stored[..1], "enough").await.unwrap();
    let next = world.claim(host, queue, 1).await.claimed;

    assert_eq!(cancelling.ended, stored[..1]);
    assert_eq!(cancelling.queues, [queue]);
    assert_eq!(keys(&next), stored[1..]);
}

async fn one_whose_end_was_asked_for_ends_cancelled(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    for (name, settings) in [("plain", Default::default()), ("ordered", ordered(1))] {
        let queue = world.queue(name, settings).await;
        let stored = world.fill(name, 1).await;
        let claimed = world.run_one(host, queue).await;
        let asked = world.store.cancel(&stored, "enough").await.unwrap().asked;

        let lost = world.retry(host, queue, &claimed, 1_000).await;

        assert_eq!(asked, stored);
        assert!(lost.is_empty());
        assert_eq!(world.state(&claimed.id).await, State::Cancelled);
        let counts = world.counts(name).await;
        assert_eq!((counts.cancelled, counts.queued), (1, 0));
    }
}

async fn one_whose_deadline_comes_first_ends_as_it_failed(bed: Bed) {
    let (world, _, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let call = || world.call_with("q", within_ms(1_000));
    world.enqueue(vec![call(), call()]).await.unwrap();
    let claimed = world.claim(host, queue, 2).await.claimed;

    let late = world.retry(host, queue, &claimed[0], 1_000).await;
    let in_time = world.retry(host, queue, &claimed[1], 999).await;

    assert!(late.is_empty() && in_time.is_empty());
    assert_eq!(world.state(&claimed[0].id).await, State::Failed);
    assert_eq!(world.kind(&claimed[0].id).await, Some(FailureKind::Guest));
    assert_eq!(world.state(&claimed[1].id).await, State::Queued);
}

async fn what_is_no_longer_the_hosts_is_not_tried_again(bed: Bed) {
    let (world, _, a) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let b = world.host("b").await;
    world.fill("q", 1).await;
    let first = world.run_one(a, queue).await;
    world.retry(a, queue, &first, 0).await;

    let twice = world.retry(a, queue, &first, 0).await;
    let second = world.run_one(b, queue).await;
    let stale = world.retry(a, queue, &first, 0).await;
    let others = world.retry(a, queue, &second, 0).await;

    assert_eq!(twice, [first.hold]);
    assert_eq!(stale, [first.hold]);
    assert_eq!(others, [second.hold]);
    let shown = world.invocation(&first.id).await.unwrap();
    assert_eq!((shown.state, shown.retried), (State::Running, 1));
}

async fn deaths_are_forgotten_when_it_is_tried_again(bed: Bed) {
    let (world, _, _) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    world.fill("q", 1).await;
    for _ in 0..2 {
        let host = world.host("mortal").await;
        world.run_one(host, queue).await;
        world.kill(host).await;
    }
    let host = world.host("a").await;
    let suspect = world.run_one(host, queue).await;

    world.retry(host, queue, &suspect, 0).await;
    let again = world.claim_one(host, queue).await;

    assert!(suspect.suspect && suspect.alone);
    assert!(!again.suspect && !again.alone);
}
