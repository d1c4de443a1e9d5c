//! Every limit ends the guest that reaches it, under its own name.

use std::time::Duration;

use windlass::engine::{Engine, Options};
use windlass::model::FailureKind;
use windlass::values::Type;

use crate::support::{
    assert_limit, call, component, engine, failure, function, nothing, number, options, plain,
    value,
};

/// Grows its memory by so many pages at a time until it is refused, then gives up as Rust does.
const GRAB: &str = r#"
  (memory 1)
  (func (export "run")
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 160)) (i32.const -1))))
    unreachable)"#;

const SPIN: &str = r#"(func $spin (loop $again (br $again))) (func (export "run") (call $spin))"#;

#[tokio::test]
async fn a_trap_after_a_refused_growth_is_a_memory_limit() {
    let failure = failure(&engine(), &plain("", GRAB), nothing()).await;

    assert_limit(&failure, "memory_max_bytes");
    assert!(failure.message.contains("134217728"), "{failure:?}");
    assert!(!failure.backtrace.is_empty());
}

#[tokio::test]
async fn a_memory_limit_can_be_lowered() {
    let engine = Engine::new(&Options {
        memory_max_bytes: 1 << 20,
        ..options()
    })
    .unwrap();

    let failure = failure(&engine, &plain("", GRAB), nothing()).await;

    assert_limit(&failure, "memory_max_bytes");
    assert!(failure.message.contains("1048576"), "{failure:?}");
}

#[tokio::test]
async fn a_growth_that_is_refused_and_survived_is_no_failure() {
    let text = plain(
        "(result u32)",
        r#"(memory 1)
           (func (export "run") (result i32)
             (i32.eq (memory.grow (i32.const 30000)) (i32.const -1)))"#,
    );

    assert_eq!(value(&engine(), &text, number()).await, "1");
}

#[tokio::test]
async fn a_table_that_grows_too_large_is_a_table_limit() {
    let text = plain(
        "",
        r#"(table $t 1 funcref)
           (func (export "run")
             (if (i32.eq (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1))
               (then unreachable)))"#,
    );

    let failure = failure(&engine(), &text, nothing()).await;

    assert_limit(&failure, "table_elements_max");
}

#[tokio::test]
async fn endless_recursion_is_a_stack_limit() {
    let text = plain(
        "",
        r#"(func $down (export "run") (call $down) (call $down))"#,
    );

    let failure = failure(&engine(), &text, nothing()).await;

    assert_limit(&failure, "stack_max_bytes");
    assert!(failure.backtrace.len() <= 32, "{failure:?}");
}

#[tokio::test]
async fn a_guest_that_spins_is_ended_by_its_timeout() {
    let mut spin = nothing();
    spin.timeout = Some(Duration::from_millis(50));

    let failure = failure(&engine(), &plain("", SPIN), spin).await;

    assert_eq!(failure.kind, FailureKind::Timeout, "{failure:?}");
    assert!(failure.message.contains("50 ms"), "{failure:?}");
    assert!(failure.backtrace[0].contains("spin"), "{failure:?}");
}

#[tokio::test]
async fn a_guest_that_spins_while_it_is_instantiated_is_ended_as_well() {
    let text = plain(
        "",
        r#"(func $spin (loop $again (br $again))) (start $spin) (func (export "run"))"#,
    );
    let mut spin = nothing();
    spin.timeout = Some(Duration::from_millis(50));

    let failure = failure(&engine(), &text, spin).await;

    assert_eq!(failure.kind, FailureKind::Timeout, "{failure:?}");
}

#[tokio::test]
async fn a_guest_that_computes_too_long_is_ended_by_the_cpu_limit() {
    let engine = Engine::new(&Options {
        cpu_max_ms: 30,
        ..options()
    })
    .unwrap();

    let failure = failure(&engine, &plain("", SPIN), nothing()).await;

    assert_limit(&failure, "cpu_max_ms");
    assert!(failure.backtrace[0].contains("spin"), "{failure:?}");
}

