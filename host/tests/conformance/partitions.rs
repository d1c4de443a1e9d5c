//! Partitions: limits and order of each key, fair turns among keys, and what a limit of the whole
//! queue does besides.

use std::collections::BTreeMap;

use windlass::model::queue::Settings;
use windlass::model::{HostNumber, QueueId};

use super::bed::Bed;
use super::controls::{lanes, partitioned, partitions};
use super::world::{World, keys};

cases!(
    a_key_never_has_more_than_its_limit,
    claims_of_several_hosts_at_once_keep_the_limit_of_each_key,
    a_limit_of_the_whole_queue_holds_over_all_keys,
    keys_take_turns_whatever_their_backlog,
    turns_go_on_where_the_last_claim_stopped,
    many_keys_each_have_their_turn,
    what_is_left_of_a_claim_goes_to_who_has_more,
    within_a_key_priority_and_place_decide,
    starts_of_an_ordered_key_wait_for_the_end_of_the_one_before,
    calls_without_a_key_stand_in_one_partition,
    a_queue_without_partitions_takes_no_notice_of_keys,
    whatever_ends_or_goes_back_makes_room_in_its_key,
    a_queue_of_full_keys_is_not_drained,
    the_settings_tell_how_many_of_a_key_from_now_on,
);

async fn a_queue(bed: &Bed, settings: Settings) -> (World, QueueId, HostNumber) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", settings).await;
    let host = world.host("a").await;
    (world, queue, host)
}

/// How many of each key.
fn tally<'a>(keys: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut tally = BTreeMap::new();
    for key in keys {
        *tally.entry(key).or_default() += 1;
    }
    tally
}

async fn a_key_never_has_more_than_its_limit(bed: Bed) {
    let (world, queue, a) = a_queue(&bed, partitioned(Some(2))).await;
    let b = world.host("b").await;
    for key in ["x", "y"] {
        world.fill_partition("q", key, 5).await;
    }

    let first = world.claim(a, queue, 3).await.claimed;
    let second = world.claim(b, queue, 10).await.claimed;
    let full = world.claim(a, queue, 10).await.claimed;
    world.finish(a, &first[..1]).await;
    let next = world.claim(b, queue, 10).await.claimed;

    assert_eq!(first.len(), 3);
    let taken = [partitions(&first), partitions(&second)].concat();
    assert_eq!(tally(taken), BTreeMap::from([("x", 2), ("y", 2)]));
    assert!(full.is_empty());
    assert_eq!(partitions(&next), partitions(&first[..1]));
}

async fn claims_of_several_hosts_at_once_keep_the_limit_of_each_key(bed: Bed) {
    let (world, queue, _) = a_queue(&bed, partitioned(Some(2))).await;
    let second = world.through(bed.second().await);
    let names: Vec<_> = (0..10).map(|number| format!("key {number}")).collect();
    for name in &names {
        world.fill_partition("q", name, 6).await;
    }

    let claims = (0..6).map(async |number| {
        let world = if number % 2 == 0 { &world } else { &second };
        let host = world.host("h").await;
        world.claim(host, queue, 9).await.claimed
    });
    let claimed = futures::future::join_all(claims).await.concat();

    assert_eq!(claimed.len(), 20);
    let taken = tally(partitions(&claimed));
    assert!(taken.values().all(|count| *count == 2), "{taken:?}");
}

async fn a_limit_of_the_whole_queue_holds_over_all_keys(bed: Bed) {
    let settings = Settings {
        concurrency: Some(3),
        ordered: Some(true),
        ..partitioned(Some(2))
    };
    let (world, queue, host) = a_queue(&bed, settings).await;
    for key in ["x", "y"] {
        world.fill_partition("q", key, 3).await;
    }

    let first = world.claim(host, queue, 10).await;
    let other = world.claim(world.host("b").await, queue, 10).await;
    world.finish(host, &first.claimed).await;
    let second = world.claim(host, queue, 10).await;

    assert_eq!(first.slots, Some(3));
    let taken = tally(partitions(&first.claimed));
    assert!(taken == BTreeMap::from([("x", 2), ("y", 1)]) || taken["y"] == 2);
    assert_eq!(first.claimed.len(), 3);
    assert!(other.claimed.is_empty());
    assert!(second.claimed.len() <= 2, "the other host has its part now");
}

