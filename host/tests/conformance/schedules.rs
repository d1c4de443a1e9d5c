//! Schedules: how they are kept, which are due, and that each firing is enqueued exactly once.

use bytes::Bytes;
use serde_json::value::RawValue;
use windlass::model::controls::{Dedup, OnConflict, Once};
use windlass::model::schedule::{Missed, Overlap};
use windlass::model::{Controls, InvocationId, Key, Moment, State};
use windlass::store::{Enqueued, Error, Fired, Firing, NewCall, Schedule, Signal};

use super::bed::Bed;
use super::clock::Clock;
use super::signals::hear;
use super::world::{World, component, queue};

cases!(
    a_schedule_is_read_as_it_was_put,
    a_change_keeps_what_it_fired_last_and_grows_its_revision,
    schedules_are_listed_by_name,
    a_schedule_that_is_deleted_is_gone,
    those_are_due_whose_time_has_come,
    more_than_asked_for_are_due_at_once,
    a_paused_schedule_is_not_due,
    a_schedule_that_is_set_is_told,
    a_firing_enqueues_and_moves_on,
    a_firing_that_comes_twice_is_gone,
    of_many_who_fire_at_once_one_does,
    a_firing_of_a_schedule_that_was_changed_is_gone,
    a_firing_that_found_no_task_says_why,
    a_firing_that_says_why_is_forgotten_by_the_next,
    overlap_skip_leaves_out_what_meets_the_one_before,
    overlap_queue_enqueues_all_the_same,
    overlap_replace_cancels_the_one_before,
    overlap_replace_asks_for_the_end_of_one_that_executes,
    a_firing_by_an_older_catalogue_changes_nothing,
    a_firing_whose_id_another_call_has_moves_on,
    a_firing_that_is_refused_as_a_duplicate_moves_on,
    a_schedule_that_never_fires_again_is_never_due,
);

async fn begin(bed: &Bed) -> (World, Clock) {
    let clock = bed.stop_clock().await;
    (World::new(&bed.store).await, clock)
}

fn schedule(world: &World, name: &str, next_at: Option<Moment>) -> Schedule {
    Schedule {
        namespace: world.namespace.clone(),
        name: name.to_owned(),
        cron: "*/5 * * * *".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        queue: queue("q"),
        task: "demo/run".to_owned(),
        arguments: Bytes::from_static(b"{\"n\": 1}"),
        options: RawValue::from_string("{\"priority\":3}".to_owned()).unwrap(),
        missed: Missed::Backfill,
        overlap: Overlap::Skip,
        paused: false,
        next_at,
        revision: 0,
        last: None,
        last_error: None,
        created_at: Moment(0),
    }
}

/// As hosts name a firing; no caller can choose such an id.
fn id_of(schedule: &Schedule, due_at: Moment) -> InvocationId {
    InvocationId::from_store(format!("{}~{}", schedule.name, due_at.0))
}

/// The firing of a schedule as it was read, five minutes before the next.
fn firing(world: &World, schedule: &Schedule) -> Firing {
    let due_at = schedule.next_at.unwrap();
    let call = NewCall {
        chosen: true,
        id: id_of(schedule, due_at),
        ..world.call("q")
    };
    Firing {
        namespace: schedule.namespace.clone(),
        name: schedule.name.clone(),
        revision: schedule.revision,
        due_at,
        next_at: Some(due_at.moved_ms(300_000)),
        call: Ok((Box::new(call), world.revision)),
        overlap: schedule.overlap,
    }
}

impl World {
    async fn put_schedule(&self, schedule: &Schedule) -> Schedule {
        self.store.put_schedule(schedule).await.unwrap()
    }

    async fn read_schedule(&self, name: &str) -> Schedule {
        let found = self.store.schedules(&self.namespace, Some(name)).await;
        found.unwrap().remove(0)
    }

    async fn fire(&self, firing: Firing) -> Fired {
        self.store.fire(firing).await.unwrap()
    }

    /// A firing that enqueues something.
    async fn fires(&self, firing: Firing) -> Enqueued {
        match self.fire(firing).await {
            Fired::Enqueued(stored) => stored,
            other => panic!("it fires: {other:?}"),
        }
    }

    async fn due(&self, limit: u32) -> (Vec<String>, Option<Moment>) {
        let found = self.store.due_schedules(limit).await.unwrap();
        let names = found.due.into_iter().map(|schedule| schedule.name);
        (names.collect(), found.next_at)
    }

