//! Recovered: what becomes of what a dead host held, and of a host that leaves.

use windlass::model::{FailureKind, HostNumber, Outcome, State};
use windlass::store::{Claim, Claimed, Error};

use super::bed::Bed;
use super::world::{DEATHS_MAX, World, capped, claim, keys, ordered};

cases!(
    a_dead_hosts_invocations_go_back_to_their_places,
    a_death_counts_only_for_what_was_executing,
    an_invocation_that_three_hosts_died_of_fails_as_host_lost,
    what_a_dead_host_held_is_told_to_be_suspect_and_is_not_running,
    what_two_hosts_died_of_is_not_claimed_straight_to_running,
    a_dead_hosts_slots_are_free,
    a_host_that_beat_meanwhile_is_not_rescued,
    a_dead_host_is_rescued_once_and_renews_no_more,
    raced_rescues_take_a_host_once,
    a_renewal_tells_of_the_other_hosts,
    a_host_that_leaves_gives_everything_back_without_a_death,
    what_a_host_holds_is_told,
    an_exchange_raced_by_a_rescue_is_whole_or_refused,
);

async fn a_dead_hosts_invocations_go_back_to_their_places(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let stored = world.fill("q", 4).await;
    let claimed = world.claim(a, queue, 3).await.claimed;
    world.start(a, &claimed[..2]).await;

    let rescued = world.kill(a).await;
    let again = world.claim(b, queue, 10).await.claimed;

    assert_eq!((rescued.returned, rescued.failed.len()), (3, 0));
    assert_eq!(rescued.queues, [queue]);
    assert_eq!(keys(&again), stored);
    for (before, after) in claimed.iter().zip(&again) {
        assert!(after.hold.fence > before.hold.fence);
        assert_eq!(after.place, before.place);
    }
    let attempts: Vec<_> = again.iter().map(|claimed| claimed.attempt).collect();
    assert_eq!(attempts, [2, 2, 1, 1]);
    let lost = world.store.lost_attempts(stored[0]).await.unwrap();
    assert_eq!((lost.len(), lost[0].attempt, lost[0].host), (1, 1, a));
}

async fn a_death_counts_only_for_what_was_executing(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 1).await;

    for _ in 0..DEATHS_MAX + 1 {
        let host = world.host("h").await;
        let claimed = world.claim(host, queue, 1).await.claimed.remove(0);
        assert!(!claimed.running);
        let rescued = world.kill(host).await;
        assert!(rescued.failed.is_empty());
    }

    let found = world.claim(world.host("h").await, queue, 1).await.claimed;
    assert_eq!(keys(&found), stored);
    assert!(!found[0].alone, "nobody died of it");
    assert!(
        world
            .store
            .lost_attempts(stored[0])
            .await
            .unwrap()
            .is_empty()
    );
}

async fn what_two_hosts_died_of_is_not_claimed_straight_to_running(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", ordered(1)).await;
    world.fill("q", 1).await;
    let mut running = Vec::new();

    for _ in 0..DEATHS_MAX {
        let host = world.host("h").await;
        let claimed = world.claim(host, queue, 1).await.claimed.remove(0);
        running.push((claimed.running, claimed.alone));
        world.kill(host).await;
    }

    // It waits to execute alone: a host that dies meanwhile has not died of it.
    assert_eq!(running, [(true, false), (true, false), (false, true)]);
}

async fn an_invocation_that_three_hosts_died_of_fails_as_host_lost(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 2).await;
    let mut alone = Vec::new();
    let mut failed = Vec::new();
    let mut id = None;

    for _ in 0..DEATHS_MAX {
        let host = world.host("h").await;
        let claimed = world.claim(host, queue, 1).await.claimed.remove(0);
        assert_eq!(claimed.hold.key, stored[0]);
        alone.push(claimed.alone);
        world.start(host, std::slice::from_ref(&claimed)).await;
        id = Some(claimed.id);
        failed.push(world.kill(host).await.failed);
    }

    assert_eq!(alone, [false, false, true]);
    assert_eq!(failed, [vec![], vec![], vec![stored[0]]]);
    let found = world.invocation(&id.unwrap()).await.unwrap();
    assert_eq!((found.state, found.attempt), (State::Failed, 3));
    let Some(Outcome::Error(failure)) = found.outcome else {
        panic!("no failure")
    };
    assert_eq!(failure.kind, FailureKind::HostLost);
    let counts = world.counts("q").await;
    assert_eq!((counts.failed, counts.queued, counts.running), (1, 1, 0));
}

async fn what_a_dead_host_held_is_told_to_be_suspect_and_is_not_running(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(2)).await;
    let stored = world.fill("q", 6).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let claimed = world.claim_with(a, ahead(queue, 4)).await.claimed;
    world.start(a, &claimed[..1]).await;
    world.kill(a).await;

    let first = world.claim_with(b, ahead(queue, 10)).await;

    assert_eq!(keys(&first.claimed), stored);
    let suspect: Vec<_> = first
        .claimed
        .iter()
        .map(|claimed| claimed.suspect)
        .collect();
    assert_eq!(suspect, [true, true, true, true, false, false]);
    assert!(first.claimed.iter().all(|claimed| !claimed.running));
    assert_eq!(world.counts("q").await.running, 0);
}

fn ahead(queue: windlass::model::QueueId, rows: u32) -> Claim {
    Claim {
        slots: 2,
        ..claim(queue, rows)
    }
}

async fn a_dead_hosts_slots_are_free(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", ordered(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let stored = world.fill("q", 2).await;
    world.claim(a, queue, 1).await;
    let before = world.claim(b, queue, 1).await;

    world.kill(a).await;
    let after = world.claim(b, queue, 1).await;

    assert!(before.claimed.is_empty());
    assert_eq!(keys(&after.claimed), [stored[0]]);
}

