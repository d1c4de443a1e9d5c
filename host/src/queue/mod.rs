//! Claiming, running, recording: what turns queued invocations into outcomes on this host.
//!
//! - `dispatcher`: the one loop that talks to the store, once for all queues
//! - `desk`, `claimer`: one queue as this host sees it, and all of them; `recorder`: what waits to be handed in
//! - `tasks`, `runner`: what an attempt needs, and the attempt; `turns`: workflows that wait
//! - `lease`: this host's right to do so, and what it takes over from the dead
//! - `maintenance`: schedules that fire, and what is kept no longer
//!
//! A host lives in incarnations: one that loses its lease ends its sandboxes, records nothing more,
//! and registers anew.

mod claimer;
mod desk;
mod dispatcher;
mod lease;
pub mod maintenance;
mod rate;
mod recorder;
mod runner;
mod stats;
mod tasks;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Fence};
use crate::model::HostNumber;
use crate::registry::programs::Programs;
use crate::store::{Backend, NewHost, Store};
use crate::workflow::Workflows;

pub use maintenance::Maintenance;
pub use stats::{Reading, Stats};

use dispatcher::Dispatcher;
use lease::{End, Lease};
use runner::{Clock, Runner};
use tasks::Tasks;

/// How a host takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The queues that it serves; all if none are named.
    pub queues: Option<Vec<String>>,
    /// How often it renews its lease, in milliseconds.
    pub beat_ms: u64,
    /// For how long its counter must stand still before others take over, in milliseconds.
    pub lease_ms: u64,
    /// How long before that it ends its own sandboxes, in milliseconds; a fifth of the lease where
    /// nothing is said.
    pub margin_ms: Option<u64>,
    /// How many hosts may die of one invocation before it fails as `host-lost`.
    pub deaths_max: u32,
    /// How often it looks for work of which nobody told, in milliseconds.
    pub poll_ms: u64,
    /// How long running invocations may go on when the host stops, in milliseconds.
    pub drain_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queues: None,
            beat_ms: 2_000,
            lease_ms: 10_000,
            margin_ms: None,
            deaths_max: 3,
            poll_ms: 500,
            drain_ms: 30_000,
        }
    }
}

/// Options that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct InvalidOption {
    /// Which.
    pub field: &'static str,
    /// What is wrong, and the way out.
    pub message: String,
}

impl Options {
    /// These options, if they go together.
    pub fn checked(self) -> Result<Self, InvalidOption> {
        let fail = |field, message: String| Err(InvalidOption { field, message });
        if self.beat_ms == 0 || self.poll_ms == 0 || self.deaths_max == 0 {
            return fail(
                "beat_ms",
                "beat_ms, poll_ms and deaths_max must be at least 1".to_owned(),
            );
        }
        let margin_ms = self.margin().as_millis() as u64;
        if margin_ms + 2 * self.beat_ms > self.lease_ms {
            return fail(
                "lease_ms",
                format!(
                    "a lease of {} ms leaves no room for two beats of {} ms and a margin of {} ms: \
                     make it at least {}",
                    self.lease_ms,
                    self.beat_ms,
                    margin_ms,
                    margin_ms + 2 * self.beat_ms
                ),
            );
        }
        Ok(self)
    }

