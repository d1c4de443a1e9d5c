//! What happens: each event at random, done to the store and to the model.

use std::sync::Arc;

use windlass::model::controls::{Dedup, OnConflict, Once, Start};
use windlass::model::queue::Settings;
use windlass::model::{Controls, FailureKind, HostNumber, Key, QueueId, State};
use windlass::store::{Counts, Enqueued, Error, Exchange, NewCall, Store};

use super::Kind;
use super::host::Host;
use super::promises::{Promises, Row, Stand};
use super::settings;
use crate::conformance::clock::Clock;
use crate::conformance::random::Random;
use crate::conformance::world::{World, ended, ended_with, failure, value};

/// Longer than any limit looks back.
const APART_MS: u64 = 3_600_000;
/// Between two rounds of the end, longer than any period.
const ROUND_MS: u64 = 1_300;
/// Far more rounds than the end of everything takes.
const ROUNDS_MAX: usize = 300;
const QUEUE: &str = "q";

pub struct Play {
    pub(super) world: World,
    pub(super) clock: Clock,
    pub(super) queue: QueueId,
    pub(super) random: Random,
    pub(super) promises: Promises,
    pub(super) hosts: Vec<Host>,
    /// What ended in the sequences before.
    before: Counts,
    /// Holds that are nobody's any more.
    pub(super) stale: Vec<windlass::store::Claimed>,
    /// Who had the deduplication keys last.
    holders: [Option<Key>; 2],
    pub(super) draining: bool,
    told: Vec<String>,
}

impl Play {
    pub async fn new(store: &Arc<dyn Store>, clock: Clock) -> Self {
        let world = World::new(store).await;
        let queue = world.queue(QUEUE, Settings::default()).await;
        Self {
            hosts: vec![Host::new(&world).await, Host::new(&world).await],
            queue,
            clock,
            random: Random(0),
            promises: Promises::default(),
            before: Counts::default(),
            stale: Vec::new(),
            holders: [None; 2],
            draining: false,
            told: Vec::new(),
            world,
        }
    }

    /// What happened in this sequence.
    pub fn told(&self) -> &[String] {
        &self.told
    }

    pub(super) fn tell(&mut self, what: String) {
        self.told.push(what);
    }

    pub async fn sequence(&mut self, kind: Kind, seed: u64) {
        self.random = Random(seed);
        self.promises = Promises::default();
        self.before = self.world.counts(QUEUE).await;
        self.stale.clear();
        self.holders = [None; 2];
        self.draining = false;
        self.told.clear();
        self.clock.forward_ms(APART_MS).await;
        let settings = settings::any(kind, &mut self.random);
        self.change(settings).await;
        for _ in 0..10 + self.random.below(25) {
            self.step(kind).await;
        }
        self.drain().await;
        self.check_the_end().await;
    }

    async fn step(&mut self, kind: Kind) {
        match self.random.below(24) {
            0..=4 => self.enqueue().await,
            5 => self.cancel().await,
            6 | 7 => self.pass_time().await,
            8 => self.lose_a_host().await,
            9 => self.pause_or_go_on().await,
            10 | 11 if matches!(kind, Kind::Changing) => {
                let settings = settings::any(kind, &mut self.random);
                self.change(settings).await;
            }
            12 => self.hand_in_what_is_stale().await,
            13 => self.check_counts().await,
            which => self.turn(which % self.hosts.len()).await,
        }
    }

    pub(super) async fn change(&mut self, settings: Settings) {
        self.tell(format!("settings: {settings:?}"));
        self.world.queue(QUEUE, settings.clone()).await;
        self.promises.change(settings);
        for at in 0..self.hosts.len() {
            self.announce(at).await;
        }
    }

    async fn pause_or_go_on(&mut self) {
        let mut settings = self.promises.settings.clone();
        settings.paused = !settings.paused;
        self.change(settings).await;
    }

