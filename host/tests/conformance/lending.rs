//! Lent slots: a waiting workflow keeps its slot, and lends it to its descendants.

use windlass::model::queue::Settings;
use windlass::store::{Claim, Wait};

use super::bed::Bed;
use super::families::{for_all, for_any, for_message};
use super::world::{World, capped, claim, keys, ordered};

cases!(
    a_waiting_workflow_keeps_its_slot,
    a_waiting_workflow_lends_its_slot_to_one_descendant_at_a_time_in_order,
    three_levels_on_a_queue_of_one_finish_in_order_and_never_two_execute,
    a_holder_that_is_ready_goes_before_further_descendants,
    a_holder_that_is_ready_waits_for_who_executes_in_its_slot,
    a_free_slot_goes_to_the_head_and_the_lent_one_to_a_descendant,
    a_descendant_through_another_queue_borrows,
    a_free_slot_is_used_before_a_lent_one,
    a_pause_stops_borrowed_starts_but_not_resumes,
    what_comes_after_the_family_waits_for_its_slot,
    on_a_queue_without_a_limit_nothing_is_lent,
);

async fn a_waiting_workflow_keeps_its_slot(bed: Bed) {
    let world = World::new(&bed.store).await;
    for (name, settings) in [("loose", capped(1)), ("strict", ordered(1))] {
        let q = world.queue(name, settings).await;
        let (a, b) = (world.host("a").await, world.host("b").await);
        let flow = world.begin(a, q, name).await;
        let next = world.fill(name, 2).await;

        let mine = world
            .wait_and_claim(a, q, &flow, for_message("go"), 10)
            .await;
        let others = world.claim(b, q, 10).await;
        world.send(&flow.id, "go").await;
        let resumed = world.claim(b, q, 10).await.claimed;
        let meanwhile = world.claim(a, q, 10).await.claimed;
        world.finish_one(b, &resumed[0]).await;
        let afterwards = world.claim(a, q, 1).await.claimed;

        assert!(mine.claimed.is_empty() && others.claimed.is_empty());
        assert_eq!((mine.slots, others.slots), (Some(0), Some(0)));
        assert_eq!(keys(&resumed), [flow.hold.key]);
        assert!(resumed[0].resumed && resumed[0].lent && resumed[0].running);
        assert!(meanwhile.is_empty());
        assert_eq!(keys(&afterwards), next[..1]);
        assert!(!afterwards[0].lent);
        world.store.leave(a).await.unwrap();
    }
}

async fn a_waiting_workflow_lends_its_slot_to_one_descendant_at_a_time_in_order(bed: Bed) {
    let world = World::new(&bed.store).await;
    for (name, settings) in [("loose", capped(1)), ("strict", ordered(1))] {
        let q = world.queue(name, settings.clone()).await;
        let (a, b) = (world.host("a").await, world.host("b").await);
        let flow = world.begin(a, q, name).await;
        let stranger = world.fill(name, 1).await;
        let calls = (0..3).map(|_| world.call(name)).collect();
        let children = world.enqueue_children(a, &flow, calls).await;
        world.wait(a, q, &flow, for_all(&children)).await;

        for child in &children {
            let borrowed = world.claim(a, q, 10).await.claimed;
            let second = world.claim(b, q, 10).await.claimed;
            assert_eq!(keys(&borrowed), [*child]);
            assert!(borrowed[0].lent && !borrowed[0].resumed);
            assert_eq!(borrowed[0].running, settings.is_ordered());
            assert!(second.is_empty());
            world.start(a, &borrowed).await;
            assert!(world.claim(a, q, 10).await.claimed.is_empty());
            world.finish_one(a, &borrowed[0]).await;
        }
        let resumed = world.claim(b, q, 10).await.claimed;
        assert_eq!(keys(&resumed), [flow.hold.key]);
        assert!(world.claim(a, q, 10).await.claimed.is_empty());
        world.finish_one(b, &resumed[0]).await;
        assert_eq!(keys(&world.claim(a, q, 10).await.claimed), stranger);
        world.store.leave(a).await.unwrap();
    }
}

