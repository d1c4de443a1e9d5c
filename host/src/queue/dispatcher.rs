//! The one loop of a host that talks to the store about execution, once for all queues.
//!
//! What ends while an exchange is in flight goes with the next one, together with the claims that
//! refill its slots: that is all the batching there is, and no timer adds latency.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Options;
use super::claimer::{Claimer, Gate};
use super::lease::End;
use super::recorder::Recorder;
use super::runner::{Attempt, Ran, Runner};
use super::stats::Stats;
use super::tasks::Readiness;
use crate::engine::{Ended as How, Feed};
use crate::model::queue::Settings;
use crate::model::{Failure, FailureKind, HostNumber, Outcome, QueueId, QueueName};
use crate::store::{
    Claim, Claimed, Ended, Error, Exchange, Exchanged, Held, Hold, Queue, Report, Returned, Signal,
    Started,
};

/// How often what runs reports its progress and its log.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How often the store is asked what it believes that we hold, in case that a broken connection
/// committed a claim after we had looked.
const AUDIT_EVERY: Duration = Duration::from_secs(10);

/// The longest pause after a failed exchange.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// After the deadline of a drain sandboxes are ended; none takes longer than this.
const END_MAX: Duration = Duration::from_secs(2);

/// An attempt that executes.
struct Running {
    attempt: u32,
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
    Exchange(JoinHandle<(Exchange, Duration, Result<Exchanged, Error>)>),
    Held(JoinHandle<Result<Vec<Held>, Error>>),
}

