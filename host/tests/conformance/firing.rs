//! Schedules as several hosts fire them: each of their times exactly once, whatever the clocks do.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::value::RawValue;
use windlass::control::{self, Control, Nobody, Plan};
use windlass::model::schedule::{Missed, Overlap};
use windlass::model::{Moment, ScheduleName, State};
use windlass::queue::{Maintenance, maintenance};
use windlass::store::{Filter, NewComponent, Schedule};

use super::bed::Bed;
use super::clock::Clock;
use super::world::{World, component, queue};

cases!(
    three_hosts_fire_each_time_once_where_the_clocks_go_forward,
    three_hosts_fire_each_time_once_where_the_clocks_go_back,
    what_was_missed_is_left_out_where_the_schedule_says_so,
    what_was_missed_is_enqueued_late_where_the_schedule_says_so,
    a_firing_that_cannot_be_called_any_more_is_told_and_the_next_one_tried,
    a_paused_schedule_fires_nothing_and_goes_on_from_when_it_is_resumed,
    a_firing_that_meets_the_one_before_is_queued_skipped_or_replaces_it,
    putting_a_schedule_as_it_is_loses_no_firing,
    a_schedule_that_is_put_anew_fires_by_its_new_line_only,
);

/// Three hosts that look after one store, as its clock tells.
struct Hosts {
    world: World,
    clock: Clock,
    maintenance: Vec<Maintenance>,
}

impl Hosts {
    async fn of(bed: &Bed, now: &str) -> Self {
        let clock = bed.stop_clock().await;
        clock.set(at(now)).await;
        let world = World::new(&bed.store).await;
        let stores = [
            Arc::clone(&bed.store),
            bed.second().await,
            bed.second().await,
        ];
        let maintenance = stores.map(|store| Maintenance {
            control: Control::new(store.clone(), Arc::new(Nobody), control::Options::default()),
            store,
            options: maintenance::Options::default(),
        });
        Self {
            world,
            clock,
            maintenance: maintenance.into(),
        }
    }

    fn control(&self) -> &Control {
        &self.maintenance[0].control
    }

    async fn put(&self, name: &str, plan: Plan) {
        let (namespace, name) = (&self.world.namespace, named(name));
        let put = self.control().put_schedule(namespace, &name, plan).await;
        put.unwrap();
    }

    async fn get(&self, name: &str) -> Schedule {
        let namespace = &self.world.namespace;
        let found = self.control().schedule(namespace, &named(name)).await;
        found.unwrap().schedule
    }

    /// All hosts fire at the same time, until none has anything to fire.
    async fn fire(&self) {
        loop {
            let looked = self.maintenance.iter().map(Maintenance::fire_due);
            let looked = join_all(looked).await;
            let mut next = looked.into_iter().map(Result::unwrap);
            if next.all(|next| next.at.is_none_or(|at| at > next.now)) {
                return;
            }
        }
    }

    async fn fire_until(&self, end: &str, step_ms: u64) {
        while self.clock.now() < at(end) {
            self.clock.forward_ms(step_ms).await;
            self.fire().await;
        }
    }

    /// The states of what stands in a queue by its id, in order of the ids.
    async fn enqueued(&self, name: &str) -> BTreeMap<String, State> {
        let filter = Filter {
            queue: Some(queue(name)),
            limit: 1_000,
            ..Filter::default()
        };
        let listed = self.world.store.invocations(&self.world.namespace, &filter);
        let listed = listed.await.unwrap();
        let count = listed.len();
        let by_id: BTreeMap<_, _> = listed
            .into_iter()
            .map(|one| (one.id.to_string(), one.state))
            .collect();
        assert_eq!(by_id.len(), count, "an id stands there twice");
        by_id
    }

    async fn times(&self, name: &str) -> Vec<String> {
        let ids = self.enqueued(name).await.into_keys();
        ids.map(|id| {
            let (_, time) = id.rsplit_once('~').unwrap();
            time.replace(":00.000000Z", "")
        })
        .collect()
    }
}

fn at(text: &str) -> Moment {
    serde_json::from_value(text.into()).unwrap()
}

fn named(name: &str) -> ScheduleName {
    ScheduleName::parse(name).unwrap()
}

