//! Waking: what a subscriber hears, and only after the commit.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use windlass::model::Key;
use windlass::model::queue::Settings;
use windlass::store::{Claim, Signal};

use super::bed::Bed;
use super::world::{World, capped, claim, component, keys};

cases!(
    an_enqueue_tells_of_work,
    ends_are_told_after_they_can_be_read,
    settings_and_uploads_are_told,
    what_goes_back_is_told_as_work,
    a_rescue_tells_of_work,
    slots_given_up_for_another_host_are_told_as_work,
    another_store_on_the_same_data_hears_of_work,
    polling_finds_the_queues_in_which_something_may_be_claimed,
);

/// How long to wait for what must come: a bound for a broken store, not a measure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the signal comes; others may come before.
pub async fn hear(signals: &mut Receiver<Signal>, wanted: impl Fn(&Signal) -> bool) {
    tokio::time::timeout(PATIENCE, async {
        while !wanted(&signals.recv().await.expect("the store is open")) {}
    })
    .await
    .expect("the signal never came");
}

async fn hear_ended(signals: &mut Receiver<Signal>, wanted: &[Key]) {
    hear(
        signals,
        |signal| matches!(signal, Signal::Ended(keys) if wanted.iter().all(|key| keys.contains(key))),
    )
    .await;
}

async fn an_enqueue_tells_of_work(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let mut signals = bed.store.subscribe();

    world.fill("q", 1).await;

    hear(&mut signals, |signal| *signal == Signal::Work(queue)).await;
}

async fn ends_are_told_after_they_can_be_read(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let stored = world.fill("q", 2).await;
    let claimed = world.claim(host, queue, 2).await.claimed;
    let mut signals = bed.store.subscribe();

    let finishing = tokio::spawn({
        let world = world.clone();
        async move { world.finish(host, &claimed).await }
    });

    hear_ended(&mut signals, &stored).await;
    assert_eq!(bed.store.ended(&stored).await.unwrap().len(), 2);
    assert!(finishing.await.unwrap().is_empty());
}

async fn settings_and_uploads_are_told(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(1)).await;
    let mut signals = bed.store.subscribe();

    world.queue("q", capped(2)).await;
    hear(&mut signals, |signal| *signal == Signal::Settings(queue)).await;

    let next = component("demo", "1.1.0", b"demo two");
    let added = world.store.add_component(&world.namespace, &next).await;
    added.unwrap();
    hear(&mut signals, |signal| *signal == Signal::Catalogue).await;
}

async fn what_goes_back_is_told_as_work(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(1)).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    let mut signals = bed.store.subscribe();

    world.give_back(host, queue, &claimed[0], None).await;

    hear(&mut signals, |signal| *signal == Signal::Work(queue)).await;
}

async fn a_rescue_tells_of_work(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(1)).await;
    let host = world.host("a").await;
    let stored = world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    assert_eq!(keys(&claimed), stored);
    let mut signals = bed.store.subscribe();

    world.kill(host).await;

    hear(&mut signals, |signal| *signal == Signal::Work(queue)).await;
}

async fn slots_given_up_for_another_host_are_told_as_work(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(2)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 10).await;
    let mine = world.claim(a, queue, 2).await.claimed;
    world.claim(b, queue, 2).await;
    world.finish(a, &mine).await;
    let mut signals = bed.store.subscribe();

    let fair = Claim {
        slots: 2,
        ..claim(queue, 1)
    };
    world.claim_with(a, fair).await;

    hear(&mut signals, |signal| *signal == Signal::Work(queue)).await;
}

async fn another_store_on_the_same_data_hears_of_work(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let mut signals = bed.second().await.subscribe();

    world.fill("q", 1).await;

    hear(&mut signals, |signal| *signal == Signal::Work(queue)).await;
}

async fn polling_finds_the_queues_in_which_something_may_be_claimed(bed: Bed) {
    let world = World::new(&bed.store).await;
    let full = world.queue("full", Default::default()).await;
    world.queue("empty", Default::default()).await;
    let taken = world.queue("taken", Default::default()).await;
    let stopped = Settings {
        paused: true,
        ..Settings::default()
    };
    world.queue("paused", stopped).await;
    for name in ["full", "taken", "paused"] {
        world.fill(name, 2).await;
    }
    world.claim(world.host("a").await, taken, 2).await;

    let found = bed.store.claimable().await.unwrap();

    assert_eq!(found.queues, [full]);
    assert_eq!(found.next_at, None);
}
