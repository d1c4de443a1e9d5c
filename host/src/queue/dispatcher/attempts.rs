//! Starts and ends of attempts on this host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Dispatcher, Running, Wish};
use crate::engine::{Ended as How, Feed};
use crate::model::{Failure, FailureKind, Outcome, QueueId};
use crate::queue::claimer::Gate;
use crate::queue::runner::{Attempt, News, Ran};
use crate::queue::tasks::Readiness;
use crate::store::{Claimed, Ended, Hold, Report, Retried, Returned, Started};

impl Dispatcher {
    /// Starts whatever has a permit, a slot, and its code ready.
    pub(super) fn start(&mut self, ended: &mpsc::UnboundedSender<News>) {
        while !self.draining {
            let now = Instant::now();
            let tasks = &self.runner.tasks;
            let gate = |claimed: &Claimed| match tasks.readiness(claimed.function) {
                Readiness::NotYet => Gate::NotYet,
                Readiness::Ready(..) | Readiness::Hopeless(_) => Gate::Open,
            };
            let Some((queue, claimed)) = self.claimer.start(now, gate) else {
                return;
            };
            if claimed.suspect && !claimed.running {
                self.recorder.mark(self.started(&claimed), now);
                self.marking.insert(claimed.hold, (queue, claimed));
                continue;
            }
            if !claimed.running {
                self.recorder.start(self.started(&claimed), now);
            }
            self.execute(queue, claimed, ended);
        }
    }

    pub(super) fn started(&self, claimed: &Claimed) -> Started {
        Started {
            hold: claimed.hold,
            attempt: claimed.attempt,
            started_at: self.runner.clock.now(),
        }
    }

    /// Starts those whose mark is committed.
    pub(super) fn start_marked(&mut self, marked: &[Started], ended: &mpsc::UnboundedSender<News>) {
        for started in marked {
            if let Some((queue, claimed)) = self.marking.remove(&started.hold) {
                self.execute(queue, claimed, ended);
            }
        }
    }

    /// Gives one back that has its slot and permit, and has not executed.
    pub(super) fn withdraw(&mut self, queue: QueueId, hold: Hold, lent: bool) {
        self.claimer.end(queue, lent);
        self.recorder.give_back([Returned {
            hold,
            queue,
            executed: None,
        }]);
    }

    /// Puts one into its sandbox.
    pub(super) fn execute(
        &mut self,
        queue: QueueId,
        claimed: Claimed,
        ended: &mpsc::UnboundedSender<News>,
    ) {
        if claimed.workflow && self.resume(&claimed) {
            return;
        }
        let program = match self.runner.tasks.readiness(claimed.function) {
            Readiness::Ready(task, program) => Ok((task, program)),
            Readiness::Hopeless(why) => Err(why),
            // It was ready a moment ago and was thrown out of the cache since.
            Readiness::NotYet => return self.withdraw(queue, claimed.hold, claimed.lent),
        };
        let feed = Arc::new(Feed::new(self.runner.engine.options().output_max_bytes));
        let cancel = CancellationToken::new();
        let running = Running {
            attempt: claimed.attempt,
            feed: feed.clone(),
            cancel: cancel.clone(),
            lent: claimed.lent,
            workflow: claimed.workflow,
            wish: None,
        };
        self.hold_running(&claimed, running);
        let known = self.queues.get(&queue);
        let queue_name = known.map(|known| known.name.clone());
        let scarce = known.is_some_and(|known| known.settings.concurrency.is_some());
        let attempt = Attempt {
            claimed,
            queue,
            queue_name: queue_name.expect("only queues that are known are claimed from"),
            program,
            feed,
            cancel,
            scarce,
            news: ended.clone(),
            pressed: self.pressed.subscribe(),
        };
        let (runner, ended) = (self.runner.clone(), ended.clone());
        self.runner.engine.spawn(async move {
            // Nobody listens only after the lease is lost; then nothing may be recorded.
            let ran = runner.run(attempt).await;
            let _ = ended.send(News::Over(Box::new(ran)));
        });
    }

