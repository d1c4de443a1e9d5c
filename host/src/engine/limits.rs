//! What one sandbox may take, counted while it runs: memory, tables, computing.
//!
//! A growth that is refused does not end the guest: `memory.grow` returns -1, as the specification
//! says, and most guests then give up with a trap. That refusal is remembered, so that the trap is
//! told as what it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

use super::Options;

/// A limit that ended a sandbox, or that will be blamed if it traps: its name and what happened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(super) struct Reached {
    /// The name of the limit in the options.
    pub limit: &'static str,
    /// What was asked for and what is allowed, with the way out.
    pub message: String,
}

impl Reached {
    pub fn new(limit: &'static str, message: impl Into<String>) -> Self {
        Self {
            limit,
            message: message.into(),
        }
    }
}

/// Memory and tables of one sandbox.
pub(super) struct Space {
    memory_max: usize,
    elements_max: usize,
    memories_max: usize,
    tables_max: usize,
    instances_max: usize,
    memory: usize,
    elements: usize,
    /// The latest refusal.
    pub refused: Option<Reached>,
    /// The name of the limit of resources, which wasmtime keeps.
    pub handles_limit: &'static str,
}

impl Space {
    pub fn new(options: &Options) -> Self {
        Self {
            memory_max: options.memory_bytes(),
            elements_max: options.table_elements_max,
            memories_max: options.memories_max as usize,
            tables_max: options.tables_max as usize,
            instances_max: options.instances_max as usize,
            memory: 0,
            elements: 0,
            refused: None,
            handles_limit: "handles_max",
        }
    }

    /// That of a workflow.
    pub fn of_workflow(self) -> Self {
        Self {
            handles_limit: "workflow_handles_max",
            ..self
        }
    }
}

impl ResourceLimiter for Space {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_max {
            self.refused = Some(Reached::new(
                "memory_max_bytes",
                format!(
                    "the task asked for {total} bytes of memory where {} are allowed: let it \
                     work on less at a time, or raise memory_max_bytes",
                    self.memory_max
                ),
            ));
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .elements
            .saturating_add(desired.saturating_sub(current));
        if total > self.elements_max {
            self.refused = Some(Reached::new(
                "table_elements_max",
                format!(
                    "the task asked for {total} table elements where {} are allowed: \
                     raise table_elements_max if it needs them",
                    self.elements_max
                ),
            ));
            return Ok(false);
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.tables_max
    }

    fn memories(&self) -> usize {
        self.memories_max
    }
}

/// The time of one attempt: when it has to end, and what it has computed, on whatever threads it
/// ran. Waiting does not count as computing.
#[derive(Debug)]
pub(super) struct Meter {
    /// When the attempt has to have ended.
    pub deadline: Instant,
    /// What earlier turns took, in nanoseconds.
    spent: AtomicU64,
    /// The thread's own time when this turn began. Written and read on that thread.
    began: AtomicU64,
}

impl Meter {
    pub fn new(deadline: Instant) -> Self {
        Self {
            deadline,
            spent: AtomicU64::new(0),
            began: AtomicU64::new(0),
        }
    }

    /// One turn of the guest on this thread.
    pub fn turn<T>(&self, turn: impl FnOnce() -> T) -> T {
        self.began.store(thread_time(), Ordering::Relaxed);
        let result = turn();
        let took = thread_time().saturating_sub(self.began.load(Ordering::Relaxed));
        self.spent.fetch_add(took, Ordering::Relaxed);
        result
    }

    /// All computing up to now; to be asked within a turn.
    pub fn spent(&self) -> Duration {
        let turn = thread_time().saturating_sub(self.began.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(turn))
    }
}

/// A future that is metered.
pub(super) async fn metered<F: Future>(meter: Arc<Meter>, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| meter.turn(|| future.as_mut().poll(context))).await
}

/// The time that this thread has computed, in nanoseconds.
fn thread_time() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec for the call to fill; every thread has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    (time.tv_sec as u64).saturating_mul(1_000_000_000) + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_of_a_sandbox_share_one_limit() {
        let mut space = Space::new(&Options {
            memory_max_bytes: 3 << 16,
            ..Options::default()
        });

        assert!(space.memory_growing(0, 1 << 16, None).unwrap());
        assert!(space.memory_growing(0, 2 << 16, None).unwrap());
        assert!(space.refused.is_none());
        assert!(!space.memory_growing(1 << 16, 2 << 16, None).unwrap());
        assert_eq!(space.refused.unwrap().limit, "memory_max_bytes");
    }

    #[test]
    fn a_refused_table_says_how_much_was_asked_for() {
        let mut space = Space::new(&Options::default());

        assert!(!space.table_growing(10, 1_000_000, None).unwrap());

        let refused = space.refused.unwrap();
        assert_eq!(refused.limit, "table_elements_max");
        assert!(refused.message.contains("999990"), "{}", refused.message);
    }
}