async fn three_levels_on_a_queue_of_one_finish_in_order_and_never_two_execute(bed: Bed) {
    let world = World::new(&bed.store).await;
    let strict = world.queue("strict", ordered(1)).await;
    let loose = world.queue("loose", capped(1)).await;
    let hosts = [world.host("a").await, world.host("b").await];
    for (name, q) in [("strict", strict), ("loose", loose)] {
        world.enqueue(vec![world.workflow(name)]).await.unwrap();
        world.fill(name, 1).await;
        let (mut places, mut ended) = (Vec::new(), 0);
        while ended < 1 + 2 + 4 + 8 + 1 {
            let mut executing = Vec::new();
            for host in hosts {
                // The one that executes is not told of: the other host claims meanwhile.
                let granted = world.claim(host, q, 1).await;
                executing.extend(granted.claimed.into_iter().map(|claimed| (host, claimed)));
            }
            assert_eq!(executing.len(), 1, "one executes, and nobody waits in vain");
            let (host, claimed) = executing.remove(0);
            if !claimed.resumed {
                places.push(claimed.place);
            }
            if claimed.resumed || !claimed.workflow {
                world.finish_one(host, &claimed).await;
                ended += 1;
                continue;
            }
            let call = match claimed.depth {
                0 | 1 => world.workflow(name),
                _ => world.call(name),
            };
            let children = world
                .enqueue_children(host, &claimed, vec![call.clone(), call])
                .await;
            world.wait(host, q, &claimed, for_all(&children)).await;
        }
        let stranger = places.pop().expect("it started last");
        assert!(places.is_sorted());
        assert!(
            stranger < places[1],
            "it came before the children and had no slot"
        );
        let counts = world.counts(name).await;
        assert_eq!(
            (counts.succeeded, counts.waiting, counts.queued),
            (16, 0, 0)
        );
    }
}

async fn a_holder_that_is_ready_goes_before_further_descendants(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let calls = (0..3).map(|_| world.call("q")).collect();
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, q, &flow, for_any(&children)).await;
    let first = world.claim(host, q, 10).await.claimed;
    world.send(&flow.id, "unheard").await;

    world.finish_one(host, &first[0]).await;
    let next = world.claim(host, q, 10).await.claimed;

    assert_eq!(keys(&first), children[..1]);
    assert_eq!(keys(&next), [flow.hold.key]);
    let again = world
        .wait_and_claim(host, q, &next[0], for_all(&children[1..]), 10)
        .await;
    assert_eq!(keys(&again.claimed), children[1..2]);
}

async fn a_holder_that_is_ready_waits_for_who_executes_in_its_slot(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let flow = world.begin(a, q, "q").await;
    let calls = vec![world.call("q"), world.call("q")];
    let children = world.enqueue_children(a, &flow, calls).await;
    let either = Wait {
        messages: vec!["go".to_owned()],
        ..for_all(&children)
    };
    world.wait(a, q, &flow, either).await;
    let borrowed = world.claim(a, q, 10).await.claimed;
    world.start(a, &borrowed).await;

    world.send(&flow.id, "go").await;
    let meanwhile = world.claim(b, q, 10).await.claimed;
    world.finish_one(a, &borrowed[0]).await;
    let afterwards = world.claim(b, q, 10).await.claimed;

    assert_eq!(keys(&borrowed), children[..1]);
    assert!(meanwhile.is_empty(), "its slot is in use");
    assert_eq!(keys(&afterwards), [flow.hold.key]);
}

async fn a_free_slot_goes_to_the_head_and_the_lent_one_to_a_descendant(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(2)).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let strangers = world.fill("q", 2).await;
    let calls = (0..2).map(|_| world.call("q")).collect();
    let children = world.enqueue_children(host, &flow, calls).await;

    let granted = world
        .wait_and_claim(host, q, &flow, for_all(&children), 10)
        .await;
    let busy = Claim {
        executing: 1,
        ..claim(q, 10)
    };
    let more = world.claim_with(host, busy).await;

    assert_eq!(granted.slots, Some(1));
    assert_eq!(keys(&granted.claimed), [strangers[0], children[0]]);
    let lent: Vec<_> = granted.claimed.iter().map(|claimed| claimed.lent).collect();
    assert_eq!(lent, [false, true]);
    assert!(more.claimed.is_empty());
}

