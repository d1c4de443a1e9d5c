//! Lists by every condition, alone and together; and what a handle shows of a call's controls.

use std::collections::BTreeMap;

use windlass::model::controls::Start;
use windlass::model::retry::Retries;
use windlass::model::{ComponentName, Controls, FailureKind, Key, Moment, Outcome, State};
use windlass::store::{Exchange, Filter};

use super::bed::Bed;
use super::controls::{after_ms, in_partition, lanes, partitioned};
use super::world::{World, component, ended, ended_with, failure, ordered, queue};

cases!(
    a_handle_shows_what_was_said_of_the_call,
    a_handle_shows_until_when_a_retry_backs_off,
    a_handle_shows_what_it_does_again_and_what_does_it_again,
    lists_by_tags_want_all_of_them,
    lists_by_component_show_all_its_tasks,
    lists_by_task_show_it_as_it_was_written,
    lists_by_kind_go_over_all_queues,
    lists_by_state_go_over_all_queues_newest_first,
    lists_by_partition_go_over_all_queues,
    lists_by_time_take_the_beginning_and_leave_out_the_end,
    lists_by_time_are_exact_where_many_come_at_once,
    dead_letters_are_those_that_failed_and_were_not_done_again,
    lists_by_parent_show_its_children,
    conditions_hold_together,
    pages_of_every_condition_follow_each_other,
    whole_lists_bring_arguments_and_values,
);

impl World {
    async fn list(&self, filter: Filter) -> Vec<Key> {
        let filter = Filter {
            limit: 100,
            ..filter
        };
        let found = self.store.invocations(&self.namespace, &filter).await;
        let found: Vec<Key> = found.unwrap().iter().map(|found| found.key).collect();
        assert!(found.is_sorted_by(|a, b| a > b), "newest first");
        found
    }

    async fn put(&self, queue: &str, controls: Controls) -> Key {
        self.enqueue_one(self.call_with(queue, controls)).await.key
    }

    /// One that failed with this kind.
    async fn fail(&self, queue_name: &str, kind: FailureKind) -> Key {
        let host = self.host("a").await;
        let id = self.queue(queue_name, Default::default()).await;
        let key = self.put(queue_name, Controls::default()).await;
        let claimed = self.claim_one(host, id).await;
        assert_eq!(claimed.hold.key, key);
        let exchange = Exchange {
            ended: vec![ended_with(&claimed, failure(kind))],
            ..Exchange::default()
        };
        self.exchange(host, exchange).await;
        key
    }
}

fn tagged(tags: &[(&str, &str)]) -> Controls {
    Controls {
        tags: tags_of(tags),
        ..Controls::default()
    }
}

