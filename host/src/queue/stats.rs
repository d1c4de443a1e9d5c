//! What a host's workers count, for `/metrics` and for people.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::model::{HostNumber, State};

/// Counters and gauges; reading them disturbs nobody.
#[derive(Debug, Default)]
pub struct Stats {
    host: AtomicI64,
    executing: AtomicU64,
    reserved: AtomicU64,
    claimed: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    lost: AtomicU64,
    exchanges: AtomicU64,
    exchange_microseconds: AtomicU64,
}

/// What the counters stood at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Sandboxes that execute.
    pub executing: u64,
    /// Invocations that are claimed and have not started.
    pub reserved: u64,
    /// Invocations claimed since the start.
    pub claimed: u64,
    /// Outcomes recorded that are values.
    pub succeeded: u64,
    /// Outcomes recorded that are errors.
    pub failed: u64,
    /// Attempts that failed and are made again.
    pub retried: u64,
    /// Attempts whose end was not recorded, because they were no longer this host's.
    pub lost: u64,
    /// Round trips to the store.
    pub exchanges: u64,
    /// What they took together.
    pub exchange_time: Duration,
}

impl Stats {
    /// The incarnation under which this host serves now, if it does.
    pub fn host(&self) -> Option<HostNumber> {
        match self.host.load(Ordering::Relaxed) {
            0 => None,
            number => Some(HostNumber(number)),
        }
    }

    /// What the counters stand at.
    pub fn read(&self) -> Reading {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reading {
            executing: get(&self.executing),
            reserved: get(&self.reserved),
            claimed: get(&self.claimed),
            succeeded: get(&self.succeeded),
            failed: get(&self.failed),
            retried: get(&self.retried),
            lost: get(&self.lost),
            exchanges: get(&self.exchanges),
            exchange_time: Duration::from_micros(get(&self.exchange_microseconds)),
        }
    }

    pub(super) fn set_host(&self, host: Option<HostNumber>) {
        self.host
            .store(host.map_or(0, |host| host.0), Ordering::Relaxed);
    }

    pub(super) fn set_load(&self, executing: usize, reserved: usize) {
        self.executing.store(executing as u64, Ordering::Relaxed);
        self.reserved.store(reserved as u64, Ordering::Relaxed);
    }

    pub(super) fn count_exchange(&self, took: Duration, claimed: usize, lost: usize) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        self.exchange_microseconds
            .fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        self.claimed.fetch_add(claimed as u64, Ordering::Relaxed);
        self.lost.fetch_add(lost as u64, Ordering::Relaxed);
    }

    pub(super) fn count_retry(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_outcome(&self, state: State) {
        let counter = match state {
            State::Succeeded => &self.succeeded,
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
