//! The one loop of a host that talks to the store about execution, once for all queues.
//!
//! What ends while an exchange is in flight goes with the next one, together with the claims that
//! refill its slots: that is all the batching there is, and no timer adds latency.

mod attempts;
mod looks;
mod rest;
mod trips;
mod workflows;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::rest::Rest;
use super::Options;
use super::claimer::Claimer;
use super::lease::End;
use super::recorder::Recorder;
use super::runner::{News, Runner};
use super::stats::Stats;
use crate::engine::Feed;
use crate::model::queue::Settings;
use crate::model::{HostNumber, Key, QueueId, QueueName};
use crate::store::{Claimable, Claimed, Error, Exchange, Exchanged, Held, Hold, Queue};

/// How often what runs reports its progress and its log.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How often the store is asked what it believes that we hold, in case that a broken connection
/// committed a claim after we had looked.
const AUDIT_EVERY: Duration = Duration::from_secs(10);

/// After the deadline of a drain sandboxes are ended; none takes longer than this.
const END_MAX: Duration = Duration::from_secs(2);

/// An attempt that executes.
struct Running {
    attempt: u32,
    feed: Arc<Feed>,
    cancel: CancellationToken,
    /// Whether it is in a slot that is not among this host's.
    lent: bool,
    workflow: bool,
    /// Why it is being ended, if it is.
    wish: Option<Wish>,
}

/// Why an attempt is ended before it ends of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Somebody asked for it.
    Cancelled,
    /// Its invocation's deadline has passed.
    Late,
}

/// A workflow that waits, still in memory.
struct Parked {
    hold: Hold,
    resume: oneshot::Sender<Hold>,
    feed: Arc<Feed>,
    cancel: CancellationToken,
}

/// A queue that exists.
struct Known {
    name: QueueName,
    /// As they were heard last; every claim brings the present ones.
    settings: Settings,
    /// Whether this host serves it.
    served: bool,
}

/// What is on its way to the store: one thing at a time.
enum InFlight {
    Exchange(JoinHandle<(Exchange, Instant, Duration, Result<Exchanged, Error>)>),
    Held(JoinHandle<Result<Vec<Held>, Error>>),
}

/// What comes back from looking around in the store.
enum Found {
    Queues(Result<Vec<Queue>, Error>),
    Claimable(Result<Claimable, Error>),
}

/// One incarnation's dispatcher.
pub struct Dispatcher {
    host: HostNumber,
    runner: Runner,
    options: Options,
    stats: Arc<Stats>,
    claimer: Claimer,
    recorder: Recorder,
    running: HashMap<Hold, Running>,
    /// When what runs must have ended; some has ended since.
    deadlines: BTreeSet<(Instant, Hold)>,
    parked: HashMap<Key, Parked>,
    /// In the order in which they began to wait; some have gone on since.
    parked_order: VecDeque<Hold>,
    /// When the next waiting workflow goes on by the clock.
    timer_at: Option<Instant>,
    /// Whether every permit is in use and more is to be done.
    pressed: watch::Sender<bool>,
    /// Suspect ones whose start is not committed yet: they have their slot and permit.
    marking: HashMap<Hold, (QueueId, Claimed)>,
    /// The queues that exist, and those of them that are served here.
    queues: HashMap<QueueId, Known>,
    /// Queues of which there is news that was not read yet.
    unknown: HashSet<QueueId>,
    /// Those of which the look that is under way will tell.
    asked: HashSet<QueueId>,
    looking: bool,
    /// An exchange failed, so that the store may hold more for us than we know.
    doubtful: bool,
    failures: u32,
    not_before: Option<Instant>,
    draining: bool,
    rest: Rest,
}

impl Dispatcher {
    /// A dispatcher that holds nothing yet.
    pub fn new(host: HostNumber, runner: Runner, options: Options, stats: Arc<Stats>) -> Self {
        let permits = runner.engine.options().sandboxes_max;
        Self {
            host,
            runner,
            options,
            stats,
            claimer: Claimer::new(permits),
            recorder: Recorder::default(),
            running: HashMap::new(),
            deadlines: BTreeSet::new(),
            parked: HashMap::new(),
            parked_order: VecDeque::new(),
            timer_at: None,
            pressed: watch::Sender::new(false),
            marking: HashMap::new(),
            queues: HashMap::new(),
            unknown: HashSet::new(),
            asked: HashSet::new(),
            looking: false,
            doubtful: false,
            failures: 0,
            not_before: None,
            draining: false,
            rest: Rest::default(),
        }
    }