    fn call(&mut self) -> NewCall {
        let random = &mut self.random;
        let delay_ms = random.one_in(4).then(|| 50 + random.below(1_500) as u64);
        let controls = Controls {
            start: delay_ms.map_or(Start::Now, Start::After),
            partition: ["x", "y", "z"]
                .get(random.below(4))
                .map(|key| (*key).to_owned()),
            deadline_ms: random
                .one_in(4)
                .then(|| delay_ms.unwrap_or_default() + 1 + random.below(2_500) as u64),
            ..Controls::default()
        };
        NewCall {
            priority: random.below(3) as i32,
            ..self.world.call_with(QUEUE, controls)
        }
    }

    async fn enqueue(&mut self) {
        if self.random.one_in(6) {
            return self.enqueue_once().await;
        }
        let calls: Vec<_> = (0..1 + self.random.below(4)).map(|_| self.call()).collect();
        let stored = self.world.enqueue(calls.clone()).await.unwrap();
        for (call, stored) in calls.into_iter().zip(stored) {
            self.remember(call, &stored);
        }
    }

    fn remember(&mut self, call: NewCall, stored: &Enqueued) {
        let now = self.clock.now();
        let controls = call.controls;
        self.tell(format!(
            "enqueue {}: priority {}, {:?}, {:?}, deadline {:?}",
            stored.key, call.priority, controls.partition, controls.start, controls.deadline_ms
        ));
        assert!(!stored.existed && !stored.replaced);
        let (turn, stand) = match controls.start {
            Start::After(ms) => (0, Stand::Scheduled(now.moved_ms(ms))),
            _ => (self.promises.next_turn(), Stand::Placed),
        };
        let row = Row {
            id: stored.id.clone(),
            priority: call.priority,
            turn,
            partition: controls.partition.unwrap_or_default(),
            deadline: controls.deadline_ms.map(|ms| now.moved_ms(ms)),
            stand,
            attempt: 0,
            retried: 0,
            deaths: 0,
            unwanted: false,
        };
        self.promises.rows.insert(stored.key, row);
    }

    /// A call that is the only one of its key.
    async fn enqueue_once(&mut self) {
        let which = self.random.below(self.holders.len());
        let rejects = self.random.one_in(2);
        let mut call = self.call();
        call.controls.once = Some(Once::Dedup(Dedup {
            key: format!("key {which}"),
            on_conflict: match rejects {
                true => OnConflict::Reject,
                false => OnConflict::Return,
            },
            period_ms: None,
        }));
        let holder = self.holders[which].filter(|key| !self.promises.rows[key].is_over());
        self.tell(format!("once {which}, held by {holder:?}"));
        let answer = self.world.enqueue(vec![call.clone()]).await;
        match (holder, answer) {
            (None, Ok(stored)) => {
                self.holders[which] = Some(stored[0].key);
                self.remember(call, &stored[0]);
            }
            (Some(holder), Ok(stored)) if !rejects => {
                assert_eq!((stored[0].key, stored[0].existed), (holder, true));
            }
            (Some(holder), Err(Error::Duplicate { id, .. })) if rejects => {
                assert_eq!(id, self.promises.rows[&holder].id);
            }
            (holder, answer) => panic!("{answer:?}, where {holder:?} has the key"),
        }
    }

    async fn cancel(&mut self) {
        let keys: Vec<_> = self.promises.rows.keys().copied().collect();
        if keys.is_empty() {
            return;
        }
        let key = keys[self.random.below(keys.len())];
        self.tell(format!("cancel {key}"));
        let cancelling = self.world.store.cancel(&[key], "at random").await.unwrap();
        let ends = self.promises.cancelled(key);
        assert_eq!(cancelling.ended.contains(&key), ends);
        let asks = self.promises.row(key).is_held();
        assert_eq!(cancelling.asked.contains(&key), asks);
    }

    async fn pass_time(&mut self) {
        let ms = [1, 40, 170, 400, 1_250][self.random.below(5)];
        let us = self.random.below(1_000) as i64;
        self.clock.forward_us(ms * 1_000 + us).await;
        self.tell(format!("it is {}", self.clock.now()));
        if !self.random.one_in(4) {
            self.tick().await;
        }
    }

