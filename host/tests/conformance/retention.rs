//! What is deleted and what stays: by age, by count, by queue and by how it ended.

use windlass::model::controls::{Dedup, OnConflict, Once};
use windlass::model::queue::{Keep, Retention, Settings};
use windlass::model::{Controls, FailureKind, HostNumber, InvocationId, Key, Outcome, State};
use windlass::store::{Ended, Exchange, Filter, Fork, Returned, SWEEP_MAX, Sweep, Swept};

use super::bed::Bed;
use super::clock::Clock;
use super::families::for_all;
use super::world::{World, ended_with, failure, value};

cases!(
    nothing_is_deleted_where_nothing_is_said,
    what_is_older_than_it_is_kept_is_deleted,
    age_counts_from_the_end,
    the_newest_of_a_count_stay,
    each_way_to_end_has_its_own_rule,
    a_queue_says_for_itself_and_the_host_for_the_rest,
    what_is_kept_for_ever_stays,
    age_and_count_delete_what_either_would,
    a_sweep_deletes_no_more_than_it_may,
    many_are_deleted_in_batches_until_none_is_left,
    all_that_belongs_to_it_goes,
    counts_stay_as_they_were,
    an_id_is_free_once_its_invocation_is_deleted,
    children_stay_as_long_as_their_parent_lives,
    children_stay_as_long_as_a_fork_of_their_parent_lives,
    what_has_not_ended_stays,
    who_has_a_key_for_a_period_stays_as_long,
    what_was_done_again_stays_no_dead_letter,
    those_that_ended_late_do_not_keep_the_others,
    two_that_sweep_at_once_do_not_disturb_each_other,
);

const DAY_MS: u64 = 24 * 3_600_000;

fn age(days: u64) -> Option<Keep> {
    Some(Keep {
        age_ms: Some(days * DAY_MS),
        count: None,
    })
}

fn newest(count: u64) -> Option<Keep> {
    Some(Keep {
        age_ms: None,
        count: Some(count),
    })
}

fn all(keep: Option<Keep>) -> Retention {
    Retention {
        succeeded: keep,
        failed: keep,
        cancelled: keep,
    }
}

fn keeping(retention: Retention) -> Settings {
    Settings {
        retention: Some(retention),
        ..Settings::default()
    }
}

async fn begin(bed: &Bed) -> (World, Clock, HostNumber) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    (world, clock, host)
}

impl World {
    /// Runs all that is queued, so that it ends now in this way; in order of their keys.
    async fn end(&self, host: HostNumber, queue_name: &str, clock: &Clock, outcome: &Outcome) {
        let queue = super::world::queue(queue_name);
        let found = self.store.queue(&self.namespace, &queue).await.unwrap();
        let id = found.expect("the queue exists").0.id;
        loop {
            let claimed = self.claim(host, id, 500).await.claimed;
            if claimed.is_empty() {
                return;
            }
            let ended = claimed.iter().map(|one| Ended {
                started_at: clock.now(),
                finished_at: clock.now(),
                ..ended_with(one, outcome.clone())
            });
            let exchange = Exchange {
                ended: ended.collect(),
                ..Exchange::default()
            };
            self.exchange(host, exchange).await;
        }
    }

    /// So many that end now with a value.
    async fn past(&self, host: HostNumber, queue: &str, clock: &Clock, count: usize) -> Vec<Key> {
        let stored = self.fill(queue, count).await;
        self.end(host, queue, clock, &value("1")).await;
        stored
    }

    async fn sweep_once(&self, retention: Retention, limit: u32) -> Swept {
        let sweep = Sweep { retention, limit };
        self.store.sweep(&sweep).await.unwrap()
    }

    /// Sweeps until there is nothing more; how many were deleted.
    async fn sweep_all(&self, retention: Retention) -> u64 {
        let mut deleted = 0;
        for _ in 0..1_000 {
            let swept = self.sweep_once(retention, 100).await;
            deleted += swept.deleted;
            if !swept.more {
                return deleted;
            }
        }
        panic!("a sweep has an end");
    }

    /// The keys that are there, oldest first.
    async fn kept(&self) -> Vec<Key> {
        let filter = Filter {
            limit: 10_000,
            ..Filter::default()
        };
        let found = self.store.invocations(&self.namespace, &filter).await;
        let mut found: Vec<Key> = found.unwrap().iter().map(|one| one.key).collect();
        found.reverse();
        found
    }
}

async fn nothing_is_deleted_where_nothing_is_said(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let stored = world.past(host, "q", &clock, 3).await;
    clock.forward_ms(10_000 * DAY_MS).await;

    assert_eq!(world.sweep_all(Retention::default()).await, 0);
    assert_eq!(world.kept().await, stored);
}

