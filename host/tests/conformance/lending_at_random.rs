//! Families at random on a queue with few slots: whatever happens, never more than N execute, and in
//! the end everything can end.

use std::collections::{HashMap, VecDeque};

use windlass::model::queue::Settings;
use windlass::model::{HostNumber, InvocationId, Key, Moment, QueueId};
use windlass::store::{Claim, Claimed, Exchange, NewCall, Returned, Wait};

use super::bed::Bed;
use super::families::{for_all, for_any, for_message, until, waited};
use super::random::Random;
use super::world::{World, capped, claim, ended, ordered, started};

cases!(
    never_more_than_n_of_any_families_execute_and_all_can_end,
    never_more_than_n_of_any_families_execute_in_order_and_all_can_end,
);

const STEPS: usize = 200;
const SEEDS: u64 = 3;
const INVOCATIONS_MAX: usize = 80;
const DEPTH_MAX: u32 = 3;
/// Far more rounds than an end of everything takes.
const ROUNDS_MAX: usize = 1_000;

async fn never_more_than_n_of_any_families_execute_and_all_can_end(bed: Bed) {
    for seed in 0..SEEDS {
        Model::run(&bed, seed, capped(1 + (seed % 3) as u32)).await;
    }
}

async fn never_more_than_n_of_any_families_execute_in_order_and_all_can_end(bed: Bed) {
    for seed in 100..100 + SEEDS {
        Model::run(&bed, seed, ordered(1 + (seed % 3) as u32)).await;
    }
}

/// A host as the dispatcher plays it.
struct Host {
    number: HostNumber,
    /// How many may execute in slots of its own.
    slots: u32,
    /// In slots of its own.
    executing: Vec<Claimed>,
    /// In slots that are lent.
    lent: Vec<Claimed>,
    reserved: VecDeque<Claimed>,
    /// On the queue without a limit.
    aside: Vec<Claimed>,
    unmarked: Vec<Claimed>,
}

impl Host {
    async fn new(world: &World) -> Self {
        Self::of(world.host("h").await)
    }

    fn of(number: HostNumber) -> Self {
        Self {
            number,
            slots: 0,
            executing: Vec::new(),
            lent: Vec::new(),
            reserved: VecDeque::new(),
            aside: Vec::new(),
            unmarked: Vec::new(),
        }
    }
}

/// What a host does next with something that executes.
enum Next {
    GoOn,
    End,
    Wait(Wait),
}

struct Model {
    world: World,
    name: String,
    aside: String,
    queue: QueueId,
    side: QueueId,
    settings: Settings,
    random: Random,
    seed: u64,
    hosts: Vec<Host>,
    ids: HashMap<Key, InvocationId>,
    keys: Vec<Key>,
    fences: HashMap<Key, i64>,
    /// Who waits for a message, or did.
    hearing: Vec<InvocationId>,
    draining: bool,
}

impl Model {
    async fn run(bed: &Bed, seed: u64, settings: Settings) {
        let world = World::new(&bed.store).await;
        let (name, aside) = (format!("q{seed}"), format!("side{seed}"));
        let mut model = Self {
            queue: world.queue(&name, settings.clone()).await,
            side: world.queue(&aside, Settings::default()).await,
            hosts: vec![Host::new(&world).await, Host::new(&world).await],
            world,
            name,
            aside,
            settings,
            random: Random(seed),
            seed,
            ids: HashMap::new(),
            keys: Vec::new(),
            fences: HashMap::new(),
            hearing: Vec::new(),
            draining: false,
        };
        for _ in 0..STEPS {
            model.step().await;
        }
        model.drain().await;
        for host in &model.hosts {
            model.world.store.leave(host.number).await.unwrap();
        }
    }

    async fn step(&mut self) {
        match self.random.below(30) {
            0 | 1 => self.enqueue().await,
            2 => self.cancel().await,
            3 => self.lose_a_host().await,
            4 => self.pause_or_go_on().await,
            5..=8 => self.send().await,
            which => self.turn(which % self.hosts.len()).await,
        }
        let of_host = |host: &Host| host.executing.len() + host.lent.len();
        let executing: usize = self.hosts.iter().map(of_host).sum();
        let limit = self.settings.concurrency.unwrap() as usize;
        let seed = self.seed;
        assert!(
            executing <= limit,
            "seed {seed}: {executing} in {limit} slots"
        );
    }

