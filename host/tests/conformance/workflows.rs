//! What is done to workflows from outside: lists, forks, and the pin of another version.

use bytes::Bytes;
use windlass::model::{ComponentName, Digest, FunctionId, Key, State};
use windlass::store::{Filter, Fork, InFlight};

use super::bed::Bed;
use super::families::{for_message, steps};
use super::world::{World, component, keys};

cases!(
    a_fork_begins_with_a_copy_of_the_journal,
    a_fork_under_an_id_that_is_taken_is_refused,
    a_workflow_is_pinned_anew_only_while_nobody_holds_it,
    a_workflow_whose_journal_grew_is_not_pinned_anew,
    workflows_in_flight_are_told_page_by_page,
    children_are_listed_by_their_parent,
    bindings_and_kinds_of_functions_read_back,
);

async fn a_fork_begins_with_a_copy_of_the_journal(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    world.record(host, steps(&flow, 0)).await.unwrap();
    world.finish(host, std::slice::from_ref(&flow)).await;

    let call = world.workflow("q");
    let fork = Fork {
        call: call.clone(),
        of: flow.hold.key,
        count: 3,
        journal: Bytes::from_static(b"three entries"),
    };
    let forked = bed.store.fork(fork).await.unwrap();

    assert!(!forked.existed);
    let journal = bed.store.journal(forked.key).await.unwrap();
    assert_eq!(journal.len(), 1);
    assert_eq!((journal[0].first, journal[0].count), (0, 3));
    assert_eq!(&journal[0].body[..], b"three entries");
    let found = world.invocation(&call.id).await.unwrap();
    assert_eq!((found.forked_from, found.parent), (Some(flow.id), None));
    let claimed = world.claim(host, q, 1).await.claimed.remove(0);
    assert_eq!((claimed.hold.key, claimed.workflow), (forked.key, true));
    assert!(world.record(host, steps(&claimed, 3)).await.is_ok());
}

async fn a_fork_under_an_id_that_is_taken_is_refused(bed: Bed) {
    let world = World::new(&bed.store).await;
    let stored = world.enqueue(vec![world.call_as("taken", "q")]).await;
    let stored = stored.unwrap().remove(0);

    let call = windlass::store::NewCall {
        workflow: true,
        ..world.call_as("taken", "other")
    };
    let fork = Fork {
        call,
        of: stored.key,
        count: 1,
        journal: Bytes::from_static(b"x"),
    };
    let refused = bed.store.fork(fork).await.unwrap_err();

    assert!(matches!(refused, windlass::store::Error::IdTaken { .. }));
    assert!(bed.store.journal(stored.key).await.unwrap().is_empty());
}

/// A world with another version, and the number of that one's task.
async fn next_version(world: World) -> (World, FunctionId) {
    let next = component("demo", "1.1.0", b"demo two");
    let added = world.store.add_component(&world.namespace, &next).await;
    added.unwrap();
    let catalogue = world.store.catalogue(&world.namespace).await.unwrap();
    let found = catalogue
        .functions
        .iter()
        .find(|function| function.digest == next.digest);
    let function = found.expect("it was added").id;
    let revision = catalogue.revision;
    (World { revision, ..world }, function)
}

async fn a_workflow_is_pinned_anew_only_while_nobody_holds_it(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let (world, next) = next_version(world).await;
    let flow = world.begin(host, q, "q").await;
    let key = flow.hold.key;
    world.record(host, steps(&flow, 0)).await.unwrap();

    let while_running = bed.store.repin(key, 1, next).await.unwrap();
    world.wait(host, q, &flow, for_message("go")).await;
    let while_waiting = bed.store.repin(key, 1, next).await.unwrap();
    world.send(&flow.id, "go").await;
    let resumed = world.claim(host, q, 1).await.claimed.remove(0);
    world.finish(host, std::slice::from_ref(&resumed)).await;
    let after_its_end = bed.store.repin(key, 1, world.function).await.unwrap();

    assert_eq!(
        (while_running, while_waiting, after_its_end),
        (false, true, false)
    );
    assert_eq!(resumed.function, next);
    let found = world.invocation(&flow.id).await.unwrap();
    assert_eq!(
        (found.function, found.digest),
        (next, Digest::of(b"demo two"))
    );
}

