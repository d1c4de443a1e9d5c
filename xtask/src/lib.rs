//! The chores of this repository. A library too, since the black-box tests use its Postgres.
//!
//! It depends on the standard library (and `anyhow`) alone, so that it builds in seconds on a
//! machine where nothing has been built yet.

pub mod apt;
pub mod ci;
pub mod commands;
pub mod guests;
pub mod languages;
pub mod postgres;
pub mod python;
pub mod test_suite;
pub mod wasm_target;
