//! What waits to be handed in: ends, starts, reports, returns.
//!
//! There is no timer between an end and its recording: ends that come while an exchange is in
//! flight go with the next. Only the marks of starts wait a little, since most attempts end before
//! their mark would be written, and then need none.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::store::{
    EXCHANGE_MAX, Ended, Exchange, Hold, Report, Retried, Returned, Started, Waited,
};

/// An attempt that is older than this has its start marked even if nothing else is to be written.
const MARK_AFTER: Duration = Duration::from_millis(10);

/// What waits to be handed in.
#[derive(Debug, Default)]
pub struct Recorder {
    ended: Vec<Ended>,
    started: HashMap<Hold, (Started, Instant)>,
    reports: Vec<Report>,
    returned: Vec<Returned>,
    retried: Vec<Retried>,
    waited: Vec<Waited>,
    /// The database refused something: until all is handed in, ends go one at a time.
    single: bool,
}

impl Recorder {
    /// A reserved one has started.
    pub fn start(&mut self, started: Started, now: Instant) {
        self.started.insert(started.hold, (started, now));
    }

    /// A suspect one has its slot, and starts when this is committed.
    pub fn mark(&mut self, started: Started, now: Instant) {
        let due = now.checked_sub(MARK_AFTER).unwrap_or(now);
        self.started.insert(started.hold, (started, due));
    }

    /// An attempt has ended; its start needs no mark any more.
    pub fn end(&mut self, ended: Ended) {
        self.started.remove(&ended.hold);
        self.ended.push(ended);
    }

    /// An attempt has failed and is made again; its start needs no mark any more.
    pub fn retry(&mut self, retried: Retried) {
        self.started.remove(&retried.hold);
        self.retried.push(retried);
    }

    /// News of a running one.
    pub fn report(&mut self, report: Report) {
        self.reports.push(report);
    }

    /// These go back to their places.
    pub fn give_back(&mut self, returned: impl IntoIterator<Item = Returned>) {
        for returned in returned {
            if returned.executed.is_none() {
                self.started.remove(&returned.hold);
            }
            self.returned.push(returned);
        }
    }

    /// A workflow waits; its start needs no mark any more.
    pub fn wait(&mut self, waited: Waited) {
        self.started.remove(&waited.hold);
        self.waited.push(waited);
    }

    /// Whether something should be handed in now.
    pub fn is_due(&self, now: Instant) -> bool {
        !self.ended.is_empty()
            || !self.returned.is_empty()
            || !self.retried.is_empty()
            || !self.reports.is_empty()
            || !self.waited.is_empty()
            || self.marks_due().is_some_and(|due| due <= now)
    }

    /// When the oldest mark should be written.
    pub fn marks_due(&self) -> Option<Instant> {
        self.started.values().map(|(_, at)| *at + MARK_AFTER).min()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.ended.is_empty()
            && self.started.is_empty()
            && self.returned.is_empty()
            && self.retried.is_empty()
            && self.reports.is_empty()
            && self.waited.is_empty()
    }

    /// Whether ends will have to stay behind the next exchange.
    pub fn is_long(&self) -> bool {
        self.ended.len() > self.ends_max()
    }

    /// Hands in one end at a time, until all are handed in.
    pub fn one_by_one(&mut self) {
        self.single = true;
    }

    fn ends_max(&self) -> usize {
        match self.single {
            true => 1,
            false => EXCHANGE_MAX,
        }
    }

    /// Whether this one waits here.
    pub fn knows(&self, hold: &Hold) -> bool {
        self.ended.iter().any(|ended| ended.hold == *hold)
            || self.returned.iter().any(|returned| returned.hold == *hold)
            || self.retried.iter().any(|retried| retried.hold == *hold)
            || self.waited.iter().any(|waited| waited.hold == *hold)
    }

    /// Takes what goes into the next exchange.
    pub fn take(&mut self, now: Instant) -> Exchange {
        fn some<T>(list: &mut Vec<T>, max: usize) -> Vec<T> {
            let count = list.len().min(max);
            list.drain(..count).collect()
        }
        let due = |(_, at): &(Started, Instant)| *at + MARK_AFTER <= now;
        let holds = self.started.iter().filter(|(_, started)| due(started));
        let holds: Vec<Hold> = holds.map(|(hold, _)| *hold).take(EXCHANGE_MAX).collect();
        let started = holds.iter().filter_map(|hold| self.started.remove(hold));
        let started = started.map(|(started, _)| started).collect();
        let ends_max = self.ends_max();
        self.single &= self.ended.len() > ends_max;
        Exchange {
            started,
            ended: some(&mut self.ended, ends_max),
            reports: some(&mut self.reports, EXCHANGE_MAX),
            returned: some(&mut self.returned, EXCHANGE_MAX),
            // All of them: a claim beside them must know of every slot that went with one.
            waited: std::mem::take(&mut self.waited),
            claims: Vec::new(),
            retried: some(&mut self.retried, EXCHANGE_MAX),
        }
    }

    /// Puts back what could not be handed in, before what came meanwhile.
    pub fn put_back(&mut self, exchange: Exchange, now: Instant) {
        let before = |list: &mut Vec<Ended>, first: Vec<Ended>| {
            let later = std::mem::replace(list, first);
            list.extend(later);
        };
        before(&mut self.ended, exchange.ended);
        for started in exchange.started {
            if !self.ended.iter().any(|ended| ended.hold == started.hold) {
                self.started.insert(started.hold, (started, now));
            }
        }
        self.reports.splice(0..0, exchange.reports);
        self.returned.splice(0..0, exchange.returned);
        self.retried.splice(0..0, exchange.retried);
        self.waited.splice(0..0, exchange.waited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fence, Key, Moment, Outcome};

    fn hold(key: i64) -> Hold {
        Hold {
            key: Key(key),
            fence: Fence(1),
        }
    }

    fn started(key: i64) -> Started {
        Started {
            hold: hold(key),
            attempt: 1,
            started_at: Moment(1),
        }
    }

    fn ended(key: i64) -> Ended {
        Ended {
            hold: hold(key),
            outcome: Outcome::from_stored(crate::model::State::Succeeded, "null").unwrap(),
            attempt: 1,
            started_at: Moment(1),
            finished_at: Moment(2),
            log: String::new(),
        }
    }

    #[test]
    fn an_attempt_that_ends_at_once_needs_no_mark_of_its_start() {
        let (mut recorder, now) = (Recorder::default(), Instant::now());
        recorder.start(started(1), now);

        recorder.end(ended(1));

        let exchange = recorder.take(now);
        assert!(exchange.started.is_empty());
        assert_eq!(exchange.ended.len(), 1);
    }

    #[test]
    fn a_start_alone_is_due_only_after_a_while() {
        let (mut recorder, now) = (Recorder::default(), Instant::now());

        recorder.start(started(1), now);

        assert!(!recorder.is_due(now));
        assert!(recorder.is_due(now + MARK_AFTER));
    }

    #[test]
    fn what_could_not_be_handed_in_goes_first_the_next_time() {
        let (mut recorder, now) = (Recorder::default(), Instant::now());
        recorder.end(ended(1));
        let exchange = recorder.take(now);
        recorder.end(ended(2));

        recorder.put_back(exchange, now);

        let again = recorder.take(now);
        let keys: Vec<_> = again.ended.iter().map(|ended| ended.hold.key).collect();
        assert_eq!(keys, [Key(1), Key(2)]);
    }
}
