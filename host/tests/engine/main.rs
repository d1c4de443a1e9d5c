//! What a guest can and cannot do, with components written as text, and workflows of `tests/guests`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod async_workflows;
mod determinism;
mod ending;
mod fencing;
mod fleet;
mod isolation;
mod limits;
mod output;
mod programs;
mod returning;
mod script;
mod support;
mod workflow_ends;
mod workflow_imports;
mod workflows;
