//! How the SQLite store behaves.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::Moment;
use crate::store::Clock;

/// How the store behaves.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Whether an enqueue to a queue that does not exist is refused, instead of making the queue.
    pub declared_queues_only: bool,
    /// Where this host listens, which a second host on the same file is told.
    pub address: Option<String>,
    /// By which clock it goes: this machine's, unless a test drives the time.
    #[serde(skip)]
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            declared_queues_only: false,
            address: None,
            clock: Arc::new(Moment::now),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("declared_queues_only", &self.declared_queues_only)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