async fn what_is_older_than_it_is_kept_is_deleted(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    world.past(host, "q", &clock, 3).await;
    clock.forward_ms(DAY_MS).await;
    let newer = world.past(host, "q", &clock, 3).await;
    clock.forward_ms(6 * DAY_MS).await;

    let at_the_border = world.sweep_all(all(age(7))).await;
    clock.forward_us(1).await;
    let after = world.sweep_all(all(age(7))).await;

    assert_eq!((at_the_border, after), (0, 3));
    assert_eq!(world.kept().await, newer);
}

async fn age_counts_from_the_end(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let stored = world.fill("q", 2).await;
    clock.forward_ms(30 * DAY_MS).await;
    world.end(host, "q", &clock, &value("1")).await;
    clock.forward_ms(DAY_MS).await;

    assert_eq!(world.sweep_all(all(age(7))).await, 0);
    assert_eq!(world.kept().await, stored);
}

async fn the_newest_of_a_count_stay(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let stored = world.past(host, "q", &clock, 10).await;
    let other = world.past(host, "r", &clock, 2).await;

    assert_eq!(world.sweep_all(all(newest(4))).await, 6);

    let mut expected = stored[6..].to_vec();
    expected.extend(other);
    assert_eq!(world.kept().await, expected);
    assert_eq!(world.sweep_all(all(newest(4))).await, 0);
    assert_eq!(world.sweep_all(all(newest(0))).await, 6);
    assert!(world.kept().await.is_empty());
}

async fn each_way_to_end_has_its_own_rule(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    world.past(host, "q", &clock, 2).await;
    let failed = world.fill("q", 2).await;
    let error = failure(FailureKind::Guest);
    world.end(host, "q", &clock, &error).await;
    let cancelled = world.fill("q", 2).await;
    world.cancel(&cancelled).await;
    clock.forward_ms(10 * DAY_MS).await;
    let rules = Retention {
        succeeded: age(7),
        failed: age(30),
        cancelled: newest(1),
    };

    assert_eq!(world.sweep_all(rules).await, 3);
    assert_eq!(world.kept().await, [failed[0], failed[1], cancelled[1]]);
}

async fn a_queue_says_for_itself_and_the_host_for_the_rest(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let own = Retention {
        succeeded: age(30),
        ..Retention::default()
    };
    world.queue("q", keeping(own)).await;
    let kept = world.past(host, "q", &clock, 2).await;
    world.fill("q", 2).await;
    let error = failure(FailureKind::Guest);
    world.end(host, "q", &clock, &error).await;
    world.past(host, "r", &clock, 2).await;
    clock.forward_ms(10 * DAY_MS).await;

    assert_eq!(world.sweep_all(all(age(7))).await, 4);
    assert_eq!(world.kept().await, kept);
}

async fn what_is_kept_for_ever_stays(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    world.queue("q", keeping(all(Some(Keep::default())))).await;
    let stored = world.past(host, "q", &clock, 2).await;
    clock.forward_ms(10 * DAY_MS).await;

    assert_eq!(world.sweep_all(all(age(0))).await, 0);
    assert_eq!(world.kept().await, stored);
}

async fn age_and_count_delete_what_either_would(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    world.past(host, "q", &clock, 3).await;
    clock.forward_ms(10 * DAY_MS).await;
    let newer = world.past(host, "q", &clock, 5).await;
    let keep = Keep {
        age_ms: Some(7 * DAY_MS),
        count: Some(6),
    };

    assert_eq!(world.sweep_all(all(Some(keep))).await, 3);
    assert_eq!(world.kept().await, newer);
    let fewer = Some(Keep {
        count: Some(2),
        ..keep
    });
    assert_eq!(world.sweep_all(all(fewer)).await, 3);
    assert_eq!(world.kept().await, newer[3..]);
}

async fn a_sweep_deletes_no_more_than_it_may(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let stored = world.past(host, "q", &clock, 10).await;
    clock.forward_ms(10 * DAY_MS).await;

    let swept = world.sweep_once(all(age(1)), 4).await;

    assert_eq!((swept.deleted, swept.more), (4, true));
    assert_eq!(world.kept().await, stored[4..]);
    assert_eq!(world.sweep_once(all(age(1)), 0).await.deleted, 0);
}

