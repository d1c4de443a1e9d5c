//! One queue as this host sees it: its slots here, what is reserved, what executes.
//!
//! Pure bookkeeping: it neither waits nor asks the store.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::rate::Rate;
use crate::model::QueueId;
use crate::model::queue::Settings;
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
            rate: Rate::default(),
        }
    }

    /// Something may be claimed: an enqueue, a freed slot, changed settings.
    pub fn hear_of_work(&mut self) {
        self.work = true;
        self.stalled = false;
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
        self.work && !self.stalled && !self.blocked
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
            let ahead = match self.ordered || self.contended {
                true => 0,
                false => self.rate.within(AHEAD, now),
            };
            // A free permit is of no use beyond the limit.
            let most = self.concurrency.unwrap_or(u32::MAX);
            let room = permits.min(most.saturating_sub(self.executing));
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
    pub fn take(&mut self, asked: &Claim, granted: Granted, now: Instant) {
        self.concurrency = granted.settings.concurrency;
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
        }
        let reserved = granted.claimed.into_iter().map(|claimed| Reserved {
            claimed,
            since: now,
        });
        self.reserved.extend(reserved);
    }

    /// The next invocation to start, if a slot is free for it. It is not taken yet.
    pub fn next(&self) -> Option<&Claimed> {
        let index = self.next_index()?;
        Some(&self.reserved.get(index)?.claimed)
    }

    /// The first, if a slot is free; else the first that brings its slot.
    fn next_index(&self) -> Option<usize> {
        let free = self.slots.is_none_or(|slots| self.executing < slots);
        let mut reserved = self.reserved.iter();
        reserved.position(|reserved| free || reserved.claimed.lent)
    }

    /// Takes what [`Self::next`] showed; it executes from now on.
    pub fn start(&mut self, now: Instant) -> Option<Claimed> {
        let index = self.next_index()?;
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
        let late = |reserved: &Reserved| all || now >= reserved.since + RESERVED_MAX;
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
        !self.work && !slots && self.executing() == 0 && self.reserved.is_empty()
    }

    /// When the first reserved one must go back.
    pub fn late_at(&self) -> Option<Instant> {
        self.reserved
            .front()
            .map(|first| first.since + RESERVED_MAX)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{Fence, FunctionId, InvocationId, Key, Namespace};

    pub(in crate::queue) fn claimed(key: i64) -> Claimed {
        Claimed {
            hold: Hold {
                key: Key(key),
                fence: Fence(1),
            },
            id: InvocationId::from_store(key.to_string()),
            namespace: Namespace::default_namespace(),
            attempt: 1,
            running: false,
            suspect: false,
            alone: false,
            function: FunctionId(1),
            task: "hello/nothing".to_owned(),
            arguments: None,
            timeout_ms: None,
            place: (0, key),
            workflow: false,
            resumed: false,
            lent: false,
            depth: 0,
            partition: None,
            retried: 0,
            retries: None,
            left_us: None,
            unchecked: false,
        }
    }

    fn desk() -> Desk {
        Desk::new(QueueId(1), &Settings::default())
    }

    fn granted(
        concurrency: Option<u32>,
        slots: Option<u32>,
        keys: &[i64],
        drained: bool,
    ) -> Granted {
        Granted {
            queue: QueueId(1),
            settings: Settings {
                concurrency,
                ..Settings::default()
            },
            slots,
            contended: false,
            claimed: keys.iter().copied().map(claimed).collect(),
            drained,
            opens_in_us: None,
            counted_after_us: None,
        }
    }

    #[test]
    fn a_drained_queue_is_not_asked_again_until_there_is_work() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();

        desk.take(&asked, granted(None, None, &[], true), now);

        assert_eq!(desk.claim(8, now, false), None);
        desk.hear_of_work();
        assert!(desk.claim(8, now, false).is_some());
    }

    #[test]
    fn no_more_start_than_the_slots_allow() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        desk.take(&asked, granted(Some(2), Some(2), &[1, 2, 3], false), now);

        desk.start(now).unwrap();
        desk.start(now).unwrap();

        assert!(desk.next().is_none());
        desk.end(false);
        assert_eq!(desk.next().unwrap().hold.key, Key(3));
    }

    #[test]
    fn what_has_not_started_in_time_goes_back_in_its_order() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        desk.take(&asked, granted(None, None, &[1, 2], true), now);

        assert!(desk.give_back(now, false, |_| true).is_empty());
        let back = desk.give_back(now + RESERVED_MAX, false, |_| true);

        let keys: Vec<_> = back.iter().map(|returned| returned.hold.key).collect();
        assert_eq!(keys, [Key(1), Key(2)]);
    }

    #[test]
    fn a_queue_whose_head_is_not_compiled_claims_nothing_until_it_is() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        desk.take(&asked, granted(None, None, &[1], false), now);

        desk.give_back(now + RESERVED_MAX, false, |_| false);
        desk.hear_of_work();

        assert_eq!(desk.claim(8, now, false), None);
        desk.unblock();
        assert!(desk.claim(8, now, false).is_some());
    }

    #[test]
    fn a_slow_queue_claims_no_more_than_its_limit() {
        let settings = Settings {
            concurrency: Some(10),
            ..Settings::default()
        };
        let mut desk = Desk::new(QueueId(1), &settings);

        let claim = desk.claim(128, Instant::now(), false).unwrap();

        assert_eq!((claim.slots, claim.rows), (10, 10));
    }

    #[test]
    fn unused_slots_go_back() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        desk.take(&asked, granted(Some(4), Some(4), &[1], true), now);
        desk.start(now);

        let release = desk.claim(8, now, false).unwrap();

        assert_eq!((release.slots, release.rows, release.executing), (1, 0, 1));
    }

    #[test]
    fn an_ordered_queue_claims_nothing_while_an_end_is_not_on_its_way() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        desk.take(&asked, granted(Some(1), Some(1), &[1], false), now);
        desk.start(now);
        desk.end(false);

        assert!(desk.claim(8, now, true).is_none_or(|claim| claim.rows == 0));
        assert!(desk.claim(8, now, false).unwrap().rows > 0);
    }

    #[test]
    fn a_workflow_takes_its_slot_into_its_wait() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        desk.take(&asked, granted(Some(1), Some(1), &[1, 2], false), now);
        desk.start(now).unwrap();

        desk.wait(false);

        assert!(desk.next().is_none(), "2 would execute in the slot of 1");
        assert_eq!(desk.executing(), 0);
    }

    #[test]
    fn a_grant_that_is_under_way_when_a_workflow_waits_counts_one_less() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        desk.take(&asked, granted(Some(2), Some(1), &[1], false), now);
        desk.start(now).unwrap();
        desk.hear_of_work();
        let asked = desk.claim(8, now, false).unwrap();

        desk.wait(false);
        desk.take(&asked, granted(Some(2), Some(1), &[2], false), now);

        assert!(
            desk.next().is_none(),
            "the store does not know yet that 1 kept its slot"
        );
    }

    #[test]
    fn what_brings_its_slot_starts_before_what_waits_for_one() {
        let (mut desk, now) = (desk(), Instant::now());
        let asked = desk.claim(8, now, false).unwrap();
        let mut answer = granted(Some(1), Some(0), &[1, 2], false);
        answer.claimed[1].lent = true;
        desk.take(&asked, answer, now);

        let started = desk.start(now).unwrap();

        assert_eq!(started.hold.key, Key(2));
        assert!(desk.next().is_none());
        desk.end(true);
        assert_eq!(desk.executing(), 0);
    }
}
