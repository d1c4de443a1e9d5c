//! Deadlines: what has not ended by then ends as a timeout, wherever it stands, and starts no more.

use windlass::model::{Controls, FailureKind, HostNumber, Moment, Outcome, State};
use windlass::store::{NewCall, Signal};

use super::bed::Bed;
use super::clock::Clock;
use super::controls::{after_ms, lanes, partitioned, within_ms};
use super::families::{for_all, for_message};
use super::signals::hear;
use super::world::{World, capped, claim, keys, ordered};

cases!(
    a_queued_call_ends_by_its_deadline,
    a_scheduled_call_ends_by_its_deadline,
    a_workflow_that_waits_ends_by_its_deadline_and_frees_its_slot,
    a_retry_that_waits_ends_by_its_deadline,
    nothing_starts_past_its_deadline_though_the_clock_was_not_asked,
    a_claim_tells_how_much_time_is_left,
    what_a_host_has_is_left_to_the_host,
    what_goes_back_past_its_deadline_ends,
    children_end_by_the_deadline_of_their_parent,
    a_parent_is_told_that_its_child_came_too_late,
    more_than_one_batch_past_its_deadline_ends,
    what_follows_on_an_ordered_queue_goes_on,
);

async fn begin(bed: &Bed) -> (World, Clock, HostNumber) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    (world, clock, host)
}

async fn pass(world: &World, clock: &Clock, ms: u64) {
    clock.forward_ms(ms).await;
    world.tick(clock.now()).await;
}

async fn a_queued_call_ends_by_its_deadline(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let late = world
        .enqueue_one(world.call_with("q", within_ms(500)))
        .await;
    let other = world.fill("q", 1).await;
    let deadline = clock.now().moved_ms(500);
    let found = world.tick(clock.now()).await;
    let shown = world.invocation(&late.id).await.unwrap();
    let mut signals = bed.store.subscribe();

    clock.set(deadline.moved(-1)).await;
    world.tick(clock.now()).await;
    let before = world.state(&late.id).await;
    clock.set(deadline).await;
    let after = world.tick(deadline).await;

    hear(
        &mut signals,
        |signal| matches!(signal, Signal::Ended(ended) if ended.contains(&late.key)),
    )
    .await;
    assert_eq!(found.next_at, Some(deadline));
    assert_eq!(shown.deadline_at, Some(deadline));
    assert_eq!(before, State::Queued);
    assert_eq!(after.next_at, None);
    let ended = world.invocation(&late.id).await.unwrap();
    assert_eq!(ended.state, State::Failed);
    let Some(Outcome::Error(failure)) = ended.outcome else {
        panic!("it ended with an error")
    };
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.message.contains("deadline"), "{}", failure.message);
    assert_eq!(ended.finished_at, Some(deadline));
    assert_eq!(keys(&world.claim(host, queue, 5).await.claimed), other);
    let counts = world.counts("q").await;
    assert_eq!((counts.failed, counts.running + counts.queued), (1, 1));
}

async fn a_scheduled_call_ends_by_its_deadline(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let due_in_time = Controls {
        deadline_ms: Some(500),
        ..after_ms(400)
    };
    let stored = world.enqueue_one(world.call_with("q", due_in_time)).await;

    pass(&world, &clock, 600).await;

    assert_eq!(world.kind(&stored.id).await, Some(FailureKind::Timeout));
    assert!(world.claim(host, queue, 1).await.claimed.is_empty());
    let counts = world.counts("q").await;
    assert_eq!((counts.scheduled, counts.queued, counts.failed), (0, 0, 1));
}

async fn a_workflow_that_waits_ends_by_its_deadline_and_frees_its_slot(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", capped(1)).await;
    let call = NewCall {
        workflow: true,
        ..world.call_with("q", within_ms(500))
    };
    let stored = world.enqueue_one(call).await;
    let flow = world.run_one(host, queue).await;
    let next = world.fill("q", 1).await;
    let full = world
        .wait_and_claim(host, queue, &flow, for_message("go"), 1)
        .await;

    pass(&world, &clock, 500).await;
    let freed = world.claim(host, queue, 1).await.claimed;

    assert!(full.claimed.is_empty());
    assert_eq!(world.kind(&stored.id).await, Some(FailureKind::Timeout));
    assert_eq!(keys(&freed), next);
    assert_eq!(world.counts("q").await.waiting, 0);
}

async fn a_retry_that_waits_ends_by_its_deadline(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    for (name, settings) in [
        ("plain", Default::default()),
        ("ordered", ordered(1)),
        ("lanes", lanes()),
    ] {
        let queue = world.queue(name, settings).await;
        let stored = world
            .enqueue_one(world.call_with(name, within_ms(500)))
            .await;
        let claimed = world.run_one(host, queue).await;
        world.retry(host, queue, &claimed, 400).await;

        pass(&world, &clock, 600).await;

        let kind = world.kind(&stored.id).await;
        assert_eq!(kind, Some(FailureKind::Timeout), "{name}");
        assert!(world.claim(host, queue, 1).await.claimed.is_empty());
    }
}

async fn nothing_starts_past_its_deadline_though_the_clock_was_not_asked(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    for (name, settings) in [
        ("plain", Default::default()),
        ("capped", capped(3)),
        ("ordered", ordered(1)),
        ("keyed", partitioned(Some(1))),
    ] {
        let queue = world.queue(name, settings).await;
        let late = world
            .enqueue_one(world.call_with(name, within_ms(500)))
            .await;
        let mut call = world.call(name);
        call.controls.partition = Some("other".to_owned());
        let other = world.enqueue_one(call).await;

        clock.forward_ms(500).await;
        let first = world.claim(host, queue, 1).await.claimed;
        world.tick(clock.now()).await;
        let second = world.claim(host, queue, 1).await.claimed;

        let taken = [keys(&first), keys(&second)].concat();
        assert_eq!(taken, [other.key], "{name}");
        assert_eq!(world.kind(&late.id).await, Some(FailureKind::Timeout));
    }
}

