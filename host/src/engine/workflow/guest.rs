//! What belongs to one execution of a workflow: made anew for every replay, dropped when it ends or
//! leaves memory. Ten thousand of them may wait at once, so it is kept small.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::keeper::Keeper;
use super::random::Numbers;
use crate::engine::bindings::task::{self, Invocation, Level};
use crate::engine::capabilities::output;
use crate::engine::capabilities::task::level;
use crate::engine::feed::Feed;
use crate::engine::fence::Fence;
use crate::engine::limits::Space;
use crate::engine::sandbox::Stop;
use crate::engine::{Call, Identity, Options};

/// The data of a workflow's store.
pub(in crate::engine) struct Guest {
    pub identity: Identity,
    pub feed: Arc<Feed>,
    pub space: Space,
    pub keeper: Keeper,
    pub numbers: Numbers,
    /// The stream outside of the piece of work that is being done.
    pub outside: Option<Numbers>,
    /// Pieces of work that were begun, or skipped.
    pub pieces: u32,
    pub random_max_bytes: u64,
    pub value_max_bytes: usize,
    pub table: ResourceTable,
    watch: Watch,
    wasi: WasiCtx,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// What ends an execution from outside. Cheap to clone.
#[derive(Clone)]
pub(super) struct Watch {
    pub fence: Arc<Fence>,
    pub cancel: CancellationToken,
    /// Moved on by the time in which the guest was quiet.
    deadline: Arc<Mutex<Instant>>,
}

impl Watch {
    pub fn new(fence: Arc<Fence>, cancel: CancellationToken, deadline: Instant) -> Self {
        Self {
            fence,
            cancel,
            deadline: Arc::new(Mutex::new(deadline)),
        }
    }

    /// Whether the guest may compute on.
    pub fn look(&self) -> Result<(), Stop> {
        if !self.fence.is_whole() {
            return Err(Stop::Fenced);
        }
        if self.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        match Instant::now() < deadline {
            true => Ok(()),
            false => Err(Stop::Timeout),
        }
    }

    /// The guest was quiet for so long, which does not count.
    pub fn extend(&self, quiet: Duration) {
        let mut deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        *deadline = deadline.checked_add(quiet).unwrap_or(*deadline);
    }
}

/// A store with nothing in it but what a workflow may have.
pub(super) fn store(
    engine: &wasmtime::Engine,
    options: &Options,
    call: &Call,
    feed: Arc<Feed>,
    keeper: Keeper,
    watch: Watch,
) -> wasmtime::Result<Store<Guest>> {
    let mut wasi = WasiCtxBuilder::new();
    output::give(&mut wasi, &feed, &watch.fence, Some(&keeper));
    let mut table = ResourceTable::new();
    table.set_max_capacity(options.workflow_handles_max);
    let guest = Guest {
        identity: Identity {
            // A replay must not be able to tell that it is one.
            attempt: 1,
            ..call.identity.clone()
        },
        feed,
        space: Space::new(options).of_workflow(),
        numbers: Numbers::new(keeper.seed()),
        outside: None,
        pieces: 0,
        keeper,
        random_max_bytes: options.random_max_bytes,
        value_max_bytes: options.value_max_bytes,
        table,
        watch: watch.clone(),
        wasi: wasi.build(),
    };
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.space);
    store.set_hostcall_fuel(options.host_call_max_bytes);
    store.set_max_component_handles(options.workflow_handles_max);
    // Computing is counted in instructions, which every replay executes alike, and not in time.
    store.set_fuel(options.workflow_fuel_max)?;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_: StoreContextMut<'_, Guest>| {
        watch.look()?;
        // Wakes at once, by which the driver knows that the guest is not quiet.
        Ok(UpdateDeadline::Yield(1))
    });
    Ok(store)
}

impl Guest {
    /// Whether what the guest tells is new: during a replay it was told before.
    fn tells(&self) -> wasmtime::Result<bool> {
        match self.watch.fence.is_whole() {
            true => Ok(!self.keeper.is_replaying()),
            false => Err(Stop::Fenced.into()),
        }
    }
}

impl task::Host for Guest {
    fn this_invocation(&mut self) -> wasmtime::Result<Invocation> {
        Ok(self.identity.clone().into())
    }

    fn log(&mut self, of: Level, message: String) -> wasmtime::Result<()> {
        if self.tells()? {
            self.feed.log(level(of), &message);
        }
        Ok(())
    }

    fn progress(&mut self, done: u64, total: u64, note: String) -> wasmtime::Result<()> {
        if self.tells()? {
            self.feed.progress(done, total, &note);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::since_boot;

    #[test]
    fn time_in_which_the_guest_was_quiet_does_not_count_towards_its_timeout() {
        let fence = Arc::new(Fence::new());
        fence.renew(since_boot() + Duration::from_secs(3600));
        let watch = Watch::new(fence, CancellationToken::new(), Instant::now());

        let late = watch.look();
        watch.extend(Duration::from_secs(3600));
        let in_time = watch.look();

        assert!(matches!(late, Err(Stop::Timeout)), "{late:?}");
        assert!(in_time.is_ok(), "{in_time:?}");
    }
}
