//! Durable, idempotent, all or none.

use bytes::Bytes;
use windlass::model::{InvocationId, State};
use windlass::store::Error;

use super::bed::Bed;
use super::world::{World, queue};

cases!(
    a_stored_call_is_there_after_the_store_is_opened_again,
    an_array_keeps_its_order,
    the_same_call_under_the_same_id_returns_the_same_handle,
    another_call_under_a_taken_id_stores_nothing_of_its_request,
    one_id_twice_in_a_request_is_one_call_or_refused,
    a_refused_request_leaves_those_that_share_its_commit,
    the_same_id_raced_is_stored_once,
    an_enqueue_by_an_old_revision_stores_nothing,
    a_queue_that_does_not_exist_is_made_without_limits,
    arguments_and_task_come_back_byte_for_byte,
    ids_are_apart_by_namespace,
);

async fn a_stored_call_is_there_after_the_store_is_opened_again(mut bed: Bed) {
    let world = World::new(&bed.store).await;
    let stored = world.enqueue(vec![world.call_as("order-1", "q")]).await;
    let stored = stored.unwrap().remove(0);

    bed.reopen().await;

    let world = world.through(bed.store);
    let found = world.invocation_as("order-1").await.unwrap();
    assert_eq!((found.key, found.state), (stored.key, State::Queued));
    assert_eq!(found.enqueued_at, stored.enqueued_at);
}

async fn an_array_keeps_its_order(bed: Bed) {
    let world = World::new(&bed.store).await;
    let calls: Vec<_> = (0..1_000).map(|_| world.call("q")).collect();
    let ids: Vec<_> = calls.iter().map(|call| call.id.clone()).collect();

    let stored = world.enqueue(calls).await.unwrap();

    assert!(stored.is_sorted_by(|a, b| a.key < b.key));
    assert!(stored.iter().map(|call| &call.id).eq(&ids));
    let found = world.invocation(&ids[617]).await.unwrap();
    assert_eq!(found.key, stored[617].key);
}

async fn the_same_call_under_the_same_id_returns_the_same_handle(bed: Bed) {
    let world = World::new(&bed.store).await;
    let call = world.call_as("order-1", "q");
    let first = world.enqueue(vec![call.clone()]).await.unwrap().remove(0);

    let calls = vec![world.call("q"), call, world.call_as("order-2", "q")];
    let again = world.enqueue(calls).await.unwrap();

    assert!(!first.existed);
    assert_eq!(
        again.iter().map(|call| call.existed).collect::<Vec<_>>(),
        [false, true, false]
    );
    assert_eq!(again[1].key, first.key);
    assert_eq!(again[1].enqueued_at, first.enqueued_at);
    assert_eq!(world.counts("q").await.queued, 3);
}

async fn another_call_under_a_taken_id_stores_nothing_of_its_request(bed: Bed) {
    let world = World::new(&bed.store).await;
    let call = world.call_as("order-1", "q");
    world.enqueue(vec![call.clone()]).await.unwrap();
    let mut other_arguments = call.clone();
    other_arguments.arguments = Bytes::from_static(b"[2]");
    let mut other_task = call.clone();
    other_task.task = "demo/other".to_owned();
    let mut other_queue = call;
    other_queue.queue = queue("r");

    for other in [other_arguments, other_task, other_queue] {
        let request = vec![world.call_as("order-2", "q"), other];
        let refused = world.enqueue(request).await.unwrap_err();

        let Error::IdTaken { index, id } = refused else {
            panic!("{refused}")
        };
        assert_eq!((index, id.as_str()), (1, "order-1"));
        assert!(world.invocation_as("order-2").await.is_none());
    }
    assert_eq!(world.counts("q").await.queued, 1);
}

async fn one_id_twice_in_a_request_is_one_call_or_refused(bed: Bed) {
    let world = World::new(&bed.store).await;
    let call = world.call_as("order-1", "q");
    let mut other = call.clone();
    other.arguments = Bytes::from_static(b"[2]");

    let twice = world.enqueue(vec![call.clone(), call]).await.unwrap();
    let first = world.call_as("order-2", "q");
    let differing = vec![first.clone(), first, {
        other.id = InvocationId::parse("order-2").unwrap();
        other
    }];
    let refused = world.enqueue(differing).await.unwrap_err();

    assert_eq!(twice[0].key, twice[1].key);
    assert_eq!((twice[0].existed, twice[1].existed), (false, true));
    assert!(matches!(refused, Error::IdTaken { index: 2, .. }));
    assert!(world.invocation_as("order-2").await.is_none());
    assert_eq!(world.counts("q").await.queued, 1);
}

