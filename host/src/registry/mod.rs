//! Components: what is uploaded, what it exports, and what its tasks are called.
//!
//! An upload goes through `validate` (is it a component at all, what is its digest) and `describe`
//! (which of its functions are tasks). `name` says how people name tasks. `programs` has what can
//! be run, compiled and kept in `cache`.

pub mod bindings;
mod cache;
pub mod describe;
pub mod imports;
pub mod name;
pub mod programs;
pub mod validate;

pub use programs::Programs;
