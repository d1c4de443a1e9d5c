//! Whether those who enqueue by SQL tell this host of their calls.
//!
//! A notification costs every caller's commit a lock that all of them share. So they tell only hosts
//! that rest, and a host to which many such calls come rests no more: it finds the next ones whenever
//! it claims. When they become few it rests again, and polls in quick succession for those whose
//! callers had not seen that yet.

use std::time::Duration;

use super::Dispatcher;

/// From so many calls by SQL in a second on, a host does not rest.
const MANY: u32 = 100;

/// The first poll of a host that rests again, in milliseconds; each one after it waits twice as long.
const FIRST_POLL_MS: u64 = 5;

/// What a host last told, and what came since.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Many calls come: callers do not tell.
    busy: bool,
    /// Calls by SQL that were claimed in this second.
    calls: u32,
    /// How long until the poll after the next one, in milliseconds, while they still grow.
    poll_ms: Option<u64>,
}

impl Rest {
    /// So many calls by SQL were claimed.
    pub(super) fn count(&mut self, calls: u32) {
        self.calls += calls;
    }

    /// A second is over: whether the host rests, if that has changed.
    pub(super) fn turn(&mut self) -> Option<bool> {
        let busy = std::mem::take(&mut self.calls) >= MANY;
        if std::mem::replace(&mut self.busy, busy) == busy {
            return None;
        }
        self.poll_ms = (!busy).then_some(FIRST_POLL_MS);
        Some(!busy)
    }

    /// How long until the next poll.
    pub(super) fn next_poll(&mut self, most_ms: u64) -> Duration {
        let ms = self.poll_ms.unwrap_or(most_ms).min(most_ms);
        self.poll_ms = self.poll_ms.map(|ms| ms * 2).filter(|ms| *ms < most_ms);
        Duration::from_millis(ms)
    }
}

impl Dispatcher {
    /// Tells callers whether to tell this host.
    pub(super) fn tell_rest(&self, rests: bool) {
        let (store, host) = (self.runner.store.clone(), self.host);
        tokio::spawn(async move {
            if let Err(error) = store.rest(host, rests).await {
                // Polling finds what nobody tells.
                tracing::debug!(%error, "cannot say whether this host rests");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_rests_until_many_calls_come_by_sql_and_again_when_they_are_few() {
        let mut rest = Rest::default();
        rest.count(MANY - 1);
        assert_eq!(rest.turn(), None);

        rest.count(MANY);
        assert_eq!(rest.turn(), Some(false));
        rest.count(MANY);
        assert_eq!(rest.turn(), None);

        assert_eq!(rest.turn(), Some(true));
    }

    #[test]
    fn a_host_that_rests_again_polls_in_quick_succession() {
        let mut rest = Rest::default();
        rest.count(MANY);
        rest.turn();
        rest.turn();

        let polls: Vec<_> = (0..9).map(|_| rest.next_poll(500).as_millis()).collect();

        assert_eq!(polls, [5, 10, 20, 40, 80, 160, 320, 500, 500]);
    }
}