    async fn all_keys(&self) -> Vec<Key> {
        let filter = windlass::store::Filter {
            limit: 100,
            ..Default::default()
        };
        let found = self.store.invocations(&self.namespace, &filter).await;
        found.unwrap().iter().map(|found| found.key).collect()
    }
}

async fn a_schedule_is_read_as_it_was_put(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let next = clock.now().moved_ms(1_000);
    let put = world.put_schedule(&schedule(&world, "s", Some(next))).await;

    let read = world.read_schedule("s").await;

    for found in [put, read] {
        assert_eq!(
            (found.name.as_str(), &found.namespace),
            ("s", &world.namespace)
        );
        assert_eq!(found.cron, "*/5 * * * *");
        assert_eq!(found.timezone, "Europe/Berlin");
        assert_eq!((found.queue, found.task.as_str()), (queue("q"), "demo/run"));
        assert_eq!(found.arguments, Bytes::from_static(b"{\"n\": 1}"));
        assert_eq!(found.options.get(), "{\"priority\":3}");
        assert_eq!(
            (found.missed, found.overlap),
            (Missed::Backfill, Overlap::Skip)
        );
        assert_eq!((found.paused, found.next_at), (false, Some(next)));
        assert_eq!((found.last, found.last_error), (None, None));
        assert_eq!(found.created_at, clock.now());
    }
}

async fn a_change_keeps_what_it_fired_last_and_grows_its_revision(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let first = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let stored = world.fires(firing(&world, &first)).await;
    clock.forward_ms(1_000).await;
    let other = Schedule {
        cron: "0 0 * * *".to_owned(),
        overlap: Overlap::Queue,
        missed: Missed::Skip,
        ..schedule(&world, "s", Some(clock.now()))
    };

    let changed = world.put_schedule(&other).await;

    assert!(changed.revision > first.revision);
    assert_eq!(changed.cron, "0 0 * * *");
    assert_eq!(
        (changed.missed, changed.overlap),
        (Missed::Skip, Overlap::Queue)
    );
    assert_eq!(changed.created_at, first.created_at);
    assert_eq!(
        changed.last,
        Some((first.next_at.unwrap(), Some(stored.id)))
    );
}

async fn schedules_are_listed_by_name(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    for name in ["b", "a-2", "c", "A"] {
        world
            .put_schedule(&schedule(&world, name, Some(clock.now())))
            .await;
    }

    let all = world.store.schedules(&world.namespace, None).await.unwrap();
    let none = world.store.schedules(&world.namespace, Some("x")).await;

    let names: Vec<_> = all.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["A", "a-2", "b", "c"]);
    assert!(none.unwrap().is_empty());
}

async fn a_schedule_that_is_deleted_is_gone(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let stored = world.fires(firing(&world, &put)).await;
    let moved = world.read_schedule("s").await;

    let there = world.store.delete_schedule(&world.namespace, "s").await;
    let again = world.store.delete_schedule(&world.namespace, "s").await;

    assert_eq!((there.unwrap(), again.unwrap()), (true, false));
    assert_eq!(world.fire(firing(&world, &moved)).await, Fired::Gone);
    assert_eq!(world.state(&stored.id).await, State::Queued);
}

async fn those_are_due_whose_time_has_come(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let now = clock.now();
    for (name, at) in [("now", 0), ("past", -5_000_000), ("soon", 1), ("later", 60)] {
        let at = Some(now.moved(at));
        world.put_schedule(&schedule(&world, name, at)).await;
    }

    let found = world.store.due_schedules(10).await.unwrap();

    let names: Vec<_> = found.due.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["past", "now"]);
    assert_eq!((found.next_at, found.now), (Some(now.moved(1)), now));
}

async fn more_than_asked_for_are_due_at_once(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    for (name, ago) in [("c", 1), ("a", 3), ("b", 2)] {
        let at = clock.now().moved(-ago);
        world.put_schedule(&schedule(&world, name, Some(at))).await;
    }

    let (due, next_at) = world.due(2).await;

    assert_eq!(due, ["a", "b"]);
    assert_eq!(next_at, Some(clock.now().moved(-1)));
}

async fn a_paused_schedule_is_not_due(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let paused = Schedule {
        paused: true,
        ..put.clone()
    };
    let paused = world.put_schedule(&paused).await;

    assert!(paused.paused);
    assert_eq!(world.due(10).await, (vec![], None));
    assert_eq!(world.fire(firing(&world, &put)).await, Fired::Gone);
    assert_eq!(world.fire(firing(&world, &paused)).await, Fired::Gone);
}