    fn has_room(&self) -> bool {
        self.keys.len() < INVOCATIONS_MAX && !self.draining
    }

    /// A task or a workflow, mostly on the queue that has a limit.
    fn call(&mut self, depth: u32) -> NewCall {
        let queue = match self.random.one_in(5) {
            true => &self.aside,
            false => &self.name,
        };
        NewCall {
            workflow: depth < DEPTH_MAX && !self.random.one_in(3),
            priority: self.random.below(3) as i32 - 1,
            ..self.world.call(queue)
        }
    }

    fn remember(&mut self, key: Key, id: InvocationId) {
        if self.ids.insert(key, id).is_none() {
            self.keys.push(key);
        }
    }

    async fn enqueue(&mut self) {
        if !self.has_room() {
            return;
        }
        let calls = vec![self.call(0), self.call(0)];
        for stored in self.world.enqueue(calls).await.unwrap() {
            self.remember(stored.key, stored.id);
        }
    }

    async fn cancel(&mut self) {
        if !self.keys.is_empty() {
            let key = self.keys[self.random.below(self.keys.len())];
            self.world.store.cancel(&[key], "at random").await.unwrap();
        }
    }

    async fn lose_a_host(&mut self) {
        let lost = self.random.below(self.hosts.len());
        let number = self.hosts[lost].number;
        match self.random.one_in(3) {
            true => self.world.store.leave(number).await.unwrap(),
            false => drop(self.world.kill(number).await),
        }
        self.hosts[lost] = Host::new(&self.world).await;
    }

    async fn pause_or_go_on(&mut self) {
        self.settings.paused = !self.settings.paused;
        self.world.queue(&self.name, self.settings.clone()).await;
    }

    async fn send(&mut self) {
        if !self.hearing.is_empty() {
            let hearing = self.random.below(self.hearing.len());
            let id = self.hearing.swap_remove(hearing);
            self.world.send(&id, "go").await;
        }
    }

    /// Lets a workflow enqueue some, and decides for what it waits.
    async fn fan_out(&mut self, host: HostNumber, flow: &Claimed) -> Wait {
        let mut awaited = Vec::new();
        if self.has_room() {
            let calls: Vec<_> = (0..self.random.below(4))
                .map(|_| self.call(flow.depth + 1))
                .collect();
            let mut steps = self.world.steps_with(flow, calls).await;
            for child in &mut steps.children {
                child.detached = self.random.one_in(6);
            }
            for stored in self.world.record(host, steps).await.unwrap() {
                awaited.push(stored.key);
                self.remember(stored.key, stored.id);
            }
        }
        let mut wait = match self.random.below(6) {
            0 => until(Moment(1)),
            1 => for_message("go"),
            2 | 3 => for_any(&awaited),
            _ => for_all(&awaited),
        };
        if self.random.one_in(2) {
            wait.messages = vec!["go".to_owned()];
            self.hearing.push(flow.id.clone());
        }
        wait
    }

    async fn next(&mut self, host: HostNumber, claimed: &Claimed, wished: bool) -> Next {
        if self.draining || (wished && self.random.one_in(2)) {
            return Next::End;
        }
        match self.random.below(6) {
            0 | 1 => Next::GoOn,
            2..=4 if claimed.workflow => {
                let wait = self.fan_out(host, claimed).await;
                match wait.awaited.is_empty() && wait.messages.is_empty() && wait.at.is_none() {
                    true => Next::GoOn,
                    false => Next::Wait(wait),
                }
            }
            _ => Next::End,
        }
    }

    /// What of these executes on; the rest is handed in.
    async fn decide(
        &mut self,
        host: HostNumber,
        queue: QueueId,
        executing: Vec<Claimed>,
        exchange: &mut Exchange,
    ) -> Vec<Claimed> {
        let held = self.world.store.held(host).await.unwrap();
        let mut going = Vec::new();
        for claimed in executing {
            let found = held.iter().find(|held| held.hold == claimed.hold);
            let found = found.expect("the host holds what it executes");
            match self.next(host, &claimed, found.cancelled).await {
                Next::GoOn => going.push(claimed),
                Next::End => exchange.ended.push(ended(&claimed)),
                Next::Wait(wait) => exchange.waited.push(waited(queue, &claimed, wait)),
            }
        }
        going
    }

