//! Values of every type go through a guest and come back; what a hostile guest makes up is a trap.

mod echo;
mod hostile;
mod later;
mod vals;

use wasmtime::component::{Component, Instance, Linker};
use wasmtime::{Config, Engine, Store};

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn engine(with_async: bool) -> Engine {
    let mut config = Config::new();
    config
        .concurrency_support(with_async)
        .wasm_component_model_map(true)
        .wasm_component_model_fixed_length_lists(true);
    Engine::new(&config).unwrap()
}

fn instance(linker: &Linker<()>, text: &str) -> (Store<()>, Instance) {
    let engine = linker.engine();
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let component = Component::new(engine, bytes);
    let component = component.unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let mut store = Store::new(engine, ());
    store.set_hostcall_fuel(16 << 20);
    let instance = linker.instantiate_async(&mut store, &component);
    let instance = block_on(instance).unwrap();
    (store, instance)
}

/// A memory, and an allocator that never frees.
const LIBC: &str = r#"
  (core module $libc
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (block $enough
        (br_if $enough (i32.lt_u (global.get $next) (i32.shl (memory.size) (i32.const 16))))
        (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16))))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))"#;
