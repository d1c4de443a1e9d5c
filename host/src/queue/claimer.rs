//! All queues of this host together: who may claim how much, and who starts next.
//!
//! Queues take turns, so that no backlog starves another; a permit is set aside before anything is
//! claimed for it, so that an exhausted pool never fails an invocation. Pure bookkeeping.

use std::collections::BTreeMap;
use std::time::Instant;

use super::desk::Desk;
use crate::model::QueueId;
use crate::model::queue::Settings;
use crate::store::{Claim, Claimed, EXCHANGE_MAX, Granted, Hold, Returned};

/// What stands between an invocation and its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Nothing.
    Open,
    /// Its component is not compiled here yet.
    NotYet,
}

/// The desks of a host and its permits.
#[derive(Debug)]
pub struct Claimer {
    desks: BTreeMap<QueueId, Desk>,
    /// Sandboxes at once on this host.
    permits: u32,
    /// The queue that was served last.
    last: QueueId,
    /// An invocation that must execute alone is reserved, or executes.
    alone: Alone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    No,
    /// Nothing else starts or is claimed until it has started.
    Wanted(QueueId),
    Executing,
}

impl Claimer {
    /// No queue is known yet.
    pub fn new(permits: u32) -> Self {
        Self {
            desks: BTreeMap::new(),
            permits,
            last: QueueId(0),
            alone: Alone::No,
        }
    }

    /// Something may be claimed from this queue.
    pub fn hear_of_work(&mut self, queue: QueueId, settings: &Settings) {
        self.desks
            .entry(queue)
            .or_insert_with(|| Desk::new(queue, settings))
            .hear_of_work();
    }

    /// A queue's settings were read.
    pub fn hear_of_settings(&mut self, queue: QueueId, settings: &Settings) {
        if let Some(desk) = self.desks.get_mut(&queue) {
            desk.hear_of_settings(settings);
        }
    }

    /// A component was compiled, or will never be.
    pub fn unblock(&mut self) {
        self.desks.values_mut().for_each(Desk::unblock);
    }

    /// How many sandboxes execute.
    pub fn executing(&self) -> u32 {
        self.desks.values().map(Desk::executing).sum()
    }

    /// How many are claimed and not started.
    pub fn reserved(&self) -> u32 {
        self.desks.values().map(Desk::reserved).sum()
    }

    /// What to claim now. `blind` says that ends stay behind this exchange.
    pub fn claims(&mut self, now: Instant, blind: bool) -> Vec<Claim> {
        if self.alone != Alone::No {
            return Vec::new();
        }
        self.desks.values_mut().for_each(|desk| desk.look(now));
        self.desks.retain(|_, desk| !desk.is_idle());
        let sated = self.desks.values().filter(|desk| !desk.is_hungry());
        let taken = self.executing() + sated.map(Desk::reserved).sum::<u32>();
        let mut free = self.permits.saturating_sub(taken);
        let mut rows = EXCHANGE_MAX as u32;
        let mut hungry = self.desks.values().filter(|desk| desk.is_hungry()).count() as u32;
        let mut claims = Vec::new();
        for queue in self.in_turn() {
            let desk = self
                .desks
                .get_mut(&queue)
                .expect("turns are taken by desks");
            // Every hungry queue gets its part of what is free; who is last gets what is left.
            let part = match desk.is_hungry() {
                true => free.div_ceil(hungry.max(1)),
                false => 0,
            };
            if let Some(mut claim) = desk.claim(part, now, blind) {
                claim.rows = claim.rows.min(rows);
                rows -= claim.rows;
                claims.push(claim);
            }
            if desk.is_hungry() {
                free -= part;
                hungry -= 1;
            }
        }
        claims
    }

    /// Takes in an answer to a claim.
    pub fn take(&mut self, asked: &Claim, granted: Granted, sent: Instant, now: Instant) {
        if granted.claimed.iter().any(|claimed| claimed.alone) && self.alone == Alone::No {
            self.alone = Alone::Wanted(asked.queue);
        }
        if let Some(desk) = self.desks.get_mut(&asked.queue) {
            desk.take(asked, granted, sent, now);
        }
    }

