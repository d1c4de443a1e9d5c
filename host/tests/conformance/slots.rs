//! Slots between hosts: given back, regained, shared.

use windlass::store::Claim;

use super::bed::Bed;
use super::world::{World, capped, claim, keys};

cases!(
    slots_that_are_given_back_are_another_hosts,
    a_drained_queue_keeps_no_slot_from_another_host,
    two_hosts_that_want_all_slots_share_them,
    what_executes_keeps_its_slot_though_another_host_waits,
    only_a_host_that_holds_all_slots_claims_ahead,
    reserved_ones_count_against_what_may_start,
);

async fn slots_that_are_given_back_are_another_hosts(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(2)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 10).await;
    let mine = world.claim(a, queue, 2).await;
    let none = world.claim(b, queue, 2).await;

    world.finish(a, &mine.claimed).await;
    let back = Claim {
        slots: 0,
        rows: 0,
        ..claim(queue, 0)
    };
    let empty = world.claim_with(a, back).await;
    let gained = world.claim(b, queue, 2).await;

    assert_eq!((none.slots, none.claimed.len()), (Some(0), 0));
    assert_eq!(empty.slots, Some(0));
    assert!(empty.contended);
    assert_eq!((gained.slots, gained.claimed.len()), (Some(2), 2));
}

async fn a_drained_queue_keeps_no_slot_from_another_host(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(4)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 1).await;

    let one = world.claim(a, queue, 4).await;
    world.fill("q", 10).await;
    let rest = world.claim(b, queue, 4).await;

    assert_eq!((one.slots, one.drained), (Some(1), true));
    assert_eq!((rest.slots, rest.claimed.len()), (Some(3), 3));
}

async fn two_hosts_that_want_all_slots_share_them(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(4)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 40).await;
    let all = world.claim(a, queue, 4).await;
    let waiting = world.claim(b, queue, 4).await;

    world.finish(a, &all.claimed).await;
    let fair = world.claim(a, queue, 4).await;
    let gained = world.claim(b, queue, 4).await;

    assert_eq!((all.slots, all.claimed.len()), (Some(4), 4));
    assert_eq!((waiting.slots, waiting.claimed.len()), (Some(0), 0));
    assert!(fair.contended);
    assert_eq!((fair.slots, fair.claimed.len()), (Some(2), 2));
    assert_eq!((gained.slots, gained.claimed.len()), (Some(2), 2));
}

async fn what_executes_keeps_its_slot_though_another_host_waits(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(4)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 40).await;
    let all = world.claim(a, queue, 4).await;
    world.start(a, &all.claimed).await;
    world.claim(b, queue, 4).await;

    let busy = Claim {
        executing: 4,
        ..claim(queue, 4)
    };
    let asked = world.claim_with(a, busy).await;
    let still = world.claim(b, queue, 4).await;

    assert!(asked.claimed.is_empty());
    assert!(asked.contended);
    assert_eq!((still.slots, still.claimed.len()), (Some(0), 0));
}

async fn only_a_host_that_holds_all_slots_claims_ahead(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(2)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let stored = world.fill("q", 40).await;

    let mut alone = claim(queue, 10);
    alone.slots = 2;
    let ahead = world.claim_with(a, alone.clone()).await;
    let counts = world.counts("q").await;
    for claimed in &ahead.claimed {
        world.give_back(a, queue, claimed, None).await;
    }
    let mut one = alone.clone();
    one.slots = 1;
    let some = world.claim_with(a, one).await;
    let other = world.claim_with(b, alone).await;

    assert_eq!(keys(&ahead.claimed), stored[..10]);
    assert!(ahead.claimed.iter().all(|claimed| !claimed.running));
    assert_eq!(
        (counts.queued, counts.running),
        (40, 0),
        "to the outside what is reserved is queued"
    );
    assert_eq!((some.slots, some.claimed.len()), (Some(1), 1));
    assert_eq!((other.slots, other.claimed.len()), (Some(1), 1));
}

async fn reserved_ones_count_against_what_may_start(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(4)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 40).await;
    let one = Claim {
        slots: 1,
        ..claim(queue, 1)
    };
    world.claim_with(b, one).await;

    let three = world.claim(a, queue, 2).await;
    let more = world
        .claim_with(
            a,
            Claim {
                reserved: 2,
                slots: 4,
                ..claim(queue, 10)
            },
        )
        .await;

    assert_eq!(three.claimed.len(), 2);
    assert_eq!((more.slots, more.claimed.len()), (Some(3), 1));
}
