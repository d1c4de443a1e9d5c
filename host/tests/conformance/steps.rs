//! What a workflow did, recorded: once, whole, and only by who holds it.

use bytes::Bytes;
use windlass::model::{InvocationId, State};
use windlass::store::{Error, Publication, Steps};

use super::bed::Bed;
use super::families::{attached, for_message, steps};
use super::world::{DEATHS_MAX, World, keys, queue};

cases!(
    steps_are_recorded_once_however_often_they_are_sent,
    a_journal_reads_back_in_order_after_the_store_is_opened_again,
    steps_of_a_lost_hold_are_refused_and_nothing_of_them_is_stored,
    steps_of_a_waiting_workflow_are_refused,
    children_stand_in_their_queues_in_order_with_parent_and_depth,
    an_id_that_another_call_has_is_refused_and_nothing_is_stored,
    a_chosen_id_that_the_same_workflow_used_is_the_same_call,
    refused_steps_leave_those_that_share_their_commit,
    recording_forgets_the_hosts_that_died_of_it,
    a_restart_deletes_the_journal_before_it_and_changes_the_arguments,
    published_values_are_read_by_revision,
);

async fn steps_are_recorded_once_however_often_they_are_sent(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, queue, "q").await;
    let sent = world
        .steps_with(&parent, vec![world.call("q"), world.call("q")])
        .await;

    let first = world.record(host, sent.clone()).await.unwrap();
    let again = world.record(host, sent.clone()).await.unwrap();
    let next = world.record(host, steps(&parent, 1)).await;
    let late = world.record(host, sent).await.unwrap();

    assert!(next.unwrap().is_empty());
    let stored: Vec<_> = first.iter().map(|child| child.key).collect();
    for answer in [&again, &late] {
        assert!(answer.iter().map(|child| child.key).eq(stored.clone()));
        assert!(answer.iter().all(|child| child.existed));
    }
    assert_eq!(world.counts("q").await.queued, 2);
    let journal = world.store.journal(parent.hold.key).await.unwrap();
    let parts: Vec<_> = journal
        .iter()
        .map(|part| (part.first, part.count))
        .collect();
    assert_eq!(parts, [(0, 1), (1, 1)]);
}

async fn a_journal_reads_back_in_order_after_the_store_is_opened_again(mut bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, queue, "q").await;
    let other = world.begin(host, queue, "q").await;
    let body = Bytes::from_static(b"\0\xff ten at once");
    let many = Steps {
        count: 10,
        body: body.clone(),
        ..steps(&parent, 0)
    };

    world.record(host, many).await.unwrap();
    world.record(host, steps(&other, 0)).await.unwrap();
    world.record(host, steps(&parent, 10)).await.unwrap();
    bed.reopen().await;

    let journal = bed.store.journal(parent.hold.key).await.unwrap();
    let parts: Vec<_> = journal
        .iter()
        .map(|part| (part.first, part.count, &part.body[..]))
        .collect();
    assert_eq!(parts, [(0, 10, &body[..]), (10, 1, b"entry 10")]);
    assert!(journal[0].recorded_at <= journal[1].recorded_at);
}

/// Everything that steps can hold, under the ids of this parent.
async fn everything(world: &World, parent: &windlass::store::Claimed) -> Steps {
    Steps {
        published: vec![Publication {
            name: "progress".to_owned(),
            value: Bytes::from_static(b"1"),
        }],
        restart: Some(Bytes::from_static(b"[\"other\"]")),
        ..world.steps_with(parent, vec![world.call("q")]).await
    }
}

async fn nothing_is_stored(world: &World, parent: &windlass::store::Claimed) {
    let key = parent.hold.key;
    assert!(world.store.journal(key).await.unwrap().is_empty());
    assert!(world.store.children(key).await.unwrap().is_empty());
    assert!(world.store.published(key, 0).await.unwrap().is_empty());
    let arguments = world.store.arguments(key).await.unwrap().unwrap();
    assert_eq!(arguments, b"[1]");
}