    /// Claims, starts and records until the lease is lost, or until `shutdown` and the drain are
    /// over.
    pub async fn run(mut self, shutdown: CancellationToken) -> End {
        // As many as can execute may end between two looks; more cannot come.
        let (ended, mut endings) = mpsc::unbounded_channel::<News>();
        let (found, mut finds) = mpsc::channel::<Found>(4);
        let mut signals = self.runner.store.subscribe();
        let mut in_flight: Option<InFlight> = None;
        self.tell_rest(true);
        let mut poll_at = Instant::now();
        let mut report_at = Instant::now() + REPORT_EVERY;
        let mut audit_at = Instant::now() + AUDIT_EVERY;
        let mut deadline: Option<Instant> = None;
        loop {
            let now = Instant::now();
            if poll_at <= now || self.timer_at.is_some_and(|at| at <= now) {
                poll_at = now + self.rest.next_poll(self.options.poll_ms);
                self.timer_at = None;
                if !self.draining {
                    self.look(&found, true);
                }
            }
            if report_at <= now {
                report_at = now + REPORT_EVERY;
                self.report();
                if let Some(rests) = self.rest.turn() {
                    self.tell_rest(rests);
                    poll_at = now;
                }
            }
            if audit_at <= now {
                audit_at = now + AUDIT_EVERY;
                self.doubtful = true;
            }
            self.end_late(now);
            let ready = |claimed: &Claimed| self.runner.tasks.is_settled(claimed.function);
            let back = self.claimer.give_back(now, self.draining, ready);
            self.recorder.give_back(back);
            self.start(&ended);
            if in_flight.is_none() && self.not_before.is_none_or(|at| at <= now) {
                in_flight = self.send(now);
            }
            let executing = self.claimer.executing() as usize;
            self.pressed.send_if_modified(|pressed| {
                let is = self.claimer.is_pressed();
                std::mem::replace(pressed, is) != is
            });
            self.stats
                .set_load(executing, self.claimer.reserved() as usize);
            if self.draining
                && self.running.is_empty()
                && self.recorder.is_empty()
                && in_flight.is_none()
            {
                return End::Stopped;
            }
            if deadline.is_some_and(|at| at <= now) {
                deadline = None;
                self.running
                    .values()
                    .for_each(|running| running.cancel.cancel());
            }

            let idle = in_flight.is_none();
            let wake = [
                Some(poll_at),
                Some(report_at),
                Some(audit_at),
                self.timer_at,
                deadline,
                self.claimer.late_at(),
                self.deadlines.first().map(|(at, _)| *at),
                self.recorder.marks_due().filter(|_| idle),
                self.not_before.filter(|_| idle),
            ];
            let wake = wake.into_iter().flatten().min().unwrap_or(poll_at);
            tokio::select! {
                biased;
                () = self.runner.fence.broken() => break,
                Some(news) = endings.recv() => {
                    self.learn(news);
                    while let Ok(news) = endings.try_recv() {
                        self.learn(news);
                    }
                }
                back = arrival(&mut in_flight) => {
                    in_flight = None;
                    if !self.absorb(back, &ended) {
                        break;
                    }
                }
                signal = signals.recv() => self.hear(signal, &found),
                Some(seen) = finds.recv() => self.see(seen, &found),
                () = self.runner.tasks.prepared() => self.claimer.unblock(),
                () = shutdown.cancelled(), if !self.draining => {
                    self.draining = true;
                    self.drain_workflows();
                    for (hold, (queue, claimed)) in std::mem::take(&mut self.marking) {
                        self.withdraw(queue, hold, claimed.lent);
                    }
                    deadline = Some(Instant::now() + Duration::from_millis(self.options.drain_ms));
                    tracing::info!(executing, "draining");
                }
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
        self.lose(endings).await
    }

    /// The lease is gone: everything ends here, and nothing of it is recorded.
    async fn lose(mut self, mut endings: mpsc::UnboundedReceiver<News>) -> End {
        self.runner.fence.cut();
        self.parked.clear();
        let waiting = async {
            while !self.running.is_empty() {
                match endings.recv().await {
                    Some(News::Over(ran)) => drop(self.running.remove(&ran.hold)),
                    Some(News::Waits(waits)) => drop(self.running.remove(&waits.hold)),
                    None => return,
                }
            }
        };
        if tokio::time::timeout(END_MAX, waiting).await.is_err() {
            tracing::error!("sandboxes outlived the lease");
        }
        self.stats.set_load(0, 0);
        End::Lost
    }
}

/// What came back.
enum Back {
    Exchanged(Exchange, Instant, Duration, Result<Exchanged, Error>),
    Held(Result<Vec<Held>, Error>),
}

/// Waits for what is in flight; for ever if nothing is.
async fn arrival(in_flight: &mut Option<InFlight>) -> Back {
    match in_flight {
        Some(InFlight::Exchange(task)) => {
            let (exchange, sent, took, result) = task.await.expect("an exchange does not panic");
            Back::Exchanged(exchange, sent, took, result)
        }
        Some(InFlight::Held(task)) => Back::Held(task.await.expect("a look does not panic")),
        None => std::future::pending().await,
    }
}
