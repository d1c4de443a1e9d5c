//! When the fence is over, nothing executes any more.

use std::sync::Arc;
use std::time::Duration;

use windlass::engine::{Ended, Fence};
use windlass::model::clock::since_boot;

use crate::support::{component, engine, feed, nothing, plain, program, whole};

pub const CLOCK: &str = r#"
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $pollable (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))"#;

/// A guest that waits for a timer that never rings.
pub fn waits() -> String {
    component(
        CLOCK,
        r#"(core func $subscribe (canon lower (func $clock "subscribe-duration")))
           (core func $block (canon lower (func $poll "[method]pollable.block")))
           (core instance $host
             (export "subscribe" (func $subscribe)) (export "block" (func $block)))"#,
        "",
        r#"(import "host" "subscribe" (func $subscribe (param i64) (result i32)))
           (import "host" "block" (func $block (param i32)))
           (func (export "run")
             (call $block (call $subscribe (i64.const 0x00ffffffffffffff))))"#,
    )
}

fn spins() -> String {
    plain("", "(func (export \"run\") (loop $again (br $again)))")
}

#[tokio::test]
async fn a_cut_ends_a_guest_that_spins_and_one_that_waits() {
    let engine = engine();
    for text in [spins(), waits()] {
        let program = program(&engine, &text);
        let fence = whole();

        let run = engine.run(&program, nothing(), feed(&engine), fence.clone());
        let (ended, ()) = tokio::join!(run, async {
            tokio::task::yield_now().await;
            fence.cut();
        });

        assert!(matches!(ended, Ended::Fenced), "{ended:?}");
    }
}

#[tokio::test]
async fn a_fence_that_nobody_renews_ends_them_by_itself() {
    let engine = engine();
    for text in [spins(), waits()] {
        let program = program(&engine, &text);
        let fence = Arc::new(Fence::new());
        fence.renew(since_boot() + Duration::from_millis(40));

        let ended = engine.run(&program, nothing(), feed(&engine), fence).await;

        assert!(matches!(ended, Ended::Fenced), "{ended:?}");
    }
}

#[tokio::test]
async fn nothing_starts_under_a_fence_that_is_over() {
    let engine = engine();
    let program = program(&engine, &plain("", "(func (export \"run\"))"));
    let fence = whole();
    fence.cut();

    let ended = engine.run(&program, nothing(), feed(&engine), fence).await;

    assert!(matches!(ended, Ended::Fenced), "{ended:?}");
}