    /// These claims were not answered: whether there is work is not known.
    pub fn forget(&mut self, claims: &[Claim]) {
        for claim in claims {
            if let Some(desk) = self.desks.get_mut(&claim.queue) {
                desk.hear_of_work();
            }
        }
    }

    /// Whether this one is reserved here.
    pub fn holds(&self, hold: &Hold) -> bool {
        self.desks.values().any(|desk| desk.holds(hold))
    }

    /// Takes the next invocation that starts, queues in turn; none if no permit, no slot, or
    /// nothing ready is there.
    pub fn start(
        &mut self,
        now: Instant,
        gate: impl Fn(&Claimed) -> Gate,
    ) -> Option<(QueueId, Claimed)> {
        let executing = self.executing();
        if executing >= self.permits || self.alone == Alone::Executing {
            return None;
        }
        for queue in self.in_turn() {
            let desk = self
                .desks
                .get_mut(&queue)
                .expect("turns are taken by desks");
            let Some(next) = desk.next(now) else { continue };
            if self.alone != Alone::No && !(next.alone && executing == 0) {
                continue;
            }
            if gate(next) == Gate::NotYet {
                continue;
            }
            let claimed = desk.start(now)?;
            self.last = queue;
            if claimed.alone {
                self.alone = Alone::Executing;
            }
            return Some((queue, claimed));
        }
        None
    }

    /// A sandbox has ended; `lent` as it was claimed.
    pub fn end(&mut self, queue: QueueId, lent: bool) {
        if let Some(desk) = self.desks.get_mut(&queue) {
            desk.end(lent);
        }
        if self.alone == Alone::Executing {
            self.alone = Alone::No;
        }
    }

    /// A workflow waits: its permit is free, its slot goes with it.
    pub fn wait(&mut self, queue: QueueId, lent: bool) {
        if let Some(desk) = self.desks.get_mut(&queue) {
            desk.wait(lent);
        }
        if self.alone == Alone::Executing {
            self.alone = Alone::No;
        }
    }

    /// Takes back one that is reserved.
    pub fn remove(&mut self, hold: &Hold) -> Option<Returned> {
        self.desks.values_mut().find_map(|desk| desk.remove(hold))
    }

    /// Whether every permit is in use, and more is to be done.
    pub fn is_pressed(&self) -> bool {
        let more = |desk: &Desk| desk.is_hungry() || desk.reserved() > 0;
        self.executing() >= self.permits && self.desks.values().any(more)
    }

    /// Takes back what has waited too long, or everything where `all` is said. What must execute
    /// alone waits for the others to end, and they for nothing.
    pub fn give_back(
        &mut self,
        now: Instant,
        all: bool,
        ready: impl Fn(&Claimed) -> bool,
    ) -> Vec<Returned> {
        let mut returned = Vec::new();
        for (queue, desk) in &mut self.desks {
            let waits_alone = self.alone == Alone::Wanted(*queue) && !all;
            let others_wait = matches!(self.alone, Alone::Wanted(alone) if alone != *queue);
            match waits_alone {
                true => returned.extend(desk.give_back_behind_alone()),
                false => returned.extend(desk.give_back(now, all || others_wait, &ready)),
            }
        }
        if let Alone::Wanted(queue) = self.alone
            && self
                .desks
                .get(&queue)
                .is_none_or(|desk| desk.reserved() == 0)
        {
            self.alone = Alone::No;
        }
        returned
    }

    /// When something must go back at the latest.
    pub fn late_at(&self) -> Option<Instant> {
        match self.alone {
            Alone::Wanted(_) => None,
            _ => self.desks.values().filter_map(Desk::late_at).min(),
        }
    }

