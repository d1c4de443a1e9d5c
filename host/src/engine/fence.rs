//! The moment up to which this host may execute guests.
//!
//! A host that loses its lease must have ended its sandboxes before another host takes them over.
//! The lease moves the moment forward with every beat; the engine's ticker, every host call that
//! can be seen from outside, and every sandbox look at it. Once over, a fence stays over: after a
//! new registration there is a new fence, and what ran under the old one ends.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::model::clock::since_boot;

/// Over, for good.
const CUT: u64 = 0;
/// Not renewed yet. No moment that is given can be this early.
const NEW: u64 = 1;

/// Up to when guests may execute, by the clock that goes on while the machine sleeps.
#[derive(Debug)]
pub struct Fence {
    /// Nanoseconds since boot, or `CUT`, or `NEW`.
    until: AtomicU64,
    over: CancellationToken,
    /// Whether a ticker looks at this fence.
    pub(super) watched: AtomicBool,
}

impl Default for Fence {
    fn default() -> Self {
        Self::new()
    }
}

impl Fence {
    /// A fence under which nothing executes before it is renewed for the first time.
    pub fn new() -> Self {
        Self {
            until: AtomicU64::new(NEW),
            over: CancellationToken::new(),
            watched: AtomicBool::new(false),
        }
    }

    /// Moves the moment to `until` (as [`since_boot`] counts) and never back. Says whether the
    /// fence is whole; one that was over before the call stays over.
    pub fn renew(&self, until: Duration) -> bool {
        let until = nanoseconds(until).max(NEW + 1);
        let old = self.until.load(Ordering::Acquire);
        if old != NEW && !self.is_whole() {
            return false;
        }
        let moved = self
            .until
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |old| {
                (old != CUT).then_some(old.max(until))
            });
        moved.is_ok() && self.is_whole()
    }

    /// Ends it now and for good.
    pub fn cut(&self) {
        self.until.store(CUT, Ordering::Release);
        self.over.cancel();
    }

    /// Whether guests may execute at this moment.
    pub fn is_whole(&self) -> bool {
        match self.until.load(Ordering::Acquire) {
            CUT | NEW => false,
            until if nanoseconds(since_boot()) < until => true,
            until => {
                // Only if nobody renewed it meanwhile: a renewal that came in time counts.
                let over =
                    self.until
                        .compare_exchange(until, CUT, Ordering::AcqRel, Ordering::Acquire);
                match over {
                    Ok(_) => {
                        self.over.cancel();
                        false
                    }
                    Err(now) => now != CUT,
                }
            }
        }
    }

    /// Returns when the fence is over, at most one tick of the engine after its moment.
    pub async fn broken(&self) {
        self.over.cancelled().await;
    }

    /// Notices that the moment has passed, so that whoever waits for it wakes.
    pub(super) fn tick(&self) {
        self.is_whole();
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour() -> Duration {
        since_boot() + Duration::from_secs(3600)
    }

    #[test]
    fn nothing_executes_before_the_first_renewal() {
        let fence = Fence::new();

        assert!(!fence.is_whole());
        assert!(fence.renew(hour()));
        assert!(fence.is_whole());
    }

    #[test]
    fn a_renewal_never_shortens_it() {
        let fence = Fence::new();
        fence.renew(hour());

        fence.renew(Duration::from_nanos(5));

        assert!(fence.is_whole());
    }

    #[test]
    fn a_fence_whose_moment_passed_is_over_for_good() {
        let fence = Fence::new();

        assert!(!fence.renew(since_boot()));
        assert!(!fence.renew(hour()));
        assert!(!fence.is_whole());
    }

    #[tokio::test]
    async fn who_waits_for_its_end_hears_of_the_cut() {
        let fence = Fence::new();
        fence.renew(hour());

        fence.cut();

        fence.broken().await;
        assert!(!fence.renew(hour()));
    }
}
