//! Rate limits: never one start too many in any period, over all hosts, and none too few.

use windlass::model::queue::{Partitions, Settings, TOKEN_GRACE_MS};
use windlass::model::{HostNumber, Moment, QueueId};

use super::bed::Bed;
use super::clock::Clock;
use super::controls::{partitioned, partitions, rate, rated};
use super::families::until;
use super::world::{World, capped, keys};

cases!(
    no_period_has_more_starts_than_the_limit_and_none_is_wasted,
    claims_of_several_hosts_at_once_stay_within_the_limit,
    a_closed_queue_says_exactly_when_it_opens,
    what_goes_back_unstarted_is_counted_no_more,
    a_start_stays_counted_though_it_goes_back,
    what_a_dead_host_had_claimed_stays_counted,
    a_retry_counts_again,
    a_workflow_that_goes_on_does_not_count,
    a_start_in_a_lent_slot_counts,
    a_higher_limit_lets_more_start_at_once,
    a_lower_limit_counts_what_has_started,
    a_limit_that_is_lifted_holds_nothing_back,
    each_partition_has_a_rate_of_its_own,
    the_rate_of_the_queue_holds_over_all_partitions,
    a_closed_partition_does_not_hold_back_the_others,
    what_goes_back_unstarted_is_counted_no_more_in_its_partition,
);

const PERIOD_MS: u64 = 1_000;
/// A start that was counted may come so much later.
const WINDOW_US: i64 = ((PERIOD_MS + TOKEN_GRACE_MS) * 1_000) as i64;
/// To a thousandth of the period the store may round.
const GRAIN_US: i64 = PERIOD_MS as i64;

/// A queue that lets so many start a second, with so many calls; a host.
async fn a_queue(
    bed: &Bed,
    settings: Settings,
    calls: usize,
) -> (World, Clock, QueueId, HostNumber) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", settings).await;
    let host = world.host("a").await;
    world.fill("q", calls).await;
    (world, clock, queue, host)
}

/// The most that were counted within a period and the time a start may come late.
fn most_in_a_window(counted: &[(Moment, usize)]) -> usize {
    let until = |end: Moment| {
        let inside = |at: Moment| at > end.moved(-WINDOW_US) && at <= end;
        let within = counted.iter().filter(move |(at, _)| inside(*at));
        within.map(|(_, count)| count).sum()
    };
    counted.iter().map(|(end, _)| until(*end)).max().unwrap()
}

async fn no_period_has_more_starts_than_the_limit_and_none_is_wasted(bed: Bed) {
    let (world, clock, queue, a) = a_queue(&bed, rated(5), 200).await;
    let other = world.through(bed.second().await);
    let hosts = [
        (&world, a),
        (&world, world.host("b").await),
        (&other, other.host("c").await),
    ];
    let began = clock.now();
    let mut counted = Vec::new();

    for round in 0..150_usize {
        // From 7 to 131 ms, a different one each time.
        clock
            .forward_us((7 + (round as i64 * 37) % 125) * 1_000 + 13)
            .await;
        let (world, host) = hosts[round % 3];
        let granted = world.claim(host, queue, 1 + (round % 4) as u32).await;
        counted.push((clock.now(), granted.claimed.len()));
        world.finish(host, &granted.claimed).await;
    }

    assert_eq!(most_in_a_window(&counted), 5);
    let started: usize = counted.iter().map(|(_, count)| count).sum();
    // Every window can be used up, but for the grain, and for the rounds before its five are claimed.
    let rounds_us = 5 * 132_000;
    let windows = (clock.now().0 - began.0) / (WINDOW_US + GRAIN_US + rounds_us);
    assert!(started >= 5 * windows as usize, "{started} in {windows}");
}

async fn claims_of_several_hosts_at_once_stay_within_the_limit(bed: Bed) {
    let (world, clock, queue, _) = a_queue(&bed, rated(20), 200).await;
    let other = world.through(bed.second().await);
    let hosts: Vec<_> = futures::future::join_all((0..6).map(async |number| {
        let world = if number % 2 == 0 { &world } else { &other };
        (world.clone(), world.host("h").await)
    }))
    .await;

    for _ in 0..3 {
        let claims = hosts
            .iter()
            .map(async |(world, host)| world.claim(*host, queue, 7).await.claimed.len());
        let claimed: usize = futures::future::join_all(claims).await.iter().sum();

        assert_eq!(claimed, 20);
        clock.forward_us(WINDOW_US + GRAIN_US).await;
    }
}

