//! Counts by state, which nobody counts row by row, are the truth after whatever happened.

use windlass::model::queue::Settings;
use windlass::model::{HostNumber, InvocationId, Moment, QueueId, State};
use windlass::store::{Claimed, Counts, NewCall};

use super::bed::Bed;
use super::clock::Clock;
use super::controls::{after_ms, lanes, partitioned, within_ms};
use super::families::{for_all, for_message};
use super::random::Random;
use super::world::{World, capped, ended_with, failure, keys, ordered};

cases!(
    counts_are_the_truth_on_a_queue_without_limits,
    counts_are_the_truth_on_an_ordered_queue,
    counts_are_the_truth_on_a_queue_with_partitions,
    counts_survive_the_end_of_the_store,
    the_oldest_that_stands_in_its_place_is_told,
    the_oldest_is_told_over_all_priorities_and_partitions,
    a_workflow_and_its_children_are_counted_where_they_stand,
    calls_of_several_stores_at_once_are_all_counted,
);

const STEPS: usize = 60;

async fn counts_are_the_truth_on_a_queue_without_limits(bed: Bed) {
    Life::run(&bed, Settings::default(), 1).await;
}

async fn counts_are_the_truth_on_an_ordered_queue(bed: Bed) {
    Life::run(&bed, ordered(2), 2).await;
}

async fn counts_are_the_truth_on_a_queue_with_partitions(bed: Bed) {
    Life::run(&bed, partitioned(Some(2)), 3).await;
}

/// What happens to a queue at random, with the counts compared after each step.
struct Life {
    world: World,
    clock: Clock,
    queue: QueueId,
    host: HostNumber,
    random: Random,
    ids: Vec<InvocationId>,
    held: Vec<Claimed>,
}

impl Life {
    async fn run(bed: &Bed, settings: Settings, seed: u64) {
        let clock = bed.stop_clock().await;
        let world = World::new(&bed.store).await;
        let queue = world.queue("q", settings).await;
        let mut life = Self {
            host: world.host("a").await,
            world,
            clock,
            queue,
            random: Random(seed),
            ids: Vec::new(),
            held: Vec::new(),
        };
        for step in 0..STEPS {
            life.step().await;
            let counts = life.world.counts("q").await;
            let truth = life.truth().await;
            let counts = Counts {
                oldest_queued_at: None,
                ..counts
            };
            assert_eq!(counts, truth, "seed {seed}, step {step}");
        }
    }

    async fn step(&mut self) {
        let (host, queue) = (self.host, self.queue);
        match self.random.below(10) {
            0..=2 => {
                let calls = (0..1 + self.random.below(4)).map(|_| self.call()).collect();
                let stored = self.world.enqueue(calls).await.unwrap();
                self.ids.extend(stored.into_iter().map(|call| call.id));
            }
            3 | 4 => {
                let rows = 1 + self.random.below(3) as u32;
                let claimed = self.world.claim(host, queue, rows).await.claimed;
                let started: Vec<_> = claimed
                    .iter()
                    .filter(|one| !one.running && one.hold.key.0 % 2 == 0)
                    .cloned()
                    .collect();
                self.world.start(host, &started).await;
                self.held.extend(claimed);
            }
            5 | 6 if !self.held.is_empty() => self.end_one().await,
            7 if !self.ids.is_empty() => {
                let id = self.ids[self.random.below(self.ids.len())].clone();
                let key = self.world.invocation(&id).await.unwrap().key;
                self.world.cancel(&[key]).await;
            }
            8 => {
                let ms = self.random.below(400) as u64;
                self.clock.forward_ms(ms).await;
                self.world.tick(self.clock.now()).await;
            }
            9 => {
                self.world.tidy().await;
                if self.random.one_in(3) {
                    self.world.kill(host).await;
                    self.host = self.world.host("another").await;
                    self.held.clear();
                }
            }
            _ => {}
        }
    }

    fn call(&mut self) -> NewCall {
        let mut call = match self.random.below(4) {
            0 => self.world.call_with("q", after_ms(300)),
            1 => self.world.call_with("q", within_ms(900)),
            _ => self.world.call("q"),
        };
        call.priority = self.random.below(2) as i32;
        call.controls.partition = ["x", "y", ""]
            .get(self.random.below(2))
            .map(|key| (*key).to_owned());
        call
    }

    async fn end_one(&mut self) {
        let (host, queue) = (self.host, self.queue);
        let one = self.held.swap_remove(self.random.below(self.held.len()));
        let world = &self.world;
        let lost = match self.random.below(5) {
            0 => world.give_back(host, queue, &one, None).await,
            1 => world.give_back(host, queue, &one, Some("stopped")).await,
            2 => world.retry(host, queue, &one, 200).await,
            3 => {
                let kind = windlass::model::FailureKind::Trap;
                let exchange = windlass::store::Exchange {
                    ended: vec![ended_with(&one, failure(kind))],
                    ..Default::default()
                };
                world.exchange(host, exchange).await.lost
            }
            _ => world.finish(host, &[one]).await,
        };
        assert!(lost.is_empty());
    }