async fn many_are_deleted_in_batches_until_none_is_left(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    for name in ["q", "r", "s"] {
        world.past(host, name, &clock, 1_100).await;
    }
    clock.forward_ms(10 * DAY_MS).await;
    let newer = world.past(host, "r", &clock, 3).await;

    let first = world.sweep_once(all(age(1)), u32::MAX).await;
    let rest = world.sweep_all(all(age(1))).await;

    assert!(first.deleted <= SWEEP_MAX.into() && first.more);
    assert_eq!(first.deleted + rest, 3_300);
    assert_eq!(world.kept().await, newer);
}

async fn all_that_belongs_to_it_goes(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let id = world.queue("q", Default::default()).await;
    let parent = world.begin(host, id, "q").await;
    let child = world
        .enqueue_children(host, &parent, vec![world.call("r")])
        .await;
    world.end(host, "r", &clock, &value("1")).await;
    world
        .give_back(host, id, &parent, Some("its host stopped"))
        .await;
    let again = world.run_one(host, id).await;
    let end = Ended {
        started_at: clock.now(),
        finished_at: clock.now(),
        log: "a line\n".to_owned(),
        ..ended_with(&again, value("1"))
    };
    let exchange = Exchange {
        ended: vec![end],
        ..Exchange::default()
    };
    world.exchange(host, exchange).await;
    let key = parent.hold.key;
    assert!(!world.store.lost_attempts(key).await.unwrap().is_empty());
    clock.forward_ms(10 * DAY_MS).await;

    assert_eq!(world.sweep_all(all(age(1))).await, 2);

    assert!(world.invocation(&parent.id).await.is_none());
    assert!(world.store.log(key).await.unwrap().is_empty());
    assert!(world.store.journal(key).await.unwrap().is_empty());
    assert!(world.store.lost_attempts(key).await.unwrap().is_empty());
    assert!(world.store.messages(key).await.unwrap().is_empty());
    assert!(world.store.published(key, 0).await.unwrap().is_empty());
    assert!(world.store.outcomes(&child).await.unwrap().is_empty());
    assert!(world.store.children(key).await.unwrap().is_empty());
}

async fn counts_stay_as_they_were(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    world.past(host, "q", &clock, 3).await;
    clock.forward_ms(10 * DAY_MS).await;
    world.fill("q", 2).await;
    let before = world.counts("q").await;

    world.sweep_all(all(age(1))).await;

    assert_eq!(world.counts("q").await, before);
    assert_eq!((before.queued, before.succeeded), (2, 3));
}

async fn an_id_is_free_once_its_invocation_is_deleted(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let first = world.enqueue_one(world.call_as("order-1", "q")).await;
    world.end(host, "q", &clock, &value("1")).await;
    clock.forward_ms(10 * DAY_MS).await;
    world.sweep_all(all(age(1))).await;

    let second = world.enqueue_one(world.call_as("order-1", "q")).await;

    assert!(!second.existed);
    assert_ne!(second.key, first.key);
}

async fn children_stay_as_long_as_their_parent_lives(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let id = world.queue("q", Default::default()).await;
    let parent = world.begin(host, id, "q").await;
    let calls = vec![world.call("r"), world.call("r")];
    let children = world.enqueue_children(host, &parent, calls).await;
    world.end(host, "r", &clock, &value("1")).await;
    world.past(host, "r", &clock, 2).await;
    clock.forward_ms(10 * DAY_MS).await;

    let while_it_lives = world.sweep_all(all(age(1))).await;
    let kept = world.kept().await;
    world.wait(host, id, &parent, for_all(&children)).await;
    let parent = world.claim_one(host, id).await;
    world.finish(host, &[parent]).await;
    let afterwards = world.sweep_all(all(age(1))).await;

    assert_eq!(while_it_lives, 2);
    assert!(children.iter().all(|child| kept.contains(child)));
    // The parent ended at the beginning of time.
    assert_eq!(afterwards, 3);
}

async fn children_stay_as_long_as_a_fork_of_their_parent_lives(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let id = world.queue("q", Default::default()).await;
    let parent = world.begin(host, id, "q").await;
    let calls = vec![world.call("r")];
    let children = world.enqueue_children(host, &parent, calls).await;
    world.end(host, "r", &clock, &value("1")).await;
    world.finish(host, std::slice::from_ref(&parent)).await;
    let fork = Fork {
        call: world.workflow("q"),
        of: parent.hold.key,
        count: 1,
        journal: bytes::Bytes::from_static(b"entry 0"),
    };
    let fork = world.store.fork(fork).await.unwrap();
    clock.forward_ms(10 * DAY_MS).await;

    world.sweep_all(all(age(1))).await;
    let while_it_lives = world.kept().await;
    let running = world.run_one(host, id).await;
    assert_eq!(running.hold.key, fork.key);
    world.finish(host, &[running]).await;
    world.sweep_all(all(age(1))).await;

    assert_eq!(while_it_lives, [children[0], fork.key]);
    assert!(world.kept().await.is_empty());
}