/// A schedule whose calls go to the queue of this name.
fn plan(queue: &str, cron: &str) -> Plan {
    Plan {
        cron: cron.to_owned(),
        timezone: Some("Europe/Berlin".to_owned()),
        queue: Some(queue.to_owned()),
        task: "demo/run".to_owned(),
        arguments: RawValue::from_string("[]".to_owned()).unwrap(),
        options: None,
        missed: Missed::Backfill,
        overlap: Overlap::Queue,
        paused: None,
    }
}

/// So many times from the first on, in equal steps.
fn every_minutes(first: &str, minutes: u64, count: u64) -> Vec<String> {
    let times = (0..count).map(|n| at(first).moved_ms(n * minutes * 60_000));
    times
        .map(|time| time.to_string().replace(":00.000000Z", ""))
        .collect()
}

async fn three_hosts_fire_each_time_once_where_the_clocks_go_forward(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-03-30T22:00:00Z").await;
    hosts.put("daily", plan("daily", "30 2 * * *")).await;
    hosts.put("night", plan("night", "0 1-3 * * *")).await;
    hosts.put("often", plan("often", "*/15 * * * *")).await;

    hosts.fire_until("2030-04-01T01:00:00Z", 20 * 60_000).await;

    // 02:30 does not exist on that day: it fires at 03:00.
    assert_eq!(
        hosts.times("daily").await,
        ["2030-03-31T01:00", "2030-04-01T00:30"]
    );
    // 02:00 does not either, and 03:00 is there already.
    assert_eq!(
        hosts.times("night").await,
        [
            "2030-03-31T00:00",
            "2030-03-31T01:00",
            "2030-03-31T23:00",
            "2030-04-01T00:00",
            "2030-04-01T01:00"
        ]
    );
    assert_eq!(
        hosts.times("often").await,
        every_minutes("2030-03-30T22:15:00Z", 15, 27 * 4)
    );
}

async fn three_hosts_fire_each_time_once_where_the_clocks_go_back(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-10-26T22:00:00Z").await;
    hosts.put("daily", plan("daily", "30 2 * * *")).await;
    hosts.put("night", plan("night", "0 1-3 * * *")).await;
    hosts.put("often", plan("often", "*/15 * * * *")).await;

    hosts.fire_until("2030-10-28T02:00:00Z", 20 * 60_000).await;

    assert_eq!(
        hosts.times("daily").await,
        ["2030-10-27T00:30", "2030-10-28T01:30"]
    );
    assert_eq!(
        hosts.times("night").await,
        [
            "2030-10-26T23:00",
            "2030-10-27T00:00",
            "2030-10-27T02:00",
            "2030-10-28T00:00",
            "2030-10-28T01:00",
            "2030-10-28T02:00"
        ]
    );
    assert_eq!(
        hosts.times("often").await,
        every_minutes("2030-10-26T22:15:00Z", 15, 28 * 4)
    );
}

async fn what_was_missed_is_left_out_where_the_schedule_says_so(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-06-01T00:30:00Z").await;
    let plan = Plan {
        missed: Missed::Skip,
        ..plan("q", "@hourly")
    };
    hosts.put("s", plan).await;

    hosts.clock.set(at("2030-06-01T10:30:00Z")).await;
    hosts.fire().await;
    let missed = (hosts.times("q").await, hosts.get("s").await);
    hosts.clock.set(at("2030-06-01T11:00:30Z")).await;
    hosts.fire().await;
    let in_time = (hosts.times("q").await, hosts.get("s").await);

    assert_eq!(missed.0, [""; 0]);
    assert_eq!(missed.1.last, Some((at("2030-06-01T01:00:00Z"), None)));
    let why = missed.1.last_error.unwrap();
    assert!(why.starts_with("missed: "), "{why}");
    assert_eq!(in_time.0, ["2030-06-01T11:00"]);
    assert_eq!(in_time.1.last_error, None);
    assert_eq!(in_time.1.next_at, Some(at("2030-06-01T12:00:00Z")));
}

async fn what_was_missed_is_enqueued_late_where_the_schedule_says_so(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-06-01T00:00:30Z").await;
    hosts.put("s", plan("q", "* * * * *")).await;

    // More than one host enqueues of a schedule at a time.
    hosts.clock.set(at("2030-06-01T04:10:30Z")).await;
    hosts.fire().await;

    assert_eq!(
        hosts.times("q").await,
        every_minutes("2030-06-01T00:01:00Z", 1, 250)
    );
    assert_eq!(
        hosts.get("s").await.next_at,
        Some(at("2030-06-01T04:11:00Z"))
    );
}

