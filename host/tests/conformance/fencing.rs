//! One outcome: what comes from a lost lease or under an old fence records nothing.

use windlass::model::{FailureKind, Moment, Outcome, State};
use windlass::store::{Error, Exchange, Report};

use super::bed::Bed;
use super::world::{World, ended, ended_with, failure, ordered, value};

cases!(
    an_end_is_recorded_with_its_value,
    an_end_sent_twice_is_accepted_and_recorded_once,
    another_outcome_under_the_same_fence_changes_nothing,
    a_dead_host_records_nothing,
    an_old_fence_records_nothing,
    what_is_lost_is_told_hand_in_by_hand_in,
    a_reserved_invocation_may_end_without_a_mark_of_its_start,
    every_kind_of_outcome_reads_back,
    thousands_of_ends_in_one_exchange,
);

async fn an_end_is_recorded_with_its_value(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    world.start(host, &claimed).await;
    assert_eq!(world.state(&claimed[0].id).await, State::Running);

    let lost = world.finish(host, &claimed).await;

    assert!(lost.is_empty());
    let found = world.invocation(&claimed[0].id).await.unwrap();
    assert_eq!((found.state, found.attempt), (State::Succeeded, 1));
    assert_eq!(found.started_at, Some(Moment(1_000_000)));
    assert_eq!(found.finished_at, Some(Moment(2_000_000)));
    assert_eq!(found.host, Some(host));
    let Some(Outcome::Value(value)) = found.outcome else {
        panic!("no value")
    };
    assert_eq!(value.get(), "42");
}

async fn an_end_sent_twice_is_accepted_and_recorded_once(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 2).await;
    let claimed = world.claim(host, queue, 2).await.claimed;
    let mut end = ended(&claimed[0]);
    end.log = "once\n".to_owned();
    let exchange = Exchange {
        ended: vec![end],
        ..Exchange::default()
    };

    let first = world.exchange(host, exchange.clone()).await;
    let again = world.exchange(host, exchange).await;
    let both = world.finish(host, &claimed).await;

    assert!(first.lost.is_empty());
    assert!(again.lost.is_empty());
    assert!(both.is_empty());
    assert_eq!(world.counts("q").await.succeeded, 2);
    let log = world.store.log(claimed[0].hold.key).await.unwrap();
    assert_eq!(log.len(), 1);
}

async fn another_outcome_under_the_same_fence_changes_nothing(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    world.finish(host, &claimed).await;

    let other = Exchange {
        ended: vec![ended_with(&claimed[0], failure(FailureKind::Trap))],
        ..Exchange::default()
    };
    world.exchange(host, other).await;

    assert_eq!(world.state(&claimed[0].id).await, State::Succeeded);
    let counts = world.counts("q").await;
    assert_eq!((counts.succeeded, counts.failed), (1, 0));
}

async fn a_dead_host_records_nothing(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    world.start(host, &claimed).await;
    world.kill(host).await;

    let mut end = ended(&claimed[0]);
    end.log = "from the grave".to_owned();
    let exchange = Exchange {
        ended: vec![end],
        ..Exchange::default()
    };
    let refused = world.store.exchange(host, exchange).await.unwrap_err();

    assert!(matches!(refused, Error::LeaseLost(lost) if lost == host));
    assert_eq!(world.state(&claimed[0].id).await, State::Queued);
    assert!(
        world
            .store
            .log(claimed[0].hold.key)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.counts("q").await.succeeded, 0);
}

async fn an_old_fence_records_nothing(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", ordered(1)).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let old = world.claim(host, queue, 1).await.claimed.remove(0);
    world.give_back(host, queue, &old, None).await;
    let new = world.claim(host, queue, 1).await.claimed.remove(0);

    let mut end = ended(&old);
    end.log = "stale".to_owned();
    let exchange = Exchange {
        ended: vec![end],
        reports: vec![report(&old)],
        ..Exchange::default()
    };
    let exchanged = world.exchange(host, exchange).await;

    assert!(exchanged.lost.contains(&old.hold));
    let found = world.invocation(&old.id).await.unwrap();
    assert_eq!((found.state, found.progress), (State::Running, None));
    assert!(world.store.log(old.hold.key).await.unwrap().is_empty());
    assert!(world.finish(host, &[new]).await.is_empty());
}

async fn what_is_lost_is_told_hand_in_by_hand_in(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let (host, other) = (world.host("a").await, world.host("b").await);
    world.fill("q", 2).await;
    let claimed = world.claim(host, queue, 2).await.claimed;
    world.give_back(host, queue, &claimed[0], None).await;
    world.claim(other, queue, 1).await;
    let (taken, kept) = (&claimed[0], &claimed[1]);

    let started = world.start(host, &claimed).await;
    let reports = Exchange {
        reports: vec![report(taken), report(kept)],
        ..Exchange::default()
    };
    let reported = world.exchange(host, reports).await.lost;
    let returned = world.give_back(host, queue, taken, None).await;
    let finished = world.finish(host, &claimed).await;

    for lost in [started, reported, returned, finished] {
        assert_eq!(lost, [taken.hold]);
    }
    assert_eq!(world.state(&taken.id).await, State::Queued);
    assert_eq!(world.state(&kept.id).await, State::Succeeded);
    assert_eq!(world.store.held(other).await.unwrap().len(), 1);
}

async fn a_reserved_invocation_may_end_without_a_mark_of_its_start(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;

    let lost = world.finish(host, &claimed).await;

    assert!(lost.is_empty());
    let found = world.invocation(&claimed[0].id).await.unwrap();
    assert_eq!((found.state, found.attempt), (State::Succeeded, 1));
}

async fn every_kind_of_outcome_reads_back(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let text = r#""\u0000 ünï \"q\" ' 🦀""#;
    let mut outcomes: Vec<Outcome> = FailureKind::ALL.into_iter().map(failure).collect();
    outcomes.extend([value("null"), value(text)]);
    world.fill("q", outcomes.len()).await;
    let claimed = world.claim(host, queue, 100).await.claimed;

    let exchange = Exchange {
        ended: claimed
            .iter()
            .zip(&outcomes)
            .map(|(claimed, outcome)| ended_with(claimed, outcome.clone()))
            .collect(),
        ..Exchange::default()
    };
    world.exchange(host, exchange).await;

    for (claimed, outcome) in claimed.iter().zip(&outcomes) {
        let found = world.invocation(&claimed.id).await.unwrap();
        assert_eq!(found.state, outcome.state());
        let stored = found.outcome.expect("it ended");
        assert_eq!(stored.to_stored(), outcome.to_stored());
    }
    let counts = world.counts("q").await;
    assert_eq!(
        (counts.succeeded, counts.failed, counts.cancelled),
        (2, 8, 1)
    );
}

async fn thousands_of_ends_in_one_exchange(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 2_000).await;
    let claimed = world.claim(host, queue, 2_000).await.claimed;
    assert_eq!(claimed.len(), 2_000);
    assert!(world.start(host, &claimed).await.is_empty());

    let lost = world.finish(host, &claimed).await;

    assert!(lost.is_empty());
    let counts = world.counts("q").await;
    assert_eq!((counts.succeeded, counts.running), (2_000, 0));
    assert!(world.store.held(host).await.unwrap().is_empty());
}

fn report(claimed: &windlass::store::Claimed) -> Report {
    Report {
        hold: claimed.hold,
        attempt: claimed.attempt,
        progress: Some("{\"done\":1}".to_owned()),
        log: "stale\n".to_owned(),
    }
}
