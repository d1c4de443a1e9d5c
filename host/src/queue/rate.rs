//! How fast a queue's invocations start on this host: what tells how far to claim ahead.

use std::time::{Duration, Instant};

/// Over what time the rate of starts is taken.
const RATE_WINDOW: Duration = Duration::from_millis(100);

/// How fast things start, from the last windows.
#[derive(Debug, Default)]
pub struct Rate {
    window: Option<Instant>,
    count: u32,
    per_window: f64,
}

impl Rate {
    /// Something starts.
    pub fn count(&mut self, now: Instant) {
        self.roll(now);
        self.count += 1;
    }

    fn roll(&mut self, now: Instant) {
        let start = *self.window.get_or_insert(now);
        let passed = now.saturating_duration_since(start);
        if passed >= RATE_WINDOW {
            let windows = passed.as_secs_f64() / RATE_WINDOW.as_secs_f64();
            self.per_window = f64::from(self.count) / windows;
            self.count = 0;
            self.window = Some(now);
        }
    }

    /// How many would start within `time` at the present rate.
    pub fn within(&self, time: Duration, now: Instant) -> u32 {
        let Some(window) = self.window else { return 0 };
        let passed = now.saturating_duration_since(window);
        // The window that is under way counts as soon as it says more; a rate that nothing has
        // borne out for long counts no more.
        let recent = f64::from(self.count);
        let steady = match passed > 2 * RATE_WINDOW {
            true => 0.0,
            false => self.per_window,
        };
        (recent.max(steady) * time.as_secs_f64() / RATE_WINDOW.as_secs_f64()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_nothing_bears_out_for_long_counts_no_more() {
        let (mut rate, now) = (Rate::default(), Instant::now());
        (0..500).for_each(|_| rate.count(now));

        let fast = rate.within(RATE_WINDOW / 2, now);
        rate.roll(now + 30 * RATE_WINDOW);
        let slow = rate.within(RATE_WINDOW / 2, now + 30 * RATE_WINDOW);

        assert_eq!(fast, 250);
        assert!(slow < 10);
    }
}
