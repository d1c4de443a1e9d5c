//! A host as the dispatcher plays it, and its turns.

use windlass::model::queue::TOKEN_GRACE_MS;
use windlass::model::{FailureKind, HostNumber, Moment, State};
use windlass::store::{Claim, Claimed, Exchange, Granted, Returned};

use super::play::Play;
use crate::conformance::controls::retried;
use crate::conformance::random::Random;
use crate::conformance::world::{World, claim, ended, ended_with, failure, started};

/// A host.
pub struct Host {
    pub number: HostNumber,
    /// How many may execute here at once; none means no limit.
    slots: Option<u32>,
    /// What the store believes that it has, at least.
    held: u32,
    executing: Vec<Claimed>,
    /// Executing, and the store does not know yet.
    unmarked: Vec<Claimed>,
    /// With the moment of the claim.
    reserved: Vec<(Moment, Claimed)>,
}

/// What becomes of what executes.
enum Next {
    GoOn,
    Succeed,
    Fail,
    Retry(u64),
    Return,
}

impl Host {
    pub async fn new(world: &World) -> Self {
        Self::of(world.host("h").await)
    }

    fn of(number: HostNumber) -> Self {
        Self {
            number,
            slots: Some(0),
            held: 0,
            executing: Vec::new(),
            unmarked: Vec::new(),
            reserved: Vec::new(),
        }
    }

    pub fn into_held(self) -> Vec<Claimed> {
        let reserved = self.reserved.into_iter().map(|(_, claimed)| claimed);
        self.executing.into_iter().chain(reserved).collect()
    }
}

fn next(random: &mut Random, draining: bool) -> Next {
    match random.below(if draining { 1 } else { 12 }) {
        0..=2 => Next::Succeed,
        3 => Next::Fail,
        4 | 5 => Next::Retry([0, 0, 120, 900][random.below(4)]),
        6 => Next::Return,
        _ => Next::GoOn,
    }
}

impl Play {
    /// After a change of settings a host tells how much it executes, as hosts do.
    pub(super) async fn announce(&mut self, at: usize) {
        let host = &self.hosts[at];
        let in_use = (host.executing.len() + host.reserved.len()) as u32;
        let wish = Claim {
            executing: host.executing.len() as u32,
            reserved: host.reserved.len() as u32,
            slots: in_use,
            rows: 0,
            queue: self.queue,
        };
        let granted = self.world.claim_with(host.number, wish).await;
        let host = &mut self.hosts[at];
        host.held = granted.slots.unwrap_or(0).max(host.executing.len() as u32);
        host.slots = granted.slots;
    }

    /// One exchange of a host: it hands in what it decides, and claims.
    pub(super) async fn turn(&mut self, at: usize) {
        let now = self.clock.now();
        if self.promises.is_late(now) {
            self.tick().await;
        }
        let number = self.hosts[at].number;
        let mut host = std::mem::replace(&mut self.hosts[at], Host::of(number));
        let mut exchange = Exchange::default();
        self.decide(&mut host, &mut exchange);
        self.give_back(&mut host, &mut exchange);
        let rows = 1 + self.random.below(5) as u32;
        let in_use = (host.executing.len() + host.reserved.len()) as u32;
        let concurrency = self.promises.settings.concurrency;
        let wish = Claim {
            executing: host.executing.len() as u32,
            reserved: host.reserved.len() as u32,
            slots: concurrency.unwrap_or(in_use + rows),
            ..claim(self.queue, rows)
        };
        exchange.claims = vec![wish.clone()];
        let mut exchanged = self.world.exchange(number, exchange).await;
        assert!(exchanged.lost.is_empty(), "{:?}", exchanged.lost);
        let granted = exchanged.granted.remove(0);
        self.take(at, host, &wish, granted).await;
    }

