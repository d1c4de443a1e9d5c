//! Pausing, and settings that change while a queue runs: each claim finds what holds now.

use windlass::model::queue::Settings;
use windlass::model::{HostNumber, QueueId, State};

use super::bed::Bed;
use super::controls::{after_ms, lanes, partitioned, within_ms};
use super::families::for_all;
use super::world::{World, capped, claim, keys, ordered};

cases!(
    nothing_starts_while_a_queue_is_paused,
    a_paused_queue_takes_calls_and_they_start_in_order,
    a_paused_queue_goes_on_with_workflows_that_waited,
    a_paused_queue_lends_no_slot,
    a_paused_queue_of_partitions_starts_nothing,
    time_goes_on_in_a_paused_queue,
    a_limit_that_comes_counts_what_executes,
    a_lower_limit_lets_nothing_start_until_enough_has_ended,
    a_limit_that_goes_holds_nothing_back,
    an_order_that_comes_holds_from_the_next_claim,
    every_claim_tells_the_settings_of_its_moment,
);

fn paused(settings: Settings) -> Settings {
    Settings {
        paused: true,
        ..settings
    }
}

async fn a_queue(bed: &Bed, settings: Settings) -> (World, QueueId, HostNumber) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", settings).await;
    let host = world.host("a").await;
    (world, queue, host)
}

async fn nothing_starts_while_a_queue_is_paused(bed: Bed) {
    for settings in [Settings::default(), capped(2), ordered(1)] {
        let (world, queue, host) = a_queue(&bed, settings.clone()).await;
        let stored = world.fill("q", 2).await;
        let first = world.claim_one(host, queue).await;
        world.finish_one(host, &first).await;

        world.queue("q", paused(settings.clone())).await;
        let held = world.claim(host, queue, 5).await;
        let claimable = world.is_claimable(queue).await;
        world.queue("q", settings).await;
        let on = world.claim(host, queue, 5).await;

        assert!(held.claimed.is_empty() && held.settings.paused);
        assert!(!held.drained && !claimable);
        assert_eq!(keys(&on.claimed), stored[1..]);
        world.finish(host, &on.claimed).await;
        world.store.leave(host).await.unwrap();
    }
}

async fn a_paused_queue_takes_calls_and_they_start_in_order(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, paused(ordered(1))).await;
    let stored = world.fill("q", 3).await;

    world.queue("q", ordered(1)).await;
    let mut order = Vec::new();
    for _ in 0..3 {
        let claimed = world.claim_one(host, queue).await;
        world.finish_one(host, &claimed).await;
        order.push(claimed.hold.key);
    }

    assert_eq!(order, stored);
}

async fn a_paused_queue_goes_on_with_workflows_that_waited(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, capped(1)).await;
    let aside = world.queue("aside", Settings::default()).await;
    let flow = world.begin(host, queue, "q").await;
    let calls = vec![world.call("aside")];
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, queue, &flow, for_all(&children)).await;

    world.queue("q", paused(capped(1))).await;
    let child = world.claim_one(host, aside).await;
    world.finish_one(host, &child).await;
    let on = world.claim_one(host, queue).await;

    assert_eq!(on.hold.key, flow.hold.key);
    assert!(on.resumed);
}

async fn a_paused_queue_lends_no_slot(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, capped(1)).await;
    let (_, children) = world.begin_waiting(host, queue, 1).await;

    world.queue("q", paused(capped(1))).await;
    let held = world.claim(host, queue, 5).await;
    world.queue("q", capped(1)).await;
    let on = world.claim(host, queue, 5).await;

    assert!(held.claimed.is_empty());
    assert_eq!(keys(&on.claimed), children);
}

async fn a_paused_queue_of_partitions_starts_nothing(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, paused(lanes())).await;
    let stored = world.fill_partition("q", "x", 1).await;

    let held = world.claim(host, queue, 5).await;
    let claimable = world.is_claimable(queue).await;
    world.queue("q", lanes()).await;
    let on = world.claim(host, queue, 5).await;

    assert!(held.claimed.is_empty() && !claimable);
    assert_eq!(held.opens_in_us, None, "no clock opens it");
    assert_eq!(keys(&on.claimed), stored);
}

async fn time_goes_on_in_a_paused_queue(bed: Bed) {
    let clock = bed.stop_clock().await;
    let (world, _, _) = a_queue(&bed, paused(Settings::default())).await;
    let calls = vec![
        world.call_with("q", after_ms(100)),
        world.call_with("q", within_ms(100)),
    ];
    let stored = world.enqueue(calls).await.unwrap();

    clock.forward_ms(100).await;
    world.tick(clock.now()).await;

    assert_eq!(world.state(&stored[0].id).await, State::Queued);
    assert_eq!(world.state(&stored[1].id).await, State::Failed);
}

async fn a_limit_that_comes_counts_what_executes(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, Settings::default()).await;
    world.fill("q", 10).await;
    let executing = world.claim(host, queue, 3).await.claimed;
    world.start(host, &executing).await;

    world.queue("q", ordered(4)).await;
    let mut busy = claim(queue, 10);
    busy.executing = 3;
    let own = world.claim_with(host, busy).await;

    assert_eq!(own.slots, Some(4));
    assert_eq!(own.claimed.len(), 1);
}

async fn a_lower_limit_lets_nothing_start_until_enough_has_ended(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, ordered(4)).await;
    world.fill("q", 10).await;
    let executing = world.claim(host, queue, 4).await.claimed;

    world.queue("q", ordered(2)).await;
    let mut taken = Vec::new();
    for (ended, claimed) in executing.iter().take(3).enumerate() {
        let mut busy = claim(queue, 10);
        busy.executing = 4 - ended as u32;
        taken.push(world.claim_with(host, busy).await.claimed.len());
        world.finish_one(host, claimed).await;
    }
    let mut busy = claim(queue, 10);
    busy.executing = 1;
    let room = world.claim_with(host, busy).await;

    assert_eq!(taken, [0, 0, 0]);
    assert_eq!((room.slots, room.claimed.len()), (Some(2), 1));
}

async fn a_limit_that_goes_holds_nothing_back(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, ordered(1)).await;
    world.fill("q", 10).await;
    world.claim_one(host, queue).await;

    world.queue("q", Settings::default()).await;
    let all = world.claim(host, queue, 20).await;

    assert_eq!((all.slots, all.claimed.len()), (None, 9));
    assert!(all.drained);
}

async fn an_order_that_comes_holds_from_the_next_claim(bed: Bed) {
    let clock = bed.stop_clock().await;
    let (world, queue, host) = a_queue(&bed, capped(2)).await;
    let stored = world.fill("q", 3).await;
    let first = world.run_one(host, queue).await;

    world.queue("q", ordered(2)).await;
    world.retry(host, queue, &first, 1_000).await;
    let held = world.claim(host, queue, 5).await.claimed;
    clock.forward_ms(1_000).await;
    world.tick(clock.now()).await;
    let on = world.claim(host, queue, 5).await.claimed;

    assert!(held.is_empty());
    assert_eq!(keys(&on), stored[..2]);
}

async fn every_claim_tells_the_settings_of_its_moment(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, Settings::default()).await;

    for settings in [
        capped(3),
        ordered(1),
        partitioned(Some(7)),
        lanes(),
        paused(capped(1)),
        Settings::default(),
    ] {
        world.queue("q", settings.clone()).await;
        let granted = world.claim(host, queue, 1).await;

        assert_eq!(granted.settings, settings);
    }
}
