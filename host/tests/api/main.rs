//! The API over a real SQLite store, without workers: what is asked, and what is answered.

mod components;
mod handles;
mod invocations;
mod refusals;
mod support;
