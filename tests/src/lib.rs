//! What the black-box tests stand on: the real binary, real Postgres, real crashes.
//!
//! Nothing here looks into a host: it starts one as people do, speaks to it through the client,
//! ends it by signals, and looks at what is left in the database.
//!
//! - [`HostProcess`]: a host that can be killed, stopped, continued and started again
//! - [`Collector`]: the log that the tasks themselves keep, over HTTP
//! - [`Running`]: what that log proves about how many ran at once, and in which order
//! - [`guests`]: the components that are uploaded; [`upload`], [`call`], [`executing`],
//!   [`ended`]: using them
//! - [`enqueue`], [`value`], [`failure`], [`in_state`]: calls and how they end
//! - [`dying`]: hosts that are killed at every step of a workflow
//! - [`languages`]: components in every language; [`pages`]: pages that are executed
//! - [`eventually`]: waiting for a condition, never for a time

mod calls;
mod collector;
pub mod dying;
pub mod guests;
mod host;
pub mod languages;
pub mod pages;
mod proof;
mod random;
mod workflows;

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

pub use calls::{call, ended, executing, upload, upload_as};
pub use collector::{Collector, Entry};
pub use host::{HostProcess, Setup, binary};
pub use proof::{Running, starts_within};
pub use random::Random;
pub use workflows::{children, enqueue, failure, in_state, value};
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

/// An empty database on a durable Postgres that the tests of one binary share: where it is.
pub fn fresh_database() -> String {
    let made = shared().fresh_database();
    made.expect("a database can be made")
}

/// Runs SQL in a database that [`fresh_database`] made; returns the rows as unaligned text.
pub fn sql(url: &str, sql: &str) -> String {
    let (_, database) = url.rsplit_once('/').expect("an address names a database");
    let rows = shared().sql(database, sql);
    rows.unwrap_or_else(|error| panic!("{error:#}"))
}

fn shared() -> MutexGuard<'static, Postgres> {
    // Nobody drops a static: the server ends with this process, by the pipe it hangs on.
    static SERVER: OnceLock<Mutex<Postgres>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let server = Postgres::start(Durability::Durable);
        Mutex::new(server.expect("a private Postgres starts"))
    });
    server.lock().expect("nothing panics under this lock")
}

/// Makes two tests of an `async fn(Setup)`: one on SQLite, one on Postgres.
#[macro_export]
macro_rules! on_both_stores {
    ($($case:ident),* $(,)?) => { $(
        mod $case {
            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$case($crate::Setup::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                super::$case($crate::Setup::postgres(&$crate::fresh_database())).await;
            }
        }
    )* };
}
