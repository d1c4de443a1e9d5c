//! What the black-box tests stand on: the real binary, real Postgres, real crashes.
//!
//! Nothing here looks into a host: it starts one as people do, speaks to it through the client,
//! ends it by signals, and looks at what is left in the database.
//!
//! - [`HostProcess`]: a host that can be killed, stopped, continued and started again
//! - [`Collector`]: the log that the tasks themselves keep, over HTTP
//! - [`Running`]: what that log proves about how many ran at once, and in which order
//! - [`guests`]: the components that are uploaded
//! - [`eventually`]: waiting for a condition, never for a time

mod collector;
pub mod guests;
mod host;
mod proof;
mod random;

use std::fmt::Debug;
use std::time::{Duration, Instant};

pub use collector::{Collector, Entry};
pub use host::{HostProcess, Setup, binary};
pub use proof::Running;
pub use random::Random;
pub use xtask::postgres::{Durability, Postgres, Shutdown};

/// How long a condition may take before the test fails: ample, since nothing is measured by it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks until the answer is there.
///
/// # Panics
/// When it is not there within [`PATIENCE`], with what was asked last.
pub async fn eventually<T, E: Debug>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(not_yet) if begun.elapsed() > PATIENCE => {
                panic!("{what} did not come about: {not_yet:?}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