    /// What ends, what is marked as started, what is tried again.
    fn decide(&mut self, host: &mut Host, exchange: &mut Exchange) {
        let (queue, now) = (self.queue, self.clock.now());
        for claimed in std::mem::take(&mut host.executing) {
            let key = claimed.hold.key;
            let next = next(&mut self.random, self.draining);
            match next {
                Next::GoOn => {
                    if host.unmarked.iter().any(|one| one.hold == claimed.hold) {
                        exchange.started.push(started(&claimed));
                        self.promises.started(host.number, key);
                        self.tell(format!("{key} is marked"));
                    }
                    host.executing.push(claimed);
                    continue;
                }
                Next::Succeed => {
                    exchange.ended.push(ended(&claimed));
                    self.promises.ended(key, State::Succeeded);
                    self.tell(format!("{key} succeeds"));
                }
                Next::Fail => {
                    let outcome = failure(FailureKind::Trap);
                    exchange.ended.push(ended_with(&claimed, outcome));
                    self.promises.ended(key, State::Failed);
                    self.tell(format!("{key} fails"));
                }
                Next::Retry(delay_ms) => {
                    exchange.retried.push(retried(queue, &claimed, delay_ms));
                    self.promises.retried(key, delay_ms, now);
                    self.tell(format!("{key} is tried again in {delay_ms} ms"));
                }
                Next::Return => {
                    let reason = Some("the host drains".to_owned());
                    exchange.returned.push(Returned {
                        hold: claimed.hold,
                        queue,
                        executed: reason,
                    });
                    self.promises.returned(key, true);
                    self.tell(format!("{key} goes back executed"));
                }
            }
            self.stale.push(claimed);
        }
        host.unmarked.clear();
    }

    /// What is reserved goes back when its start would come too late, and now and then otherwise.
    fn give_back(&mut self, host: &mut Host, exchange: &mut Exchange) {
        let now = self.clock.now();
        for (at, claimed) in std::mem::take(&mut host.reserved) {
            let late = now > at.moved_ms(TOKEN_GRACE_MS);
            if !late && !self.random.one_in(6) {
                host.reserved.push((at, claimed));
                continue;
            }
            let key = claimed.hold.key;
            exchange.returned.push(Returned {
                hold: claimed.hold,
                queue: self.queue,
                executed: None,
            });
            self.promises.returned(key, false);
            self.tell(format!("{key} goes back unstarted"));
            self.stale.push(claimed);
        }
    }

    /// Takes in what was claimed, and starts what may start.
    async fn take(&mut self, at: usize, mut host: Host, wish: &Claim, granted: Granted) {
        let now = self.clock.now();
        self.tell(format!(
            "{} executes {}, has {} reserved, claims {} and gets {:?}; slots {:?}",
            host.number,
            wish.executing,
            wish.reserved,
            wish.rows,
            super::super::world::keys(&granted.claimed),
            granted.slots
        ));
        let in_use = (wish.executing + wish.reserved) as usize;
        let free = |slots: u32| (slots as usize).saturating_sub(in_use);
        self.promises
            .check(wish, &granted, granted.slots.map(free), now);
        self.check_slots(at, wish, &granted);
        host.slots = granted.slots;
        host.held = granted.slots.unwrap_or(0).max(wish.executing);
        let before = host.executing.len();
        for claimed in granted.claimed {
            self.promises.claimed(host.number, &claimed, now);
            match claimed.running {
                true => host.executing.push(claimed),
                false => host.reserved.push((now, claimed)),
            }
        }
        while !host.reserved.is_empty()
            && host
                .slots
                .is_none_or(|slots| host.executing.len() < slots as usize)
        {
            let (_, claimed) = host.reserved.remove(0);
            if claimed.suspect {
                let lost = self
                    .world
                    .start(host.number, std::slice::from_ref(&claimed))
                    .await;
                assert!(lost.is_empty());
                self.promises.started(host.number, claimed.hold.key);
            } else {
                host.unmarked.push(claimed.clone());
            }
            self.tell(format!("{} starts", claimed.hold.key));
            host.executing.push(claimed);
        }
        let starts = host.executing.len() > before;
        self.hosts[at] = host;
        let executing: usize = self.hosts.iter().map(|host| host.executing.len()).sum();
        if let Some(limit) = self.promises.settings.concurrency {
            assert!(
                !starts || executing <= limit as usize,
                "{executing} execute"
            );
        }
    }

    /// A host gets every slot that nobody has, unless another one waits for some.
    fn check_slots(&self, at: usize, wish: &Claim, granted: &Granted) {
        let settings = &self.promises.settings;
        let (Some(limit), Some(slots)) = (settings.concurrency, granted.slots) else {
            return;
        };
        let others = self
            .hosts
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        let taken: u32 = others.map(|(_, host)| host.held).sum();
        let free = limit.saturating_sub(taken);
        assert!(slots <= free.max(wish.executing), "{slots} of {free} slots");
        if !granted.contended && !granted.drained && !settings.paused {
            assert!(slots >= free.min(wish.slots), "{slots} of {free} slots");
        }
    }
}