async fn what_has_not_ended_stays(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let id = world.queue("q", Default::default()).await;
    let stored = world.fill("q", 3).await;
    let running = world.run_one(host, id).await;
    let reserved = world.claim_one(host, id).await;
    clock.forward_ms(10 * DAY_MS).await;

    assert_eq!(world.sweep_all(all(age(0))).await, 0);
    assert_eq!(world.sweep_all(all(newest(0))).await, 0);
    assert_eq!(world.kept().await, stored);
    let exchange = Exchange {
        returned: vec![Returned {
            hold: reserved.hold,
            queue: id,
            executed: None,
        }],
        ..Exchange::default()
    };
    assert!(world.exchange(host, exchange).await.lost.is_empty());
    assert!(world.finish(host, &[running]).await.is_empty());
}

async fn who_has_a_key_for_a_period_stays_as_long(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let only = Controls {
        once: Some(Once::Dedup(Dedup {
            key: "only".to_owned(),
            on_conflict: OnConflict::Return,
            period_ms: Some(20 * DAY_MS),
        })),
        ..Controls::default()
    };
    let first = world.enqueue_one(world.call_with("q", only.clone())).await;
    world.end(host, "q", &clock, &value("1")).await;
    clock.forward_ms(10 * DAY_MS).await;

    assert_eq!(world.sweep_all(all(age(1))).await, 0);
    let same = world.enqueue_one(world.call_with("q", only.clone())).await;
    assert_eq!((same.id, same.existed), (first.id, true));
    clock.forward_ms(10 * DAY_MS).await;
    assert_eq!(world.sweep_all(all(age(1))).await, 1);
    let next = world.enqueue_one(world.call_with("q", only)).await;
    assert!(!next.existed);
}

async fn what_was_done_again_stays_no_dead_letter(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let failed = world.fill("q", 1).await;
    let error = failure(FailureKind::Guest);
    world.end(host, "q", &clock, &error).await;
    let again = Controls {
        retry_of: Some(failed[0]),
        ..Controls::default()
    };
    world.enqueue_one(world.call_with("q", again)).await;
    world.end(host, "q", &clock, &value("1")).await;
    clock.forward_ms(10 * DAY_MS).await;
    let rules = |days| Retention {
        succeeded: age(7),
        failed: age(days),
        cancelled: None,
    };

    world.sweep_all(rules(30)).await;
    let dead = Filter {
        dead: true,
        limit: 10,
        ..Filter::default()
    };
    let dead = world.store.invocations(&world.namespace, &dead).await;
    world.sweep_all(rules(7)).await;
    world.sweep_all(rules(7)).await;

    assert!(dead.unwrap().is_empty());
    assert!(world.kept().await.is_empty());
}

async fn those_that_ended_late_do_not_keep_the_others(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let id = world.queue("q", Default::default()).await;
    let late = world.fill("q", 3).await;
    let held = world.claim(host, id, 3).await.claimed;
    world.start(host, &held).await;
    world.past(host, "q", &clock, 5).await;
    clock.forward_ms(10 * DAY_MS).await;
    let ended = held.iter().map(|one| Ended {
        finished_at: clock.now(),
        ..ended_with(one, value("1"))
    });
    let exchange = Exchange {
        ended: ended.collect(),
        ..Exchange::default()
    };
    world.exchange(host, exchange).await;

    assert_eq!(world.sweep_all(all(age(7))).await, 5);
    assert_eq!(world.kept().await, late);
}

async fn two_that_sweep_at_once_do_not_disturb_each_other(bed: Bed) {
    let (world, clock, host) = begin(&bed).await;
    let second = world.through(bed.second().await);
    world.past(host, "q", &clock, 400).await;
    clock.forward_ms(10 * DAY_MS).await;
    let newer = world.past(host, "q", &clock, 2).await;

    let (one, two) = tokio::join!(world.sweep_all(all(age(1))), second.sweep_all(all(age(1))));
    let rest = world.sweep_all(all(age(1))).await;

    assert_eq!(one + two + rest, 400);
    assert_eq!(world.kept().await, newer);
    let id = InvocationId::parse("after").unwrap();
    let call = windlass::store::NewCall {
        id: id.clone(),
        ..world.call("q")
    };
    world.enqueue_one(call).await;
    assert_eq!(world.state(&id).await, State::Queued);
}
