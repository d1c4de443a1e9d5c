//! Workflows that the tests run, kill and replay.

mod flows;

/// What `fickle` enqueues first: here `add-one`, in `flows2` `noop`.
const NOOP_FIRST: bool = false;
