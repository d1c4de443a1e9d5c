//! What a guest tells arrives, bounded.

use windlass::engine::{Ended, Engine, Options};
use windlass::model::Outcome;

use crate::support::{component, feed, nothing, options, program, whole};

const TASK: &str = r#"
  (import "windlass:host/task@0.1.0" (instance $task
    (type $names (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $names)))
    (export "log" (func (param "level" $level) (param "message" string)))
    (export "progress" (func (param "done" u64) (param "total" u64) (param "note" string)))))"#;

const LOWERED: &str = r#"
  (core func $log (canon lower (func $task "log") (memory $memory)))
  (core func $progress (canon lower (func $task "progress") (memory $memory)))
  (core instance $host (export "log" (func $log)) (export "progress" (func $progress)))"#;

/// Logs `hello` so often, then reports its progress.
fn logs(times: u32) -> String {
    component(
        TASK,
        LOWERED,
        "",
        &format!(
            r#"(import "libc" "memory" (memory 1))
               (import "host" "log" (func $log (param i32 i32 i32)))
               (import "host" "progress" (func $progress (param i64 i64 i32 i32)))
               (data (i32.const 16) "hello")
               (func (export "run")
                 (local $i i32)
                 (loop $more
                   (call $log (i32.const 2) (i32.const 16) (i32.const 5))
                   (local.set $i (i32.add (local.get $i) (i32.const 1)))
                   (br_if $more (i32.lt_u (local.get $i) (i32.const {times}))))
                 (call $progress (i64.const 1) (i64.const 2) (i32.const 16) (i32.const 4)))"#
        ),
    )
}

#[tokio::test]
async fn a_log_line_and_a_report_of_progress_arrive() {
    let engine = Engine::new(&options()).unwrap();
    let (program, feed) = (program(&engine, &logs(1)), feed(&engine));

    let ended = engine.run(&program, nothing(), feed.clone(), whole()).await;

    assert!(matches!(ended, Ended::Outcome(Outcome::Value(value)) if value.get() == "null"));
    assert_eq!(feed.take_log(), "[info] hello\n");
    let progress = feed.take_progress().unwrap();
    assert_eq!((progress.done, progress.total), (1, 2));
    assert_eq!(progress.note, "hell");
}

#[tokio::test]
async fn endless_logging_keeps_the_beginning_and_counts_the_rest() {
    let engine = Engine::new(&Options {
        output_max_bytes: 130,
        ..options()
    })
    .unwrap();
    let (program, feed) = (program(&engine, &logs(100_000)), feed(&engine));

    let ended = engine.run(&program, nothing(), feed.clone(), whole()).await;

    assert!(
        matches!(ended, Ended::Outcome(Outcome::Value(_))),
        "{ended:?}"
    );
    let log = feed.take_log();
    assert_eq!(log.matches("[info] hello\n").count(), 10);
    assert_eq!(feed.dropped(), 99_990 * 13);
    assert!(log.ends_with("1299870 more bytes of output were dropped (output_max_bytes is 130)\n"));
}