async fn keys_take_turns_whatever_their_backlog(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, partitioned(None)).await;
    world.fill_partition("q", "huge", 300).await;
    for key in ["large", "small"] {
        world.fill_partition("q", key, 4).await;
    }

    let mut rounds = Vec::new();
    for _ in 0..4 {
        rounds.push(world.claim(host, queue, 3).await.claimed);
    }
    let rest = world.claim(host, queue, 3).await.claimed;

    for claimed in &rounds {
        let taken = tally(partitions(claimed));
        assert_eq!(
            taken,
            BTreeMap::from([("huge", 1), ("large", 1), ("small", 1)])
        );
    }
    assert_eq!(partitions(&rest), ["huge"; 3]);
}

async fn turns_go_on_where_the_last_claim_stopped(bed: Bed) {
    let (world, queue, a) = a_queue(&bed, partitioned(Some(10))).await;
    let b = world.host("b").await;
    for key in ["k1", "k2", "k3", "k4", "k5"] {
        world.fill_partition("q", key, 4).await;
    }

    let mut turns = Vec::new();
    for (host, rows) in [(a, 2), (b, 2), (a, 1), (b, 1), (b, 3), (a, 1)] {
        turns.extend(world.claim(host, queue, rows).await.claimed);
    }

    for round in partitions(&turns).chunks(5) {
        assert_eq!(tally(round.iter().copied()).len(), 5, "{round:?}");
    }
}

async fn many_keys_each_have_their_turn(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, partitioned(Some(1))).await;
    let names: Vec<_> = (0..300).map(|number| format!("{number}")).collect();
    for name in &names {
        world.fill_partition("q", name, 2).await;
    }

    let mut turns = Vec::new();
    for _ in 0..6 {
        let claimed = world.claim(host, queue, 50).await.claimed;
        assert!(world.finish(host, &claimed).await.is_empty());
        turns.extend(claimed);
    }

    assert_eq!(tally(partitions(&turns)).len(), 300);
}

async fn what_is_left_of_a_claim_goes_to_who_has_more(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, partitioned(Some(5))).await;
    world.fill_partition("q", "many", 9).await;
    world.fill_partition("q", "one", 1).await;

    let claimed = world.claim(host, queue, 20).await.claimed;

    let taken = tally(partitions(&claimed));
    assert_eq!(taken, BTreeMap::from([("many", 5), ("one", 1)]));
}

async fn within_a_key_priority_and_place_decide(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, partitioned(Some(1))).await;
    let mut calls: Vec<_> = (0..8)
        .map(|number| world.call_of("q", ["x", "y"][number % 2]))
        .collect();
    for (call, priority) in calls.iter_mut().zip([0, 0, 0, -1, -1, 0, 3, -1]) {
        call.priority = priority;
    }
    let stored = world.enqueue(calls).await.unwrap();

    let mut order: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for _ in 0..4 {
        let claimed = world.claim(host, queue, 10).await.claimed;
        for one in &claimed {
            let partition = one.partition.clone().expect("the queue has partitions");
            order.entry(partition).or_default().push(one.hold.key);
        }
        world.finish(host, &claimed).await;
    }

    let of = |places: [usize; 4]| places.map(|at| stored[at].key).to_vec();
    assert_eq!(order["x"], of([4, 0, 2, 6]));
    assert_eq!(order["y"], of([3, 7, 1, 5]));
}

async fn starts_of_an_ordered_key_wait_for_the_end_of_the_one_before(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, lanes()).await;
    let x = world.fill_partition("q", "x", 3).await;
    let y = world.fill_partition("q", "y", 1).await;

    let first = world.claim(host, queue, 10).await.claimed;
    let none = world.claim(host, queue, 10).await.claimed;
    let of_x: Vec<_> = first
        .iter()
        .filter(|one| one.hold.key == x[0])
        .cloned()
        .collect();
    world.finish(host, &of_x).await;
    let second = world.claim(host, queue, 10).await.claimed;

    let mut taken = keys(&first);
    taken.sort_unstable();
    assert_eq!(taken, [x[0], y[0]]);
    assert!(first.iter().all(|claimed| claimed.running));
    assert!(none.is_empty());
    assert_eq!(keys(&second), [x[1]]);
}