async fn a_closed_queue_says_exactly_when_it_opens(bed: Bed) {
    let (world, clock, queue, host) = a_queue(&bed, rated(2), 10).await;
    let first = world.claim(host, queue, 1).await;
    clock.forward_ms(300).await;
    let second = world.claim(host, queue, 5).await;

    let closed = world.claim(host, queue, 5).await;
    let opens_in = closed.opens_in_us.expect("only time holds it back") as i64;
    clock.forward_us(opens_in - 1).await;
    let early = world.claim(host, queue, 5).await;
    clock.forward_us(1).await;
    let open = world.claim(host, queue, 5).await;

    assert_eq!((first.claimed.len(), second.claimed.len()), (1, 1));
    assert!(first.counted_after_us.is_some());
    assert!(closed.claimed.is_empty() && !closed.drained);
    assert!(opens_in <= WINDOW_US + GRAIN_US - 300_000, "{opens_in}");
    assert!(early.claimed.is_empty());
    assert_eq!(early.opens_in_us, Some(1));
    assert_eq!(open.claimed.len(), 1);
}

async fn what_goes_back_unstarted_is_counted_no_more(bed: Bed) {
    let (world, _, queue, host) = a_queue(&bed, rated(3), 10).await;
    let taken = world.claim(host, queue, 5).await.claimed;

    for claimed in &taken[..2] {
        world.give_back(host, queue, claimed, None).await;
    }
    let again = world.claim(host, queue, 5).await.claimed;

    assert_eq!(taken.len(), 3);
    assert_eq!(keys(&again), keys(&taken[..2]));
}

async fn a_start_stays_counted_though_it_goes_back(bed: Bed) {
    let (world, clock, queue, host) = a_queue(&bed, rated(2), 10).await;
    let taken = world.claim(host, queue, 2).await.claimed;
    world.start(host, &taken[..1]).await;

    world
        .give_back(host, queue, &taken[0], Some("stopped"))
        .await;
    world
        .give_back(host, queue, &taken[1], Some("stopped"))
        .await;
    let closed = world.claim(host, queue, 2).await;
    clock.forward_us(WINDOW_US + GRAIN_US).await;
    let open = world.claim(host, queue, 2).await;

    assert!(closed.claimed.is_empty());
    assert_eq!(keys(&open.claimed), keys(&taken));
}

async fn what_a_dead_host_had_claimed_stays_counted(bed: Bed) {
    let (world, clock, queue, a) = a_queue(&bed, rated(4), 10).await;
    let b = world.host("b").await;
    let taken = world.claim(a, queue, 4).await.claimed;
    world.start(a, &taken[..2]).await;

    world.kill(a).await;
    let closed = world.claim(b, queue, 4).await;
    clock.forward_us(WINDOW_US + GRAIN_US).await;
    let open = world.claim(b, queue, 10).await;

    assert!(closed.claimed.is_empty());
    assert!(closed.opens_in_us.is_some());
    assert_eq!(keys(&open.claimed), keys(&taken));
}

async fn a_retry_counts_again(bed: Bed) {
    let (world, _, queue, host) = a_queue(&bed, rated(2), 1).await;
    for _ in 0..2 {
        let claimed = world.run_one(host, queue).await;
        assert!(world.retry(host, queue, &claimed, 0).await.is_empty());
    }

    let third = world.claim(host, queue, 1).await;

    assert!(third.claimed.is_empty());
    assert!(third.opens_in_us.is_some());
}

async fn a_workflow_that_goes_on_does_not_count(bed: Bed) {
    let (world, clock, queue, host) = a_queue(&bed, rated(1), 0).await;
    let flow = world.begin(host, queue, "q").await;
    world.fill("q", 1).await;

    let wait = until(clock.now());
    let granted = world.wait_and_claim(host, queue, &flow, wait, 5).await;

    assert_eq!(keys(&granted.claimed), [flow.hold.key]);
    assert!(granted.claimed[0].resumed);
}

async fn a_start_in_a_lent_slot_counts(bed: Bed) {
    let settings = Settings {
        rate_limit: rate(2),
        ..capped(1)
    };
    let (world, clock, queue, host) = a_queue(&bed, settings, 0).await;
    let (_, children) = world.begin_waiting(host, queue, 2).await;

    let first = world.claim_one(host, queue).await;
    world.finish_one(host, &first).await;
    let closed = world.claim(host, queue, 2).await;
    clock.forward_us(WINDOW_US + GRAIN_US).await;
    let second = world.claim_one(host, queue).await;

    assert_eq!((first.hold.key, first.lent), (children[0], true));
    assert!(closed.claimed.is_empty());
    assert!(closed.opens_in_us.is_some(), "only time holds it back");
    assert_eq!((second.hold.key, second.lent), (children[1], true));
}

