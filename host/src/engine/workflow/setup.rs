//! How wasmtime is set up for workflows: every replay of the same guest with the same answers
//! executes the same instructions, and thousands of guests can wait at once.

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, filesystem};

use super::guest::Guest;
use super::{clocks, host, random, typed};
use crate::engine::bindings::task;
use crate::engine::{Options, setup, stubs};

/// Mappings of memory that a place of the pool takes at most: two of its stack and, of a memory, its
/// beginning, its data, the rest, and what is out of bounds.
const MAPPINGS_PER_PLACE: u32 = 6;
/// Those of an instance that is allocated on its own.
const MAPPINGS_WITHOUT_POOL: u32 = 9;
/// Those that the rest of the process may need.
const MAPPINGS_OF_OTHERS: u32 = 3_900;
/// Of so many places the pool has one more: a guest with several stacks or memories takes others'.
const PLACES_PER_SPARE: u32 = 64;
/// What Linux allows where nobody changed it.
const MAPPINGS_MAX_DEFAULT: u32 = 65_530;

/// Free slots that stay prepared for the component that they last held.
const WARM_SLOTS: u32 = 64;

/// Why a workflow cannot use an import that tasks can.
const FOR_TASKS: &str = "a workflow is replayed and may do nothing that could differ then. Tasks \
     may: move it into a task and call that";

/// An engine for workflows, and how many guests may live in it at once.
pub(super) fn wasmtime_engine(options: &Options) -> Result<(Engine, u32)> {
    let places = places(options, MAPPINGS_PER_PLACE);
    if places < options.workflows_max {
        tracing::warn!(
            places,
            workflows_max = options.workflows_max,
            "fewer workflows than workflows_max can be in memory at once: raise vm.max_map_count"
        );
    }
    let mut config = common(options);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options, places)));
    match Engine::new(&config) {
        Ok(engine) => Ok((engine, places)),
        Err(error) => {
            let places = places.min(self::places(options, MAPPINGS_WITHOUT_POOL));
            tracing::warn!(
                error = format!("{error:#}"),
                places,
                "no pool of workflows can be reserved here, so each is allocated on its own and \
                 costs several times as much: lower workflows_max or memory_max_bytes, or raise \
                 the limit of address space"
            );
            let mut config = common(options);
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Ok((Engine::new(&config)?, places))
        }
    }
}

fn common(options: &Options) -> Config {
    let mut config = setup::common(options);
    // Threads need not be switched off: wasmtime is built without.
    config
        .concurrency_support(true)
        // With ten thousand places nothing of a guest may stay resident: its stack neither.
        .async_stack_zeroing(true)
        .consume_fuel(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true);
    config
}

/// As many as were asked for, if the kernel allows so many mappings of memory.
fn places(options: &Options, mappings_per_place: u32) -> u32 {
    let allowed = std::fs::read_to_string("/proc/sys/vm/max_map_count");
    let allowed = allowed.ok().and_then(|text| text.trim().parse().ok());
    let allowed: u32 = allowed.unwrap_or(MAPPINGS_MAX_DEFAULT);
    let tasks = setup::places(options).saturating_mul(2 * options.memories_max + 2);
    let left = allowed.saturating_sub(MAPPINGS_OF_OTHERS.saturating_add(tasks));
    let left = u64::from(left) * u64::from(PLACES_PER_SPARE);
    let each = mappings_per_place * PLACES_PER_SPARE + 2;
    let room = u32::try_from(left / u64::from(each)).unwrap_or(u32::MAX);
    options.workflows_max.clamp(1, room.max(1))
}

/// As many as there are with the pool.
pub(in crate::engine) fn planned(options: &Options) -> u32 {
    places(options, MAPPINGS_PER_PLACE)
}

fn pool(options: &Options, places: u32) -> PoolingAllocationConfig {
    // Some to spare: a guest with several stacks or memories takes those of others.
    let spare = |each: u32| places.saturating_mul(each) + places / PLACES_PER_SPARE + 8;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(spare(1))
        .total_core_instances(spare(options.instances_max))
        .total_memories(spare(1).max(options.memories_max))
        .total_tables(spare(2).max(options.tables_max))
        .total_stacks(spare(1))
        .max_core_instances_per_component(options.instances_max)
        .max_memories_per_component(options.memories_max)
        .max_tables_per_component(options.tables_max)
        .max_memories_per_module(options.memories_max)
        .max_tables_per_module(options.tables_max)
        .max_memory_size(options.memory_bytes())
        .table_elements(options.table_elements_max)
        .max_unused_warm_slots(WARM_SLOTS);
    pool
}

/// What any workflow may import.
pub(super) fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    // Its `wasi:io` and standard streams; clocks and random numbers are replaced.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(l)?;
    l.allow_shadowing(true);
    clocks::link(l)?;
    random::link(l)?;
    l.allow_shadowing(false);
    cli::exit::add_to_linker::<_, WasiCli>(l, Guest::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, Guest::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, Guest::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, Guest::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, Guest::cli)?;
    // Guests import files without using them. Nothing is opened beforehand, so there is nothing
    // to reach from here.
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, Guest::filesystem)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(l, Guest::filesystem)?;
    task::add_to_linker::<_, wasmtime::component::HasSelf<Guest>>(l, |guest| guest)?;
    host::link(l)?;
    Ok(linker)
}

/// What this component imports beyond that.
pub(super) fn complete(linker: &mut Linker<Guest>, component: &Component) -> Result<()> {
    typed::link(linker, component)?;
    stubs::link(linker, component, |interface| {
        let for_tasks =
            interface.starts_with("wasi:http/") || interface.starts_with("wasi:sockets/");
        for_tasks.then_some(FOR_TASKS)
    })
}
