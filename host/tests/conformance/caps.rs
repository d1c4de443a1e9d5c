//! Globally capped: never more than N execute, whoever asks, however they race.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use windlass::model::queue::Settings;
use windlass::model::{HostNumber, QueueId};
use windlass::store::{Claim, Claimed, Exchange, Returned};

use super::bed::Bed;
use super::world::{World, capped, claim, ended, keys, ordered, started};

cases!(
    a_cap_holds_over_hosts_that_race,
    an_ordered_cap_holds_over_hosts_that_race,
    two_hosts_never_hold_more_slots_than_the_cap,
    a_lowered_cap_lets_nothing_start_while_as_many_execute,
    a_lowered_cap_counts_what_other_hosts_execute,
    a_paused_queue_gives_nothing_and_goes_on_afterwards,
    a_queue_whose_cap_is_lifted_has_no_limit,
);

/// What all hosts together execute, watched from outside the store.
#[derive(Default)]
struct Watch {
    executing: AtomicI64,
    ended: AtomicUsize,
}

/// A host as the dispatcher plays it: it starts what it may, and hands everything in again.
struct Racer {
    world: World,
    host: HostNumber,
    queue: QueueId,
    watch: Arc<Watch>,
    concurrency: i64,
    executing: Vec<Claimed>,
    reserved: VecDeque<Claimed>,
}

impl Racer {
    async fn run(mut self, total: usize) {
        let mut slots = 0;
        while self.watch.ended.load(Ordering::SeqCst) < total {
            let ending = self.executing.split_off(self.executing.len() / 2);
            let count = ending.len();
            self.watch
                .executing
                .fetch_sub(count as i64, Ordering::SeqCst);
            // What is reserved beyond the slots goes back, so that nobody waits for it.
            let keep = (slots as usize).min(self.reserved.len());
            let returned = self.reserved.split_off(keep);
            let exchange = Exchange {
                ended: ending.iter().map(ended).collect(),
                started: self.executing.iter().map(started).collect(),
                returned: returned
                    .iter()
                    .map(|claimed| unstarted(self.queue, claimed))
                    .collect(),
                claims: vec![Claim {
                    queue: self.queue,
                    executing: self.executing.len() as u32,
                    reserved: self.reserved.len() as u32,
                    slots: self.concurrency as u32,
                    rows: 4,
                }],
                ..Exchange::default()
            };
            let mut exchanged = self.world.exchange(self.host, exchange).await;
            assert!(exchanged.lost.is_empty());
            self.watch.ended.fetch_add(count, Ordering::SeqCst);
            let granted = exchanged.granted.remove(0);
            slots = granted.slots.unwrap();
            for claimed in granted.claimed {
                if claimed.running {
                    self.execute(claimed);
                } else {
                    self.reserved.push_back(claimed);
                }
            }
            while self.executing.len() < slots as usize {
                let Some(next) = self.reserved.pop_front() else {
                    break;
                };
                self.execute(next);
            }
            tokio::task::yield_now().await;
        }
    }

    fn execute(&mut self, claimed: Claimed) {
        let now = self.watch.executing.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(now <= self.concurrency, "{now} execute at once");
        self.executing.push(claimed);
    }
}

fn unstarted(queue: QueueId, claimed: &Claimed) -> Returned {
    Returned {
        hold: claimed.hold,
        queue,
        executed: None,
    }
}

async fn race(bed: Bed, settings: Settings, total: usize) {
    let world = World::new(&bed.store).await;
    let second = world.through(bed.second().await);
    let concurrency = i64::from(settings.concurrency.unwrap());
    let queue = world.queue("q", settings).await;
    world.fill("q", total).await;
    let watch = Arc::new(Watch::default());

    let mut hosts = tokio::task::JoinSet::new();
    for number in 0..4 {
        let world = if number % 2 == 0 { &world } else { &second }.clone();
        let racer = Racer {
            host: world.host("h").await,
            world,
            queue,
            watch: Arc::clone(&watch),
            concurrency,
            executing: Vec::new(),
            reserved: VecDeque::new(),
        };
        hosts.spawn(racer.run(total));
    }
    hosts.join_all().await;

    let counts = world.counts("q").await;
    assert_eq!((counts.succeeded, counts.queued), (total as u64, 0));
    assert_eq!(watch.executing.load(Ordering::SeqCst), 0);
}