async fn a_refused_request_leaves_those_that_share_its_commit(bed: Bed) {
    let world = World::new(&bed.store).await;
    world
        .enqueue(vec![world.call_as("taken", "q")])
        .await
        .unwrap();

    let mut requests = tokio::task::JoinSet::new();
    for number in 0..100 {
        let world = world.clone();
        requests.spawn(async move {
            let mut calls = vec![world.call("q"), world.call("q")];
            if number % 10 == 0 {
                let mut bad = world.call_as("taken", "q");
                bad.task = "demo/other".to_owned();
                calls.push(bad);
            }
            (number, world.enqueue(calls).await)
        });
    }
    let answers = requests.join_all().await;

    for (number, answer) in answers {
        match answer {
            Ok(stored) => assert_eq!((stored.len(), number % 10 == 0), (2, false)),
            Err(error) => {
                assert!(number % 10 == 0, "{error}");
                assert!(matches!(error, Error::IdTaken { index: 2, .. }), "{error}");
            }
        }
    }
    assert_eq!(world.counts("q").await.queued, 1 + 2 * 90);
}

async fn the_same_id_raced_is_stored_once(bed: Bed) {
    let world = World::new(&bed.store).await;
    let second = world.through(bed.second().await);

    let mut requests = tokio::task::JoinSet::new();
    for number in 0..40 {
        let world = if number % 2 == 0 { &world } else { &second }.clone();
        requests.spawn(async move {
            let calls = vec![world.call("q"), world.call_as("order-1", "q")];
            world.enqueue(calls).await.unwrap().remove(1)
        });
    }
    let answers = requests.join_all().await;

    assert_eq!(answers.iter().filter(|answer| !answer.existed).count(), 1);
    assert!(answers.iter().all(|answer| answer.key == answers[0].key));
    assert_eq!(world.counts("q").await.queued, 40 + 1);
}

async fn an_enqueue_by_an_old_revision_stores_nothing(bed: Bed) {
    let world = World::new(&bed.store).await;
    let next = super::world::component("demo", "1.1.0", b"demo two");
    world
        .store
        .add_component(&world.namespace, &next)
        .await
        .unwrap();

    let refused = world.enqueue(vec![world.call_as("order-1", "q")]).await;

    assert!(matches!(refused, Err(Error::CatalogueMoved)));
    assert!(world.invocation_as("order-1").await.is_none());
}

async fn a_queue_that_does_not_exist_is_made_without_limits(bed: Bed) {
    let world = World::new(&bed.store).await;

    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let world = world.clone();
        requests.spawn(async move { world.fill("new", 1).await });
    }
    requests.join_all().await;

    let found = world.store.queue(&world.namespace, &queue("new")).await;
    let (made, counts) = found.unwrap().unwrap();
    assert_eq!(made.settings, Default::default());
    assert_eq!(counts.queued, 20);
    assert_eq!(world.store.served_queues().await.unwrap(), [made]);
}

async fn arguments_and_task_come_back_byte_for_byte(bed: Bed) {
    let world = World::new(&bed.store).await;
    let arguments = r#"["a \"quote\"","\u0000","zażółć 🦀",18446744073709551615,null]"#;
    let mut call = world.call_as("Odd:id_1.2-3", "q");
    call.arguments = Bytes::from_static(arguments.as_bytes());
    call.task = "demo/demo:demo/tasks#run'".to_owned();
    call.priority = -7;
    call.timeout_ms = Some(1_234);

    world.enqueue(vec![world.call("q"), call]).await.unwrap();

    let found = world.invocation_as("Odd:id_1.2-3").await.unwrap();
    assert_eq!(found.arguments.as_deref(), Some(arguments.as_bytes()));
    assert_eq!(found.task, "demo/demo:demo/tasks#run'");
    assert_eq!((found.priority, found.timeout_ms), (-7, Some(1_234)));
    let alone = world.store.arguments(found.key).await.unwrap();
    assert_eq!(alone.as_deref(), Some(arguments.as_bytes()));
}

async fn ids_are_apart_by_namespace(bed: Bed) {
    let world = World::new(&bed.store).await;
    let mut elsewhere = world.call_as("order-1", "q");
    elsewhere.namespace = windlass::model::Namespace::parse("other").unwrap();
    elsewhere.arguments = Bytes::from_static(b"[2]");

    let stored = world
        .enqueue(vec![world.call_as("order-1", "q"), elsewhere.clone()])
        .await
        .unwrap();

    assert_ne!(stored[0].key, stored[1].key);
    let found = world
        .store
        .invocation(&elsewhere.namespace, &elsewhere.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.arguments, Some(Bytes::from_static(b"[2]")));
    assert_eq!(world.counts("q").await.queued, 1);
}