    fn beat(&self) -> Duration {
        Duration::from_millis(self.beat_ms)
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    fn margin(&self) -> Duration {
        Duration::from_millis(self.margin_ms.unwrap_or(self.lease_ms / 5))
    }
}

/// The workers of one host.
pub struct Service {
    /// Where everything is.
    pub store: Arc<dyn Store>,
    /// Sandboxes.
    pub engine: Engine,
    /// Compiled code.
    pub programs: Programs,
    /// Workflows.
    pub workflows: Workflows,
    /// How it takes part.
    pub options: Options,
    /// Its name for people.
    pub name: String,
    /// Where its API listens.
    pub address: String,
    /// The largest arguments, in bytes, of calls that are checked only when they are claimed.
    pub arguments_max_bytes: usize,
    /// What `/metrics` shows.
    pub stats: Arc<Stats>,
}

/// The pause after a registration that failed.
const REGISTER_PAUSE: Duration = Duration::from_millis(500);

impl Service {
    /// Serves until `shutdown`: then it stops claiming, drains until the deadline, ends what is
    /// left and gives everything back.
    pub async fn run(self, shutdown: CancellationToken) {
        let tasks = Tasks::new(self.store.clone(), self.programs.clone());
        let clock = Clock::default();
        if self.store.backend() == Backend::Sqlite {
            self.take_over().await;
        }
        while !shutdown.is_cancelled() {
            let Some(host) = self.register(&shutdown).await else {
                break;
            };
            self.stats.set_host(Some(host));
            tracing::info!(%host, name = self.name, "registered");
            let end = self.live(host, &tasks, &clock, &shutdown).await;
            self.stats.set_host(None);
            // An incarnation that fenced itself gives back what it held, if it still can: what it
            // ran then counts as no death. One that was declared dead has nothing left to give.
            if let Err(error) = self.store.leave(host).await {
                tracing::warn!(%host, %error, "could not give everything back; others take over");
            }
            if end == End::Stopped {
                break;
            }
        }
        tasks.close().await;
    }

    /// One incarnation.
    async fn live(
        &self,
        host: HostNumber,
        tasks: &Tasks,
        clock: &Clock,
        shutdown: &CancellationToken,
    ) -> End {
        let fence = Arc::new(Fence::new());
        let lease = Lease {
            store: self.store.clone(),
            host,
            fence: fence.clone(),
            options: self.options.clone(),
            clock: clock.clone(),
            tasks: tasks.clone(),
        };
        let runner = Runner {
            store: self.store.clone(),
            engine: self.engine.clone(),
            tasks: tasks.clone(),
            clock: clock.clone(),
            fence: fence.clone(),
            workflows: self.workflows.clone(),
            host,
            arguments_max_bytes: self.arguments_max_bytes,
        };
        let dispatcher = Dispatcher::new(host, runner, self.options.clone(), self.stats.clone());
        // The lease outlives the drain: what still runs must stay ours.
        let drained = CancellationToken::new();
        let beating = tokio::spawn(lease.run(drained.clone()));
        let end = dispatcher.run(shutdown.clone()).await;
        if end == End::Lost {
            tracing::warn!(%host, "the lease is lost: every sandbox was ended");
        }
        drained.cancel();
        // A lease task that panicked has lost its lease all the same: the fence is cut.
        let _ = beating.await;
        fence.cut();
        end
    }

    async fn register(&self, shutdown: &CancellationToken) -> Option<HostNumber> {
        let host = NewHost {
            name: self.name.clone(),
            address: self.address.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            queues: self.options.queues.clone(),
            lease_ms: self.options.lease_ms,
        };
        loop {
            match self.store.register(&host).await {
                Ok(number) => return Some(number),
                Err(error) => tracing::warn!(%error, "cannot register; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(REGISTER_PAUSE) => {}
                () = shutdown.cancelled() => return None,
            }
        }
    }

    /// A SQLite file belongs to one host: whoever has it open knows that all others are dead.
    async fn take_over(&self) {
        let others = match self.store.hosts().await {
            Ok(hosts) => hosts,
            Err(error) => {
                tracing::warn!(%error, "cannot see who held this database before");
                return;
            }
        };
        for host in others {
            let rescued = self
                .store
                .rescue(host.number, host.beat, self.options.deaths_max);
            match rescued.await {
                Ok(Some(rescued)) if rescued.returned > 0 => tracing::info!(
                    host = %host.number,
                    returned = rescued.returned,
                    "took over from the process that held this database before"
                ),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "could not take over"),
            }
        }
    }
}
