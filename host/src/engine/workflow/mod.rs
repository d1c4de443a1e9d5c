//! Executing workflows: an engine of its own whose guests are deterministic, and a driver that hands
//! what they ask to the keeper of their journal ([`Durable`]).
//!
//! - `setup`: wasmtime's settings, the pool, what may be imported
//! - `guest`: what belongs to one execution; `keeper`: the journal as the guest and the driver share
//!   it; `drive`: running the guest until it is quiet, opening one gate at a time
//! - `host`, `typed`: `windlass:host/workflow`, and calls by type
//! - `clocks`, `random`: the time and the random numbers of a workflow

mod clocks;
mod drive;
mod guest;
pub(super) mod host;
pub(super) mod keeper;
mod random;
mod setup;
pub(super) mod typed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::Semaphore;
use wasmtime::component::ComponentExportIndex;
use wasmtime::{PoolConcurrencyLimitError, Store};

use super::durable::{Durable, Halt};
use super::feed::Feed;
use super::fence::Fence;
use super::program::Flavour;
use super::sandbox::Stop;
use super::{Call, Ended, Inner, Options, Program, run, verdict};
use crate::model::{Failure, FailureKind, Outcome};
use crate::values::{Function, Value};

use drive::Driven;
pub(super) use guest::Guest;
use guest::Watch;
use keeper::Keeper;
pub(super) use setup::planned;

/// What executes workflows.
pub(super) struct Workflows {
    pub flavour: Flavour<Guest>,
    pub places: Semaphore,
    places_max: usize,
    /// Guests that have left since the allocator last gave memory back.
    left: AtomicUsize,
}

/// So many guests leave before the allocator gives their memory back, if others stay …
const LEFT_MAX: usize = 1_024;
/// … and so many if none does.
const LEFT_MAX_ALL: usize = 64;

impl Workflows {
    pub fn new(options: &Options) -> wasmtime::Result<Self> {
        let (engine, places) = setup::wasmtime_engine(options)?;
        Ok(Self {
            flavour: Flavour {
                linker: setup::linker(&engine)?,
                complete: setup::complete,
                engine,
            },
            places: Semaphore::new(places as usize),
            places_max: places as usize,
            left: AtomicUsize::new(0),
        })
    }

    /// A guest has left. When thousands went to sleep, what they took is given back to the machine:
    /// the allocator alone would keep all of it.
    fn left(&self) {
        let left = self.left.fetch_add(1, Ordering::Relaxed) + 1;
        let all = self.places.available_permits() == self.places_max;
        if left >= LEFT_MAX || (all && left >= LEFT_MAX_ALL) {
            self.left.store(0, Ordering::Relaxed);
            tokio::task::spawn_blocking(give_memory_back);
        }
    }
}

fn give_memory_back() {
    // SAFETY: it may be called at any time, from any thread.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Executes the workflow on this thread.
pub(super) async fn execution(
    engine: &Inner,
    program: &Program,
    call: Call,
    feed: Arc<Feed>,
    fence: Arc<Fence>,
    durable: Box<dyn Durable>,
) -> Ended {
    let ended = execution_unfinished(engine, program, &call, &feed, &fence, durable).await;
    feed.finish();
    if let Ok(workflows) = engine.workflows() {
        workflows.left();
    }
    // It may have ended in the very moment in which the lease went.
    match fence.is_whole() {
        true => ended,
        false => Ended::Fenced,
    }
}

async fn execution_unfinished(
    engine: &Inner,
    program: &Program,
    call: &Call,
    feed: &Arc<Feed>,
    fence: &Arc<Fence>,
    durable: Box<dyn Durable>,
) -> Ended {
    let keeper = Keeper::new(durable);
    let workflows = match engine.workflows() {
        Ok(workflows) => workflows,
        Err(error) => {
            let failure = Failure::new(FailureKind::Component, error.to_string());
            return end(&keeper, fence, Outcome::Error(failure)).await;
        }
    };
    let place = tokio::select! {
        biased;
        () = fence.broken() => return Ended::Fenced,
        () = call.cancel.cancelled() => return Ended::Cancelled,
        place = workflows.places.acquire() => place,
    };
    let (export, arguments) = match run::prepare(program, call) {
        Ok(prepared) => prepared,
        Err(failure) => return end(&keeper, fence, Outcome::Error(failure)).await,
    };
    let timeout = call.timeout.unwrap_or_else(|| engine.options.timeout());
    let began = Instant::now();
    let deadline = began.checked_add(timeout).unwrap_or(began + run::FOREVER);
    let watch = Watch::new(fence.clone(), call.cancel.clone(), deadline);
    let store = guest::store(
        &workflows.flavour.engine,
        &engine.options,
        call,
        feed.clone(),
        keeper.clone(),
        watch.clone(),
    );
    let mut store = match store {
        Ok(store) => store,
        Err(error) => {
            let failure = Failure::new(FailureKind::Component, error.to_string());
            return end(&keeper, fence, Outcome::Error(failure)).await;
        }
    };
    let driven = {
        let work = execute(program, export, &mut store, arguments, &call.signature);
        drive::drive(std::pin::pin!(work), &keeper, &watch).await
    };
    let ended = match driven {
        Driven::Ended(Ok(value)) => Ended::Outcome(run::outcome(engine, call, value)),
        Driven::Ended(Err(error)) => match keeper.take_halt() {
            Some(halt) => return halted(halt),
            // Others need the room: it comes back when there is some.
            None if error.is::<PoolConcurrencyLimitError>() => return Ended::Away,
            None => verdict::failed(&error, &store.data().space, feed, timeout),
        },
        Driven::Stopped(stop) => {
            let space = &store.data().space;
            verdict::failed(&stop.into(), space, feed, timeout)
        }
        Driven::Halted(halt) => return halted(halt),
        Driven::Stuck => Ended::Outcome(Outcome::Error(verdict::stuck())),
    };
    drop(store);
    drop(place);
    match ended {
        Ended::Outcome(outcome) => end(&keeper, fence, outcome).await,
        ended => ended,
    }
}

async fn execute(
    program: &Program,
    export: ComponentExportIndex,
    store: &mut Store<Guest>,
    arguments: Vec<Value>,
    signature: &Function,
) -> wasmtime::Result<Option<Value>> {
    let instance = program.workflow()?.instantiate_async(&mut *store).await?;
    run::function(instance, export, store, arguments, signature).await
}

/// The outcome, once the keeper has recorded what led to it.
async fn end(keeper: &Keeper, fence: &Fence, outcome: Outcome) -> Ended {
    let ended = tokio::select! {
        biased;
        ended = keeper.end(&outcome) => ended,
        () = fence.broken() => return Ended::Fenced,
    };
    match ended {
        Ok(()) => Ended::Outcome(outcome),
        Err(halt) => halted(halt),
    }
}

fn halted(halt: Halt) -> Ended {
    match halt {
        Halt::Failed(failure) => Ended::Outcome(Outcome::Error(failure)),
        Halt::Away => Ended::Away,
        Halt::Fenced => Ended::Fenced,
        Halt::Restart(arguments) => Ended::Restart(arguments),
    }
}
