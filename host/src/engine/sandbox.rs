//! What belongs to one sandbox: made anew for every attempt, dropped with it.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime::{Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::capabilities::http::Outgoing;
use super::capabilities::{environment, output};
use super::feed::Feed;
use super::fence::Fence;
use super::limits::{Meter, Reached, Space};
use super::{Call, Identity, Options};

/// Why the ticker's interruption, or a host call, ended a sandbox.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The fence is over.
    #[error("the host's lease is over")]
    Fenced,
    /// Somebody asked.
    #[error("the invocation was cancelled")]
    Cancelled,
    /// It took too long.
    #[error("the attempt took longer than its timeout")]
    Timeout,
}

/// The data of a sandbox's store.
pub(super) struct Sandbox {
    pub identity: Identity,
    pub feed: Arc<Feed>,
    pub fence: Arc<Fence>,
    pub space: Space,
    pub random_max_bytes: u64,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outgoing: Outgoing,
    table: ResourceTable,
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.outgoing,
        }
    }
}

/// A store with nothing in it but what `call` is granted, which ends itself when a limit is
/// reached, when its deadline has passed, when it is cancelled and when the fence is over.
pub(super) fn store(
    engine: &wasmtime::Engine,
    options: &Options,
    call: &Call,
    outgoing: Outgoing,
    feed: Arc<Feed>,
    fence: Arc<Fence>,
    meter: Arc<Meter>,
) -> Store<Sandbox> {
    let mut wasi = WasiCtxBuilder::new();
    // No files: nothing is opened beforehand. No sockets and no names: HTTP is all there is.
    wasi.allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    output::give(&mut wasi, &feed, &fence, None);
    environment::give(&mut wasi, &call.grants);
    let mut table = ResourceTable::new();
    table.set_max_capacity(options.handles_max);
    let sandbox = Sandbox {
        identity: call.identity.clone(),
        feed,
        fence: fence.clone(),
        space: Space::new(options),
        random_max_bytes: options.random_max_bytes,
        wasi: wasi.build(),
        http: WasiHttpCtx::new(),
        outgoing,
        table,
    };
    let mut store = Store::new(engine, sandbox);
    store.limiter(|sandbox| &mut sandbox.space);
    store.set_hostcall_fuel(options.host_call_max_bytes);
    store.set_max_component_handles(options.handles_max);
    store.set_epoch_deadline(1);
    let cancel = call.cancel.clone();
    let cpu_max_ms = options.cpu_max_ms;
    store.epoch_deadline_callback(move |_: StoreContextMut<'_, Sandbox>| {
        if !fence.is_whole() {
            return Err(Stop::Fenced.into());
        }
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        if Instant::now() >= meter.deadline {
            return Err(Stop::Timeout.into());
        }
        if meter.spent().as_millis() > u128::from(cpu_max_ms) {
            let message = format!(
                "the task computed for more than {cpu_max_ms} ms: split it into smaller tasks, \
                 or raise cpu_max_ms"
            );
            return Err(Reached::new("cpu_max_ms", message).into());
        }
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    });
    store
}
