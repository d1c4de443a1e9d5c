//! Components: what is uploaded, what it exports, and what its tasks are called.
//!
//! An upload goes through `validate` (is it a component at all, what is its digest) and `describe`
//! (which of its functions are tasks). `name` says how people name tasks. `programs` has what can
//! be run: `loader` takes it from the `cache`, from another host if it bears a `seal`, or compiles.

pub mod bindings;
mod cache;
pub mod describe;
pub mod imports;
mod loader;
pub mod name;
pub mod programs;
mod seal;
pub mod validate;

pub use programs::Programs;
