//! The API over a real SQLite store, without workers: what is asked, and what is answered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bulk;
mod components;
mod controls;
mod handles;
mod invocations;
mod options;
mod refusals;
mod schedules;
mod support;
mod workflows;