async fn a_claim_tells_how_much_time_is_left(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    for (name, settings) in [
        ("plain", Default::default()),
        ("capped", capped(9)),
        ("ordered", ordered(9)),
        ("keyed", partitioned(None)),
    ] {
        let queue = world.queue(name, settings).await;
        let calls = vec![world.call_with(name, within_ms(500)), world.call(name)];
        world.enqueue(calls).await.unwrap();
        clock.forward_us(123_456).await;

        let claimed = world.claim(host, queue, 2).await.claimed;

        let left: Vec<_> = claimed.iter().map(|claimed| claimed.left_us).collect();
        assert_eq!(left, [Some(500_000 - 123_456), None], "{name}");
    }
}

async fn what_a_host_has_is_left_to_the_host(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let call = || world.call_with("q", within_ms(500));
    let stored = world.enqueue(vec![call(), call()]).await.unwrap();
    let claimed = world.claim(host, queue, 2).await.claimed;
    world.start(host, &claimed[..1]).await;

    pass(&world, &clock, 1_000).await;
    let running = world.state(&stored[0].id).await;
    let reserved = world.state(&stored[1].id).await;
    let lost = world.finish(host, &claimed).await;

    assert_eq!((running, reserved), (State::Running, State::Queued));
    assert!(lost.is_empty());
    assert_eq!(world.state(&stored[0].id).await, State::Succeeded);
}

async fn what_goes_back_past_its_deadline_ends(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    let call = || world.call_with("q", within_ms(500));
    let stored = world.enqueue(vec![call(), call()]).await.unwrap();
    let claimed = world.claim(host, queue, 2).await.claimed;

    clock.forward_ms(500).await;
    world.give_back(host, queue, &claimed[0], None).await;
    world.kill(host).await;
    world.tick(clock.now()).await;

    for call in stored {
        assert_eq!(world.kind(&call.id).await, Some(FailureKind::Timeout));
    }
}

async fn children_end_by_the_deadline_of_their_parent(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", capped(1)).await;
    let call = NewCall {
        workflow: true,
        ..world.call_with("q", within_ms(1_000))
    };
    let deadline = clock.now().moved_ms(1_000);
    world.enqueue_one(call).await;
    let flow = world.run_one(host, queue).await;
    clock.forward_ms(400).await;
    let calls = vec![
        world.call("q"),
        world.call_with("q", within_ms(100)),
        world.call_with("q", within_ms(5_000)),
    ];
    let steps = world.steps_with(&flow, calls).await;
    let stored = world.record(host, steps).await.unwrap();

    let mut deadlines: Vec<Option<Moment>> = Vec::new();
    for child in &stored {
        deadlines.push(world.invocation(&child.id).await.unwrap().deadline_at);
    }
    world.wait(host, queue, &flow, for_message("go")).await;
    pass(&world, &clock, 600).await;

    let sooner = deadline.moved(-500_000);
    assert_eq!(deadlines, [Some(deadline), Some(sooner), Some(deadline)]);
    for id in stored.iter().map(|child| &child.id).chain([&flow.id]) {
        assert_eq!(world.kind(id).await, Some(FailureKind::Timeout));
    }
    let counts = world.counts("q").await;
    assert_eq!((counts.failed, counts.queued, counts.waiting), (4, 0, 0));
}

async fn a_parent_is_told_that_its_child_came_too_late(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", Default::default()).await;
    world.queue("paused", paused()).await;
    let flow = world.begin(host, queue, "q").await;
    let calls = vec![world.call_with("paused", within_ms(500))];
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, queue, &flow, for_all(&children)).await;
    let before = world.claim(host, queue, 1).await.claimed;

    pass(&world, &clock, 500).await;
    let on = world.claim(host, queue, 1).await.claimed;

    assert!(before.is_empty());
    assert_eq!(keys(&on), [flow.hold.key]);
    let outcomes = world.store.outcomes(&children).await.unwrap();
    assert_eq!(outcomes[0].outcome.kind(), Some(FailureKind::Timeout));
}

fn paused() -> windlass::model::queue::Settings {
    windlass::model::queue::Settings {
        paused: true,
        ..Default::default()
    }
}

async fn more_than_one_batch_past_its_deadline_ends(bed: Bed) {
    let (world, clock, _) = begin(&bed).await;
    world.queue("q", paused()).await;
    let calls = (0..2_300)
        .map(|number| world.call_with("q", within_ms(1 + number % 5)))
        .collect();
    world.enqueue(calls).await.unwrap();

    pass(&world, &clock, 1_000).await;

    let counts = world.counts("q").await;
    assert_eq!((counts.queued, counts.failed), (0, 2_300));
}

async fn what_follows_on_an_ordered_queue_goes_on(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let queue = world.queue("q", ordered(1)).await;
    world
        .enqueue_one(world.call_with("q", within_ms(500)))
        .await;
    let claimed = world.run_one(host, queue).await;
    let next = world.fill("q", 1).await;
    world.retry(host, queue, &claimed, 499).await;
    let held = world.claim_with(host, claim(queue, 1)).await;

    pass(&world, &clock, 500).await;
    let on = world.claim(host, queue, 1).await.claimed;

    assert!(held.claimed.is_empty());
    assert_eq!(keys(&on), next);
}