    /// The queues, beginning after the one that was served last.
    fn in_turn(&self) -> Vec<QueueId> {
        let after = self.desks.range((
            std::ops::Bound::Excluded(self.last),
            std::ops::Bound::Unbounded,
        ));
        let before = self.desks.range(..=self.last);
        after.chain(before).map(|(queue, _)| *queue).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::desk::tests::claimed;

    fn granted(queue: QueueId, claimed: Vec<Claimed>) -> Granted {
        Granted {
            queue,
            settings: Settings::default(),
            slots: None,
            contended: false,
            claimed,
            drained: false,
            opens_in_us: None,
            counted_after_us: None,
        }
    }

    /// A claimer that has claimed these keys in these queues.
    fn claimer(permits: u32, work: &[(i64, &[i64])]) -> Claimer {
        let (mut claimer, now) = (Claimer::new(permits), Instant::now());
        for (queue, _) in work {
            claimer.hear_of_work(QueueId(*queue), &Settings::default());
        }
        for claim in claimer.claims(now, false) {
            let keys = work
                .iter()
                .find(|(queue, _)| QueueId(*queue) == claim.queue)
                .unwrap()
                .1;
            let rows = keys.iter().map(|key| claimed(*key)).collect();
            claimer.take(&claim, granted(claim.queue, rows), now, now);
        }
        claimer
    }

    #[test]
    fn queues_share_the_permits() {
        let (mut claimer, now) = (Claimer::new(10), Instant::now());
        (1..=3).for_each(|queue| claimer.hear_of_work(QueueId(queue), &Settings::default()));

        let claims = claimer.claims(now, false);

        let rows: Vec<u32> = claims.iter().map(|claim| claim.rows).collect();
        assert_eq!(rows, [4, 3, 3]);
    }

    #[test]
    fn queues_start_in_turn() {
        let mut claimer = claimer(4, &[(1, &[10, 11]), (2, &[20, 21])]);
        let now = Instant::now();

        let started: Vec<i64> = std::iter::from_fn(|| claimer.start(now, |_| Gate::Open))
            .map(|(_, claimed)| claimed.hold.key.0)
            .collect();

        assert_eq!(started, [10, 20, 11, 21]);
    }

    #[test]
    fn no_more_start_than_there_are_permits() {
        let mut claimer = claimer(2, &[(1, &[10, 11, 12])]);
        let now = Instant::now();

        let started = std::iter::from_fn(|| claimer.start(now, |_| Gate::Open)).count();

        assert_eq!(started, 2);
        assert_eq!(claimer.claims(now, false), []);
    }

    #[test]
    fn a_head_that_is_not_compiled_holds_up_its_own_queue_only() {
        let mut claimer = claimer(4, &[(1, &[10]), (2, &[20])]);
        let gate = |claimed: &Claimed| match claimed.hold.key.0 {
            10 => Gate::NotYet,
            _ => Gate::Open,
        };

        let (queue, _) = claimer.start(Instant::now(), gate).unwrap();

        assert_eq!(queue, QueueId(2));
        assert!(claimer.start(Instant::now(), gate).is_none());
    }

    #[test]
    fn what_must_execute_alone_waits_for_the_others_and_they_for_it() {
        let mut claimer = claimer(4, &[(1, &[10]), (2, &[20])]);
        let now = Instant::now();
        claimer.start(now, |_| Gate::Open).unwrap();
        let claim = Claim {
            queue: QueueId(2),
            executing: 0,
            reserved: 1,
            slots: 4,
            rows: 4,
        };
        let suspect = Claimed {
            running: true,
            alone: true,
            ..claimed(21)
        };
        claimer.take(&claim, granted(QueueId(2), vec![suspect]), now, now);

        // 20 is in front of it: it starts no more, and goes back.
        assert!(claimer.start(now, |_| Gate::Open).is_none());
        let back = claimer.give_back(now, false, |_| true);
        assert_eq!(back.iter().map(|r| r.hold.key.0).collect::<Vec<_>>(), [20]);
        assert!(claimer.start(now, |_| Gate::Open).is_none());

        claimer.end(QueueId(1), false);
        let (_, started) = claimer.start(now, |_| Gate::Open).unwrap();
        assert_eq!(started.hold.key.0, 21);
        claimer.hear_of_work(QueueId(1), &Settings::default());
        assert_eq!(claimer.claims(now, false), []);
        claimer.end(QueueId(2), false);
        assert!(!claimer.claims(now, false).is_empty());
    }
}
