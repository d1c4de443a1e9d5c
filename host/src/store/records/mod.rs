//! What goes into the store and what comes out of it.

mod calls;
mod compiled;
mod components;
mod exchange;
mod handles;
mod hosts;
mod keeping;
mod schedules;
mod workflows;

pub use calls::*;
pub use compiled::*;
pub use components::*;
pub use exchange::*;
pub use handles::*;
pub use hosts::*;
pub use keeping::*;
pub use schedules::*;
pub use workflows::*;