async fn a_schedule_that_is_set_is_told(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let mut signals = world.store.subscribe();
    let next = clock.now().moved_ms(1_000);

    world.put_schedule(&schedule(&world, "s", Some(next))).await;

    hear(&mut signals, |signal| *signal == Signal::Due(next)).await;
}

async fn a_firing_enqueues_and_moves_on(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;

    let stored = world.fires(firing(&world, &put)).await;

    let read = world.read_schedule("s").await;
    assert_eq!(stored.id.to_string(), format!("s~{}", clock.now().0));
    assert!(!stored.existed);
    assert_eq!(read.next_at, Some(clock.now().moved_ms(300_000)));
    assert_eq!(read.last, Some((clock.now(), Some(stored.id.clone()))));
    assert_eq!(read.last_error, None);
    assert_eq!(read.revision, put.revision);
    assert_eq!(world.state(&stored.id).await, State::Queued);
    assert_eq!(world.due(10).await, (vec![], read.next_at));
}

async fn a_firing_that_comes_twice_is_gone(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let stored = world.fires(firing(&world, &put)).await;

    let again = world.fire(firing(&world, &put)).await;

    assert_eq!(again, Fired::Gone);
    assert_eq!(world.all_keys().await, [stored.key]);
}

async fn of_many_who_fire_at_once_one_does(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let second = world.through(bed.second().await);
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let mut due = put.clone();

    for _ in 0..5 {
        let fired = futures::future::join_all((0..8).map(|number| {
            let by = [&world, &second][number % 2];
            // Of what is enqueued only the schedule says that it is the same.
            let mut firing = firing(&world, &due);
            let (call, _) = firing.call.as_mut().unwrap();
            (call.id, call.chosen) = (InvocationId::generate(), false);
            firing.overlap = Overlap::Queue;
            by.fire(firing)
        }))
        .await;
        let once = fired.iter().filter(|fired| **fired != Fired::Gone);
        assert_eq!(once.count(), 1);
        due = world.read_schedule("s").await;
    }

    assert_eq!(world.all_keys().await.len(), 5);
}

async fn a_firing_of_a_schedule_that_was_changed_is_gone(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let read = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;

    assert_eq!(world.fire(firing(&world, &read)).await, Fired::Gone);
    assert!(world.all_keys().await.is_empty());
}

async fn a_firing_that_found_no_task_says_why(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let failed = Firing {
        call: Err("there is no task `demo/gone`".to_owned()),
        ..firing(&world, &put)
    };

    assert_eq!(world.fire(failed).await, Fired::Skipped);

    let read = world.read_schedule("s").await;
    assert_eq!(read.last, Some((clock.now(), None)));
    let reason = read.last_error.as_deref();
    assert_eq!(reason, Some("there is no task `demo/gone`"));
    assert_eq!(read.next_at, Some(clock.now().moved_ms(300_000)));
    assert!(world.all_keys().await.is_empty());
}

async fn a_firing_that_says_why_is_forgotten_by_the_next(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let failed = Firing {
        call: Err("not now".to_owned()),
        ..firing(&world, &put)
    };
    world.fire(failed).await;

    let moved = world.read_schedule("s").await;
    world.fires(firing(&world, &moved)).await;

    assert_eq!(world.read_schedule("s").await.last_error, None);
}

async fn overlap_skip_leaves_out_what_meets_the_one_before(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let host = world.host("a").await;
    let id = world.queue("q", Default::default()).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let first = world.fires(firing(&world, &put)).await;

    let mut skipped = Vec::new();
    for _ in 0..2 {
        let moved = world.read_schedule("s").await;
        skipped.push(world.fire(firing(&world, &moved)).await);
    }
    let read = world.read_schedule("s").await;
    let claimed = world.run_one(host, id).await;
    world.finish(host, &[claimed]).await;
    let second = world.fires(firing(&world, &read)).await;

    assert_eq!(skipped, [Fired::Skipped, Fired::Skipped]);
    let at = clock.now().moved_ms(600_000);
    assert_eq!((read.last, read.last_error), (Some((at, None)), None));
    assert_eq!(world.all_keys().await, [second.key, first.key]);
}

async fn overlap_queue_enqueues_all_the_same(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let loose = Schedule {
        overlap: Overlap::Queue,
        ..schedule(&world, "s", Some(clock.now()))
    };
    let put = world.put_schedule(&loose).await;

    let first = world.fires(firing(&world, &put)).await;
    let moved = world.read_schedule("s").await;
    let second = world.fires(firing(&world, &moved)).await;

    assert_eq!(world.state(&first.id).await, State::Queued);
    assert_eq!(world.state(&second.id).await, State::Queued);
}

