//! One queue as this host sees it: its slots here, what is reserved, what executes.
//!
//! Pure bookkeeping: it neither waits nor asks the store.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::rate::Rate;
use crate::model::QueueId;
use crate::model::queue::{Settings, TOKEN_GRACE_MS};
use crate::store::{Claim, Claimed, Granted, Hold, Returned};

/// A start may lag its claim by 100 ms; what has not started by then goes back. The rest is for the
/// way to the store.
pub const RESERVED_MAX: Duration = Duration::from_millis(80);

/// How far ahead of its starts a host claims: about what starts within this time.
const AHEAD: Duration = Duration::from_millis(40);

/// A claimed invocation that has not started.
#[derive(Debug)]
pub struct Reserved {
    /// What was claimed.
    pub claimed: Claimed,
    /// When the claim came.
    pub since: Instant,
    /// It was counted against a rate limit: it starts by then, or goes back.
    pub until: Option<Instant>,
}

impl Reserved {
    fn late_at(&self) -> Instant {
        let late_at = self.since + RESERVED_MAX;
        self.until.map_or(late_at, |until| until.min(late_at))
    }
}

/// One queue's state on this host.
#[derive(Debug)]
pub struct Desk {
    queue: QueueId,
    /// How many may execute here; none means no limit, and that is also what is assumed first.
    slots: Option<u32>,
    /// How many the store counts as held here: more than `slots` while more execute than may start.
    counted: u32,
    concurrency: Option<u32>,
    /// At most so many on this host.
    worker: Option<u32>,
    partitioned: bool,
    ordered: bool,
    contended: bool,
    /// In the slots above.
    executing: u32,
    /// In slots that are not among them: kept by workflows that waited, or lent by them.
    lent: u32,
    /// Workflows that took a slot of ours with them into their wait, since the claim that is under way
    /// was sent.
    moved: u32,
    /// Something ended or began to wait since that claim was sent: that it got too little says
    /// nothing about now.
    freed: bool,
    reserved: VecDeque<Reserved>,
    /// There may be something to claim.
    work: bool,
    /// The last claim got less than it asked for, though there was more: wait until something ends.
    stalled: bool,
    /// The head's component is not compiled here; nothing is claimed until it is.
    blocked: bool,
    /// Only time holds back what is queued: a rate limit, or a retry in its place.
    opens_at: Option<Instant>,
    rate: Rate,
}

impl Desk {
    /// A queue that may have work, with the settings that were heard last.
    pub fn new(queue: QueueId, settings: &Settings) -> Self {
        Self {
            queue,
            slots: None,
            counted: 0,
            concurrency: settings.concurrency,
            worker: settings.worker_concurrency,
            partitioned: settings.partitions.is_some(),
            ordered: settings.is_ordered(),
            contended: false,
            executing: 0,
            lent: 0,
            moved: 0,
            freed: false,
            reserved: VecDeque::new(),
            work: true,
            stalled: false,
            blocked: false,
            opens_at: None,
            rate: Rate::default(),
        }
    }

    /// Something may be claimed: an enqueue, a freed slot.
    pub fn hear_of_work(&mut self) {
        self.work = true;
        self.stalled = false;
        if self.partitioned {
            // It may stand in a partition that is open.
            self.opens_at = None;
        }
    }

    /// The queue's settings may have changed.
    pub fn hear_of_settings(&mut self, settings: &Settings) {
        self.worker = settings.worker_concurrency;
        self.opens_at = None;
        self.hear_of_work();
    }

    /// Looks at the clock: what only time held back may be claimed when that has come.
    pub fn look(&mut self, now: Instant) {
        if self.opens_at.is_some_and(|at| at <= now) {
            self.opens_at = None;
            self.work = true;
            self.stalled = false;
        }
    }

    /// A component was compiled.
    pub fn unblock(&mut self) {
        if self.blocked {
            self.blocked = false;
            self.hear_of_work();
        }
    }

    /// Whether this queue would claim if it had a permit.
    pub fn is_hungry(&self) -> bool {
        self.work && !self.stalled && !self.blocked && self.opens_at.is_none()
    }

    /// How many execute here.
    pub fn executing(&self) -> u32 {
        self.executing + self.lent
    }

    /// How many are claimed and not started.
    pub fn reserved(&self) -> u32 {
        self.reserved.len() as u32
    }

