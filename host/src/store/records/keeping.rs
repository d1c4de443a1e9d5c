//! What is deleted, and when.

use crate::model::queue::Retention;

/// The most invocations that one sweep deletes.
pub const SWEEP_MAX: u32 = 1_000;

/// What a sweep may delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sweep {
    /// What holds for queues that say nothing.
    pub retention: Retention,
    /// At most so many invocations, at most [`SWEEP_MAX`].
    pub limit: u32,
}

/// What a sweep deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// So many invocations, with all that belonged to them.
    pub deleted: u64,
    /// Whether there may be more to delete.
    pub more: bool,
}
