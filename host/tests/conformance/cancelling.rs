//! Cancelling: what is not held ends at once, the rest when its host says so.

use windlass::model::{FailureKind, HostNumber, Key, Outcome, QueueId, State};
use windlass::store::{Child, Claimed, Exchange, Signal, Steps};

use super::bed::Bed;
use super::families::{attached, for_all, for_message, steps};
use super::signals::hear;
use super::world::{World, capped, ended_with, failure, keys, ordered};

cases!(
    cancelling_ends_queued_and_waiting_ones_and_their_descendants_at_once,
    what_a_host_holds_is_asked_for_and_its_outcome_becomes_cancelled,
    what_is_reserved_is_asked_for,
    an_end_that_was_sent_twice_stays_cancelled,
    detached_children_are_spared,
    what_goes_back_with_a_wish_ends_as_cancelled,
    a_wait_with_a_wish_ends_as_cancelled,
    what_a_dead_host_held_with_a_wish_ends_as_cancelled,
    what_a_host_that_leaves_held_with_a_wish_ends_as_cancelled,
    a_cancelled_child_makes_its_waiting_parent_ready,
    a_workflow_cancels_its_children,
    what_has_ended_stays_as_it_is,
    the_first_reason_stands,
    a_cancelled_head_lets_the_next_one_start,
);

/// The reason that stands in the outcome of a cancelled invocation.
async fn reason(world: &World, claimed: &Claimed) -> String {
    let found = world.invocation(&claimed.id).await.unwrap();
    assert_eq!(found.state, State::Cancelled);
    assert!(!found.cancelling, "it has ended");
    let Some(Outcome::Error(failure)) = found.outcome else {
        panic!("no failure")
    };
    assert_eq!(failure.kind, FailureKind::Cancelled);
    failure.message
}

async fn running(world: &World, host: HostNumber, queue: QueueId) -> Claimed {
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    world.start(host, &claimed).await;
    claimed.into_iter().next().expect("it was claimed")
}

fn sorted(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort_unstable();
    keys
}

async fn cancelling_ends_queued_and_waiting_ones_and_their_descendants_at_once(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(2)).await;
    let side = world.queue("side", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let calls = vec![world.workflow("side"), world.call("q"), world.call("q")];
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, q, &flow, for_all(&children)).await;
    let aside = world.claim(host, side, 1).await.claimed.remove(0);
    let grandchildren = world
        .enqueue_children(host, &aside, vec![world.call("side"), world.call("q")])
        .await;
    world.wait(host, side, &aside, for_message("go")).await;
    let stranger = world.fill("q", 1).await;
    let mut signals = bed.store.subscribe();

    let done = bed.store.cancel(&[flow.hold.key], "enough").await.unwrap();

    let family = [vec![flow.hold.key], children, grandchildren].concat();
    assert_eq!(sorted(done.ended), family);
    assert!(done.asked.is_empty());
    assert!(done.queues.contains(&q), "its slot is free");
    hear(&mut signals, |signal| {
        matches!(signal, Signal::Ended(keys) if family.iter().all(|key| keys.contains(key)))
    })
    .await;
    assert_eq!(bed.store.ended(&family).await.unwrap().len(), family.len());
    assert_eq!(reason(&world, &flow).await, "enough");
    assert_eq!(reason(&world, &aside).await, "enough");
    let (q_counts, side_counts) = (world.counts("q").await, world.counts("side").await);
    assert_eq!(
        (q_counts.cancelled, q_counts.queued, q_counts.waiting),
        (4, 1, 0)
    );
    assert_eq!((side_counts.cancelled, side_counts.queued), (2, 0));
    let never_started = bed.store.children(flow.hold.key).await.unwrap();
    let found = world.invocation(&never_started[1].1).await.unwrap();
    assert_eq!((found.state, found.attempt), (State::Cancelled, 0));
    assert_eq!((found.host, found.started_at), (None, None));
    assert!(found.finished_at.is_some());
    assert_eq!(keys(&world.claim(host, q, 10).await.claimed), stranger);
}

async fn what_a_host_holds_is_asked_for_and_its_outcome_becomes_cancelled(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(1)).await;
    let host = world.host("a").await;
    for outcome in [
        super::world::value("42"),
        failure(FailureKind::Trap),
        failure(FailureKind::Cancelled),
    ] {
        let claimed = running(&world, host, q).await;
        let mut signals = bed.store.subscribe();

        let done = bed
            .store
            .cancel(&[claimed.hold.key], "enough")
            .await
            .unwrap();
        hear(&mut signals, |signal| *signal == Signal::Cancel).await;
        let held = bed.store.held(host).await.unwrap();
        let shown = world.invocation(&claimed.id).await.unwrap();
        let mut end = ended_with(&claimed, outcome);
        end.log = "ending\n".to_owned();
        let exchange = Exchange {
            ended: vec![end],
            ..Exchange::default()
        };
        let lost = world.exchange(host, exchange).await.lost;

        assert_eq!((done.ended, done.asked), (vec![], vec![claimed.hold.key]));
        assert_eq!((held.len(), held[0].cancelled), (1, true));
        assert_eq!((shown.state, shown.cancelling), (State::Running, true));
        assert!(lost.is_empty());
        assert_eq!(reason(&world, &claimed).await, "enough");
        let found = world.invocation(&claimed.id).await.unwrap();
        assert_eq!((found.host, found.attempt), (Some(host), 1));
        assert_eq!(bed.store.log(claimed.hold.key).await.unwrap().len(), 1);
    }
    let counts = world.counts("q").await;
    assert_eq!(
        (counts.succeeded, counts.failed, counts.cancelled),
        (0, 0, 3)
    );
}

