//! Enqueue calls to a Windlass host and fetch their results by handle.

pub mod wire;
