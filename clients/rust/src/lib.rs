//! Enqueue calls to a Windlass host and fetch their results by handle.
//!
//! ```no_run
//! # async fn example() -> Result<(), windlass_client::Error> {
//! use windlass_client::Client;
//!
//! let windlass = Client::from_env()?;
//! let handle = windlass
//!     .queue("mail")
//!     .enqueue("hello/greet", &("Ada",))
//!     .await?;
//! let greeting: String = handle.get_result().await?;
//! println!("{greeting}");
//! # Ok(())
//! # }
//! ```
//!
//! - `wire`: what goes over the wire
//! - `client`: where the host is, sending, repeating what failed to arrive
//! - `components`, `queues`, `invocations`: the requests, by resource
//! - `schedules`: calls that are enqueued by the clock
//! - `workflows`: messages, published values, steps, forks and replays
//! - `handle`: waiting for one result, or for any or all of many
//! - `events`: watching one invocation while it runs
//! - `typed`, `wit`: what the stubs of `windlass client generate` are made of
//! - `error`: what can go wrong, and the way out

mod client;
mod components;
mod error;
mod events;
mod handle;
mod invocations;
mod queues;
mod schedules;
mod typed;
pub mod wire;
pub mod wit;
mod workflows;

pub use client::{Client, DEFAULT_SERVER};
pub use error::Error;
pub use handle::Handle;
pub use invocations::Call;
pub use queues::Queue;
pub use typed::{TypedCall, TypedHandle};
