//! Waiting and coming back: what makes a workflow ready, and how it goes on.

use windlass::model::{Moment, Outcome, State};
use windlass::store::{Exchange, Signal, Wait};

use super::bed::Bed;
use super::families::{for_all, for_any, for_message, until, waited};
use super::signals::{PATIENCE, hear};
use super::world::{World, claim, keys};

cases!(
    a_waiting_workflow_is_nobodys_and_shows_as_waiting,
    the_end_of_any_child_makes_its_waiting_parent_ready,
    the_end_of_all_children_makes_their_waiting_parent_ready,
    children_that_ended_just_before_the_wait_make_it_ready,
    the_last_end_and_the_wait_in_one_exchange_make_it_ready,
    a_moment_that_has_come_makes_it_ready,
    a_moment_that_comes_makes_it_ready,
    a_wait_for_nothing_ends_by_nothing,
    a_wait_under_an_old_fence_is_lost,
    a_reserved_workflow_may_wait_without_a_mark_of_its_start,
    a_workflow_that_waits_again_waits_for_the_new_only,
    what_a_waiting_workflow_wrote_is_in_its_log,
);

async fn a_waiting_workflow_is_nobodys_and_shows_as_waiting(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;

    let lost = world.wait(host, q, &flow, for_message("go")).await;

    assert!(lost.is_empty());
    let found = world.invocation(&flow.id).await.unwrap();
    assert_eq!((found.state, found.attempt), (State::Waiting, 1));
    assert!(found.workflow);
    assert_eq!(found.started_at, Some(Moment(1_000_000)));
    let counts = world.counts("q").await;
    assert_eq!((counts.waiting, counts.running, counts.queued), (1, 0, 0));
    assert!(bed.store.held(host).await.unwrap().is_empty());
    assert!(!world.is_claimable(q).await);
    assert!(world.claim(host, q, 10).await.claimed.is_empty());
}

async fn the_end_of_any_child_makes_its_waiting_parent_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let side = world.queue("side", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let calls = (0..3).map(|_| world.call("side")).collect();
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, q, &flow, for_any(&children[..2])).await;
    let claimed = world.claim(host, side, 3).await.claimed;
    let mut signals = bed.store.subscribe();

    world.finish(host, &claimed[2..]).await;
    let by_another = world.is_claimable(q).await;
    world.finish(host, &claimed[1..2]).await;

    assert!(!by_another, "it does not wait for the third");
    hear(&mut signals, |signal| *signal == Signal::Work(q)).await;
    assert!(world.is_claimable(q).await);
    let resumed = world.claim(host, q, 10).await.claimed;
    assert_eq!(keys(&resumed), [flow.hold.key]);
    assert!(resumed[0].resumed && resumed[0].running && resumed[0].lent);
    assert!(!world.is_claimable(q).await);
}

async fn the_end_of_all_children_makes_their_waiting_parent_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let side = world.queue("side", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let calls = (0..3).map(|_| world.call("side")).collect();
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, q, &flow, for_all(&children)).await;
    let claimed = world.claim(host, side, 3).await.claimed;

    world.finish(host, &claimed[..1]).await;
    let after_one = world.is_claimable(q).await;
    world.finish(host, &claimed[1..]).await;

    assert!(!after_one);
    assert!(world.is_claimable(q).await);
    let resumed = world.claim(host, q, 10).await.claimed;
    assert_eq!(keys(&resumed), [flow.hold.key]);
    let outcomes = bed.store.outcomes(&children).await.unwrap();
    assert_eq!(outcomes.len(), 3);
    assert!(outcomes.iter().all(|ended| {
        matches!(&ended.outcome, Outcome::Value(value) if value.get() == "42")
            && ended.finished_at == Moment(2_000_000)
    }));
}

async fn children_that_ended_just_before_the_wait_make_it_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let side = world.queue("side", Default::default()).await;
    let host = world.host("a").await;

    for (name, all) in [("any", false), ("all", true)] {
        let q = world.queue(name, Default::default()).await;
        let flow = world.begin(host, q, name).await;
        let calls = vec![world.call("side"), world.call("side")];
        let children = world.enqueue_children(host, &flow, calls).await;
        let claimed = world.claim(host, side, 2).await.claimed;
        let ended = if all { &claimed[..] } else { &claimed[1..] };
        world.finish(host, ended).await;

        let wait = Wait {
            all,
            ..for_any(&children)
        };
        world.wait(host, q, &flow, wait).await;

        assert!(world.is_claimable(q).await);
        let resumed = world.claim(host, q, 1).await.claimed;
        assert_eq!(keys(&resumed), [flow.hold.key]);
    }
}