async fn calls_without_a_key_stand_in_one_partition(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, partitioned(Some(1))).await;
    let nameless = world.fill("q", 3).await;
    let named = world.fill_partition("q", "x", 1).await;

    let claimed = world.claim(host, queue, 10).await.claimed;

    let mut taken = keys(&claimed);
    taken.sort_unstable();
    assert_eq!(taken, [nameless[0], named[0]]);
    assert_eq!(
        tally(partitions(&claimed)),
        BTreeMap::from([("", 1), ("x", 1)])
    );
}

async fn a_queue_without_partitions_takes_no_notice_of_keys(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, Settings::default()).await;
    let mut stored = world.fill_partition("q", "x", 2).await;
    stored.extend(world.fill("q", 1).await);
    stored.extend(world.fill_partition("q", "a", 1).await);

    let claimed = world.claim(host, queue, 10).await.claimed;

    assert_eq!(keys(&claimed), stored);
    assert!(claimed.iter().all(|claimed| claimed.partition.is_none()));
}

async fn whatever_ends_or_goes_back_makes_room_in_its_key(bed: Bed) {
    let (world, queue, a) = a_queue(&bed, lanes()).await;
    let b = world.host("b").await;
    let x = world.fill_partition("q", "x", 5).await;
    let one = world.claim_one(a, queue).await;

    world.give_back(a, queue, &one, Some("stopped")).await;
    let returned = world.claim_one(b, queue).await;
    world.kill(b).await;
    let rescued = world.claim_one(a, queue).await;
    world.store.leave(a).await.unwrap();
    let c = world.host("c").await;
    let left = world.claim_one(c, queue).await;
    world.cancel(&x[..2]).await;
    world.finish(c, std::slice::from_ref(&left)).await;
    let next = world.claim_one(c, queue).await;

    for claimed in [&returned, &rescued, &left] {
        assert_eq!(claimed.hold.key, x[0]);
    }
    assert_eq!(next.hold.key, x[2], "what was cancelled is gone");
    assert!(world.claim(c, queue, 5).await.claimed.is_empty());
}

async fn a_queue_of_full_keys_is_not_drained(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, partitioned(Some(1))).await;
    world.fill_partition("q", "x", 2).await;

    let first = world.claim(host, queue, 10).await;
    let full = world.claim(host, queue, 10).await;
    world.finish(host, &first.claimed).await;
    let last = world.claim(host, queue, 10).await;

    assert_eq!((first.claimed.len(), first.drained), (1, false));
    assert_eq!((full.claimed.len(), full.drained), (0, false));
    assert_eq!(full.opens_in_us, None, "no clock opens it");
    assert_eq!((last.claimed.len(), last.drained), (1, true));
}

async fn the_settings_tell_how_many_of_a_key_from_now_on(bed: Bed) {
    let (world, queue, host) = a_queue(&bed, partitioned(Some(1))).await;
    world.fill_partition("q", "x", 9).await;
    let one = world.claim(host, queue, 10).await.claimed;

    world.queue("q", partitioned(Some(3))).await;
    let more = world.claim(host, queue, 10).await.claimed;
    world.queue("q", partitioned(Some(2))).await;
    world.finish(host, &one).await;
    let full = world.claim(host, queue, 10).await.claimed;
    world.finish(host, &more[..1]).await;
    let next = world.claim(host, queue, 10).await.claimed;
    world.queue("q", partitioned(None)).await;
    let rest = world.claim(host, queue, 10).await.claimed;

    assert_eq!((one.len(), more.len()), (1, 2));
    assert!(full.is_empty());
    assert_eq!((next.len(), rest.len()), (1, 5));
}
