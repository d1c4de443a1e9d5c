//! How a guest ends that does not return.

use windlass::engine::{Ended, Error, Kind};
use windlass::model::FailureKind;

use crate::support::{
    call, component, engine, failure, feed, function, nothing, plain, program, value, whole,
};

const EXIT: &str = r#"(import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))"#;

fn exits(code: u32) -> String {
    component(
        EXIT,
        r#"(core func $exit (canon lower (func $exit "exit")))
           (core instance $host (export "exit" (func $exit)))"#,
        "",
        &format!(
            r#"(import "host" "exit" (func $exit (param i32)))
               (func (export "run") (call $exit (i32.const {code})))"#
        ),
    )
}

#[tokio::test]
async fn a_trap_names_the_functions_innermost_first() {
    let text = plain(
        "",
        r#"(func $inner unreachable)
           (func $_ZN6images5scale17h0123456789abcdefE (call $inner))
           (func $outer (export "run") (call $_ZN6images5scale17h0123456789abcdefE))"#,
    );

    let failure = failure(&engine(), &text, nothing()).await;

    assert_eq!(failure.kind, FailureKind::Trap, "{failure:?}");
    assert!(failure.message.contains("unreachable"), "{failure:?}");
    assert!(failure.backtrace[0].starts_with("inner"), "{failure:?}");
    assert!(
        failure.backtrace[1].starts_with("images::scale at"),
        "{failure:?}"
    );
    assert!(failure.backtrace[2].starts_with("outer"), "{failure:?}");
}

#[tokio::test]
async fn an_exit_before_returning_is_a_trap_that_names_the_code() {
    for code in [0, 1] {
        let failure = failure(&engine(), &exits(code), nothing()).await;

        assert_eq!(failure.kind, FailureKind::Trap, "{failure:?}");
        let message = format!("exited with code {code}");
        assert!(failure.message.contains(&message), "{failure:?}");
    }
}

#[tokio::test]
async fn the_next_attempt_is_not_harmed_by_a_trap() {
    let engine = engine();
    let text = plain(
        "(param \"trap\" u32) (result u32)",
        r#"(func (export "run") (param i32) (result i32)
             (if (local.get 0) (then unreachable)) (i32.const 7))"#,
    );
    let signature = || {
        function(
            &[("trap", windlass::values::Type::U32)],
            Some(windlass::values::Type::U32),
        )
    };

    failure(&engine, &text, call(signature(), "[1]")).await;

    assert_eq!(value(&engine, &text, call(signature(), "[0]")).await, "7");
}

#[tokio::test]
async fn a_cancelled_guest_ends_without_an_outcome() {
    let engine = engine();
    let spins = plain("", "(func (export \"run\") (loop $again (br $again)))");
    for text in [spins, crate::fencing::waits()] {
        let program = program(&engine, &text);
        let call = nothing();
        let cancel = call.cancel.clone();

        let run = engine.run(&program, call, feed(&engine), whole());
        let (ended, ()) = tokio::join!(run, async {
            tokio::task::yield_now().await;
            cancel.cancel();
        });

        assert!(matches!(ended, Ended::Cancelled), "{ended:?}");
    }
}

#[tokio::test]
async fn a_function_that_is_not_there_is_a_failure_of_the_component() {
    let mut call = nothing();
    call.interface = Some("demo:a/b".to_owned());

    let failure = failure(&engine(), &plain("", "(func (export \"run\"))"), call).await;

    assert_eq!(failure.kind, FailureKind::Component);
    assert!(failure.message.contains("demo:a/b#run"), "{failure:?}");
}

#[test]
fn an_unknown_import_is_named_when_it_is_compiled() {
    let text = r#"(component (import "wasi:keyvalue/store@0.2.0" (instance
        (export "get" (func)))))"#;

    let error = engine()
        .compile(&wat::parse_str(text).unwrap(), Kind::Task)
        .unwrap_err();

    assert!(matches!(error, Error::Import(_)), "{error}");
    assert!(
        error.to_string().contains("wasi:keyvalue/store@0.2.0"),
        "{error}"
    );
}

#[test]
fn bytes_that_are_no_component_are_refused() {
    let error = engine().compile(b"\0asm nonsense", Kind::Task).unwrap_err();

    assert!(matches!(error, Error::Compile(_)), "{error}");
}
