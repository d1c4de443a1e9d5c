//! What `api` and the dashboard share of HTTP: who may call, how refusals look, pages, events.
//!
//! Nothing here knows what a request is about; the one thing known of `control` is how its errors
//! become problems.
//!
//! - `auth`: tokens, and requests that a web page of somebody else made a browser send
//! - `code`: every problem's stable code, with its page
//! - `problem`: the answer that is a refusal
//! - `refusal`: which refusal of `control` is which problem
//! - `body`: request bodies, bounded and read once
//! - `linger`: what is still being sent when a request is refused
//! - `query`: query strings
//! - `page`: where a list goes on
//! - `events`: server-sent events

pub mod auth;
mod body;
mod code;
mod events;
mod linger;
mod page;
mod problem;
mod query;
mod refusal;

pub use body::{bytes, collect, from_json, json_or_nothing};
pub use code::Code;
pub use events::{last_event_id, stream};
pub use linger::linger;
pub use page::PageToken;
pub use problem::{Problem, panicked};
pub use query::{Query, duration, moment, repeated};

/// What a handler gives.
pub type Answer<T> = Result<T, Problem>;