    /// Lets the store do what the clock asks for.
    pub(super) async fn tick(&mut self) {
        let now = self.clock.now();
        self.tell("tick".to_owned());
        let found = self.world.tick(now).await;
        self.promises.ticked(now);
        if let Some(next) = self.promises.next_at(now) {
            let told = found.next_at.expect("the clock asks for something");
            assert!(told > now && told <= next, "{told} instead of {next}");
        }
        let free = self.promises.settings.concurrency.is_none();
        if free && self.promises.can_start(now) {
            assert!(found.queues.contains(&self.queue), "it can be claimed");
        }
    }

    async fn lose_a_host(&mut self) {
        let lost = self.random.below(self.hosts.len());
        let number = self.hosts[lost].number;
        let died = !self.random.one_in(3);
        self.tell(format!("lose {number}, died: {died}"));
        match died {
            true => drop(self.world.kill(number).await),
            false => self.world.store.leave(number).await.unwrap(),
        }
        self.promises.lost(number, died);
        let host = std::mem::replace(&mut self.hosts[lost], Host::new(&self.world).await);
        let held = host.into_held();
        self.refuse_the_lost(number, &held).await;
        self.stale.extend(held);
    }

    /// A host that was declared dead, or has left, hands in what it held.
    async fn refuse_the_lost(&self, host: HostNumber, held: &[windlass::store::Claimed]) {
        let exchange = Exchange {
            ended: held.iter().map(ended).collect(),
            ..Exchange::default()
        };
        if !held.is_empty() {
            let refused = self.world.store.exchange(host, exchange).await;
            assert!(matches!(refused, Err(Error::LeaseLost(_))), "{refused:?}");
        }
    }

    /// Somebody hands in what went back before, or ended.
    async fn hand_in_what_is_stale(&mut self) {
        if self.stale.is_empty() {
            return;
        }
        let stale = self.stale[self.random.below(self.stale.len())].clone();
        let host = self.hosts[self.random.below(self.hosts.len())].number;
        self.tell(format!("hand in {} though it is stale", stale.hold.key));
        let outcome = match self.random.one_in(2) {
            true => failure(FailureKind::Trap),
            false => value("\"stale\""),
        };
        let exchange = Exchange {
            ended: vec![ended_with(&stale, outcome)],
            ..Exchange::default()
        };
        let lost = self.world.exchange(host, exchange).await.lost;
        // The same end twice is harmless; then it is seen in the end that the first one stands.
        if !self.promises.row(stale.hold.key).is_over() {
            assert_eq!(lost, [stale.hold]);
        }
    }

    async fn check_counts(&mut self) {
        let now = self.world.counts(QUEUE).await;
        let since = Counts {
            succeeded: now.succeeded - self.before.succeeded,
            failed: now.failed - self.before.failed,
            cancelled: now.cancelled - self.before.cancelled,
            oldest_queued_at: None,
            ..now
        };
        assert_eq!(since, self.promises.counts());
    }

    /// Lets everything end, and fails where it cannot.
    async fn drain(&mut self) {
        self.draining = true;
        if self.promises.settings.paused {
            self.pause_or_go_on().await;
        }
        for _ in 0..ROUNDS_MAX {
            if self.promises.rows.values().all(Row::is_over) {
                return;
            }
            self.clock.forward_ms(ROUND_MS).await;
            self.tell(format!("it is {}", self.clock.now()));
            self.tick().await;
            for at in 0..self.hosts.len() {
                self.turn(at).await;
            }
        }
        let left = self.promises.rows.iter().filter(|(_, row)| !row.is_over());
        panic!("these can never end: {:?}", left.collect::<Vec<_>>());
    }

    async fn check_the_end(&mut self) {
        self.check_counts().await;
        let ids: Vec<_> = self
            .promises
            .rows
            .values()
            .map(|row| row.id.clone())
            .collect();
        let namespace = &self.world.namespace;
        let found = self.world.store.invocations_by_id(namespace, &ids).await;
        let found = found.unwrap();
        assert_eq!(found.len(), ids.len(), "nothing was lost");
        for one in found {
            let row = self.promises.row(one.key);
            assert_eq!(one.state, row.state(), "{}", one.key);
            let outcome = one.outcome.expect("it has ended");
            assert_eq!(outcome.state(), one.state);
            assert!(one.state != State::Waiting && one.state.is_final());
        }
    }
}