async fn a_cap_holds_over_hosts_that_race(bed: Bed) {
    race(bed, capped(3), 150).await;
}

async fn an_ordered_cap_holds_over_hosts_that_race(bed: Bed) {
    race(bed, ordered(3), 150).await;
}

async fn two_hosts_never_hold_more_slots_than_the_cap(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(5)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 20).await;

    let mut some = claim(queue, 20);
    some.slots = 3;
    let first = world.claim_with(a, some).await;
    let second = world.claim(b, queue, 20).await;

    assert_eq!((first.slots, first.claimed.len()), (Some(3), 3));
    assert_eq!((second.slots, second.claimed.len()), (Some(2), 2));
}

async fn a_lowered_cap_lets_nothing_start_while_as_many_execute(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(4)).await;
    let host = world.host("a").await;
    world.fill("q", 10).await;
    let running = world.claim(host, queue, 4).await.claimed;
    world.start(host, &running).await;

    world.queue("q", capped(2)).await;
    let busy = |executing| Claim {
        executing,
        ..claim(queue, 4)
    };
    let at_four = world.claim_with(host, busy(4)).await;
    world.finish(host, &running[..2]).await;
    let at_two = world.claim_with(host, busy(2)).await;
    world.finish(host, &running[2..3]).await;
    let at_one = world.claim_with(host, busy(1)).await;

    assert!(at_four.claimed.is_empty());
    assert_eq!(at_four.settings.concurrency, Some(2));
    assert!(
        at_four.slots.unwrap() <= 2,
        "a slot that is set free is gone"
    );
    assert!(at_two.slots.unwrap() <= 2);
    let ahead = at_two.claimed.len();
    assert_eq!(at_one.slots, Some(2));
    assert!(ahead + at_one.claimed.len() >= 1);
}

async fn a_lowered_cap_counts_what_other_hosts_execute(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(6)).await;
    let (a, b) = (world.host("a").await, world.host("b").await);
    world.fill("q", 20).await;
    let half = Claim {
        slots: 3,
        ..claim(queue, 3)
    };
    let own = world.claim_with(a, half.clone()).await.claimed;
    world.start(a, &own).await;
    let others = world.claim_with(b, half.clone()).await.claimed;
    world.start(b, &others).await;

    world.queue("q", capped(4)).await;
    world.finish(a, &own[..1]).await;
    let five_execute = world
        .claim_with(
            a,
            Claim {
                executing: 2,
                ..half.clone()
            },
        )
        .await;
    world.finish(a, &own[1..2]).await;
    let four_execute = world
        .claim_with(
            a,
            Claim {
                executing: 1,
                ..half.clone()
            },
        )
        .await;
    world.finish(a, &own[2..]).await;
    let three_execute = world.claim_with(a, half).await;

    assert!(five_execute.claimed.is_empty());
    assert!(five_execute.slots.unwrap() <= 1);
    assert!(four_execute.claimed.is_empty());
    assert_eq!(three_execute.claimed.len(), 1);
    assert_eq!(three_execute.slots, Some(1));
}

async fn a_paused_queue_gives_nothing_and_goes_on_afterwards(bed: Bed) {
    let world = World::new(&bed.store).await;
    let host = world.host("a").await;
    for (name, settings) in [
        ("capped", capped(2)),
        ("ordered", ordered(1)),
        ("free", Settings::default()),
    ] {
        let paused = Settings {
            paused: true,
            ..settings.clone()
        };
        let queue = world.queue(name, paused).await;
        let stored = world.fill(name, 1).await;

        let nothing = world.claim(host, queue, 2).await;
        world.queue(name, settings).await;
        let something = world.claim(host, queue, 2).await;

        assert!(nothing.claimed.is_empty());
        assert!(nothing.settings.paused);
        assert_eq!(
            nothing.slots,
            Some(0),
            "what was reserved may not start either"
        );
        assert!(!nothing.drained, "there is something, it may not start");
        assert_eq!(keys(&something.claimed), stored);
    }
}

async fn a_queue_whose_cap_is_lifted_has_no_limit(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", capped(1)).await;
    let host = world.host("a").await;
    world.fill("q", 5).await;
    let first = world.claim(host, queue, 1).await;

    world.queue("q", Settings::default()).await;
    let rest = world.claim(host, queue, 10).await;

    assert_eq!(first.claimed.len(), 1);
    assert_eq!((rest.slots, rest.claimed.len()), (None, 4));
}
