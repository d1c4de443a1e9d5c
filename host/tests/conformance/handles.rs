//! Any handle, any time: what is shown of an invocation, and lists.

use windlass::model::{FailureKind, InvocationId, State};
use windlass::store::{Exchange, Filter, LogChunk, Report};

use super::bed::Bed;
use super::world::{World, capped, ended, ended_with, failure, keys, queue};

cases!(
    an_unknown_id_is_nothing,
    a_handle_shows_the_call_as_it_was_stored,
    a_reserved_invocation_is_shown_as_queued,
    progress_and_log_of_a_running_attempt_are_shown,
    log_parts_come_in_order_over_attempts,
    several_handles_at_once_leave_out_what_is_unknown,
    which_have_ended_is_told,
    pages_go_from_the_newest_to_the_oldest,
    lists_are_filtered,
    counts_tell_every_state,
    the_store_answers_a_ping,
);

async fn an_unknown_id_is_nothing(bed: Bed) {
    let world = World::new(&bed.store).await;

    assert!(world.invocation_as("nobody").await.is_none());
    assert!(
        world
            .store
            .queue(&world.namespace, &queue("none"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        world
            .store
            .arguments(windlass::model::Key(77))
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_handle_shows_the_call_as_it_was_stored(bed: Bed) {
    let world = World::new(&bed.store).await;
    let stored = world.enqueue(vec![world.call_as("order-1", "q")]).await;
    let stored = stored.unwrap().remove(0);

    let found = world.invocation_as("order-1").await.unwrap();

    assert_eq!((found.key, found.id.as_str()), (stored.key, "order-1"));
    assert_eq!(found.queue, queue("q"));
    assert_eq!(found.function, world.function);
    assert_eq!(found.digest, windlass::model::Digest::of(b"demo one"));
    assert_eq!((found.state, found.attempt), (State::Queued, 0));
    assert_eq!((found.host, found.started_at), (None, None));
    assert!(found.finished_at.is_none() && found.outcome.is_none());
}

async fn a_reserved_invocation_is_shown_as_queued(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;

    let reserved = world.invocation(&claimed[0].id).await.unwrap();
    world.start(host, &claimed).await;
    let running = world.invocation(&claimed[0].id).await.unwrap();

    assert_eq!((reserved.state, reserved.attempt), (State::Queued, 0));
    assert_eq!(reserved.host, None);
    assert_eq!((running.state, running.attempt), (State::Running, 1));
    assert_eq!(running.host, Some(host));
    assert!(running.started_at.is_some());
}

async fn progress_and_log_of_a_running_attempt_are_shown(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let claimed = world.claim(host, queue, 1).await.claimed;
    world.start(host, &claimed).await;
    let report = |progress: Option<&str>, log: &str| Report {
        hold: claimed[0].hold,
        attempt: 1,
        progress: progress.map(str::to_owned),
        log: log.to_owned(),
    };

    let first = Exchange {
        reports: vec![report(Some("{\"done\":1}"), "one\n")],
        ..Exchange::default()
    };
    world.exchange(host, first).await;
    let second = Exchange {
        reports: vec![
            report(Some("{\"done\":2}"), "two\n"),
            report(Some("{\"done\":3}"), "three\n"),
            report(None, ""),
        ],
        ..Exchange::default()
    };
    world.exchange(host, second).await;

    let found = world.invocation(&claimed[0].id).await.unwrap();
    assert_eq!(found.progress.as_deref(), Some("{\"done\":3}"));
    let log = world.store.log(found.key).await.unwrap();
    let text: String = log.into_iter().map(|chunk| chunk.text).collect();
    assert_eq!(text, "one\ntwo\nthree\n");
}

async fn log_parts_come_in_order_over_attempts(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;
    let first = world.claim(host, queue, 1).await.claimed;
    world.start(host, &first).await;
    let reports = Exchange {
        reports: vec![Report {
            hold: first[0].hold,
            attempt: 1,
            progress: None,
            log: "ünï 'first'\n".to_owned(),
        }],
        ..Exchange::default()
    };
    world.exchange(host, reports).await;
    world
        .give_back(host, queue, &first[0], Some("stopped"))
        .await;
    let second = world.claim(host, queue, 1).await.claimed;

    let mut end = ended(&second[0]);
    end.log = "second\n".to_owned();
    let exchange = Exchange {
        ended: vec![end],
        ..Exchange::default()
    };
    world.exchange(host, exchange).await;

    let chunk = |attempt, text: &str| LogChunk {
        attempt,
        text: text.to_owned(),
    };
    assert_eq!(
        world.store.log(first[0].hold.key).await.unwrap(),
        [chunk(1, "ünï 'first'\n"), chunk(2, "second\n")]
    );
}

async fn several_handles_at_once_leave_out_what_is_unknown(bed: Bed) {
    let world = World::new(&bed.store).await;
    let calls = vec![world.call_as("a", "q"), world.call_as("b", "q")];
    world.enqueue(calls).await.unwrap();
    let ids = ["a", "nobody", "b"].map(|id| InvocationId::parse(id).unwrap());

    let found = world.store.invocations_by_id(&world.namespace, &ids).await;

    let mut found: Vec<_> = found.unwrap().into_iter().map(|found| found.id).collect();
    found.sort();
    assert_eq!(found, [ids[0].clone(), ids[2].clone()]);
}

async fn which_have_ended_is_told(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let stored = world.fill("q", 5).await;
    let claimed = world.claim(host, queue, 3).await.claimed;
    world.finish(host, &claimed[..2]).await;

    let mut ended = world.store.ended(&stored).await.unwrap();

    ended.sort();
    assert_eq!(ended, keys(&claimed[..2]));
}

async fn pages_go_from_the_newest_to_the_oldest(bed: Bed) {
    let world = World::new(&bed.store).await;
    let stored = world.fill("q", 5).await;
    let mut filter = Filter {
        limit: 2,
        ..Filter::default()
    };
    let mut seen = Vec::new();

    loop {
        let page = world.store.invocations(&world.namespace, &filter).await;
        let page = page.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.iter().all(|found| found.arguments.is_none()));
        filter.before = Some(last.key);
        seen.extend(page.iter().map(|found| found.key));
    }

    seen.reverse();
    assert_eq!(seen, stored);
}

async fn lists_are_filtered(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let id = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 5).await;
    world.fill("r", 2).await;
    let mut odd = world.call("q");
    odd.task = "demo/odd".to_owned();
    let odd = world.enqueue(vec![odd]).await.unwrap()[0].key;
    let claimed = world.claim(host, id, 3).await.claimed;
    world.start(host, &claimed[2..]).await;
    let exchange = Exchange {
        ended: vec![
            ended(&claimed[0]),
            ended_with(&claimed[1], failure(FailureKind::Guest)),
        ],
        ..Exchange::default()
    };
    world.exchange(host, exchange).await;

    let found = async |queue_name: Option<&str>, state: Option<State>, task: Option<&str>| {
        let filter = Filter {
            queue: queue_name.map(queue),
            state,
            task: task.map(str::to_owned),
            before: None,
            parent: None,
            limit: 100,
            ..Filter::default()
        };
        let found = world.store.invocations(&world.namespace, &filter).await;
        let found = found.unwrap();
        assert!(found.is_sorted_by(|a, b| a.key > b.key));
        found.iter().map(|found| found.key).collect::<Vec<_>>()
    };

    assert_eq!(found(None, None, None).await.len(), 8);
    assert_eq!(found(Some("r"), None, None).await.len(), 2);
    assert!(found(Some("none"), None, None).await.is_empty());
    assert_eq!(found(None, None, Some("demo/odd")).await, [odd]);
    assert_eq!(found(None, Some(State::Running), None).await, [stored[2]]);
    assert_eq!(
        found(Some("q"), Some(State::Succeeded), None).await,
        [stored[0]]
    );
    assert_eq!(
        found(None, Some(State::Failed), Some("demo/run")).await,
        [stored[1]]
    );
    assert_eq!(
        found(Some("q"), Some(State::Queued), None).await,
        [odd, stored[4], stored[3]]
    );
}

async fn counts_tell_every_state(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let id = world.queue("q", capped(50)).await;
    world.fill("q", 20).await;
    let claimed = world.claim(host, id, 10).await.claimed;
    world.start(host, &claimed[..6]).await;
    let kinds = [FailureKind::Trap, FailureKind::Cancelled];
    let exchange = Exchange {
        ended: kinds
            .into_iter()
            .zip(&claimed)
            .map(|(kind, claimed)| ended_with(claimed, failure(kind)))
            .chain([ended(&claimed[2])])
            .collect(),
        ..Exchange::default()
    };
    world.exchange(host, exchange).await;

    let counts = world.counts("q").await;
    let all = world.store.queues(&world.namespace).await.unwrap();

    assert_eq!((counts.queued, counts.running), (10 + 4, 3));
    assert_eq!(
        (counts.succeeded, counts.failed, counts.cancelled),
        (1, 1, 1)
    );
    assert_eq!((counts.scheduled, counts.waiting), (0, 0));
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].1, counts);
}

async fn the_store_answers_a_ping(bed: Bed) {
    assert!(bed.store.ping().await.is_ok());
}