async fn a_free_slot_is_used_before_a_lent_one(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(2)).await;
    let host = world.host("a").await;
    let (flow, children) = world.begin_waiting(host, q, 3).await;

    let both = world.claim(host, q, 10).await.claimed;
    world.finish_one(host, &both[0]).await;
    let third = world.claim(host, q, 10).await.claimed;

    assert_eq!(keys(&both), children[..2]);
    assert!(!both[0].lent && both[1].lent);
    assert_eq!(keys(&third), children[2..]);
    assert!(!third[0].lent);
    world.finish_one(host, &third[0]).await;
    world.finish_one(host, &both[1]).await;
    assert_eq!(
        keys(&world.claim(host, q, 1).await.claimed),
        [flow.hold.key]
    );
}

async fn a_descendant_through_another_queue_borrows(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(1)).await;
    let side = world.queue("side", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    world.fill("q", 1).await;
    let calls = vec![world.workflow("side")];
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, q, &flow, for_all(&children)).await;
    let aside = world.claim(host, side, 1).await.claimed.remove(0);
    let grandchildren = world
        .enqueue_children(host, &aside, vec![world.call("q")])
        .await;

    let borrowed = world.claim(host, q, 10).await.claimed;

    assert!(!aside.lent, "there is no limit on its queue");
    assert_eq!(keys(&borrowed), grandchildren);
    assert!(borrowed[0].lent);
    assert_eq!(borrowed[0].depth, 2);
}

async fn a_pause_stops_borrowed_starts_but_not_resumes(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let host = world.host("a").await;
    let (flow, children) = world.begin_waiting(host, q, 1).await;
    let paused = Settings {
        paused: true,
        ..capped(1)
    };

    world.queue("q", paused.clone()).await;
    let stopped = world.claim(host, q, 10).await.claimed;
    world.queue("q", capped(1)).await;
    let borrowed = world.claim(host, q, 10).await.claimed;
    world.finish_one(host, &borrowed[0]).await;
    world.queue("q", paused).await;
    let found = world.is_claimable(q).await;
    let resumed = world.claim(host, q, 10).await.claimed;

    assert!(stopped.is_empty());
    assert_eq!(keys(&borrowed), children);
    assert!(found, "what may go on is found though the queue is paused");
    assert_eq!(keys(&resumed), [flow.hold.key]);
}

async fn what_comes_after_the_family_waits_for_its_slot(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(2)).await;
    let host = world.host("a").await;
    let mut flows = Vec::new();
    for _ in 0..2 {
        let flow = world.begin(host, q, "q").await;
        world.wait(host, q, &flow, for_message("go")).await;
        flows.push(flow);
    }
    let strangers = world.fill("q", 2).await;

    let none = world.claim(host, q, 10).await;
    world.send(&flows[1].id, "go").await;
    let resumed = world.claim(host, q, 10).await;
    world.finish_one(host, &resumed.claimed[0]).await;
    let free = world.claim(host, q, 10).await;

    assert_eq!((none.slots, none.claimed.len()), (Some(0), 0));
    assert!(!none.drained);
    assert_eq!(keys(&resumed.claimed), [flows[1].hold.key]);
    assert_eq!(resumed.slots, Some(0), "it goes on in its own slot");
    assert_eq!(free.slots, Some(1));
    assert_eq!(keys(&free.claimed), strangers[..1]);
}

async fn on_a_queue_without_a_limit_nothing_is_lent(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let (flow, children) = world.begin_waiting(host, q, 5).await;

    let claimed = world.claim(host, q, 10).await;

    assert_eq!(keys(&claimed.claimed), children);
    assert!(claimed.claimed.iter().all(|child| !child.lent));
    assert_eq!((claimed.slots, claimed.drained), (None, true));
    assert!(world.finish(host, &claimed.claimed).await.is_empty());
    assert_eq!(
        keys(&world.claim(host, q, 1).await.claimed),
        [flow.hold.key]
    );
}
