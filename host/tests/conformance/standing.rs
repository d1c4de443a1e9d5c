//! Why is it not running: what the store says of one that is scheduled, queued or waiting.

use windlass::model::queue::{Partitions, RateLimit, Settings};
use windlass::model::{InvocationId, State};
use windlass::store::{HOLDERS_MAX, NewCall, Standing};

use super::bed::Bed;
use super::controls::{after_ms, lanes, partitioned, rated};
use super::families::until;
use super::world::{World, capped, ordered};

cases!(
    one_that_has_ended_or_never_was_stands_nowhere,
    a_scheduled_one_waits_for_its_time,
    those_before_it_are_counted_by_priority_and_place,
    those_in_other_partitions_are_not_before_it,
    a_reserved_one_is_told_with_its_host,
    who_has_the_slots_of_its_queue_is_told,
    a_waiting_workflow_keeps_its_slot,
    who_has_the_slots_of_its_partition_is_told,
    many_holders_are_counted_and_some_are_named,
    a_retry_that_backs_off_is_told,
    on_an_ordered_queue_the_retry_before_it_is_told,
    a_rate_limit_that_is_closed_is_told,
    a_rate_limit_of_its_partition_is_told,
    the_settings_of_a_paused_queue_are_told,
);

impl World {
    async fn standing(&self, id: &InvocationId) -> Standing {
        let found = self.store.standing(&self.namespace, id).await;
        found.unwrap().expect("it has not ended")
    }

    async fn enqueue_id(&self, call: NewCall) -> InvocationId {
        self.enqueue_one(call).await.id
    }
}

async fn one_that_has_ended_or_never_was_stands_nowhere(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", Default::default()).await;
    let id = world.enqueue_id(world.call("q")).await;
    let claimed = world.run_one(host, queue).await;
    world.finish(host, &[claimed]).await;
    let nobody = InvocationId::parse("nobody").unwrap();

    for id in [id, nobody] {
        let found = world.store.standing(&world.namespace, &id).await;
        assert!(found.unwrap().is_none());
    }
}

async fn a_scheduled_one_waits_for_its_time(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    world.fill("q", 3).await;
    let call = world.call_with("q", after_ms(9_000));
    let id = world.enqueue_id(call).await;

    let standing = world.standing(&id).await;

    assert_eq!(standing.state, Some(State::Scheduled));
    assert_eq!(standing.due_at, Some(clock.now().moved_ms(9_000)));
    assert_eq!((standing.ahead, standing.taken), (0, 0));
    assert_eq!(standing.now, Some(clock.now()));
}

async fn those_before_it_are_counted_by_priority_and_place(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", Default::default()).await;
    let urgent = NewCall {
        priority: -1,
        ..world.call("q")
    };
    let idle = || NewCall {
        priority: 1,
        ..world.call("q")
    };
    world.fill("q", 3).await;
    world.enqueue_id(idle()).await;
    let id = world.enqueue_id(world.call("q")).await;
    world.fill("q", 2).await;
    world.enqueue_id(urgent).await;
    world.fill("r", 5).await;
    let last = world.enqueue_id(idle()).await;

    let before = world.standing(&id).await;
    let at_the_end = world.standing(&last).await;
    world.claim(host, queue, 2).await;
    let after = world.standing(&id).await;

    assert_eq!((before.ahead, before.taken), (4, 0));
    assert_eq!(at_the_end.ahead, 8);
    assert_eq!((after.ahead, after.taken), (2, 2));
}

async fn those_in_other_partitions_are_not_before_it(bed: Bed) {
    let world = World::new(&bed.store).await;
    world.queue("q", lanes()).await;
    world.fill_partition("q", "one", 3).await;
    world.fill_partition("q", "two", 5).await;
    let id = world.enqueue_id(world.call_of("q", "one")).await;
    let without = world.enqueue_id(world.call("q")).await;

    assert_eq!(world.standing(&id).await.ahead, 3);
    assert_eq!(world.standing(&without).await.ahead, 0);
}

async fn a_reserved_one_is_told_with_its_host(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", Default::default()).await;
    world.fill("q", 1).await;
    let claimed = world.claim_one(host, queue).await;

    let standing = world.standing(&claimed.id).await;

    assert_eq!(standing.state, Some(State::Queued));
    assert_eq!(standing.reserved_by, Some(host));
    assert_eq!(standing.ahead, 0);
}

async fn who_has_the_slots_of_its_queue_is_told(bed: Bed) {
    let world = World::new(&bed.store).await;
    let (first, second) = (world.host("a").await, world.host("b").await);
    let queue = world.queue("q", capped(2)).await;
    world.fill("q", 2).await;
    let id = world.enqueue_id(world.call("q")).await;
    let running = world.run_one(first, queue).await;
    let reserved = world.claim_one(second, queue).await;

    let standing = world.standing(&id).await;

    assert_eq!(standing.settings, capped(2));
    assert_eq!((standing.taken, standing.ahead), (2, 0));
    let holders: Vec<_> = standing.holders.iter().collect();
    assert_eq!(holders.len(), 2);
    assert_eq!(
        (&holders[0].id, holders[0].state, holders[0].host),
        (&running.id, State::Running, Some(first))
    );
    assert_eq!(
        (&holders[1].id, holders[1].state, holders[1].host),
        (&reserved.id, State::Queued, Some(second))
    );
}

