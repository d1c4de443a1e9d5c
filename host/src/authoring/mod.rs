//! How components are made and called from other languages.
//!
//! - `stubs`: typed stubs over the client libraries

pub mod stubs;