    /// One exchange of a host: it hands in what it decides, and claims.
    async fn turn(&mut self, at: usize) {
        let mut exchange = Exchange::default();
        let number = self.hosts[at].number;
        let mut host = std::mem::replace(&mut self.hosts[at], Host::of(number));
        let (queue, side) = (self.queue, self.side);
        host.executing = self
            .decide(number, queue, host.executing, &mut exchange)
            .await;
        host.lent = self.decide(number, queue, host.lent, &mut exchange).await;
        host.aside = self.decide(number, side, host.aside, &mut exchange).await;
        let going: Vec<_> = host.executing.iter().map(|claimed| claimed.hold).collect();
        let mut unmarked = std::mem::take(&mut host.unmarked);
        unmarked.retain(|claimed| going.contains(&claimed.hold));
        exchange.started = unmarked.iter().map(started).collect();
        // What is reserved beyond the slots goes back, so that nobody waits for it.
        let keep = (host.slots as usize).min(host.reserved.len());
        let back = host.reserved.split_off(keep);
        exchange.returned = back
            .iter()
            .map(|claimed| Returned {
                hold: claimed.hold,
                queue,
                executed: None,
            })
            .collect();
        let rows = 1 + self.random.below(3) as u32;
        exchange.claims = vec![
            Claim {
                executing: host.executing.len() as u32,
                reserved: host.reserved.len() as u32,
                slots: self.settings.concurrency.unwrap(),
                ..claim(queue, rows)
            },
            claim(side, rows),
        ];
        let exchanged = self.world.exchange(number, exchange).await;
        assert!(exchanged.lost.is_empty(), "seed {}", self.seed);
        host.slots = exchanged.granted[0].slots.expect("the queue has a limit");
        for granted in exchanged.granted {
            for claimed in granted.claimed {
                self.check(&claimed);
                match (granted.queue == side, claimed.lent, claimed.running) {
                    (true, ..) => host.aside.push(claimed),
                    (_, true, _) => host.lent.push(claimed),
                    (_, _, true) => host.executing.push(claimed),
                    _ => host.reserved.push_back(claimed),
                }
            }
        }
        while host.executing.len() < host.slots as usize
            && let Some(claimed) = host.reserved.pop_front()
        {
            host.unmarked.push(claimed.clone());
            host.executing.push(claimed);
        }
        self.hosts[at] = host;
    }

    fn check(&mut self, claimed: &Claimed) {
        let before = self.fences.insert(claimed.hold.key, claimed.hold.fence.0);
        assert!(before.is_none_or(|before| before < claimed.hold.fence.0));
        assert!(!claimed.resumed || (claimed.running && claimed.lent && claimed.workflow));
    }

    /// Lets everything end, and fails where it cannot.
    async fn drain(&mut self) {
        self.draining = true;
        if self.settings.paused {
            self.pause_or_go_on().await;
        }
        for round in 0..ROUNDS_MAX {
            for host in 0..self.hosts.len() {
                self.turn(host).await;
            }
            if round == 0 {
                for (_, id) in self.ids.clone() {
                    self.world.send(&id, "go").await;
                }
            }
            if self.left().await == 0 {
                return self.check_the_end().await;
            }
        }
        panic!("seed {}: {} can never end", self.seed, self.left().await);
    }

    async fn left(&self) -> u64 {
        let mut left = 0;
        for name in [&self.name, &self.aside] {
            let counts = self.world.counts(name).await;
            left += counts.queued + counts.running + counts.waiting;
        }
        left
    }

    async fn check_the_end(&self) {
        for id in self.ids.values() {
            assert!(self.world.state(id).await.is_final());
        }
        let mut total = 0;
        for name in [&self.name, &self.aside] {
            let all = self.world.counts(name).await;
            total += all.succeeded + all.failed + all.cancelled;
        }
        assert_eq!(total, self.keys.len() as u64, "each ended once");
    }
}