async fn a_waiting_workflow_keeps_its_slot(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", capped(1)).await;
    let parent = world.begin(host, queue, "q").await;
    let later = clock.now().moved_ms(60_000);
    world.wait(host, queue, &parent, until(later)).await;
    let id = world.enqueue_id(world.call("q")).await;

    let standing = world.standing(&id).await;
    let own = world.standing(&parent.id).await;

    assert_eq!((standing.taken, standing.holders.len()), (1, 1));
    assert_eq!(standing.holders[0].id, parent.id);
    assert_eq!(standing.holders[0].state, State::Waiting);
    assert_eq!(standing.holders[0].host, None);
    assert_eq!((own.state, own.taken), (Some(State::Waiting), 1));
}

async fn who_has_the_slots_of_its_partition_is_told(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", partitioned(Some(1))).await;
    world.fill_partition("q", "one", 2).await;
    world.fill_partition("q", "two", 1).await;
    let id = world.enqueue_id(world.call_of("q", "one")).await;
    let claimed = world.claim(host, queue, 2).await.claimed;
    assert_eq!(claimed.len(), 2);
    let free = world.enqueue_id(world.call_of("q", "three")).await;

    let standing = world.standing(&id).await;
    let other = world.standing(&free).await;

    assert_eq!((standing.taken, standing.partition_taken), (2, 1));
    assert_eq!(standing.partition_holders.len(), 1);
    let holder = claimed
        .iter()
        .find(|one| one.partition.as_deref() == Some("one"));
    assert_eq!(standing.partition_holders[0].id, holder.unwrap().id);
    assert_eq!(standing.ahead, 1);
    assert_eq!((other.partition_taken, other.ahead), (0, 0));
    assert!(other.partition_holders.is_empty());
}

async fn many_holders_are_counted_and_some_are_named(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", capped(40)).await;
    world.fill("q", 40).await;
    world.claim(host, queue, 40).await;
    let id = world.enqueue_id(world.call("q")).await;

    let standing = world.standing(&id).await;

    assert_eq!(standing.taken, 40);
    assert_eq!(standing.holders.len(), HOLDERS_MAX);
}

async fn a_retry_that_backs_off_is_told(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", Default::default()).await;
    world.fill("q", 2).await;
    let claimed = world.run_one(host, queue).await;
    world.retry(host, queue, &claimed, 5_000).await;

    let standing = world.standing(&claimed.id).await;

    assert_eq!(standing.state, Some(State::Queued));
    assert_eq!(standing.due_at, Some(clock.now().moved_ms(5_000)));
    assert_eq!((standing.behind_retry, standing.ahead), (None, 0));
}

async fn on_an_ordered_queue_the_retry_before_it_is_told(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", ordered(1)).await;
    world.fill("q", 2).await;
    let id = world.enqueue_id(world.call("q")).await;
    let claimed = world.run_one(host, queue).await;
    world.retry(host, queue, &claimed, 5_000).await;
    let over = clock.now().moved_ms(5_000);

    let itself = world.standing(&claimed.id).await;
    let behind = world.standing(&id).await;
    clock.set(over).await;
    let later = world.standing(&id).await;

    assert_eq!(itself.due_at, Some(over));
    assert_eq!((itself.behind_retry, itself.ahead), (None, 0));
    assert_eq!((behind.due_at, behind.ahead), (None, 2));
    assert_eq!(behind.behind_retry, Some((claimed.id, over)));
    assert_eq!((later.behind_retry, later.ahead), (None, 2));
}

async fn a_rate_limit_that_is_closed_is_told(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let queue = world.queue("q", rated(2)).await;
    world.fill("q", 5).await;
    let id = world.enqueue_id(world.call("q")).await;

    let open = world.standing(&id).await;
    let granted = world.claim(host, queue, 5).await;
    let closed = world.standing(&id).await;
    assert_eq!(granted.claimed.len(), 2);
    let opens = closed.rate_opens_at.unwrap();
    clock.set(opens.moved(-1)).await;
    let nearly = world.standing(&id).await;
    clock.set(opens).await;
    let again = world.standing(&id).await;

    assert_eq!(open.rate_opens_at, None);
    assert!(opens >= clock.now().moved_ms(0));
    assert_eq!(nearly.rate_opens_at, Some(opens));
    assert_eq!(again.rate_opens_at, None);
    assert_eq!(world.claim(host, queue, 5).await.claimed.len(), 2);
}

async fn a_rate_limit_of_its_partition_is_told(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let settings = Settings {
        partitions: Some(Partitions {
            concurrency: None,
            rate_limit: Some(RateLimit {
                limit: 1,
                period_ms: 1_000,
            }),
        }),
        ..Settings::default()
    };
    let queue = world.queue("q", settings).await;
    world.fill_partition("q", "one", 2).await;
    let id = world.enqueue_id(world.call_of("q", "one")).await;
    assert_eq!(world.claim(host, queue, 5).await.claimed.len(), 1);
    let other = world.enqueue_id(world.call_of("q", "two")).await;

    let closed = world.standing(&id).await;
    let open = world.standing(&other).await;

    assert_eq!((closed.rate_opens_at, open.rate_opens_at), (None, None));
    assert_eq!(open.partition_rate_opens_at, None);
    let opens = closed.partition_rate_opens_at.unwrap();
    assert!(opens > clock.now());
    clock.set(opens).await;
    assert_eq!(world.standing(&id).await.partition_rate_opens_at, None);
}

async fn the_settings_of_a_paused_queue_are_told(bed: Bed) {
    let world = World::new(&bed.store).await;
    let settings = Settings {
        paused: true,
        ..Settings::default()
    };
    world.queue("q", settings.clone()).await;
    let id = world.enqueue_id(world.call("q")).await;

    assert_eq!(world.standing(&id).await.settings, settings);
}
