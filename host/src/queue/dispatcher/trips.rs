//! Round trips to the store: what goes, what comes, and what to do when one fails.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{Back, Dispatcher, InFlight};
use crate::model::{Failure, FailureKind, Outcome};
use crate::queue::runner::News;
use crate::store::{Claim, Error, Exchange, Held, Hold, Returned};

/// The longest pause after a failed exchange.
const PAUSE_MAX: Duration = Duration::from_secs(1);

impl Dispatcher {
    /// Sends what waits, if anything does.
    pub(super) fn send(&mut self, now: Instant) -> Option<InFlight> {
        self.not_before = None;
        let store = self.runner.store.clone();
        let host = self.host;
        if self.doubtful {
            return Some(InFlight::Held(tokio::spawn(async move {
                store.held(host).await
            })));
        }
        let blind = self.recorder.is_long();
        let claims: Vec<Claim> = match self.draining {
            true => Vec::new(),
            false => self.claimer.claims(now, blind),
        };
        if claims.is_empty() && !self.recorder.is_due(now) && !self.draining {
            return None;
        }
        let mut exchange = self.recorder.take(now);
        if exchange.is_empty() && claims.is_empty() {
            return None;
        }
        exchange.claims = claims;
        let copy = exchange.clone();
        Some(InFlight::Exchange(tokio::spawn(async move {
            let sent = Instant::now();
            let result = store.exchange(host, copy).await;
            (exchange, sent, sent.elapsed(), result)
        })))
    }

    /// Takes in what the store answered; false if the lease is lost.
    pub(super) fn absorb(&mut self, back: Back, ended: &mpsc::UnboundedSender<News>) -> bool {
        let now = Instant::now();
        let failed = match back {
            Back::Exchanged(exchange, sent, took, Ok(exchanged)) => {
                self.failures = 0;
                let claimed = exchanged
                    .granted
                    .iter()
                    .map(|granted| granted.claimed.len())
                    .sum();
                self.stats
                    .count_exchange(took, claimed, exchanged.lost.len());
                for hold in &exchanged.lost {
                    tracing::warn!(key = %hold.key, fence = %hold.fence, "no longer ours: not recorded");
                    if let Some((queue, claimed)) = self.marking.remove(hold) {
                        self.claimer.end(queue, claimed.lent);
                    }
                    self.unpark(hold);
                }
                self.start_marked(&exchange.started, ended);
                for granted in exchanged.granted {
                    let unchecked = granted.claimed.iter().filter(|claimed| claimed.unchecked);
                    self.rest.count(unchecked.count() as u32);
                    let asked = exchange
                        .claims
                        .iter()
                        .find(|asked| asked.queue == granted.queue);
                    if let Some(asked) = asked {
                        self.claimer.take(asked, granted, sent, now);
                    }
                }
                return true;
            }
            Back::Exchanged(exchange, _, _, Err(error)) => {
                self.claimer.forget(&exchange.claims);
                let refused = matches!(error, Error::Database(_));
                self.put_back(exchange, refused, now);
                self.doubtful = true;
                error
            }
            Back::Held(Ok(held)) => {
                self.failures = 0;
                self.doubtful = false;
                self.reconcile(held);
                return true;
            }
            Back::Held(Err(error)) => error,
        };
        if let Error::LeaseLost(_) = failed {
            return false;
        }
        self.failures += 1;
        let pause = Duration::from_millis(20) * 2u32.pow(self.failures.min(10));
        self.not_before = Some(now + pause.min(PAUSE_MAX));
        tracing::warn!(error = %failed, "talking to the store failed; trying again");
        true
    }

    /// Keeps what could not be handed in. If the database refused it, and it was one outcome alone,
    /// that outcome cannot be stored: a failure that says so can.
    pub(super) fn put_back(&mut self, mut exchange: Exchange, refused: bool, now: Instant) {
        exchange.claims.clear();
        if refused {
            self.recorder.one_by_one();
            if let [ended] = exchange.ended.as_mut_slice() {
                tracing::error!(key = %ended.hold.key, "an outcome cannot be stored");
                ended.log.clear();
                ended.outcome = Outcome::Error(Failure::new(
                    FailureKind::Limit,
                    "the database refused to store the outcome; see the host's log",
                ));
            }
        }
        self.recorder.put_back(exchange, now);
    }

    /// Gives back what the store holds for us and we know nothing of, and ends what it does not.
    pub(super) fn reconcile(&mut self, held: Vec<Held>) {
        let stored: HashSet<Hold> = held.iter().map(|held| held.hold).collect();
        for held in held {
            if held.cancelled {
                self.obey(&held);
            }
            let known = self.running.contains_key(&held.hold)
                || self.marking.contains_key(&held.hold)
                || self.claimer.holds(&held.hold)
                || self.recorder.knows(&held.hold);
            if !known {
                self.recorder.give_back([Returned {
                    hold: held.hold,
                    queue: held.queue,
                    executed: None,
                }]);
            }
        }
        for (hold, running) in &self.running {
            if !stored.contains(hold) {
                running.cancel.cancel();
            }
        }
        let gone = self.marking.extract_if(|hold, _| !stored.contains(hold));
        for (_, (queue, claimed)) in gone {
            self.claimer.end(queue, claimed.lent);
        }
    }
}