fn tags_of(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    let tags = tags.iter();
    tags.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn again(key: Key) -> Controls {
    Controls {
        retry_of: Some(key),
        ..Controls::default()
    }
}

async fn a_handle_shows_what_was_said_of_the_call(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    world.queue("q", partitioned(None)).await;
    let retries = Retries {
        max: 7,
        jitter: 0.25,
        ..Retries::default()
    };
    let controls = Controls {
        start: Start::After(5_000),
        partition: Some("customer \"1\"".to_owned()),
        retries: Some(retries.clone()),
        deadline_ms: Some(60_000),
        tags: tags_of(&[("order", "ünï 7"), ("empty", "")]),
        ..Controls::default()
    };

    let stored = world.enqueue_one(world.call_with("q", controls)).await;
    let plain = world.enqueue_one(world.call("r")).await;
    let shown = world.invocation(&stored.id).await.unwrap();
    let bare = world.invocation(&plain.id).await.unwrap();

    assert_eq!(shown.state, State::Scheduled);
    assert_eq!(shown.due_at, Some(clock.now().moved_ms(5_000)));
    assert_eq!(shown.deadline_at, Some(clock.now().moved_ms(60_000)));
    assert_eq!(shown.partition.as_deref(), Some("customer \"1\""));
    assert_eq!((shown.retries, shown.retried), (Some(retries), 0));
    assert_eq!(shown.tags, tags_of(&[("order", "ünï 7"), ("empty", "")]));
    assert_eq!((bare.due_at, bare.deadline_at), (None, None));
    assert_eq!((bare.partition, bare.retries), (None, None));
    assert!(bare.tags.is_empty());
    assert_eq!((bare.retry_of, bare.retried_as), (None, None));
}

async fn a_handle_shows_until_when_a_retry_backs_off(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    for (name, settings) in [("loose", Default::default()), ("strict", ordered(1))] {
        let queue = world.queue(name, settings).await;
        let stored = world.enqueue_one(world.call(name)).await;
        let claimed = world.run_one(host, queue).await;
        world.retry(host, queue, &claimed, 3_000).await;

        let shown = world.invocation(&stored.id).await.unwrap();

        assert_eq!((shown.state, shown.retried), (State::Queued, 1));
        assert_eq!(shown.due_at, Some(clock.now().moved_ms(3_000)));
    }

    clock.forward_ms(3_000).await;
    world.tick(clock.now()).await;
    let loose = world.store.queue(&world.namespace, &queue("loose")).await;
    let loose = loose.unwrap().unwrap().0.id;
    let claimed = world.run_one(host, loose).await;
    world.finish(host, std::slice::from_ref(&claimed)).await;
    let ended = world.invocation(&claimed.id).await.unwrap();

    assert_eq!((ended.state, ended.retried), (State::Succeeded, 1));
    assert_eq!(ended.due_at, None);
}

async fn a_handle_shows_what_it_does_again_and_what_does_it_again(bed: Bed) {
    let world = World::new(&bed.store).await;
    let first = world.enqueue_one(world.call("q")).await;
    let second = world.call_with("q", again(first.key));
    let second = world.enqueue_one(second).await;
    let third = world.call_with("q", again(first.key));
    let third = world.enqueue_one(third).await;

    let shown = world.invocation(&first.id).await.unwrap();
    let older = world.invocation(&second.id).await.unwrap();

    assert_eq!(shown.retried_as, Some(third.id));
    assert_eq!(shown.retry_of, None);
    assert_eq!(older.retry_of, Some(first.id));
    assert_eq!(older.retried_as, None);
}

async fn lists_by_tags_want_all_of_them(bed: Bed) {
    let world = World::new(&bed.store).await;
    let one = world.put("q", tagged(&[("a", "1")])).await;
    let both = world.put("r", tagged(&[("a", "1"), ("b", "2")])).await;
    world.put("q", tagged(&[("a", "2")])).await;
    world.put("q", Controls::default()).await;
    let by = |tags: &[(&str, &str)]| Filter {
        tags: tags_of(tags),
        ..Filter::default()
    };

    assert_eq!(world.list(by(&[("a", "1")])).await, [both, one]);
    assert_eq!(world.list(by(&[("a", "1"), ("b", "2")])).await, [both]);
    assert!(world.list(by(&[("a", "1"), ("b", "1")])).await.is_empty());
    assert!(world.list(by(&[("a", "")])).await.is_empty());
}

async fn lists_by_component_show_all_its_tasks(bed: Bed) {
    let world = World::new(&bed.store).await;
    let demo = world.fill("q", 2).await;
    let newer = component("other", "1.0.0", b"other one");
    world
        .store
        .add_component(&world.namespace, &newer)
        .await
        .unwrap();
    let catalogue = world.store.catalogue(&world.namespace).await.unwrap();
    let other = ComponentName::parse("other").unwrap();
    let function = catalogue.functions.iter();
    let function = function.clone().find(|found| found.component == other);
    let mut call = world.call("q");
    (call.function, call.task) = (function.unwrap().id, "other/run".to_owned());
    let stored = world.store.enqueue(vec![call], catalogue.revision).await;
    let stored = stored.unwrap()[0].key;
    let by = |name: &str| Filter {
        component: Some(ComponentName::parse(name).unwrap()),
        ..Filter::default()
    };

    assert_eq!(world.list(by("other")).await, [stored]);
    assert_eq!(world.list(by("demo")).await, [demo[1], demo[0]]);
    assert!(world.list(by("none")).await.is_empty());
}

async fn lists_by_task_show_it_as_it_was_written(bed: Bed) {
    let world = World::new(&bed.store).await;
    let written = ["demo/run", "demo@1.0.0/run", "demo/demo:demo/tasks#run"];
    let mut stored = Vec::new();
    for task in written {
        let mut call = world.call("q");
        call.task = task.to_owned();
        stored.push(world.enqueue_one(call).await.key);
    }
    let by = |task: &str| Filter {
        task: Some(task.to_owned()),
        ..Filter::default()
    };

    for (task, key) in written.into_iter().zip(stored) {
        assert_eq!(world.list(by(task)).await, [key]);
    }
    assert!(world.list(by("demo")).await.is_empty());
    assert!(world.list(by("none/run")).await.is_empty());
}

async fn lists_by_kind_go_over_all_queues(bed: Bed) {
    let world = World::new(&bed.store).await;
    let first = world.fail("q", FailureKind::Trap).await;
    world.fail("q", FailureKind::Guest).await;
    let second = world.fail("r", FailureKind::Trap).await;
    let third = world.fail("q", FailureKind::Trap).await;
    let by = |kind| Filter {
        kind: Some(kind),
        ..Filter::default()
    };

    assert_eq!(
        world.list(by(FailureKind::Trap)).await,
        [third, second, first]
    );
    assert!(world.list(by(FailureKind::Timeout)).await.is_empty());
}

async fn lists_by_state_go_over_all_queues_newest_first(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let mut by_state: BTreeMap<State, Vec<Key>> = BTreeMap::new();
    for name in ["q", "r", "q"] {
        let id = world.queue(name, Default::default()).await;
        for state in [State::Succeeded, State::Failed, State::Running] {
            let key = world.put(name, Controls::default()).await;
            let claimed = world.run_one(host, id).await;
            assert_eq!(claimed.hold.key, key);
            let end = match state {
                State::Succeeded => Some(ended(&claimed)),
                State::Failed => Some(ended_with(&claimed, failure(FailureKind::Guest))),
                _ => None,
            };
            let exchange = Exchange {
                ended: end.into_iter().collect(),
                ..Exchange::default()
            };
            world.exchange(host, exchange).await;
            by_state.entry(state).or_default().insert(0, key);
        }
        let gone = world.put(name, Controls::default()).await;
        world.cancel(&[gone]).await;
        by_state
            .entry(State::Cancelled)
            .or_default()
            .insert(0, gone);
        let later = world.put(name, after_ms(3_600_000)).await;
        by_state
            .entry(State::Scheduled)
            .or_default()
            .insert(0, later);
    }
    for name in ["r", "q"] {
        let key = world.put(name, Controls::default()).await;
        by_state.entry(State::Queued).or_default().insert(0, key);
    }

    for (state, keys) in by_state {
        let filter = Filter {
            state: Some(state),
            ..Filter::default()
        };
        assert_eq!(world.list(filter).await, keys, "{state}");
    }
}

async fn lists_by_partition_go_over_all_queues(bed: Bed) {
    let world = World::new(&bed.store).await;
    world.queue("q", partitioned(None)).await;
    world.queue("r", lanes()).await;
    let one = world.put("q", in_partition("one")).await;
    world.put("q", in_partition("two")).await;
    world.put("q", Controls::default()).await;
    let other = world.put("r", in_partition("one")).await;
    let by = |queue_name: Option<&str>| Filter {
        partition: Some("one".to_owned()),
        queue: queue_name.map(queue),
        ..Filter::default()
    };

    assert_eq!(world.list(by(None)).await, [other, one]);
    assert_eq!(world.list(by(Some("q"))).await, [one]);
}

async fn lists_by_time_take_the_beginning_and_leave_out_the_end(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let mut stored: Vec<(Moment, Key)> = Vec::new();
    for hours in 0..8 {
        let key = world.put(["q", "r"][hours % 2], Controls::default()).await;
        stored.push((clock.now(), key));
        clock.forward_ms(3_600_000).await;
    }
    let by = |since: Option<usize>, until: Option<usize>| Filter {
        since: since.map(|at| stored[at].0),
        until: until.map(|at| stored[at].0),
        ..Filter::default()
    };
    let between = |range: std::ops::Range<usize>| -> Vec<Key> {
        stored[range].iter().rev().map(|found| found.1).collect()
    };

    assert_eq!(world.list(by(Some(3), None)).await, between(3..8));
    assert_eq!(world.list(by(None, Some(3))).await, between(0..3));
    assert_eq!(world.list(by(Some(2), Some(5))).await, between(2..5));
    assert!(world.list(by(Some(5), Some(5))).await.is_empty());
    let in_one = Filter {
        queue: Some(queue("q")),
        ..by(Some(1), Some(7))
    };
    assert_eq!(
        world.list(in_one).await,
        [stored[6].1, stored[4].1, stored[2].1]
    );
}

async fn lists_by_time_are_exact_where_many_come_at_once(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let early = world.fill("q", 3).await;
    clock.forward_us(1).await;
    let late = world.fill("q", 3).await;
    let since = Filter {
        since: Some(clock.now()),
        ..Filter::default()
    };
    let until = Filter {
        until: Some(clock.now()),
        ..Filter::default()
    };

    assert_eq!(world.list(since).await, [late[2], late[1], late[0]]);
    assert_eq!(world.list(until).await, [early[2], early[1], early[0]]);
}

async fn dead_letters_are_those_that_failed_and_were_not_done_again(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let first = world.fail("q", FailureKind::Trap).await;
    let second = world.fail("r", FailureKind::Guest).await;
    let third = world.fail("q", FailureKind::Guest).await;
    let id = world.queue("q", Default::default()).await;
    world.put("q", Controls::default()).await;
    let fine = world.run_one(host, id).await;
    world.finish(host, &[fine]).await;
    world.put("q", again(first)).await;
    let dead = || Filter {
        dead: true,
        ..Filter::default()
    };

    assert_eq!(world.list(dead()).await, [third, second]);
    let of_kind = Filter {
        kind: Some(FailureKind::Trap),
        ..dead()
    };
    assert!(world.list(of_kind).await.is_empty());
    let of_queue = Filter {
        queue: Some(queue("r")),
        ..dead()
    };
    assert_eq!(world.list(of_queue).await, [second]);
}

async fn lists_by_parent_show_its_children(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let id = world.queue("q", Default::default()).await;
    let parent = world.begin(host, id, "q").await;
    let calls = vec![world.call("r"), world.call("s")];
    let children = world.enqueue_children(host, &parent, calls).await;
    world.fill("r", 2).await;
    let by = |queue_name: Option<&str>| Filter {
        parent: Some(parent.hold.key),
        queue: queue_name.map(queue),
        ..Filter::default()
    };

    assert_eq!(world.list(by(None)).await, [children[1], children[0]]);
    assert_eq!(world.list(by(Some("r"))).await, [children[0]]);
}

async fn conditions_hold_together(bed: Bed) {
    let world = World::new(&bed.store).await;
    world.queue("q", partitioned(None)).await;
    let told = |partition: &str, tag: &str| Controls {
        tags: tags_of(&[("tag", tag)]),
        ..in_partition(partition)
    };
    let wanted = world.put("q", told("one", "x")).await;
    world.put("q", told("two", "x")).await;
    world.put("q", told("one", "y")).await;
    world.put("r", tagged(&[("tag", "x")])).await;
    let filter = Filter {
        queue: Some(queue("q")),
        state: Some(State::Queued),
        task: Some("demo/run".to_owned()),
        component: Some(ComponentName::parse("demo").unwrap()),
        tags: tags_of(&[("tag", "x")]),
        partition: Some("one".to_owned()),
        since: Some(Moment(0)),
        until: Some(Moment(i64::MAX / 2)),
        ..Filter::default()
    };
    let ended = Filter {
        state: Some(State::Succeeded),
        ..filter.clone()
    };
    let elsewhere = Filter {
        queue: Some(queue("r")),
        ..filter.clone()
    };

    assert_eq!(world.list(filter).await, [wanted]);
    assert!(world.list(ended).await.is_empty());
    assert!(world.list(elsewhere).await.is_empty());
}

async fn pages_of_every_condition_follow_each_other(bed: Bed) {
    let world = World::new(&bed.store).await;
    world.queue("q", partitioned(None)).await;
    world.queue("r", partitioned(None)).await;
    let said = Controls {
        tags: tags_of(&[("a", "1")]),
        ..in_partition("one")
    };
    let mut stored = Vec::new();
    for number in 0..9 {
        stored.insert(0, world.put(["q", "r"][number % 2], said.clone()).await);
    }
    let all = Filter {
        limit: 2,
        ..Filter::default()
    };
    let filters = [
        all.clone(),
        Filter {
            state: Some(State::Queued),
            ..all.clone()
        },
        Filter {
            task: Some("demo/run".to_owned()),
            ..all.clone()
        },
        Filter {
            component: Some(ComponentName::parse("demo").unwrap()),
            ..all.clone()
        },
        Filter {
            tags: tags_of(&[("a", "1")]),
            ..all.clone()
        },
        Filter {
            partition: Some("one".to_owned()),
            ..all.clone()
        },
        Filter {
            since: Some(Moment(0)),
            ..all
        },
    ];

    for mut filter in filters {
        let mut seen = Vec::new();
        loop {
            let page = world.store.invocations(&world.namespace, &filter).await;
            let page = page.unwrap();
            assert!(page.len() <= 2);
            let Some(last) = page.last() else { break };
            filter.before = Some(last.key);
            seen.extend(page.iter().map(|found| found.key));
        }
        assert_eq!(seen, stored, "{filter:?}");
    }
}

async fn whole_lists_bring_arguments_and_values(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    let id = world.queue("q", Default::default()).await;
    world.fill("q", 1).await;
    let claimed = world.run_one(host, id).await;
    world.finish(host, &[claimed]).await;
    let filter = Filter {
        limit: 10,
        ..Filter::default()
    };

    let brief = world.store.invocations(&world.namespace, &filter).await;
    let whole = Filter {
        whole: true,
        ..filter
    };
    let whole = world.store.invocations(&world.namespace, &whole).await;

    let (brief, whole) = (brief.unwrap().remove(0), whole.unwrap().remove(0));
    assert!(brief.arguments.is_none() && brief.outcome.is_none());
    assert_eq!(whole.arguments.as_deref(), Some(&b"[1]"[..]));
    assert!(matches!(whole.outcome, Some(Outcome::Value(value)) if value.get() == "42"));
}