async fn a_higher_limit_lets_more_start_at_once(bed: Bed) {
    let (world, _, queue, host) = a_queue(&bed, rated(2), 20).await;
    world.claim(host, queue, 10).await;

    world.queue("q", rated(5)).await;
    let more = world.claim(host, queue, 10).await;

    assert_eq!(more.settings.rate_limit, rate(5));
    assert_eq!(more.claimed.len(), 3);
}

async fn a_lower_limit_counts_what_has_started(bed: Bed) {
    let (world, clock, queue, host) = a_queue(&bed, rated(4), 20).await;
    world.claim(host, queue, 2).await;
    clock.forward_ms(600).await;
    world.claim(host, queue, 2).await;

    world.queue("q", rated(2)).await;
    let closed = world.claim(host, queue, 10).await;
    clock.forward_us(WINDOW_US + GRAIN_US - 600_000).await;
    let still = world.claim(host, queue, 10).await;
    clock.forward_ms(600).await;
    let open = world.claim(host, queue, 10).await;

    assert_eq!(closed.claimed.len(), 0);
    assert_eq!(still.claimed.len(), 0, "two are in the window yet");
    assert_eq!(open.claimed.len(), 2);
}

async fn a_limit_that_is_lifted_holds_nothing_back(bed: Bed) {
    let (world, _, queue, host) = a_queue(&bed, rated(1), 20).await;
    world.claim(host, queue, 10).await;

    world.queue("q", Settings::default()).await;
    let all = world.claim(host, queue, 50).await;

    assert_eq!(all.claimed.len(), 19);
    assert_eq!(all.opens_in_us, None);
}

/// Partitions of which each lets so many start a second.
fn rated_partitions(limit: u32) -> Settings {
    Settings {
        partitions: Some(Partitions {
            concurrency: None,
            rate_limit: rate(limit),
        }),
        ..partitioned(None)
    }
}

async fn each_partition_has_a_rate_of_its_own(bed: Bed) {
    let (world, clock, queue, host) = a_queue(&bed, rated_partitions(2), 0).await;
    world.fill_partition("q", "a", 5).await;
    world.fill_partition("q", "b", 5).await;

    let first = world.claim(host, queue, 20).await;
    let closed = world.claim(host, queue, 20).await;
    let opens_in = closed.opens_in_us.expect("only time holds it back");
    clock.forward_us(opens_in as i64).await;
    let second = world.claim(host, queue, 20).await;

    for granted in [&first, &second] {
        let mut taken = partitions(&granted.claimed);
        taken.sort_unstable();
        assert_eq!(taken, ["a", "a", "b", "b"]);
    }
    assert!(closed.claimed.is_empty() && !closed.drained);
}

async fn the_rate_of_the_queue_holds_over_all_partitions(bed: Bed) {
    let settings = Settings {
        rate_limit: rate(3),
        ..rated_partitions(2)
    };
    let (world, clock, queue, host) = a_queue(&bed, settings, 0).await;
    world.fill_partition("q", "a", 5).await;
    world.fill_partition("q", "b", 5).await;

    for _ in 0..2 {
        let taken = world.claim(host, queue, 20).await.claimed;
        let of_a = partitions(&taken).iter().filter(|key| **key == "a").count();

        assert_eq!(taken.len(), 3);
        assert!((1..=2).contains(&of_a));
        clock.forward_us(WINDOW_US + GRAIN_US).await;
    }
}

async fn a_closed_partition_does_not_hold_back_the_others(bed: Bed) {
    let (world, _, queue, host) = a_queue(&bed, rated_partitions(2), 0).await;
    world.fill_partition("q", "a", 5).await;
    world.claim(host, queue, 20).await;
    let others = world.fill_partition("q", "b", 1).await;

    let open = world.claim(host, queue, 20).await;

    assert_eq!(keys(&open.claimed), others);
    assert!(!open.drained);
    assert!(open.opens_in_us.is_some(), "the closed one opens later");
}

async fn what_goes_back_unstarted_is_counted_no_more_in_its_partition(bed: Bed) {
    let (world, _, queue, host) = a_queue(&bed, rated_partitions(1), 0).await;
    world.fill_partition("q", "a", 2).await;
    let taken = world.claim_one(host, queue).await;
    let closed = world.claim(host, queue, 5).await;

    world.give_back(host, queue, &taken, None).await;
    let again = world.claim(host, queue, 5).await;

    assert!(closed.claimed.is_empty());
    assert_eq!(keys(&again.claimed), [taken.hold.key]);
}
