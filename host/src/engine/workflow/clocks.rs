//! The clocks of WASI, which stand still between two answers of the journal, and what waits for
//! them: a sleep that is asked of the journal.

use futures::FutureExt;
use futures::future::Shared;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::guest::Guest;
use super::keeper::{Later, Wait};
use crate::engine::durable::Request;

/// Of time as the journal tells it, in nanoseconds.
const RESOLUTION: u64 = 1_000;

/// Replaces wasmtime's interfaces in a linker that allows it.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wall_clock::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    monotonic_clock::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}

impl wall_clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        let microseconds = self.keeper.microseconds();
        Ok(Datetime {
            seconds: microseconds / 1_000_000,
            nanoseconds: (microseconds % 1_000_000) as u32 * 1_000,
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(Datetime {
            seconds: 0,
            nanoseconds: RESOLUTION as u32,
        })
    }
}

impl monotonic_clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        // Nanoseconds since 1970 fit for five centuries.
        Ok(self.keeper.microseconds().saturating_mul(1_000))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(RESOLUTION)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = monotonic_clock::Host::now(self)?;
        self.subscribe_duration(when.saturating_sub(now))
    }

    fn subscribe_duration(&mut self, nanoseconds: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = match nanoseconds.div_ceil(1_000_000) {
            0 => Timer::Past,
            milliseconds => match self.keeper.ask(Request::Sleep(milliseconds))? {
                Wait::Now(_) => Timer::Past,
                Wait::Later(later) => Timer::Ahead(later.shared()),
            },
        };
        let timer = self.table.push(timer)?;
        subscribe(&mut self.table, timer)
    }
}

/// A pollable of the clock.
enum Timer {
    Past,
    Ahead(Shared<Later>),
}

#[async_trait::async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        if let Self::Ahead(later) = self {
            // It is dropped unopened only together with the guest.
            later.clone().await.ok();
        }
    }
}
