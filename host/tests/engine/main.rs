//! What a guest can and cannot do, with components written as text.

mod ending;
mod fencing;
mod isolation;
mod limits;
mod output;
mod programs;
mod returning;
mod support;