async fn what_is_reserved_is_asked_for(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(2)).await;
    let host = world.host("a").await;
    world.fill("q", 2).await;
    let claimed = world.claim(host, q, 2).await.claimed;

    let done = bed.store.cancel(&[claimed[0].hold.key], "enough").await;
    let lost = world.give_back(host, q, &claimed[0], None).await;

    assert_eq!(done.unwrap().asked, [claimed[0].hold.key]);
    assert!(lost.is_empty());
    assert_eq!(reason(&world, &claimed[0]).await, "enough");
    let found = world.invocation(&claimed[0].id).await.unwrap();
    assert_eq!(found.attempt, 0, "it never executed");
    let held = bed.store.held(host).await.unwrap();
    assert_eq!((held.len(), held[0].cancelled), (1, false));
}

async fn an_end_that_was_sent_twice_stays_cancelled(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let claimed = running(&world, host, q).await;
    bed.store
        .cancel(&[claimed.hold.key], "enough")
        .await
        .unwrap();

    let first = world.finish(host, std::slice::from_ref(&claimed)).await;
    let again = world.finish(host, std::slice::from_ref(&claimed)).await;

    assert!(first.is_empty() && again.is_empty());
    assert_eq!(world.state(&claimed.id).await, State::Cancelled);
    assert_eq!(world.counts("q").await.cancelled, 1);
}

async fn detached_children_are_spared(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let mut sent = world
        .steps_with(&flow, vec![world.call("q"), world.workflow("q")])
        .await;
    sent.children[1].detached = true;
    let children = world.record(host, sent).await.unwrap();
    world.wait(host, q, &flow, for_message("go")).await;
    let claimed = world.claim(host, q, 2).await.claimed;
    let below = world
        .enqueue_children(host, &claimed[1], vec![world.call("q")])
        .await;

    let done = bed.store.cancel(&[flow.hold.key], "enough").await.unwrap();

    assert_eq!(done.ended, [flow.hold.key]);
    assert_eq!(done.asked, [children[0].key]);
    assert!(world.finish(host, &claimed).await.is_empty());
    assert_eq!(world.state(&claimed[0].id).await, State::Cancelled);
    assert_eq!(world.state(&claimed[1].id).await, State::Succeeded);
    assert_eq!(keys(&world.claim(host, q, 10).await.claimed), below);
    let found = world.invocation(&children[1].id).await.unwrap();
    assert_eq!(
        found.parent,
        Some(flow.id),
        "detached children have a parent too"
    );
}

async fn what_goes_back_with_a_wish_ends_as_cancelled(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let host = world.host("a").await;
    let claimed = running(&world, host, q).await;
    let next = world.fill("q", 1).await;
    let key = claimed.hold.key;
    bed.store.cancel(&[key], "enough").await.unwrap();
    let mut signals = bed.store.subscribe();

    let lost = world.give_back(host, q, &claimed, Some("stopped")).await;

    assert!(lost.is_empty());
    hear(
        &mut signals,
        |signal| matches!(signal, Signal::Ended(keys) if keys.contains(&key)),
    )
    .await;
    assert_eq!(reason(&world, &claimed).await, "enough");
    assert_eq!(world.counts("q").await.cancelled, 1);
    let attempts = bed.store.lost_attempts(key).await.unwrap();
    assert_eq!((attempts.len(), attempts[0].attempt), (1, 1));
    assert_eq!(keys(&world.claim(host, q, 1).await.claimed), next);
}

async fn a_wait_with_a_wish_ends_as_cancelled(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let next = world.fill("q", 1).await;
    bed.store.cancel(&[flow.hold.key], "enough").await.unwrap();

    let granted = world
        .wait_and_claim(host, q, &flow, for_message("go"), 1)
        .await;

    assert_eq!(reason(&world, &flow).await, "enough");
    assert_eq!(keys(&granted.claimed), next, "its slot is free");
    let counts = world.counts("q").await;
    assert_eq!((counts.waiting, counts.cancelled), (0, 1));
}