    async fn truth(&self) -> Counts {
        let mut truth = Counts::default();
        for id in &self.ids {
            let count = match self.world.state(id).await {
                State::Scheduled => &mut truth.scheduled,
                State::Queued => &mut truth.queued,
                State::Running => &mut truth.running,
                State::Waiting => &mut truth.waiting,
                State::Succeeded => &mut truth.succeeded,
                State::Failed => &mut truth.failed,
                State::Cancelled => &mut truth.cancelled,
            };
            *count += 1;
        }
        truth
    }
}

async fn counts_survive_the_end_of_the_store(mut bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 5).await;
    world.enqueue_one(world.call_with("q", after_ms(100))).await;
    let claimed = world.claim(host, queue, 2).await.claimed;
    world.start(host, &claimed[..1]).await;
    world.finish(host, &claimed[1..]).await;
    let before = world.counts("q").await;
    drop(world);

    bed.reopen().await;
    let world = World::new(&bed.store).await;
    let after = world.counts("q").await;
    world.fill("q", 1).await;
    let more = world.counts("q").await;

    assert_eq!(before, after);
    assert_eq!((after.scheduled, after.queued, after.running), (1, 3, 1));
    assert_eq!((after.succeeded, more.queued), (1, 4));
    assert_eq!(after.oldest_queued_at, Some(clock.now()));
}

async fn the_oldest_that_stands_in_its_place_is_told(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    let oldest = async || world.counts("q").await.oldest_queued_at;
    let none = oldest().await;
    let mut times: Vec<Moment> = Vec::new();
    for _ in 0..3 {
        times.push(clock.now());
        world.fill("q", 1).await;
        clock.forward_ms(50).await;
    }

    let first = oldest().await;
    let claimed = world.claim_one(host, queue).await;
    world.start(host, std::slice::from_ref(&claimed)).await;
    let second = oldest().await;
    world
        .give_back(host, queue, &claimed, Some("stopped"))
        .await;
    let again = oldest().await;
    let all = world.claim(host, queue, 5).await.claimed;
    world.finish(host, &all).await;

    assert_eq!(none, None);
    assert_eq!(first, Some(times[0]));
    assert_eq!(second, Some(times[1]));
    assert_eq!(again, Some(times[0]));
    assert_eq!(oldest().await, None);
}

async fn the_oldest_is_told_over_all_priorities_and_partitions(bed: Bed) {
    let clock = bed.stop_clock().await;
    let world = World::new(&bed.store).await;
    for (name, settings) in [("plain", Settings::default()), ("keyed", lanes())] {
        world.queue(name, settings).await;
        let began = clock.now();
        for (partition, priority) in [("z", 9), ("a", -9), ("m", 0)] {
            let mut call = world.call_of(name, partition);
            call.priority = priority;
            world.enqueue_one(call).await;
            clock.forward_ms(50).await;
        }

        let counts = world.counts(name).await;

        assert_eq!(counts.oldest_queued_at, Some(began), "{name}");
    }
}

async fn a_workflow_and_its_children_are_counted_where_they_stand(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(1)).await;
    let aside = world.queue("aside", Settings::default()).await;
    let host = world.host("a").await;
    let flow = world.begin(host, queue, "q").await;
    let calls = vec![
        world.call("q"),
        world.call("aside"),
        world.workflow("aside"),
    ];
    let children = world.enqueue_children(host, &flow, calls).await;
    world.wait(host, queue, &flow, for_all(&children)).await;
    let taken = world.claim(host, aside, 5).await.claimed;
    world.start(host, &taken).await;
    let child = taken.iter().find(|one| one.workflow).unwrap();
    world.wait(host, aside, child, for_message("go")).await;

    let on_q = world.counts("q").await;
    let on_aside = world.counts("aside").await;
    world.cancel(&[flow.hold.key]).await;
    let rest: Vec<_> = taken.into_iter().filter(|one| !one.workflow).collect();
    world.finish(host, &rest).await;
    let after = [world.counts("q").await, world.counts("aside").await];

    assert_eq!((on_q.waiting, on_q.queued, on_q.running), (1, 1, 0));
    assert_eq!((on_aside.waiting, on_aside.running), (1, 1));
    assert_eq!(keys(&rest), children[1..2]);
    for (counts, cancelled) in after.iter().zip([2, 2]) {
        assert_eq!(counts.cancelled, cancelled);
        assert_eq!(counts.queued + counts.waiting + counts.running, 0);
    }
}

async fn calls_of_several_stores_at_once_are_all_counted(bed: Bed) {
    let world = World::new(&bed.store).await;
    let other = world.through(bed.second().await);

    let fills = (0..8).map(async |number| {
        let world = if number % 2 == 0 { &world } else { &other };
        for _ in 0..10 {
            world.fill("q", 3).await;
            world
                .enqueue_one(world.call_with("q", after_ms(60_000)))
                .await;
        }
        world.tidy().await;
    });
    futures::future::join_all(fills).await;

    let counts = world.counts("q").await;
    assert_eq!((counts.queued, counts.scheduled), (240, 80));
}
