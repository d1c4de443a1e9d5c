//! Coming back: a workflow that is ready goes on with the next claim from its queue.

use windlass::model::{Moment, State};
use windlass::store::{Claim, Exchange};

use super::bed::Bed;
use super::families::{for_message, steps, until, waited};
use super::world::{World, capped, claim, keys};

cases!(
    a_resume_has_a_new_fence_and_the_same_attempt,
    a_resume_counts_against_the_rows_that_are_asked_for,
    any_host_resumes_after_the_death_of_the_one_that_waited,
    waiting_workflows_do_not_disturb_claims_of_others,
);

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