fn replacing(world: &World, at: Moment) -> Schedule {
    Schedule {
        overlap: Overlap::Replace,
        ..schedule(world, "s", Some(at))
    }
}

async fn overlap_replace_cancels_the_one_before(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world.put_schedule(&replacing(&world, clock.now())).await;
    let first = world.fires(firing(&world, &put)).await;
    let mut signals = world.store.subscribe();

    let moved = world.read_schedule("s").await;
    let second = world.fires(firing(&world, &moved)).await;

    assert_eq!(world.state(&first.id).await, State::Cancelled);
    assert_eq!(world.state(&second.id).await, State::Queued);
    hear(&mut signals, |signal| {
        *signal == Signal::Ended([first.key].into())
    })
    .await;
    let outcome = world.invocation(&first.id).await.unwrap().outcome;
    let Some(windlass::model::Outcome::Error(failure)) = outcome else {
        panic!("it was cancelled");
    };
    let reason = "replaced by the next firing of its schedule";
    assert!(failure.message.contains(reason), "{}", failure.message);
}

async fn overlap_replace_asks_for_the_end_of_one_that_executes(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let host = world.host("a").await;
    let id = world.queue("q", Default::default()).await;
    let put = world.put_schedule(&replacing(&world, clock.now())).await;
    let first = world.fires(firing(&world, &put)).await;
    let running = world.run_one(host, id).await;
    let mut signals = world.store.subscribe();

    let moved = world.read_schedule("s").await;
    let second = world.fires(firing(&world, &moved)).await;

    hear(&mut signals, |signal| *signal == Signal::Cancel).await;
    let shown = world.invocation(&first.id).await.unwrap();
    assert_eq!((shown.state, shown.cancelling), (State::Running, true));
    world.finish(host, &[running]).await;
    assert_eq!(world.state(&first.id).await, State::Cancelled);
    assert_eq!(world.state(&second.id).await, State::Queued);
}

async fn a_firing_by_an_older_catalogue_changes_nothing(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world.put_schedule(&replacing(&world, clock.now())).await;
    let first = world.fires(firing(&world, &put)).await;
    let newer = component("other", "1.0.0", b"other one");
    let added = world.store.add_component(&world.namespace, &newer).await;
    added.unwrap();

    let moved = world.read_schedule("s").await;
    let fired = world.store.fire(firing(&world, &moved)).await;

    assert!(matches!(fired, Err(Error::CatalogueMoved)));
    assert_eq!(world.read_schedule("s").await.next_at, moved.next_at);
    assert_eq!(world.state(&first.id).await, State::Queued);
    assert_eq!(world.all_keys().await, [first.key]);
}

async fn a_firing_whose_id_another_call_has_moves_on(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let id = id_of(&put, clock.now());
    let other = NewCall {
        id: id.clone(),
        ..world.call_as("other", "other")
    };
    let other = world.enqueue_one(other).await;

    assert_eq!(world.fire(firing(&world, &put)).await, Fired::Skipped);

    let read = world.read_schedule("s").await;
    assert!(read.last_error.unwrap().contains(id.as_str()));
    assert_eq!(read.last, Some((clock.now(), None)));
    assert_eq!(read.next_at, Some(clock.now().moved_ms(300_000)));
    assert_eq!(world.all_keys().await, [other.key]);
}

async fn a_firing_that_is_refused_as_a_duplicate_moves_on(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let only = Controls {
        once: Some(Once::Dedup(Dedup {
            key: "only".to_owned(),
            on_conflict: OnConflict::Reject,
            period_ms: None,
        })),
        ..Controls::default()
    };
    let holder = world.call_with("q", only.clone());
    let holder = world.enqueue_one(holder).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let mut refused = firing(&world, &put);
    refused.call.as_mut().unwrap().0.controls = only;

    assert_eq!(world.fire(refused).await, Fired::Skipped);

    let read = world.read_schedule("s").await;
    assert!(read.last_error.unwrap().contains("only"));
    assert_eq!(world.all_keys().await, [holder.key]);
}

async fn a_schedule_that_never_fires_again_is_never_due(bed: Bed) {
    let (world, clock) = begin(&bed).await;
    let put = world
        .put_schedule(&schedule(&world, "s", Some(clock.now())))
        .await;
    let last = Firing {
        next_at: None,
        ..firing(&world, &put)
    };

    world.fires(last).await;

    assert_eq!(world.read_schedule("s").await.next_at, None);
    assert_eq!(world.due(10).await, (vec![], None));
}