async fn the_last_end_and_the_wait_in_one_exchange_make_it_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let children = world
        .enqueue_children(host, &flow, vec![world.call("q")])
        .await;
    let claimed = world.claim(host, q, 1).await.claimed;

    let exchange = Exchange {
        ended: claimed.iter().map(super::world::ended).collect(),
        waited: vec![waited(q, &flow, for_all(&children))],
        claims: vec![claim(q, 1)],
        ..Exchange::default()
    };
    let exchanged = world.exchange(host, exchange).await;

    assert!(exchanged.lost.is_empty());
    assert_eq!(keys(&exchanged.granted[0].claimed), [flow.hold.key]);
}

async fn a_moment_that_has_come_makes_it_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;

    let granted = world
        .wait_and_claim(host, q, &flow, until(Moment(1_000_000)), 1)
        .await;

    assert_eq!(keys(&granted.claimed), [flow.hold.key]);
    assert_eq!(bed.store.claimable().await.unwrap().next_at, None);
}

async fn a_moment_that_comes_makes_it_ready(bed: Bed) {
    const HOUR: i64 = 3_600_000_000;
    let world = World::new(&bed.store).await;
    let (soon, late) = (
        world.queue("soon", Default::default()).await,
        world.queue("late", Default::default()).await,
    );
    let host = world.host("a").await;
    let early = world.begin(host, soon, "soon").await;
    let patient = world.begin(host, late, "late").await;
    let (in_a_moment, in_an_hour) = (Moment::now().moved(50_000), Moment::now().moved(HOUR));
    world.wait(host, late, &patient, until(in_an_hour)).await;
    world.wait(host, soon, &early, until(in_a_moment)).await;

    // The store's clock decides: polling finds the workflow once its moment has come.
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let found = bed.store.claimable().await.unwrap();
            if found.queues.contains(&soon) {
                return found;
            }
            assert_eq!(found.next_at, Some(in_a_moment));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    let found = found.await.expect("the moment comes");

    assert_eq!(found.queues, [soon]);
    assert_eq!(found.next_at, Some(in_an_hour));
    let resumed = world.claim(host, soon, 1).await.claimed;
    assert_eq!(keys(&resumed), [early.hold.key]);
    assert!(world.claim(host, late, 1).await.claimed.is_empty());
}

async fn a_wait_for_nothing_ends_by_nothing(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let children = world
        .enqueue_children(host, &flow, vec![world.call("q")])
        .await;
    let forever = Wait {
        all: true,
        ..Wait::default()
    };

    world.wait(host, q, &flow, forever).await;
    let claimed = world.claim(host, q, 1).await.claimed;
    world.finish(host, &claimed).await;

    assert_eq!(keys(&claimed), children);
    assert!(world.claim(host, q, 1).await.claimed.is_empty());
    assert_eq!(world.state(&flow.id).await, State::Waiting);
}

async fn a_wait_under_an_old_fence_is_lost(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let old = world.begin(host, q, "q").await;
    world.give_back(host, q, &old, None).await;
    let new = world.claim(host, q, 1).await.claimed.remove(0);

    let lost = world.wait(host, q, &old, until(Moment(1))).await;

    assert_eq!(lost, [old.hold]);
    assert_eq!(bed.store.held(host).await.unwrap()[0].hold, new.hold);
    assert!(!world.is_claimable(q).await);
}

async fn a_reserved_workflow_may_wait_without_a_mark_of_its_start(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.enqueue(vec![world.workflow("q")]).await.unwrap();
    let flow = world.claim(host, q, 1).await.claimed.remove(0);

    let granted = world
        .wait_and_claim(host, q, &flow, until(Moment(1)), 1)
        .await;

    assert!(!flow.running);
    assert_eq!(granted.claimed[0].attempt, 1);
    assert!(granted.claimed[0].running);
}

async fn a_workflow_that_waits_again_waits_for_the_new_only(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let first = world
        .wait_and_claim(host, q, &flow, until(Moment(1)), 1)
        .await
        .claimed
        .remove(0);

    let second = world
        .wait_and_claim(host, q, &first, for_message("go"), 1)
        .await;

    assert!(second.claimed.is_empty());
    assert!(!world.is_claimable(q).await);
    world.send(&flow.id, "go").await;
    let resumed = world.claim(host, q, 1).await.claimed.remove(0);
    assert_eq!(resumed.hold.fence.0, flow.hold.fence.0 + 2);
    assert_eq!(resumed.attempt, 1);
}

async fn what_a_waiting_workflow_wrote_is_in_its_log(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;

    let mut wait = waited(q, &flow, for_message("go"));
    wait.log = "waits now\n".to_owned();
    let exchange = Exchange {
        waited: vec![wait],
        ..Exchange::default()
    };
    world.exchange(host, exchange.clone()).await;
    let again = world.exchange(host, exchange).await;

    assert_eq!(again.lost, [flow.hold]);
    let log = bed.store.log(flow.hold.key).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].attempt, &log[0].text[..]), (1, "waits now\n"));
}