    /// What to ask of the store, with `permits` sandboxes for what is reserved here and what is to
    /// come; none if nothing.
    ///
    /// `blind` are the ordered queue's ends that are not in the same exchange: then its next start
    /// must wait.
    pub fn claim(&mut self, permits: u32, now: Instant, blind: bool) -> Option<Claim> {
        self.moved = 0;
        self.freed = false;
        let all = self.reserved();
        let ours = self
            .reserved
            .iter()
            .filter(|reserved| !reserved.claimed.lent);
        let reserved = ours.count() as u32;
        let held = self.executing + reserved;
        if self.is_hungry() && !(self.ordered && blind) {
            // Where an order, another host or this host's own limit is at stake, nothing is.
            let may_claim_ahead = !self.ordered && !self.contended && self.worker.is_none();
            let ahead = match may_claim_ahead {
                true => self.rate.within(AHEAD, now),
                false => 0,
            };
            // A free permit is of no use beyond the limit.
            let most = self.concurrency.unwrap_or(u32::MAX);
            let here = self.worker.unwrap_or(u32::MAX);
            let room = permits
                .min(most.saturating_sub(self.executing))
                .min(here.saturating_sub(self.executing()));
            let rows = (room + ahead).saturating_sub(all);
            if rows > 0 {
                return Some(Claim {
                    queue: self.queue,
                    executing: self.executing,
                    reserved,
                    slots: self.executing + room,
                    rows,
                });
            }
        }
        // Slots that are not used go back, for others to have.
        let limited = self.concurrency.is_some();
        let idle = limited && self.counted > held;
        (idle && !self.is_hungry()).then_some(Claim {
            queue: self.queue,
            executing: self.executing,
            reserved,
            slots: held,
            rows: 0,
        })
    }

    /// Takes in the store's answer to `asked`.
    ///
    /// `sent` is when the question was sent.
    pub fn take(&mut self, asked: &Claim, granted: Granted, sent: Instant, now: Instant) {
        self.concurrency = granted.settings.concurrency;
        self.worker = granted.settings.worker_concurrency;
        self.partitioned = granted.settings.partitions.is_some();
        self.ordered = granted.settings.is_ordered();
        // Those that took a slot with them meanwhile: the store does not know it yet.
        let executing = asked.executing.saturating_sub(self.moved);
        self.slots = granted.slots.map(|slots| slots.saturating_sub(self.moved));
        self.counted = self.slots.map_or(0, |slots| slots.max(executing));
        self.contended = granted.contended;
        if asked.rows > 0 {
            let got = granted.claimed.len() as u32;
            self.work = !granted.drained;
            self.stalled = !granted.drained && got < asked.rows && !self.freed;
            let opens_in = granted.opens_in_us.map(Duration::from_micros);
            let freed = self.partitioned && self.freed;
            self.opens_at = opens_in.filter(|_| !freed).map(|opens_in| now + opens_in);
        }
        let counted = granted.counted_after_us.map(|after| {
            sent + Duration::from_micros(after) + Duration::from_millis(TOKEN_GRACE_MS)
        });
        let reserved = granted.claimed.into_iter().map(|claimed| Reserved {
            until: counted.filter(|_| !claimed.resumed),
            claimed,
            since: now,
        });
        self.reserved.extend(reserved);
    }

    /// The next invocation to start, if a slot is free for it. It is not taken yet.
    pub fn next(&self, now: Instant) -> Option<&Claimed> {
        let index = self.next_index(now)?;
        Some(&self.reserved.get(index)?.claimed)
    }

    /// The first, if a slot is free; else the first that brings its slot.
    fn next_index(&self, now: Instant) -> Option<usize> {
        if self.worker.is_some_and(|worker| self.executing() >= worker) {
            return None;
        }
        let free = self.slots.is_none_or(|slots| self.executing < slots);
        let mut reserved = self.reserved.iter();
        reserved
            .position(|reserved| free || reserved.claimed.lent)
            .filter(|index| self.reserved[*index].until.is_none_or(|until| now < until))
    }

    /// Takes what [`Self::next`] showed; it executes from now on.
    pub fn start(&mut self, now: Instant) -> Option<Claimed> {
        let index = self.next_index(now)?;
        let first = self.reserved.remove(index)?;
        match first.claimed.lent {
            true => self.lent += 1,
            false => self.executing += 1,
        }
        self.rate.count(now);
        Some(first.claimed)
    }

