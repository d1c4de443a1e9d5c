//! What a running workflow asks of the queue: to give its permit back while it waits, and to be
//! resumed. The queue implements it.

use async_trait::async_trait;

use crate::store::{Hold, Wait};

/// Why a workflow does not go on here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// Its place in memory is needed, or another host goes on with it: it is replayed there.
    Away,
    /// It was not this host's any more.
    Fenced,
}

/// The turn of one workflow on a host.
#[async_trait]
pub trait Turn: Send + Sync {
    /// As what the store knows it now.
    fn hold(&self) -> Hold;

    /// Whether its queue has a limit, so that its slot is of use to its descendants there.
    fn is_scarce(&self) -> bool;

    /// Returns when others wait for a permit of this host.
    async fn wanted(&self);

    /// Gives permit and host back until what is waited for has come, and takes them again: then
    /// [`hold`](Self::hold) is a new one.
    async fn wait(&mut self, wait: Wait) -> Result<(), Gone>;
}