async fn a_host_that_beat_meanwhile_is_not_rescued(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    let seen = beat(&world, host).await;

    world.store.renew(host, &[]).await.unwrap();
    let rescued = world.store.rescue(host, seen, DEATHS_MAX).await.unwrap();

    assert_eq!(rescued, None);
    assert!(world.finish(host, &claimed).await.is_empty());
}

async fn beat(world: &World, host: HostNumber) -> i64 {
    let hosts = world.store.hosts().await.unwrap();
    let found = hosts.into_iter().find(|found| found.number == host);
    found.expect("the host is registered").beat
}

async fn a_dead_host_is_rescued_once_and_renews_no_more(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let seen = beat(&world, host).await;
    world.kill(host).await;

    let again = world.store.rescue(host, seen, DEATHS_MAX).await.unwrap();
    let renewed = world.store.renew(host, &[]).await;

    assert_eq!(again, None);
    assert!(matches!(renewed, Err(Error::LeaseLost(lost)) if lost == host));
    assert!(world.store.hosts().await.unwrap().is_empty());
    assert_ne!(world.host("a").await, host, "it registers as another");
}

async fn raced_rescues_take_a_host_once(bed: Bed) {
    let world = World::new(&bed.store).await;
    let second = world.through(bed.second().await);
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 10).await;
    let claimed = world.claim(host, queue, 10).await.claimed;
    world.start(host, &claimed).await;
    let seen = beat(&world, host).await;

    let mut rescues = tokio::task::JoinSet::new();
    for number in 0..8 {
        let world = if number % 2 == 0 { &world } else { &second }.clone();
        rescues.spawn(async move { world.store.rescue(host, seen, DEATHS_MAX).await.unwrap() });
    }
    let rescued: Vec<_> = rescues.join_all().await.into_iter().flatten().collect();

    assert_eq!(rescued.len(), 1);
    assert_eq!(rescued[0].returned, 10);
    let lost = world.store.lost_attempts(claimed[0].hold.key).await;
    assert_eq!(lost.unwrap().len(), 1);
}

async fn a_renewal_tells_of_the_other_hosts(bed: Bed) {
    let world = World::new(&bed.store).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let gone = world.host("gone").await;
    world.store.leave(gone).await.unwrap();
    let before = beat(&world, b).await;
    world.store.renew(b, &[]).await.unwrap();

    let told = world.store.renew(a, &[]).await.unwrap();

    assert_eq!(told.others.len(), 1);
    let (other, counter, lease_ms) = told.others[0];
    assert_eq!((other, lease_ms), (b, 10_000));
    assert!(counter > before);
    assert!(told.now.is_some());
}

async fn a_host_that_leaves_gives_everything_back_without_a_death(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(2)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let stored = world.fill("q", 2).await;
    let claimed = world.claim(a, queue, 2).await.claimed;
    world.start(a, &claimed[..1]).await;

    world.store.leave(a).await.unwrap();
    let again = world.claim(b, queue, 2).await;

    assert_eq!(keys(&again.claimed), stored);
    assert!(again.claimed.iter().all(|claimed| !claimed.running));
    assert_eq!(again.slots, Some(2));
    assert!(matches!(
        world.store.renew(a, &[]).await,
        Err(Error::LeaseLost(_))
    ));
    assert_eq!(world.store.hosts().await.unwrap().len(), 1);
}

async fn what_a_host_holds_is_told(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 5).await;
    let claimed = world.claim(host, queue, 3).await.claimed;
    world.start(host, &claimed[..1]).await;

    let mut held = world.store.held(host).await.unwrap();

    held.sort_by_key(|held| held.hold);
    let holds: Vec<_> = held.iter().map(|held| held.hold).collect();
    let expected: Vec<_> = claimed.iter().map(|claimed| claimed.hold).collect();
    assert_eq!(holds, expected);
    let running: Vec<_> = held.iter().map(|held| held.running).collect();
    assert_eq!(running, [true, false, false]);
    assert!(held.iter().all(|held| held.queue == queue));
    assert_eq!(world.store.hosts().await.unwrap()[0].holds, 3);
}

async fn an_exchange_raced_by_a_rescue_is_whole_or_refused(bed: Bed) {
    let world = World::new(&bed.store).await;
    let second = world.through(bed.second().await);
    let queue = world.queue("q", Default::default()).await;

    for _ in 0..10 {
        let host = world.host("a").await;
        world.fill("q", 20).await;
        let claimed: Vec<Claimed> = world.claim(host, queue, 20).await.claimed;
        world.start(host, &claimed).await;
        let seen = beat(&world, host).await;

        let rescuer = second.clone();
        let rescue =
            tokio::spawn(async move { rescuer.store.rescue(host, seen, DEATHS_MAX).await });
        let exchange = windlass::store::Exchange {
            ended: claimed.iter().map(super::world::ended).collect(),
            ..Default::default()
        };
        let exchanged = world.store.exchange(host, exchange).await;
        let rescued = rescue.await.unwrap().unwrap().expect("it did not beat");

        match exchanged {
            Ok(exchanged) => {
                assert!(exchanged.lost.is_empty());
                assert_eq!(rescued.returned, 0);
            }
            Err(Error::LeaseLost(_)) => assert_eq!(rescued.returned, 20),
            Err(other) => panic!("{other}"),
        }
        // What went back is taken out of the way of the next round.
        let cleaner = world.host("b").await;
        let rest = world.claim(cleaner, queue, 100).await.claimed;
        world.finish(cleaner, &rest).await;
        world.store.leave(cleaner).await.unwrap();
    }
}
