//! Hosts and their leases.

use serde::{Deserialize, Serialize};

use crate::model::{FunctionId, HostNumber, Key, Moment, QueueId};

/// A host that registers.
#[derive(Debug, Clone)]
pub struct NewHost {
    /// Its name for people.
    pub name: String,
    /// Where its API listens.
    pub address: String,
    /// The Windlass version that it runs.
    pub version: String,
    /// The queues that it serves; all of them if none are named.
    pub queues: Option<Vec<String>>,
    /// Its lease, for others to observe, in milliseconds.
    pub lease_ms: u64,
}

/// A registered host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its incarnation.
    pub number: HostNumber,
    /// What it said of itself.
    pub about: NewHost,
    /// Its beat counter.
    pub beat: i64,
    /// When it registered.
    pub started_at: Moment,
    /// How many invocations it holds.
    pub holds: u64,
    /// Tasks that it cannot run: what it said of them with its last beat.
    pub troubles: Vec<Trouble>,
}

/// A task whose component a host has not compiled, or cannot compile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The task.
    pub function: FunctionId,
    /// Why, for people.
    pub reason: String,
}

/// What a renewal tells.
#[derive(Debug, Clone, Default)]
pub struct Beat {
    /// Every other live host: its beat counter and the length of its lease in milliseconds.
    pub others: Vec<(HostNumber, i64, u64)>,
    /// The database's clock.
    pub now: Option<Moment>,
}

/// What was taken from a dead host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rescued {
    /// Went back to their places.
    pub returned: u64,
    /// Failed as `host-lost`.
    pub failed: Vec<Key>,
    /// The queues in which something may be claimed now.
    pub queues: Vec<QueueId>,
}