    /// It executes from now on, up to its deadline.
    pub(super) fn hold_running(&mut self, claimed: &Claimed, running: Running) {
        let left = claimed.left_us.map(Duration::from_micros);
        // What is further away than a clock can count never comes.
        if let Some(at) = left.and_then(|left| Instant::now().checked_add(left)) {
            self.deadlines.insert((at, claimed.hold));
        }
        self.running.insert(claimed.hold, running);
    }

    /// Ends what is past its deadline.
    pub(super) fn end_late(&mut self, now: Instant) {
        while let Some((at, hold)) = self.deadlines.first().copied() {
            if at > now {
                return;
            }
            self.deadlines.pop_first();
            if let Some(running) = self.running.get_mut(&hold) {
                running.wish.get_or_insert(Wish::Late);
                running.cancel.cancel();
            }
        }
    }

    /// A sandbox has ended.
    pub(super) fn end(&mut self, ran: Ran) {
        let Some(running) = self.running.remove(&ran.hold) else {
            // A workflow that left memory while it waited.
            self.unpark(&ran.hold);
            return;
        };
        self.claimer.end(ran.queue, running.lent);
        let ended = |outcome, log| Ended {
            hold: ran.hold,
            outcome,
            attempt: ran.claimed.attempt,
            started_at: ran.started_at,
            finished_at: ran.finished_at,
            log,
        };
        match (ran.ended, running.wish) {
            (How::Outcome(outcome), _) => {
                let again = self.again(ran.queue, &ran.claimed, &outcome);
                if let (Some(delay_ms), Outcome::Error(failure)) = (again, &outcome) {
                    self.stats.count_retry();
                    return self.recorder.retry(Retried {
                        hold: ran.hold,
                        queue: ran.queue,
                        attempt: ran.claimed.attempt,
                        failure: failure.clone(),
                        started_at: ran.started_at,
                        finished_at: ran.finished_at,
                        delay_ms,
                        log: running.feed.take_log(),
                    });
                }
                self.stats.count_outcome(outcome.state());
                self.recorder.end(ended(outcome, running.feed.take_log()));
            }
            (How::Cancelled, Some(wish)) => {
                let failure = match wish {
                    Wish::Cancelled => Failure::new(FailureKind::Cancelled, "cancelled"),
                    Wish::Late => Failure::new(FailureKind::Timeout, "its deadline passed"),
                };
                let outcome = Outcome::Error(failure);
                self.recorder.end(ended(outcome, running.feed.take_log()));
            }
            (How::Cancelled | How::Away | How::Restart(_), _) => {
                self.recorder.give_back([Returned {
                    hold: ran.hold,
                    queue: ran.queue,
                    executed: Some("its host stopped".to_owned()),
                }]);
            }
            (How::Fenced, _) => {}
        }
    }

    /// After how many milliseconds an attempt that ended so is made again, if it is.
    fn again(&self, queue: QueueId, claimed: &Claimed, outcome: &Outcome) -> Option<u64> {
        let Outcome::Error(failure) = outcome else {
            return None;
        };
        let settings = self.queues.get(&queue).map(|known| &known.settings);
        let retries = claimed.retries.as_ref().or(settings?.retries.as_ref())?;
        retries.after(failure, claimed.retried, claimed.workflow, chance())
    }

    /// News of what runs.
    pub(super) fn report(&mut self) {
        for (hold, running) in &self.running {
            let log = running.feed.take_log();
            let progress = running.feed.take_progress();
            if !log.is_empty() || progress.is_some() {
                let progress = progress.and_then(|progress| serde_json::to_string(&progress).ok());
                self.recorder.report(Report {
                    hold: *hold,
                    attempt: running.attempt,
                    progress,
                    log,
                });
            }
        }
    }
}

/// A random number from 0 to 1.
fn chance() -> f64 {
    let (_, low) = uuid::Uuid::now_v7().as_u64_pair();
    (low & 0xffff_ffff) as f64 / f64::from(u32::MAX)
}
