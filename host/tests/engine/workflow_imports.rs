//! Calls by type, and imports that a workflow, or a task, may not use.

use windlass::engine::{Ended, Kind, Request};
use windlass::model::{FailureKind, Outcome};

use crate::script::{Guest, Reply, Script, arguments, error, never, value};
use crate::support::{engine, feed, whole};

fn durable() -> Guest {
    Guest::new(engine(), "durable", Kind::Workflow)
}

#[tokio::test]
async fn a_call_by_type_takes_and_gives_records() {
    let script = Script::new();
    let picture = r#"{"name":"é","bytes":"AAH/","sizes":[{"width":1,"height":2}],"quality":null}"#;
    let keeper = script.keeper(|_| Reply::Later(value(r#"[{"width":3,"height":4}]"#)));

    let value = durable()
        .value("scaled", &format!("[{picture}]"), keeper)
        .await;

    assert_eq!(value, r#"[{"width":3,"height":4}]"#);
    let asked = script.asked();
    let Request::Call {
        interface,
        function,
        ..
    } = &asked[0]
    else {
        panic!("{asked:?}");
    };
    assert_eq!(
        (interface.as_str(), function.as_str()),
        ("test:durable/jobs", "scale")
    );
    assert_eq!(arguments(&asked[0]), format!("[{picture}]"));
}

#[tokio::test]
async fn the_err_of_a_call_by_type_is_the_guests_to_handle() {
    let keeper = Script::new().keeper(|_| Reply::Later(error("{\"too-large\":9}")));
    let picture = r#"{"name":"a","bytes":"","sizes":[],"quality":3}"#;

    let failure = durable()
        .failure("scaled", &format!("[{picture}]"), keeper)
        .await;

    assert_eq!(failure.kind, FailureKind::Guest, "{failure:?}");
    assert_eq!(failure.payload.unwrap().get(), "{\"too-large\":9}");
}

#[tokio::test]
async fn a_call_by_type_may_give_nothing() {
    let keeper = Script::new().keeper(|_| Reply::Later(value("null")));

    assert_eq!(durable().value("forgotten", "[]", keeper).await, "null");
}

#[tokio::test]
async fn a_value_of_another_type_names_the_call() {
    let keeper = Script::new().keeper(|_| Reply::Later(value("\"two\"")));

    let failure = durable().failure("doubled", "[1]", keeper).await;

    assert_eq!(failure.kind, FailureKind::Trap, "{failure:?}");
    assert!(
        failure.message.contains("test:durable/jobs#double"),
        "{failure:?}"
    );
    assert!(failure.message.contains("expected u32"), "{failure:?}");
}

#[tokio::test]
async fn an_import_that_takes_more_than_values_is_named_when_it_is_called() {
    let failure = durable()
        .failure("made", "[]", Script::new().keeper(never))
        .await;

    assert!(
        failure.message.contains("test:durable/things#make"),
        "{failure:?}"
    );
    assert!(failure.message.contains("resource"), "{failure:?}");
}

#[tokio::test]
async fn connections_are_for_tasks() {
    let failure = durable()
        .failure("connects", "[]", Script::new().keeper(never))
        .await;

    assert_eq!(failure.kind, FailureKind::Trap, "{failure:?}");
    assert!(failure.message.contains("wasi:sockets/"), "{failure:?}");
    assert!(failure.message.contains("Tasks may"), "{failure:?}");
}

#[tokio::test]
async fn there_are_no_files() {
    let value = durable()
        .value("reads", "[]", Script::new().keeper(never))
        .await;

    assert!(value.starts_with("\"refused: "), "{value}");
}

#[tokio::test]
async fn a_task_that_calls_what_is_for_workflows_is_told_so() {
    let guest = Guest::new(engine(), "durable", Kind::Task);
    let cases = [
        ("sleeps", "[1]", "windlass:host/workflow@0.1.0#sleep"),
        ("doubled", "[1]", "test:durable/jobs#double"),
    ];
    for (function, arguments, import) in cases {
        let call = guest.call(function, arguments);

        let ended = guest
            .engine
            .run(&guest.program, call, feed(&guest.engine), whole())
            .await;

        let Ended::Outcome(Outcome::Error(failure)) = ended else {
            panic!("{ended:?}");
        };
        assert_eq!(failure.kind, FailureKind::Trap);
        assert!(failure.message.contains(import), "{failure:?}");
        assert!(
            failure.message.contains("only workflows may"),
            "{failure:?}"
        );
    }
}
