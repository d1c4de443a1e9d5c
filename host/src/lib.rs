//! Windlass: a durable task queue whose tasks are WebAssembly components.
//!
//! A module imports only from rows below its own; siblings do not import each other
//! (`tests/layers.rs` holds this):
//!
//! ```text
//! main → cli → authoring → server → config → api → http → queue → workflow → control
//!      → registry → engine · store → values → model · telemetry
//! ```

pub mod api;
pub mod authoring;
pub mod cli;
pub mod config;
pub mod control;
pub mod engine;
pub mod http;
pub mod model;
pub mod queue;
pub mod registry;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod values;
pub mod workflow;