#[tokio::test]
async fn a_guest_that_waits_is_ended_by_its_timeout() {
    let mut wait = nothing();
    wait.timeout = Some(Duration::from_millis(50));

    let failure = failure(&engine(), &crate::fencing::waits(), wait).await;

    assert_eq!(failure.kind, FailureKind::Timeout, "{failure:?}");
}

#[tokio::test]
async fn a_value_that_is_too_long_is_a_limit() {
    let engine = Engine::new(&Options {
        value_max_bytes: 100,
        ..options()
    })
    .unwrap();
    // A list of 99 numbers, all 0, which are 199 bytes of JSON.
    let text = plain(
        "(result (list u32))",
        r#"(import "libc" "memory" (memory 1))
           (func (export "run") (result i32)
             (i32.store (i32.const 0) (i32.const 1024))
             (i32.store (i32.const 4) (i32.const 99))
             (i32.const 0))"#,
    );
    let list = Type::List(Box::new(Type::U32));

    let failure = failure(&engine, &text, call(function(&[], Some(list)), "[]")).await;

    assert_limit(&failure, "value_max_bytes");
    assert!(failure.message.contains("100 bytes"), "{failure:?}");
}

#[tokio::test]
async fn handing_too_much_to_the_host_is_a_limit() {
    let engine = Engine::new(&Options {
        host_call_max_bytes: 1000,
        ..options()
    })
    .unwrap();
    let text = plain(
        "(result string)",
        r#"(import "libc" "memory" (memory 1))
           (func (export "run") (result i32)
             (i32.store (i32.const 0) (i32.const 1024))
             (i32.store (i32.const 4) (i32.const 2000))
             (i32.const 0))"#,
    );

    let failure = failure(
        &engine,
        &text,
        call(function(&[], Some(Type::String)), "[]"),
    )
    .await;

    assert_limit(&failure, "host_call_max_bytes");
}

#[tokio::test]
async fn asking_for_too_many_random_bytes_is_a_limit() {
    let text = component(
        r#"(import "wasi:random/random@0.2.0" (instance $random
             (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))"#,
        r#"(core func $bytes (canon lower (func $random "get-random-bytes")
             (memory $memory) (realloc (core func $realloc))))
           (core instance $host (export "bytes" (func $bytes)))"#,
        "(result u32)",
        r#"(import "libc" "memory" (memory 1))
           (import "host" "bytes" (func $bytes (param i64 i32)))
           (func (export "run") (result i32)
             (call $bytes (i64.const 16) (i32.const 0))
             (call $bytes (i64.const 0x7fffffffffffffff) (i32.const 0))
             (i32.load (i32.const 4)))"#,
    );

    let failure = failure(&engine(), &text, number()).await;

    assert_limit(&failure, "random_max_bytes");
}

#[tokio::test]
async fn hoarding_handles_is_a_limit() {
    let text = component(
        crate::fencing::CLOCK,
        r#"(core func $subscribe (canon lower (func $clock "subscribe-duration")))
           (core instance $host (export "subscribe" (func $subscribe)))"#,
        "",
        r#"(import "host" "subscribe" (func $subscribe (param i64) (result i32)))
           (func (export "run")
             (loop $more (drop (call $subscribe (i64.const 1))) (br $more)))"#,
    );

    let failure = failure(&engine(), &text, nothing()).await;

    assert_limit(&failure, "handles_max");
}

#[tokio::test]
async fn hoarding_handles_of_its_own_is_a_limit() {
    let text = r#"(component
      (type $r (resource (rep i32)))
      (core func $new (canon resource.new $r))
      (core module $main
        (import "host" "new" (func $new (param i32) (result i32)))
        (func (export "run") (loop $more (drop (call $new (i32.const 1))) (br $more))))
      (core instance $main (instantiate $main
        (with "host" (instance (export "new" (func $new))))))
      (func (export "run") (canon lift (core func $main "run"))))"#;

    let failure = failure(&engine(), text, nothing()).await;

    assert_limit(&failure, "handles_max");
}