async fn a_workflow_whose_journal_grew_is_not_pinned_anew(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let (world, next) = next_version(world).await;
    let queued = world.enqueue(vec![world.workflow("q")]).await.unwrap();
    let while_queued = bed.store.repin(queued[0].key, 0, next).await.unwrap();
    let flow = world.claim(host, q, 1).await.claimed.remove(0);
    for first in 0..2 {
        world.record(host, steps(&flow, first)).await.unwrap();
    }
    world.wait(host, q, &flow, for_message("go")).await;

    let shorter = bed.store.repin(flow.hold.key, 1, world.function).await;
    let exact = bed.store.repin(flow.hold.key, 2, world.function).await;

    assert!(while_queued);
    assert_eq!(flow.function, next);
    assert_eq!((shorter.unwrap(), exact.unwrap()), (false, true));
}

async fn workflows_in_flight_are_told_page_by_page(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let (world, next) = next_version(world).await;
    let calls = (0..5).map(|_| world.workflow("q")).collect();
    let stored = world.enqueue(calls).await.unwrap();
    world.fill("q", 1).await;
    let claimed = world.claim(host, q, 4).await.claimed;
    world.record(host, steps(&claimed[1], 0)).await.unwrap();
    world.wait(host, q, &claimed[1], for_message("go")).await;
    world.finish(host, &claimed[2..3]).await;
    world.start(host, &claimed[3..]).await;
    bed.store.repin(stored[4].key, 0, next).await.unwrap();
    let name = ComponentName::parse("demo").unwrap();
    let read = async |digest: &Digest, after, limit| {
        let found = bed
            .store
            .in_flight(&world.namespace, &name, digest, after, limit);
        found.await.unwrap()
    };

    let newer = Digest::of(b"demo two");
    let first = read(&newer, Key(0), 2).await;
    let rest = read(&newer, first[1].key, 10).await;
    let older = read(&Digest::of(b"demo one"), Key(0), 10).await;

    let of = |index: usize, state, entries| InFlight {
        key: stored[index].key,
        id: stored[index].id.clone(),
        function: world.function,
        state,
        entries,
    };
    assert_eq!(first, [of(0, State::Queued, 0), of(1, State::Waiting, 1)]);
    assert_eq!(rest, [of(3, State::Running, 0)]);
    assert_eq!(older.len(), 1);
    assert_eq!((older[0].key, older[0].function), (stored[4].key, next));
}

async fn children_are_listed_by_their_parent(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let calls = (0..3).map(|_| world.call("q")).collect();
    let children = world.enqueue_children(host, &flow, calls).await;
    world.fill("q", 2).await;

    let filter = Filter {
        parent: Some(flow.hold.key),
        limit: 10,
        ..Filter::default()
    };
    let found = bed
        .store
        .invocations(&world.namespace, &filter)
        .await
        .unwrap();

    let newest_first: Vec<_> = children.iter().rev().copied().collect();
    let listed: Vec<_> = found.iter().map(|found| found.key).collect();
    assert_eq!(listed, newest_first);
    assert!(
        found
            .iter()
            .all(|found| found.parent.as_ref() == Some(&flow.id))
    );
    assert_eq!(keys(&world.claim(host, q, 3).await.claimed), children);
}

async fn bindings_and_kinds_of_functions_read_back(bed: Bed) {
    let world = World::new(&bed.store).await;
    let mut bound = component("bound", "1.0.0", b"bound one");
    bound.bindings = serde_json::json!([{"import": "demo:images/tasks", "queue": "q"}]);
    bound.tasks[0].workflow = true;

    let added = bed.store.add_component(&world.namespace, &bound).await;
    added.unwrap();

    let catalogue = bed.store.catalogue(&world.namespace).await.unwrap();
    assert_eq!(catalogue.bindings.len(), 1, "only of those that have any");
    let version = (bound.name.clone(), bound.version.clone());
    assert_eq!(catalogue.bindings[&version], bound.bindings);
    let workflows: Vec<_> = catalogue
        .functions
        .iter()
        .filter(|function| function.workflow)
        .collect();
    assert_eq!(workflows.len(), 1);
    assert_eq!(workflows[0].component, bound.name);
    let function = bed.store.function(workflows[0].id).await.unwrap().unwrap();
    assert!(function.workflow);
    let listed = bed.store.components(&world.namespace, None).await.unwrap();
    let bindings: Vec<_> = listed.iter().map(|listed| &listed.bindings).collect();
    assert_eq!(bindings, [&bound.bindings, &serde_json::json!([])]);
    assert!(listed[0].tasks[0].workflow && !listed[1].tasks[0].workflow);
}
