//! Components: what is uploaded, what it exports, and what its tasks are called.

mod cache;
pub mod programs;

pub use programs::Programs;