async fn steps_of_a_lost_hold_are_refused_and_nothing_of_them_is_stored(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let (host, other) = (world.host("a").await, world.host("b").await);
    let parent = world.begin(host, queue, "q").await;
    let sent = everything(&world, &parent).await;

    let by_another = world.record(other, sent.clone()).await.unwrap_err();
    world.give_back(host, queue, &parent, Some("stopped")).await;
    let returned = world.record(host, sent.clone()).await.unwrap_err();
    world.claim(host, queue, 1).await;
    let by_an_old_fence = world.record(host, sent.clone()).await.unwrap_err();
    world.kill(host).await;
    let from_the_dead = world.record(host, sent).await.unwrap_err();

    for refused in [by_another, returned, by_an_old_fence, from_the_dead] {
        assert!(matches!(refused, Error::NotHeld(key) if key == parent.hold.key));
    }
    nothing_is_stored(&world, &parent).await;
    assert_eq!(world.counts("q").await.queued, 1);
}

async fn steps_of_a_waiting_workflow_are_refused(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, queue, "q").await;
    let sent = everything(&world, &parent).await;
    world.wait(host, queue, &parent, for_message("go")).await;

    let refused = world.record(host, sent).await.unwrap_err();

    assert!(matches!(refused, Error::NotHeld(_)));
    nothing_is_stored(&world, &parent).await;
}

async fn children_stand_in_their_queues_in_order_with_parent_and_depth(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, q, "q").await;
    let mut calls: Vec<_> = (0..6).map(|_| world.call("q")).collect();
    calls[2] = world.workflow("q");
    calls[4] = world.call("made");
    calls[5].priority = -1;

    let stored = world.enqueue_children(host, &parent, calls).await;
    let claimed = world.claim(host, q, 10).await.claimed;

    let expected = [5, 0, 1, 2, 3].map(|index| stored[index]);
    assert_eq!(keys(&claimed), expected);
    assert!(claimed.iter().all(|child| child.depth == 1 && !child.lent));
    let workflows: Vec<_> = claimed.iter().map(|child| child.workflow).collect();
    assert_eq!(workflows, [false, false, false, true, false]);
    assert_eq!(world.counts("made").await.queued, 1);
    let children = world.store.children(parent.hold.key).await.unwrap();
    assert!(children.iter().map(|(key, _)| *key).eq(stored));
    assert_eq!(children[3].1, parent.id.of_child(0, Some(3)));
    let found = world.invocation(&children[4].1).await.unwrap();
    assert_eq!(
        (found.queue, found.parent),
        (queue("made"), Some(parent.id))
    );
    assert!(!found.workflow);

    let grandchild = world
        .enqueue_children(host, &claimed[3], vec![world.call("q")])
        .await;
    let last = world.claim(host, q, 10).await.claimed;
    assert_eq!((keys(&last), last[0].depth), (grandchild, 2));
}

async fn an_id_that_another_call_has_is_refused_and_nothing_is_stored(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, q, "q").await;
    world
        .enqueue(vec![world.call_as("taken", "q")])
        .await
        .unwrap();
    let mut sent = everything(&world, &parent).await;
    sent.children.push(attached(world.call_as("taken", "q")));

    let refused = world.record(host, sent).await.unwrap_err();

    let taken = InvocationId::parse("taken").unwrap();
    assert!(matches!(refused, Error::IdTaken { index: 1, id } if id == taken));
    nothing_is_stored(&world, &parent).await;
    assert_eq!(world.counts("q").await.queued, 1);
    let next = world.record(host, steps(&parent, 0)).await;
    assert!(next.is_ok(), "the workflow goes on");
}

async fn a_chosen_id_that_the_same_workflow_used_is_the_same_call(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, q, "q").await;
    let call = world.call_as("order-1", "q");

    let first = world
        .enqueue_children(host, &parent, vec![call.clone()])
        .await;
    let again = world
        .enqueue_children(host, &parent, vec![call, world.call("q")])
        .await;

    assert_eq!(first[0], again[0]);
    assert_eq!(world.counts("q").await.queued, 2);
    let children = world.store.children(parent.hold.key).await.unwrap();
    assert_eq!(children.len(), 2);
}