async fn a_firing_that_cannot_be_called_any_more_is_told_and_the_next_one_tried(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-06-01T00:30:00Z").await;
    hosts.put("s", plan("q", "@hourly")).await;
    hosts.clock.set(at("2030-06-01T01:00:00Z")).await;
    hosts.fire().await;

    let mut newer = component("demo", "2.0.0", b"demo two");
    newer.tasks[0].signature =
        serde_json::json!({"params": [{"name": "n", "ty": "u32"}], "result": null});
    add(&hosts, &newer).await;
    hosts.clock.set(at("2030-06-01T02:00:00Z")).await;
    hosts.fire().await;
    let refused = hosts.get("s").await;
    add(&hosts, &component("demo", "3.0.0", b"demo three")).await;
    hosts.clock.set(at("2030-06-01T03:00:00Z")).await;
    hosts.fire().await;

    let why = refused.last_error.unwrap();
    assert!(why.contains('n'), "{why}");
    assert_eq!(refused.last, Some((at("2030-06-01T02:00:00Z"), None)));
    assert_eq!(
        hosts.times("q").await,
        ["2030-06-01T01:00", "2030-06-01T03:00"]
    );
    assert_eq!(hosts.get("s").await.last_error, None);
}

async fn add(hosts: &Hosts, component: &NewComponent) {
    let added = hosts
        .world
        .store
        .add_component(&hosts.world.namespace, component);
    added.await.unwrap();
}

async fn a_paused_schedule_fires_nothing_and_goes_on_from_when_it_is_resumed(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-06-01T00:30:00Z").await;
    hosts.put("s", plan("q", "@hourly")).await;
    let namespace = &hosts.world.namespace;
    let (control, name) = (hosts.control(), named("s"));

    let paused = control
        .pause_schedule(namespace, &name, true)
        .await
        .unwrap();
    hosts.clock.set(at("2030-06-01T05:30:00Z")).await;
    hosts.fire().await;
    let none = hosts.times("q").await;
    let resumed = control.pause_schedule(namespace, &name, false).await;
    hosts.clock.set(at("2030-06-01T06:00:00Z")).await;
    hosts.fire().await;

    assert!(paused.next.is_empty());
    assert_eq!(none, [""; 0]);
    assert_eq!(resumed.unwrap().next[0], at("2030-06-01T06:00:00Z"));
    assert_eq!(hosts.times("q").await, ["2030-06-01T06:00"]);
}

async fn a_firing_that_meets_the_one_before_is_queued_skipped_or_replaces_it(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-06-01T00:30:00Z").await;
    for (name, overlap) in [
        ("queue", Overlap::Queue),
        ("skip", Overlap::Skip),
        ("replace", Overlap::Replace),
    ] {
        let plan = Plan {
            overlap,
            ..plan(name, "@hourly")
        };
        hosts.put(name, plan).await;
    }

    hosts.fire_until("2030-06-01T02:30:00Z", 30 * 60_000).await;

    let states = async |name| {
        let enqueued = hosts.enqueued(name).await;
        enqueued.into_values().collect::<Vec<_>>()
    };
    assert_eq!(states("queue").await, [State::Queued, State::Queued]);
    assert_eq!(states("skip").await, [State::Queued]);
    assert_eq!(
        hosts.get("skip").await.last,
        Some((at("2030-06-01T02:00:00Z"), None))
    );
    assert_eq!(states("replace").await, [State::Cancelled, State::Queued]);
}

async fn putting_a_schedule_as_it_is_loses_no_firing(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-06-01T00:30:00Z").await;
    hosts.put("s", plan("q", "@hourly")).await;

    hosts.clock.set(at("2030-06-01T01:00:00Z")).await;
    hosts.put("s", plan("q", "@hourly")).await;
    hosts.fire().await;

    assert_eq!(hosts.times("q").await, ["2030-06-01T01:00"]);
}

async fn a_schedule_that_is_put_anew_fires_by_its_new_line_only(bed: Bed) {
    let hosts = Hosts::of(&bed, "2030-06-01T00:30:00Z").await;
    hosts.put("s", plan("q", "@hourly")).await;

    hosts.put("s", plan("q", "45 * * * *")).await;
    hosts.fire_until("2030-06-01T02:00:00Z", 15 * 60_000).await;

    assert_eq!(
        hosts.times("q").await,
        ["2030-06-01T00:45", "2030-06-01T01:45"]
    );
}