/// What comes back from looking around in the store.
enum Found {
    Queues(Result<Vec<Queue>, Error>),
    Claimable(Result<Vec<QueueId>, Error>),
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
    /// The queues that exist, and those of them that are served here.
    queues: HashMap<QueueId, Known>,
    unknown: HashSet<QueueId>,
    looking: bool,
    /// An exchange failed, so that the store may hold more for us than we know.
    doubtful: bool,
    failures: u32,
    not_before: Option<Instant>,
    draining: bool,
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
            queues: HashMap::new(),
            unknown: HashSet::new(),
            looking: false,
            doubtful: false,
            failures: 0,
            not_before: None,
            draining: false,
        }
    }

    /// Claims, starts and records until the lease is lost, or until `shutdown` and the drain are
    /// over.
    pub async fn run(mut self, shutdown: CancellationToken) -> End {
        // As many as can execute may end between two looks; more cannot come.
        let (ended, mut endings) = mpsc::unbounded_channel::<Ran>();
        let (found, mut finds) = mpsc::channel::<Found>(4);
        let mut signals = self.runner.store.subscribe();
        let mut in_flight: Option<InFlight> = None;
        let poll = Duration::from_millis(self.options.poll_ms);
        let mut poll_at = Instant::now();
        let mut report_at = Instant::now() + REPORT_EVERY;
        let mut audit_at = Instant::now() + AUDIT_EVERY;
        let mut deadline: Option<Instant> = None;
        loop {
            let now = Instant::now();
            if poll_at <= now {
                poll_at = now + poll;
                if !self.draining {
                    self.look(&found, true);
                }
            }
            if report_at <= now {
                report_at = now + REPORT_EVERY;
                self.report();
            }
            if audit_at <= now {
                audit_at = now + AUDIT_EVERY;
                self.doubtful = true;
            }
            let ready = |claimed: &Claimed| self.runner.tasks.is_settled(claimed.function);
            let back = self.claimer.give_back(now, self.draining, ready);
            self.recorder.give_back(back);
            self.start(&ended);
            if in_flight.is_none() && self.not_before.is_none_or(|at| at <= now) {
                in_flight = self.send(now);
            }
            let executing = self.claimer.executing() as usize;
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
                deadline,
                self.claimer.late_at(),
                self.recorder.marks_due().filter(|_| idle),
                self.not_before.filter(|_| idle),
            ];
            let wake = wake.into_iter().flatten().min().unwrap_or(poll_at);
            tokio::select! {
                biased;
                () = self.runner.fence.broken() => break,
                Some(ran) = endings.recv() => {
                    self.end(ran);
                    while let Ok(ran) = endings.try_recv() {
                        self.end(ran);
                    }
                }
                back = arrival(&mut in_flight) => {
                    in_flight = None;
                    if !self.absorb(back) {
                        break;
                    }
                }
                signal = signals.recv() => self.hear(signal, &found),
                Some(seen) = finds.recv() => self.see(seen, &found),
                () = self.runner.tasks.prepared() => self.claimer.unblock(),
                () = shutdown.cancelled(), if !self.draining => {
                    self.draining = true;
                    deadline = Some(Instant::now() + Duration::from_millis(self.options.drain_ms));
                    tracing::info!(executing, "draining");
                }
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
        self.lose(endings).await
    }

    /// The lease is gone: everything ends here, and nothing of it is recorded.
    async fn lose(mut self, mut endings: mpsc::UnboundedReceiver<Ran>) -> End {
        self.runner.fence.cut();
        let waiting = async {
            while !self.running.is_empty() {
                match endings.recv().await {
                    Some(ran) => self.running.remove(&ran.claimed.hold),
                    None => return,
                };
            }
        };
        if tokio::time::timeout(END_MAX, waiting).await.is_err() {
            tracing::error!("sandboxes outlived the lease");
        }
        self.stats.set_load(0, 0);
        End::Lost
    }

    /// Starts whatever has a permit, a slot, and its code ready.
    fn start(&mut self, ended: &mpsc::UnboundedSender<Ran>) {
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
            let program = match tasks.readiness(claimed.function) {
                Readiness::Ready(task, program) => Ok((task, program)),
                Readiness::Hopeless(why) => Err(why),
                // It was ready a moment ago and was thrown out of the cache since.
                Readiness::NotYet => {
                    self.claimer.end(queue);
                    self.recorder.give_back([Returned {
                        hold: claimed.hold,
                        queue,
                        executed: None,
                    }]);
                    continue;
                }
            };
            let feed = Arc::new(Feed::new(self.runner.engine.options().output_max_bytes));
            let cancel = CancellationToken::new();
            if !claimed.running {
                let started = Started {
                    hold: claimed.hold,
                    attempt: claimed.attempt,
                    started_at: self.runner.clock.now(),
                };
                self.recorder.start(started, now);
            }
            self.running.insert(
                claimed.hold,
                Running {
                    attempt: claimed.attempt,
                    feed: feed.clone(),
                    cancel: cancel.clone(),
                },
            );
            let queue_name = self.queues.get(&queue).map(|known| known.name.clone());
            let attempt = Attempt {
                claimed,
                queue,
                queue_name: queue_name.expect("only queues that are known are claimed from"),
                program,
                feed,
                cancel,
            };
            let (runner, ended) = (self.runner.clone(), ended.clone());
            self.runner.engine.spawn(async move {
                // Nobody listens only after the lease is lost; then nothing may be recorded.
                let _ = ended.send(runner.run(attempt).await);
            });
        }
    }

    /// A sandbox has ended.
    fn end(&mut self, ran: Ran) {
        let Some(running) = self.running.remove(&ran.claimed.hold) else {
            return;
        };
        self.claimer.end(ran.queue);
        match ran.ended {
            How::Outcome(outcome) => {
                self.stats.count_outcome(outcome.state());
                self.recorder.end(Ended {
                    hold: ran.claimed.hold,
                    outcome,
                    attempt: ran.claimed.attempt,
                    started_at: ran.started_at,
                    finished_at: ran.finished_at,
                    log: running.feed.take_log(),
                });
            }
            How::Cancelled => self.recorder.give_back([Returned {
                hold: ran.claimed.hold,
                queue: ran.queue,
                executed: Some("its host stopped".to_owned()),
            }]),
            How::Fenced => {}
        }
    }

    /// News of what runs.
    fn report(&mut self) {
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

    /// Sends what waits, if anything does.
    fn send(&mut self, now: Instant) -> Option<InFlight> {
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
            (exchange, sent.elapsed(), result)
        })))
    }

    /// Takes in what the store answered; false if the lease is lost.
    fn absorb(&mut self, back: Back) -> bool {
        let now = Instant::now();
        let failed = match back {
            Back::Exchanged(exchange, took, Ok(exchanged)) => {
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
                }
                for granted in exchanged.granted {
                    let asked = exchange
                        .claims
                        .iter()
                        .find(|asked| asked.queue == granted.queue);
                    if let Some(asked) = asked {
                        self.claimer.take(asked, granted, now);
                    }
                }
                return true;
            }
            Back::Exchanged(exchange, _, Err(error)) => {
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
            tracing::warn!(host = %self.host, "the lease is lost");
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
    fn put_back(&mut self, mut exchange: Exchange, refused: bool, now: Instant) {
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
    fn reconcile(&mut self, held: Vec<Held>) {
        let stored: HashSet<Hold> = held.iter().map(|held| held.hold).collect();
        for held in held {
            let known = self.running.contains_key(&held.hold)
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
    }

    /// Something changed.
    fn hear(
        &mut self,
        signal: Result<Signal, broadcast::error::RecvError>,
        found: &mpsc::Sender<Found>,
    ) {
        match signal {
            Ok(Signal::Work(queue)) => self.hear_of(queue, found),
            Ok(Signal::Settings(queue)) => {
                self.unknown.insert(queue);
                self.look(found, false);
            }
            Ok(Signal::Catalogue) => self.runner.tasks.forget_grants(),
            Ok(Signal::Ended(_) | Signal::Moved) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.runner.tasks.forget_grants();
                self.look(found, true);
            }
            Err(broadcast::error::RecvError::Closed) => {}
        }
    }

    fn hear_of(&mut self, queue: QueueId, found: &mpsc::Sender<Found>) {
        match self.queues.get(&queue) {
            Some(known) if known.served => self.claimer.hear_of_work(queue, &known.settings),
            Some(_) => {}
            None => {
                self.unknown.insert(queue);
                self.look(found, false);
            }
        }
    }

    /// Looks in the store for queues that have work, or for what queues there are.
    fn look(&mut self, found: &mpsc::Sender<Found>, claimable: bool) {
        if std::mem::replace(&mut self.looking, true) {
            return;
        }
        let (store, found) = (self.runner.store.clone(), found.clone());
        tokio::spawn(async move {
            let seen = match claimable {
                true => Found::Claimable(store.claimable().await),
                false => Found::Queues(store.served_queues().await),
            };
            // Nobody looks any more once the incarnation is over.
            let _ = found.send(seen).await;
        });
    }

    fn see(&mut self, seen: Found, found: &mpsc::Sender<Found>) {
        self.looking = false;
        match seen {
            Found::Claimable(Ok(queues)) => {
                for queue in queues {
                    self.hear_of(queue, found);
                }
            }
            Found::Queues(Ok(queues)) => {
                for queue in queues {
                    let named = self.options.queues.as_ref();
                    let served = named
                        .is_none_or(|names| names.iter().any(|name| name == queue.name.as_str()));
                    let known = Known {
                        name: queue.name,
                        settings: queue.settings,
                        served,
                    };
                    self.queues.insert(queue.id, known);
                }
                for queue in std::mem::take(&mut self.unknown) {
                    if let Some(known) = self.queues.get(&queue)
                        && known.served
                    {
                        self.claimer.hear_of_work(queue, &known.settings);
                    }
                }
            }
            Found::Queues(Err(error)) | Found::Claimable(Err(error)) => {
                tracing::warn!(%error, "looking for work failed; trying again at the next poll");
            }
        }
        if !self.unknown.is_empty() && !self.looking {
            self.look(found, false);
        }
    }
}

/// What came back.
enum Back {
    Exchanged(Exchange, Duration, Result<Exchanged, Error>),
    Held(Result<Vec<Held>, Error>),
}

/// Waits for what is in flight; for ever if nothing is.
async fn arrival(in_flight: &mut Option<InFlight>) -> Back {
    match in_flight {
        Some(InFlight::Exchange(task)) => {
            let (exchange, took, result) = task.await.expect("an exchange does not panic");
            Back::Exchanged(exchange, took, result)
        }
        Some(InFlight::Held(task)) => Back::Held(task.await.expect("a look does not panic")),
        None => std::future::pending().await,
    }
}
