//! What a guest can and cannot do, with components written as text.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod ending;
mod fencing;
mod isolation;
mod limits;
mod output;
mod programs;
mod returning;
mod support;
