//! Waiting and coming back: what makes a workflow ready, and how it goes on.

use windlass::model::{Moment, Outcome, State};
use windlass::store::{Claim, Exchange, Signal, Wait};

use super::bed::Bed;
use super::families::{for_all, for_any, for_message, steps, until, waited};
use super::signals::{PATIENCE, hear};
use super::world::{World, capped, claim, keys};

cases!(
    a_waiting_workflow_is_nobodys_and_shows_as_waiting,
    the_end_of_any_child_makes_its_waiting_parent_ready,
    the_end_of_all_children_makes_their_waiting_parent_ready,
    children_that_ended_just_before_the_wait_make_it_ready,
    the_last_end_and_the_wait_in_one_exchange_make_it_ready,
    a_moment_that_has_come_makes_it_ready,
    a_moment_that_comes_makes_it_ready,
    a_wait_for_nothing_ends_by_nothing,
    a_resume_has_a_new_fence_and_the_same_attempt,
    a_wait_under_an_old_fence_is_lost,
    a_reserved_workflow_may_wait_without_a_mark_of_its_start,
    a_workflow_that_waits_again_waits_for_the_new_only,
    a_resume_counts_against_the_rows_that_are_asked_for,
    what_a_waiting_workflow_wrote_is_in_its_log,
    any_host_resumes_after_the_death_of_the_one_that_waited,
    waiting_workflows_do_not_disturb_claims_of_others,
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

async fn a_resume_has_a_new_fence_and_the_same_attempt(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let flow = world.begin(a, q, "q").await;
    world.wait(a, q, &flow, until(Moment(1))).await;

    let resumed = world.claim(b, q, 1).await.claimed.remove(0);

    assert_eq!(resumed.hold.fence.0, flow.hold.fence.0 + 1);
    assert_eq!((resumed.attempt, resumed.resumed), (1, true));
    assert_eq!((&resumed.id, resumed.place), (&flow.id, flow.place));
    assert_eq!(resumed.arguments.as_deref(), Some(&b"[1]"[..]));
    assert!(!resumed.suspect && resumed.workflow);
    assert_eq!(bed.store.held(b).await.unwrap()[0].hold, resumed.hold);
    assert!(bed.store.held(b).await.unwrap()[0].running);
    assert!(world.record(a, steps(&flow, 0)).await.is_err());
    assert!(world.record(b, steps(&flow, 0)).await.is_err());
    assert_eq!(
        world.finish(a, std::slice::from_ref(&flow)).await,
        [flow.hold]
    );
    assert!(world.record(b, steps(&resumed, 0)).await.is_ok());
    assert!(
        world
            .finish(b, std::slice::from_ref(&resumed))
            .await
            .is_empty()
    );
    let found = world.invocation(&flow.id).await.unwrap();
    assert_eq!((found.state, found.attempt), (State::Succeeded, 1));
    assert_eq!(found.host, Some(b));
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

async fn a_resume_counts_against_the_rows_that_are_asked_for(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let calls = (0..3).map(|_| world.workflow("q")).collect();
    world.enqueue(calls).await.unwrap();
    for flow in &world.claim(host, q, 3).await.claimed {
        world.wait(host, q, flow, until(Moment(1))).await;
    }
    let stored = world.fill("q", 3).await;

    let two = world.claim(host, q, 2).await;
    let none = world.claim(host, q, 0).await;
    let three = world.claim(host, q, 3).await;

    assert_eq!(two.claimed.len(), 2);
    assert!(two.claimed.iter().all(|claimed| claimed.resumed));
    assert!(!two.drained);
    assert!(none.claimed.is_empty());
    assert_eq!(
        three
            .claimed
            .iter()
            .filter(|claimed| claimed.resumed)
            .count(),
        1
    );
    let fresh: Vec<_> = three
        .claimed
        .iter()
        .filter(|claimed| !claimed.resumed)
        .collect();
    assert!(
        fresh
            .iter()
            .map(|claimed| claimed.hold.key)
            .eq(stored[..2].iter().copied())
    );
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

async fn any_host_resumes_after_the_death_of_the_one_that_waited(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", capped(1)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    let flow = world.begin(a, q, "q").await;
    world.wait(a, q, &flow, for_message("go")).await;

    let rescued = world.kill(a).await;
    world.send(&flow.id, "go").await;
    let resumed = world.claim(b, q, 1).await.claimed;

    assert_eq!((rescued.returned, rescued.failed.len()), (0, 0));
    assert_eq!(keys(&resumed), [flow.hold.key]);
    assert_eq!((resumed[0].attempt, resumed[0].suspect), (1, false));
    assert!(
        bed.store
            .lost_attempts(flow.hold.key)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn waiting_workflows_do_not_disturb_claims_of_others(bed: Bed) {
    const WAITING: usize = 2_000;
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let calls = (0..WAITING).map(|_| world.workflow("q")).collect();
    world.enqueue(calls).await.unwrap();
    let flows = world.claim(host, q, WAITING as u32).await.claimed;
    let exchange = Exchange {
        waited: flows
            .iter()
            .map(|flow| waited(q, flow, for_message("go")))
            .collect(),
        ..Exchange::default()
    };
    assert!(world.exchange(host, exchange).await.lost.is_empty());
    let stored = world.fill("q", 100).await;

    world.send(&flows[617].id, "go").await;
    let claimed = world
        .claim_with(
            host,
            Claim {
                slots: 500,
                ..claim(q, 500)
            },
        )
        .await
        .claimed;

    assert_eq!(claimed.len(), 101);
    let resumed: Vec<_> = claimed.iter().filter(|claimed| claimed.resumed).collect();
    assert_eq!(resumed.len(), 1);
    assert_eq!(resumed[0].hold.key, flows[617].hold.key);
    let fresh = claimed.iter().filter(|claimed| !claimed.resumed);
    assert!(fresh.map(|claimed| claimed.hold.key).eq(stored));
    assert_eq!(world.counts("q").await.waiting, WAITING as u64 - 1);
}
