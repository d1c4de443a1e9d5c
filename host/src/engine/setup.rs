//! How wasmtime is set up: measured so that a fresh sandbox costs tens of microseconds, and
//! bounded so that the pool has room for as many as there are permits.

use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;

use tokio::runtime::Runtime;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

use super::capabilities::{random, task};
use super::sandbox::Sandbox;
use super::workflow::typed::is_of_a_component;
use super::{Options, stubs};
use crate::model::Digest;

/// Frames of a backtrace that are kept, innermost first.
const BACKTRACE_FRAMES_MAX: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");
/// Stack for the host's own code below a guest's, in bytes.
const HOST_STACK_BYTES: usize = 512 << 10;
/// What stays resident of a memory and of a table between two sandboxes, in bytes. Clearing so
/// little by hand is cheaper than giving it back; more would let an idle host hold on to memory.
const MEMORY_KEPT_BYTES: usize = 256 << 10;
const TABLE_KEPT_BYTES: usize = 64 << 10;
/// Free slots that stay prepared for the component that they last held.
const WARM_SLOTS: u32 = 64;
/// After so many polls a guest thread looks at timers and sockets. A poll may take a whole tick
/// here, and tokio's own 61 of them would delay a timeout by half a second.
const POLLS_BETWEEN_EVENTS: u32 = 4;

/// Why a task cannot use an import that workflows can.
const FOR_WORKFLOWS: &str = "only workflows may. If this function is one, say so when the component \
     is uploaded";

/// An engine with pooled memory, or, where this machine does not give the address space, without.
/// Support for `async func` costs half of a fresh sandbox's time: only tasks that need it have it.
pub(super) fn wasmtime_engine(options: &Options, is_async: bool) -> Result<Engine> {
    let mut config = common(options);
    config.concurrency_support(is_async);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)));
    match Engine::new(&config) {
        Ok(engine) => Ok(engine),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "no pool of sandboxes can be reserved here, so each is allocated on its own and \
                 costs several times as much: lower sandboxes_max or memory_max_bytes, or raise \
                 the limit of address space"
            );
            let mut config = common(options);
            config.concurrency_support(is_async);
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config)
        }
    }
}

/// What both kinds of programs share.
pub(super) fn common(options: &Options) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_reservation(options.memory_bytes() as u64)
        .max_wasm_stack(options.stack_max_bytes)
        .async_stack_size(options.stack_max_bytes + HOST_STACK_BYTES)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES_MAX));
    config
}

/// Sandboxes that the pool has room for. Some more than there are permits: what is free again to
/// its caller may be a tick away from being free again here.
pub(super) fn places(options: &Options) -> u32 {
    let permits = options.sandboxes_max.max(1);
    permits.saturating_add(permits / 8).saturating_add(8)
}

fn pool(options: &Options) -> PoolingAllocationConfig {
    let sandboxes = places(options);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sandboxes)
        .total_core_instances(sandboxes.saturating_mul(options.instances_max))
        .total_memories(sandboxes.saturating_mul(options.memories_max))
        .total_tables(sandboxes.saturating_mul(options.tables_max))
        .total_stacks(sandboxes)
        .max_core_instances_per_component(options.instances_max)
        .max_memories_per_component(options.memories_max)
        .max_tables_per_component(options.tables_max)
        .max_memories_per_module(options.memories_max)
        .max_tables_per_module(options.tables_max)
        .max_memory_size(options.memory_bytes())
        .table_elements(options.table_elements_max)
        .linear_memory_keep_resident(MEMORY_KEPT_BYTES)
        .table_keep_resident(TABLE_KEPT_BYTES)
        .max_unused_warm_slots(WARM_SLOTS)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Everything that a guest may import.
pub(super) fn linker(engine: &Engine) -> Result<Linker<Sandbox>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    random::link(&mut linker)?;
    task::link(&mut linker)?;
    Ok(linker)
}

/// What this component imports beyond that: it may hold workflows as well.
pub(super) fn complete(linker: &mut Linker<Sandbox>, component: &Component) -> Result<()> {
    stubs::link(linker, component, |interface| {
        let for_workflows =
            interface.starts_with("windlass:host/workflow@") || is_of_a_component(interface);
        for_workflows.then_some(FOR_WORKFLOWS)
    })
}

/// The threads that execute guests.
pub(super) fn runtime(options: &Options) -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("windlass-guests")
        .worker_threads(options.threads())
        .event_interval(POLLS_BETWEEN_EVENTS)
        .enable_all()
        .build()
}

/// What compiled code depends on, as a name for a folder.
pub(super) fn compatibility(engine: &Engine) -> String {
    #[derive(Default)]
    struct Written(Vec<u8>);
    impl Hasher for Written {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut written = Written::default();
    engine.precompile_compatibility_hash().hash(&mut written);
    let digest = Digest::of(&written.0);
    format!("wasmtime-{}", &digest.as_str()[..16])
}
