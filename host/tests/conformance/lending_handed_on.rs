//! Lent slots when a family changes: holders that end first, lenders and hosts that go.

use windlass::model::{Moment, State};
use windlass::store::{Child, Steps};

use super::bed::Bed;
use super::families::{for_all, for_any, for_message, steps, until};
use super::world::{World, capped, keys, ordered};

cases!(
    if_the_holder_is_cancelled_the_slot_passes_to_the_borrower,
    if_the_holder_ends_first_the_slot_passes_to_the_borrower,
    when_a_lender_ends_its_queued_descendants_turn_to_the_next_ancestor,
    a_dead_hosts_borrower_goes_back_and_the_slot_can_be_lent_again,
    a_returned_borrower_regains_its_place,
    a_dead_hosts_resumed_workflow_goes_back_to_its_place,
);

async fn if_the_holder_is_cancelled_the_slot_passes_to_the_borrower(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let flow = world.begin(a, q, "q").await;
    let stranger = world.fill("q", 1).await;
    let detached = Steps {
        children: vec![Child {
            call: world.call("q"),
            detached: true,
        }],
        ..steps(&flow, 0)
    };
    let child = world.record(a, detached).await.unwrap().remove(0).key;
    world.wait(a, q, &flow, for_all(&[child])).await;
    let borrowed = world.claim(a, q, 10).await.claimed;
    world.start(a, &borrowed).await;

    let done = world
        .store
        .cancel(&[flow.hold.key], "enough")
        .await
        .unwrap();
    let meanwhile = world.claim(b, q, 10).await.claimed;
    world.finish_one(a, &borrowed[0]).await;
    let afterwards = world.claim(b, q, 10).await.claimed;

    assert_eq!(keys(&borrowed), [child]);
    assert_eq!((done.ended, done.asked), (vec![flow.hold.key], vec![]));
    assert!(meanwhile.is_empty());
    assert_eq!(world.state(&borrowed[0].id).await, State::Succeeded);
    assert_eq!(keys(&afterwards), stranger);
}

async fn if_the_holder_ends_first_the_slot_passes_to_the_borrower(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(1)).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let stranger = world.fill("q", 1).await;
    let calls = vec![world.workflow("q"), world.call("q")];
    let children = world.enqueue_children(host, &flow, calls).await;
    let granted = world
        .wait_and_claim(host, q, &flow, for_any(&children), 10)
        .await;
    let child = &granted.claimed[0];
    let task = world
        .wait_and_claim(host, q, child, for_message("go"), 10)
        .await;
    world.finish_one(host, &task.claimed[0]).await;
    let resumed = world.claim(host, q, 10).await.claimed;
    assert_eq!(keys(&resumed), [flow.hold.key]);

    world.finish_one(host, &resumed[0]).await;
    let nothing = world.claim(host, q, 10).await.claimed;
    world.send(&child.id, "go").await;
    let passed = world.claim(host, q, 10).await.claimed;
    let meanwhile = world.claim(host, q, 10).await.claimed;
    world.finish_one(host, &passed[0]).await;
    let afterwards = world.claim(host, q, 10).await.claimed;

    assert_eq!(keys(&task.claimed), children[1..]);
    assert!(nothing.is_empty(), "the child that waits has the slot now");
    assert_eq!(keys(&passed), children[..1]);
    assert!(passed[0].resumed && passed[0].lent);
    assert!(meanwhile.is_empty());
    assert_eq!(keys(&afterwards), stranger);
}

async fn when_a_lender_ends_its_queued_descendants_turn_to_the_next_ancestor(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(1)).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    world.fill("q", 1).await;
    world
        .enqueue_children(host, &flow, vec![world.workflow("q")])
        .await;
    let child = world
        .wait_and_claim(host, q, &flow, for_message("go"), 1)
        .await;
    let child = &child.claimed[0];
    let left_behind = world
        .enqueue_children(host, child, vec![world.call("q"), world.call("q")])
        .await;

    world.finish_one(host, child).await;
    let first = world.claim(host, q, 10).await.claimed;
    world.finish_one(host, &first[0]).await;
    let second = world.claim(host, q, 10).await.claimed;

    assert_eq!(keys(&first), left_behind[..1]);
    assert_eq!(keys(&second), left_behind[1..]);
    assert!(first[0].lent && second[0].lent);
}

async fn a_dead_hosts_borrower_goes_back_and_the_slot_can_be_lent_again(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let (flow, children) = world.begin_waiting(a, q, 2).await;
    world.fill("q", 1).await;
    let first = world.claim(a, q, 10).await.claimed;
    world.start(a, &first).await;

    let rescued = world.kill(a).await;
    let again = world.claim(b, q, 10).await.claimed;
    let meanwhile = world.claim(b, q, 10).await.claimed;

    assert_eq!((rescued.returned, rescued.queues), (1, vec![q]));
    assert_eq!(keys(&again), children[..1]);
    assert!(again[0].lent && again[0].suspect);
    assert_eq!(again[0].attempt, 2);
    assert!(meanwhile.is_empty());
    assert_eq!(world.state(&flow.id).await, State::Waiting);
}

async fn a_returned_borrower_regains_its_place(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let (flow, children) = world.begin_waiting(a, q, 2).await;
    let first = world.claim(a, q, 10).await.claimed;

    let lost = world.give_back(a, q, &first[0], None).await;
    let again = world.claim(b, q, 10).await.claimed;
    world.store.leave(b).await.unwrap();
    let third = world.claim(a, q, 10).await.claimed;

    assert!(lost.is_empty());
    assert_eq!(
        (keys(&again), keys(&third)),
        (children[..1].to_vec(), children[..1].to_vec())
    );
    assert!(again[0].lent && third[0].lent);
    assert_eq!(third[0].attempt, 1);
    assert_eq!(world.state(&flow.id).await, State::Waiting);
}

async fn a_dead_hosts_resumed_workflow_goes_back_to_its_place(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", ordered(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let flow = world.begin(a, q, "q").await;
    let stranger = world.fill("q", 1).await;
    let resumed = world
        .wait_and_claim(a, q, &flow, until(Moment(1)), 1)
        .await
        .claimed
        .remove(0);

    world.kill(a).await;
    let state = world.state(&flow.id).await;
    let again = world.claim(b, q, 10).await.claimed;
    let meanwhile = world.claim(world.host("c").await, q, 10).await.claimed;
    world.finish_one(b, &again[0]).await;
    let afterwards = world.claim(b, q, 10).await.claimed;

    assert_eq!((state, keys(&again)), (State::Queued, vec![flow.hold.key]));
    assert!(again[0].hold.fence > resumed.hold.fence);
    assert_eq!(
        (again[0].attempt, again[0].resumed, again[0].lent),
        (2, false, false)
    );
    assert_eq!(again[0].place, flow.place);
    assert!(meanwhile.is_empty());
    assert_eq!(keys(&afterwards), stranger);
}