async fn what_a_dead_host_held_with_a_wish_ends_as_cancelled(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let mut claimed = vec![running(&world, host, q).await];
    world.fill("q", 2).await;
    claimed.extend(world.claim(host, q, 2).await.claimed);
    let wished: Vec<_> = claimed[..2]
        .iter()
        .map(|claimed| claimed.hold.key)
        .collect();
    bed.store.cancel(&wished, "enough").await.unwrap();

    let rescued = world.kill(host).await;

    assert_eq!((rescued.returned, rescued.failed.len()), (1, 0));
    assert_eq!(reason(&world, &claimed[0]).await, "enough");
    assert_eq!(reason(&world, &claimed[1]).await, "enough");
    assert_eq!(world.state(&claimed[2].id).await, State::Queued);
    assert_eq!(bed.store.lost_attempts(wished[0]).await.unwrap().len(), 1);
    assert!(bed.store.lost_attempts(wished[1]).await.unwrap().is_empty());
    assert_eq!(world.counts("q").await.cancelled, 2);
}

async fn what_a_host_that_leaves_held_with_a_wish_ends_as_cancelled(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(2)).await;
    let host = world.host("a").await;
    let first = running(&world, host, q).await;
    let key = first.hold.key;
    bed.store.cancel(&[key], "enough").await.unwrap();
    bed.store.leave(host).await.unwrap();

    assert_eq!(reason(&world, &first).await, "enough");
    assert_eq!(bed.store.ended(&[key]).await.unwrap(), [key]);
    assert_eq!(bed.store.lost_attempts(key).await.unwrap().len(), 1);
    let next = running(&world, world.host("b").await, q).await;
    assert_ne!(next.hold.key, key);
}

async fn a_cancelled_child_makes_its_waiting_parent_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(1)).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let calls = vec![world.call("q"), world.call("q")];
    let children = world.enqueue_children(host, &flow, calls).await;
    let first = world
        .wait_and_claim(host, q, &flow, for_all(&children), 1)
        .await;

    let done = bed.store.cancel(&children, "enough").await.unwrap();
    let meanwhile = world.claim(host, q, 1).await.claimed;
    world.finish(host, &first.claimed).await;
    let resumed = world.claim(host, q, 1).await.claimed;

    assert_eq!(
        (done.asked, done.ended),
        (children[..1].to_vec(), children[1..].to_vec())
    );
    assert!(meanwhile.is_empty());
    assert_eq!(keys(&resumed), [flow.hold.key]);
    let outcomes = bed.store.outcomes(&children).await.unwrap();
    assert_eq!(outcomes.len(), 2);
    assert!(
        outcomes
            .iter()
            .all(|ended| ended.outcome.state() == State::Cancelled)
    );
}

async fn a_workflow_cancels_its_children(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let calls = (0..3).map(|_| world.workflow("q")).collect();
    let children = world.enqueue_children(host, &flow, calls).await;
    let claimed = world.claim(host, q, 1).await.claimed;
    let mut signals = bed.store.subscribe();

    let sent = Steps {
        cancels: children[..2].to_vec(),
        children: vec![Child {
            detached: true,
            ..attached(world.call("q"))
        }],
        ..steps(&flow, 1)
    };
    let stored = world.record(host, sent.clone()).await.unwrap();
    hear(&mut signals, |signal| *signal == Signal::Cancel).await;
    let again = world.record(host, sent).await.unwrap();

    assert_eq!(stored[0].key, again[0].key);
    assert_eq!(bed.store.ended(&children).await.unwrap(), children[1..2]);
    world.finish(host, &claimed).await;
    assert!(!reason(&world, &claimed[0]).await.is_empty());
    let left = world.claim(host, q, 10).await.claimed;
    assert_eq!(keys(&left), [children[2], stored[0].key]);
}

async fn what_has_ended_stays_as_it_is(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let claimed = running(&world, host, q).await;
    world.finish(host, std::slice::from_ref(&claimed)).await;

    let done = bed
        .store
        .cancel(&[claimed.hold.key, Key(1 << 40)], "late")
        .await;

    let done = done.unwrap();
    assert!(done.ended.is_empty() && done.asked.is_empty());
    assert_eq!(world.state(&claimed.id).await, State::Succeeded);
}

async fn the_first_reason_stands(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let claimed = running(&world, host, q).await;

    bed.store
        .cancel(&[claimed.hold.key], "first")
        .await
        .unwrap();
    bed.store
        .cancel(&[claimed.hold.key], "second")
        .await
        .unwrap();
    world.finish(host, std::slice::from_ref(&claimed)).await;

    assert_eq!(reason(&world, &claimed).await, "first");
}

async fn a_cancelled_head_lets_the_next_one_start(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(1)).await;
    let host = world.host("a").await;
    let stored = world.fill("q", 2).await;

    let done = bed.store.cancel(&stored[..1], "enough").await.unwrap();
    let claimed = world.claim(host, q, 1).await.claimed;

    assert_eq!(done.ended, stored[..1]);
    assert_eq!(keys(&claimed), stored[1..]);
}
