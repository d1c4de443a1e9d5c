//! Messages to workflows: stored, taken once, and a reason to go on.

use bytes::Bytes;
use windlass::model::{Key, State};
use windlass::store::{Sent, Signal, Steps, Wait};

use super::bed::Bed;
use super::families::{for_message, steps};
use super::signals::hear;
use super::world::{World, keys};

cases!(
    a_message_makes_a_waiting_workflow_ready,
    a_message_that_came_before_the_wait_makes_it_ready,
    messages_are_read_in_order_until_they_are_taken,
    what_was_taken_makes_no_later_wait_ready,
    a_message_to_whom_cannot_receive_is_refused,
    no_more_messages_wait_than_may,
    messages_go_with_the_workflow,
);

async fn a_message_makes_a_waiting_workflow_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    let either = Wait {
        messages: vec!["yes".to_owned(), "no".to_owned()],
        ..Wait::default()
    };
    world.wait(host, q, &flow, either).await;
    let mut signals = bed.store.subscribe();

    let other = world.send(&flow.id, "other").await;
    let by_another = world.is_claimable(q).await;
    let wanted = world.send(&flow.id, "no").await;

    assert_eq!((other, wanted), (Sent::Stored, Sent::Stored));
    assert!(!by_another);
    hear(&mut signals, |signal| *signal == Signal::Work(q)).await;
    let resumed = world.claim(host, q, 1).await.claimed;
    assert_eq!(keys(&resumed), [flow.hold.key]);
}

async fn a_message_that_came_before_the_wait_makes_it_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let stored = world.enqueue(vec![world.workflow("q")]).await.unwrap();
    let while_queued = world.send(&stored[0].id, "go").await;
    let flow = world.claim(host, q, 1).await.claimed.remove(0);
    let mut signals = bed.store.subscribe();
    let while_running = world.send(&flow.id, "go").await;

    let granted = world
        .wait_and_claim(host, q, &flow, for_message("go"), 1)
        .await;

    assert_eq!((while_queued, while_running), (Sent::Stored, Sent::Stored));
    hear(&mut signals, |signal| {
        *signal == Signal::Told(flow.hold.key)
    })
    .await;
    assert_eq!(keys(&granted.claimed), [flow.hold.key]);
}

async fn messages_are_read_in_order_until_they_are_taken(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    for (name, value) in [("a", "1"), ("b", "\"\\u0000\""), ("a", "3")] {
        let value = Bytes::from_static(value.as_bytes());
        let sent = bed.store.send(&world.namespace, &flow.id, name, value, 10);
        assert_eq!(sent.await.unwrap(), Sent::Stored);
    }

    let all = bed.store.messages(flow.hold.key).await.unwrap();
    let taking = Steps {
        taken: vec![all[0].number, all[1].number],
        ..steps(&flow, 0)
    };
    world.record(host, taking).await.unwrap();
    let rest = bed.store.messages(flow.hold.key).await.unwrap();

    let read: Vec<_> = all.iter().map(|m| (&m.name[..], &m.value[..])).collect();
    let expected: [(&str, &[u8]); 3] = [("a", b"1"), ("b", b"\"\\u0000\""), ("a", b"3")];
    assert_eq!(read, expected);
    assert!(all.is_sorted_by(|a, b| a.number < b.number && a.sent_at <= b.sent_at));
    assert_eq!(rest, all[2..]);
}

async fn what_was_taken_makes_no_later_wait_ready(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    world.send(&flow.id, "go").await;
    let taken = bed.store.messages(flow.hold.key).await.unwrap();
    let taking = Steps {
        taken: vec![taken[0].number],
        ..steps(&flow, 0)
    };
    world.record(host, taking).await.unwrap();

    let granted = world
        .wait_and_claim(host, q, &flow, for_message("go"), 1)
        .await;

    assert!(granted.claimed.is_empty());
    assert!(!world.is_claimable(q).await);
}

async fn a_message_to_whom_cannot_receive_is_refused(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    world.finish(host, std::slice::from_ref(&flow)).await;
    let task = world.enqueue(vec![world.call("q")]).await.unwrap();
    let unknown = windlass::model::InvocationId::generate();

    let sent = [
        world.send(&unknown, "go").await,
        world.send(&task[0].id, "go").await,
        world.send(&flow.id, "go").await,
    ];

    let expected = [
        Sent::Unknown,
        Sent::NoWorkflow,
        Sent::Ended(State::Succeeded),
    ];
    assert_eq!(sent, expected);
    for key in [flow.hold.key, task[0].key] {
        assert!(bed.store.messages(key).await.unwrap().is_empty());
    }
}

async fn no_more_messages_wait_than_may(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let (flow, other) = (
        world.begin(host, q, "q").await,
        world.begin(host, q, "q").await,
    );
    for _ in 0..10 {
        assert_eq!(world.send(&flow.id, "go").await, Sent::Stored);
    }

    let refused = world.send(&flow.id, "go").await;
    let elsewhere = world.send(&other.id, "go").await;
    let stored = bed.store.messages(flow.hold.key).await.unwrap();
    let taking = Steps {
        taken: vec![stored[0].number],
        ..steps(&flow, 0)
    };
    world.record(host, taking).await.unwrap();
    let afterwards = world.send(&flow.id, "go").await;

    assert_eq!((refused, elsewhere), (Sent::Full(10), Sent::Stored));
    assert_eq!((stored.len(), afterwards), (10, Sent::Stored));
}

async fn messages_go_with_the_workflow(bed: Bed) {
    let world = World::new(&bed.store).await;
    let q = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, q, "q").await;
    world.record(host, steps(&flow, 0)).await.unwrap();
    world.send(&flow.id, "go").await;

    world.finish(host, std::slice::from_ref(&flow)).await;

    let key: Key = flow.hold.key;
    assert!(bed.store.messages(key).await.unwrap().is_empty());
    assert_eq!(bed.store.journal(key).await.unwrap().len(), 1);
}