async fn refused_steps_leave_those_that_share_their_commit(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world
        .enqueue(vec![world.call_as("taken", "other")])
        .await
        .unwrap();
    let calls = (0..30).map(|_| world.workflow("q")).collect();
    world.enqueue(calls).await.unwrap();
    let parents = world.claim(host, q, 30).await.claimed;
    world.start(host, &parents).await;

    let mut sending = tokio::task::JoinSet::new();
    for (number, parent) in parents.iter().cloned().enumerate() {
        let world = world.clone();
        sending.spawn(async move {
            let mut sent = world.steps_with(&parent, vec![world.call("other")]).await;
            match number % 3 {
                0 => sent
                    .children
                    .push(attached(world.call_as("taken", "other"))),
                1 => sent.hold.fence.0 += 1,
                _ => {}
            }
            (number, world.record(host, sent).await)
        });
    }
    for (number, answer) in sending.join_all().await {
        match number % 3 {
            0 => assert!(matches!(answer, Err(Error::IdTaken { index: 1, .. }))),
            1 => assert!(matches!(answer, Err(Error::NotHeld(_)))),
            _ => assert_eq!(answer.unwrap().len(), 1),
        }
    }

    assert_eq!(world.counts("other").await.queued, 11);
    for (number, parent) in parents.iter().enumerate() {
        let entries = world.entries(parent.hold.key).await;
        assert_eq!(entries, u32::from(number % 3 == 2));
    }
}

async fn recording_forgets_the_hosts_that_died_of_it(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let stored = world.enqueue(vec![world.workflow("q")]).await.unwrap();

    for death in 0..DEATHS_MAX + 2 {
        let host = world.host("h").await;
        let claimed = world.claim(host, q, 1).await.claimed;
        assert!(!claimed[0].alone);
        world.start(host, &claimed).await;
        world.record(host, steps(&claimed[0], death)).await.unwrap();
        let rescued = world.kill(host).await;
        assert!(rescued.failed.is_empty());
    }

    assert_eq!(world.state(&stored[0].id).await, State::Queued);
}

async fn a_restart_deletes_the_journal_before_it_and_changes_the_arguments(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, q, "q").await;
    let old = world
        .enqueue_children(host, &parent, vec![world.call("q")])
        .await;
    world.record(host, steps(&parent, 1)).await.unwrap();
    let restart = Steps {
        restart: Some(Bytes::from_static(b"[\"page 2\"]")),
        ..steps(&parent, 2)
    };

    world.record(host, restart.clone()).await.unwrap();
    world.record(host, restart).await.unwrap();
    let more = world
        .enqueue_children(host, &parent, vec![world.call("q")])
        .await;

    let journal = world.store.journal(parent.hold.key).await.unwrap();
    let parts: Vec<_> = journal.iter().map(|part| part.first).collect();
    assert_eq!(parts, [2, 3]);
    let arguments = world.store.arguments(parent.hold.key).await.unwrap();
    assert_eq!(arguments.unwrap(), b"[\"page 2\"]");
    let children = world.store.children(parent.hold.key).await.unwrap();
    let children: Vec<_> = children.into_iter().map(|(key, _)| key).collect();
    assert_eq!(children, [old, more].concat());
}

async fn published_values_are_read_by_revision(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let parent = world.begin(host, q, "q").await;
    let other = world.begin(host, q, "q").await;
    let publish = |name: &str, value: &'static str| Publication {
        name: name.to_owned(),
        value: Bytes::from_static(value.as_bytes()),
    };
    let read = async |after| {
        let mut found = world.store.published(parent.hold.key, after).await.unwrap();
        found.sort_by_key(|value| value.revision);
        found
    };

    let first = Steps {
        published: vec![publish("a", "1"), publish("b", "\"x\""), publish("a", "2")],
        ..steps(&parent, 0)
    };
    world.record(host, first).await.unwrap();
    let before = read(0).await;
    let second = Steps {
        published: vec![publish("b", "\"y\"")],
        ..steps(&parent, 1)
    };
    world.record(host, second).await.unwrap();

    let values: Vec<_> = before.iter().map(|v| (&v.name[..], &v.value[..])).collect();
    assert_eq!(values.len(), 2);
    assert!(values.contains(&("a", b"2")) && values.contains(&("b", b"\"x\"")));
    assert_ne!(before[0].revision, before[1].revision);
    let after = read(before[1].revision).await;
    assert_eq!(after.len(), 1);
    assert_eq!(
        (&after[0].name[..], &after[0].value[..]),
        ("b", &b"\"y\""[..])
    );
    assert_eq!(read(0).await.len(), 2);
    assert!(read(after[0].revision).await.is_empty());
    let others = world.store.published(other.hold.key, 0).await.unwrap();
    assert!(others.is_empty());
}
