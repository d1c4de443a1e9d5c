//! Workflows that wait, and whose end somebody asked for.

use std::time::{Duration, Instant};

use super::{Dispatcher, Parked, Running, Wish};
use crate::model::Moment;
use crate::queue::runner::News;
use crate::queue::turns::Waits;
use crate::store::{Claimed, Held, Hold, Waited};

/// So many places in memory are kept free for workflows that go on.
const PLACES_FREE: usize = 4;

impl Dispatcher {
    /// What an attempt tells.
    pub(super) fn learn(&mut self, news: News) {
        match news {
            News::Over(ran) => self.end(*ran),
            News::Waits(waits) => self.park(waits),
        }
    }

    /// A workflow waits: its permit is free, and it stays in memory for a while.
    fn park(&mut self, waits: Waits) {
        let Some(running) = self.running.remove(&waits.hold) else {
            return;
        };
        self.claimer.wait(waits.queue, running.lent);
        if let Some(at) = waits.wait.at {
            self.set_timer(at);
        }
        self.recorder.wait(Waited {
            hold: waits.hold,
            queue: waits.queue,
            attempt: waits.attempt,
            started_at: waits.started_at,
            wait: waits.wait,
            log: running.feed.take_log(),
        });
        if self.draining {
            return;
        }
        let parked = Parked {
            hold: waits.hold,
            resume: waits.resume,
            feed: waits.feed,
            cancel: running.cancel,
        };
        self.parked.insert(waits.hold.key, parked);
        self.parked_order.push_back(waits.hold);
    }

    /// Whether a workflow that was claimed goes on in memory here; else it is to be executed anew.
    pub(super) fn resume(&mut self, claimed: &Claimed) -> bool {
        let parked = self.parked.remove(&claimed.hold.key);
        let parked = parked
            .filter(|parked| claimed.resumed && parked.hold.fence.0 + 1 == claimed.hold.fence.0);
        if let Some(parked) = parked
            && parked.resume.send(claimed.hold).is_ok()
        {
            let running = Running {
                attempt: claimed.attempt,
                feed: parked.feed,
                cancel: parked.cancel,
                lent: claimed.lent,
                workflow: true,
                wish: None,
            };
            self.hold_running(claimed, running);
            return true;
        }
        self.make_place();
        false
    }

    /// Lets the workflows that have waited for longest leave memory, until there is a place.
    fn make_place(&mut self) {
        while self.runner.engine.workflow_places_free() < PLACES_FREE {
            let Some(oldest) = self.parked_order.pop_front() else {
                return;
            };
            self.unpark(&oldest);
        }
    }

    /// A workflow that waited leaves memory, if it still waits as this.
    pub(super) fn unpark(&mut self, hold: &Hold) {
        let parked = self.parked.get(&hold.key);
        if parked.is_some_and(|parked| parked.hold == *hold) {
            self.parked.remove(&hold.key);
        }
        if self.parked_order.len() > 2 * self.parked.len() + 64 {
            let parked = &self.parked;
            let is_parked = |hold: &Hold| {
                parked
                    .get(&hold.key)
                    .is_some_and(|parked| parked.hold == *hold)
            };
            self.parked_order.retain(is_parked);
        }
    }

    /// The host stops: workflows go on elsewhere, from their journals.
    pub(super) fn drain_workflows(&mut self) {
        self.parked.clear();
        let running = self.running.values().filter(|running| running.workflow);
        running.for_each(|running| running.cancel.cancel());
    }

    /// Looks when the next waiting workflow goes on by the clock.
    pub(super) fn set_timer(&mut self, at: Moment) {
        let left = (at.0 - self.runner.clock.now().0).max(0) as u64;
        let at = Instant::now().checked_add(Duration::from_micros(left));
        // What is further away than a clock can count will be heard of again.
        if let Some(at) = at {
            self.timer_at = Some(self.timer_at.map_or(at, |timer| timer.min(at)));
        }
    }

    /// Ends what somebody wants ended.
    pub(super) fn obey(&mut self, held: &Held) {
        if let Some(running) = self.running.get_mut(&held.hold) {
            running.wish = Some(Wish::Cancelled);
            running.cancel.cancel();
        } else if let Some((queue, claimed)) = self.marking.remove(&held.hold) {
            self.withdraw(queue, held.hold, claimed.lent);
        } else if let Some(returned) = self.claimer.remove(&held.hold) {
            self.recorder.give_back([returned]);
        }
    }
}