    /// A sandbox has ended: its slot is free, whether its outcome is on disk or not.
    pub fn end(&mut self, lent: bool) {
        match lent {
            true => self.lent -= 1,
            false => self.executing -= 1,
        }
        self.stalled = false;
        self.freed = true;
        if self.partitioned {
            self.opens_at = None;
        }
    }

    /// A workflow waits: it takes its slot with it.
    pub fn wait(&mut self, lent: bool) {
        self.end(lent);
        if !lent && let Some(slots) = &mut self.slots {
            *slots = slots.saturating_sub(1);
            self.counted = self.counted.saturating_sub(1);
            self.moved += 1;
        }
    }

    /// Takes back one that is reserved.
    pub fn remove(&mut self, hold: &Hold) -> Option<Returned> {
        let index = self
            .reserved
            .iter()
            .position(|reserved| reserved.claimed.hold == *hold)?;
        self.reserved.remove(index)?;
        Some(Returned {
            hold: *hold,
            queue: self.queue,
            executed: None,
        })
    }

    /// Takes back what has waited too long, or everything where `all` is said.
    ///
    /// If what stood first was not ready, nothing more is claimed until a component was compiled.
    pub fn give_back(
        &mut self,
        now: Instant,
        all: bool,
        ready: impl Fn(&Claimed) -> bool,
    ) -> Vec<Returned> {
        let late = |reserved: &Reserved| all || now >= reserved.late_at();
        if !self.reserved.front().is_some_and(late) {
            return self.give_back_surplus();
        }
        self.blocked |= self
            .reserved
            .front()
            .is_some_and(|first| !ready(&first.claimed));
        // Everything behind the head goes with it: it came no earlier, and keeps its order.
        self.stalled = true;
        self.returned()
    }

    /// Takes back what was claimed ahead, if this host holds all slots no more: as when workflows
    /// took some into their wait, whose own children these may be.
    fn give_back_surplus(&mut self) -> Vec<Returned> {
        let (Some(slots), Some(concurrency)) = (self.slots, self.concurrency) else {
            return Vec::new();
        };
        if slots >= concurrency {
            return Vec::new();
        }
        let mut free = slots.saturating_sub(self.executing);
        let queue = self.queue;
        let mut returned = Vec::new();
        self.reserved.retain(|reserved| {
            let stays = reserved.claimed.lent || free > 0;
            free -= u32::from(!reserved.claimed.lent && free > 0);
            if !stays {
                returned.push(Returned {
                    hold: reserved.claimed.hold,
                    queue,
                    executed: None,
                });
            }
            stays
        });
        self.work |= !returned.is_empty();
        returned
    }

    /// Takes back everything but the first that must execute alone, which stands first from then on.
    pub fn give_back_behind_alone(&mut self) -> Vec<Returned> {
        let keep = self
            .reserved
            .iter()
            .position(|reserved| reserved.claimed.alone);
        let keep = keep.and_then(|index| self.reserved.remove(index));
        let returned = self.returned();
        self.reserved.extend(keep);
        returned
    }

    fn returned(&mut self) -> Vec<Returned> {
        self.work = true;
        let queue = self.queue;
        let returned = self.reserved.drain(..).map(|reserved| Returned {
            hold: reserved.claimed.hold,
            queue,
            executed: None,
        });
        returned.collect()
    }

    /// Whether this one is reserved here.
    pub fn holds(&self, hold: &Hold) -> bool {
        self.reserved
            .iter()
            .any(|reserved| reserved.claimed.hold == *hold)
    }

    /// Whether there is nothing to remember of this queue.
    pub fn is_idle(&self) -> bool {
        let slots = self.concurrency.is_some() && self.counted > 0;
        !self.work
            && !slots
            && self.opens_at.is_none()
            && self.executing() == 0
            && self.reserved.is_empty()
    }

    /// When the first reserved one must go back, or more may be claimed.
    pub fn late_at(&self) -> Option<Instant> {
        let late_at = self.reserved.front().map(Reserved::late_at);
        late_at.into_iter().chain(self.opens_at).min()
    }
}

#[cfg(test)]
pub(super) mod tests;
