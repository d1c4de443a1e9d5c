//! What a workflow asks and is answered, and how it ends.

use std::time::Duration;

use bytes::Bytes;
use windlass::engine::{
    Answer, Ended, Engine, Fence, Halt, HandleNumber, Kind, NamedCall, Options, Request,
};
use windlass::model::{Failure, FailureKind, Moment, Outcome, State};

use crate::script::{Guest, Reply, Script, arguments, error, handles, value};
use crate::support::{assert_limit, engine, feed, options, whole};

fn durable() -> Guest {
    Guest::new(engine(), "durable", Kind::Workflow)
}

fn named(task: &str, arguments: &str) -> NamedCall {
    NamedCall {
        queue: Some("work".to_owned()),
        task: task.to_owned(),
        arguments: arguments.to_owned(),
        id: None,
        priority: None,
        timeout_ms: None,
        detached: false,
    }
}

/// Waits for ever, whatever is asked.
fn never(_: &Request) -> Reply {
    Reply::Never
}

#[tokio::test]
async fn calls_by_name_are_enqueued_before_the_first_is_waited_for() {
    let script = Script::new();
    let mut enqueued = 0;
    let keeper = script.keeper(move |request| match request {
        Request::Enqueue(call) if call.task == "no" => Reply::Now(Answer::Refused(
            "task-unknown".to_owned(),
            "there is no such task".to_owned(),
        )),
        Request::Enqueue(_) => {
            enqueued += 1;
            Reply::Now(handles(enqueued - 1, 1))
        }
        Request::Result(HandleNumber(0)) => Reply::Later(value("{\"n\":1}")),
        Request::Result(_) => Reply::Now(error("\"bad\"")),
        request => panic!("{request:?}"),
    });

    let value = durable()
        .value("by-name", "[[\"a\",\"no\",\"b\"]]", keeper)
        .await;

    let expected = [
        "{\"n\":1}",
        "task-unknown: there is no such task",
        "guest: the task returned an error: \"bad\"",
    ];
    assert_eq!(
        serde_json::from_str::<Vec<String>>(&value).unwrap(),
        expected
    );
    assert_eq!(
        script.asked(),
        [
            Request::Enqueue(named("a", "[]")),
            Request::Enqueue(named("no", "[]")),
            Request::Enqueue(named("b", "[]")),
            Request::Result(HandleNumber(0)),
            Request::Result(HandleNumber(1)),
        ]
    );
    assert_eq!(script.ended().len(), 1);
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
async fn handles_are_borrowed_and_dropped() {
    let script = Script::new();
    let keeper = script.keeper(|request| match request {
        Request::EnqueueMany(_) => Reply::Now(handles(0, 2)),
        Request::WaitAny(..) => Reply::Later(Answer::Index(Some(1))),
        Request::WaitAll(_, None) => Reply::Later(Answer::Flag(true)),
        Request::WaitAll(..) => Reply::Later(Answer::Flag(false)),
        Request::Status(_) => Reply::Now(Answer::State(State::Running)),
        Request::Find(_) => Reply::Now(Answer::Refused("invocation-unknown".into(), "".into())),
        Request::Receive(..) => Reply::Later(Answer::Text(Some("true".to_owned()))),
        Request::StepBegin(name) if name == "charge" => Reply::Now(Answer::Text(None)),
        Request::StepBegin(_) => Reply::Now(Answer::Text(Some("4".to_owned()))),
        _ => Reply::Now(Answer::Done),
    });

    let value = durable().value("everything", "[]", keeper).await;

    let told: Vec<String> = serde_json::from_str(&value).unwrap();
    let expected = [
        "child-0",
        "child-1",
        "Some(1)",
        "true",
        "false",
        "State::Running",
        "invocation-unknown",
        "Some(\"true\")",
        "None",
        "Some(\"4\")",
    ];
    assert_eq!(told, expected);
    let (zero, one) = (HandleNumber(0), HandleNumber(1));
    assert_eq!(
        script.asked(),
        [
            Request::EnqueueMany(vec![named("a", "[1]"), named("b", "{\"x\":2}")]),
            Request::WaitAny(vec![zero, one], Some(5)),
            Request::WaitAll(vec![zero, one], None),
            Request::WaitAll(vec![one], Some(7)),
            Request::Status(one),
            Request::Cancel(one),
            Request::Find("other".to_owned()),
            Request::Publish("progress".to_owned(), "{\"done\":1}".to_owned()),
            Request::Receive("approval".to_owned(), Some(9)),
            Request::StepBegin("charge".to_owned()),
            Request::StepEnd("3".to_owned()),
            Request::StepBegin("charge again".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_workflow_that_goes_on_as_new_has_no_outcome() {
    let script = Script::new();
    let keeper = script.keeper(|request| match request {
        Request::ContinueAsNew(_) => Reply::Halt(Halt::Restart(Bytes::from_static(b"[2]"))),
        request => panic!("{request:?}"),
    });
    let guest = durable();

    let ended = guest.end(guest.call("again", "[\"[2]\"]"), keeper).await;

    assert!(
        matches!(&ended, Ended::Restart(arguments) if arguments == "[2]"),
        "{ended:?}"
    );
    assert!(script.ended().is_empty());
}

#[tokio::test]
async fn what_the_keeper_refuses_is_the_outcome() {
    let failed = |_: &Request| {
        Reply::Halt(Halt::failed(
            FailureKind::Nondeterminism,
            "the replay differs at step 3",
        ))
    };

    let failure = durable()
        .failure("doubled", "[1]", Script::new().keeper(failed))
        .await;

    assert_eq!(failure.kind, FailureKind::Nondeterminism);
    assert_eq!(failure.message, "the replay differs at step 3");
}

#[tokio::test]
async fn what_the_keeper_says_at_the_end_stands() {
    let script = Script::new();
    let keeper = script
        .keeper(|_| Reply::Now(value("2")))
        .at_the_end(Halt::Fenced);
    let guest = durable();

    let ended = guest.end(guest.call("doubled", "[1]"), keeper).await;

    assert!(matches!(ended, Ended::Fenced), "{ended:?}");
    assert_eq!(script.ended().len(), 1);
}

#[tokio::test]
async fn a_workflow_that_leaves_gives_back_its_place() {
    let guest = durable();
    let script = Script::new();
    let keeper = script.keeper(|_| Reply::Halt(Halt::Away));

    let ended = guest.end(guest.call("doubled", "[1]"), keeper).await;

    assert!(matches!(ended, Ended::Away), "{ended:?}");
    assert!(script.ended().is_empty());
    assert_eq!(guest.engine.workflow_places_free(), 16);
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
async fn endless_computing_is_a_limit_of_instructions() {
    let engine = Engine::new(&Options {
        workflow_fuel_max: 1_000_000,
        ..options()
    });
    let guest = Guest::new(engine.unwrap(), "durable", Kind::Workflow);

    let failure = guest
        .failure("spins", "[]", Script::new().keeper(never))
        .await;

    assert_limit(&failure, "workflow_fuel_max");
}

#[tokio::test]
async fn a_panic_is_told_with_its_last_words() {
    let script = Script::new();
    let keeper = script.keeper(|_| Reply::Later(Answer::Done));

    let failure = durable().failure("panics", "[]", keeper).await;

    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(failure.message.contains("it went wrong"), "{failure:?}");
    assert_eq!(script.ended().len(), 1);
}

#[tokio::test]
async fn a_broken_fence_ends_it_while_it_waits_and_while_it_computes() {
    for function in ["forgotten", "spins"] {
        let (guest, script, fence) = (durable(), Script::new(), whole());
        let call = guest.call(function, "[]");

        let run = guest.under(fence.clone(), call, script.keeper(never));
        let (ended, ()) = tokio::join!(run, cut(function, &script, &fence));

        assert!(matches!(ended, Ended::Fenced), "{ended:?}");
        assert!(script.ended().is_empty());
    }
}

async fn cut(function: &str, script: &Script, fence: &Fence) {
    match function {
        "spins" => tokio::task::yield_now().await,
        _ => script.quiet.notified().await,
    }
    fence.cut();
}

#[tokio::test]
async fn cancelling_ends_it_while_it_waits_and_while_it_computes() {
    for function in ["forgotten", "spins"] {
        let (guest, script) = (durable(), Script::new());
        let call = guest.call(function, "[]");
        let cancel = call.cancel.clone();

        let run = guest.end(call, script.keeper(never));
        let (ended, ()) = tokio::join!(run, async {
            match function {
                "spins" => tokio::task::yield_now().await,
                _ => script.quiet.notified().await,
            }
            cancel.cancel();
        });

        assert!(matches!(ended, Ended::Cancelled), "{ended:?}");
    }
}

#[tokio::test]
async fn the_timeout_counts_computing_and_not_waiting() {
    let guest = durable();
    let mut spins = guest.call("spins", "[]");
    spins.timeout = Some(Duration::from_millis(20));
    let script = Script::new();
    let mut waits = guest.call("forgotten", "[]");
    waits.timeout = Some(Duration::from_millis(200));
    let (fence, late) = (whole(), script.clone());

    let spun = guest.end(spins, Script::new().keeper(never)).await;
    let (waited, ()) = tokio::join!(
        guest.under(fence.clone(), waits, script.keeper(never)),
        async {
            late.quiet.notified().await;
            tokio::time::sleep(Duration::from_millis(400)).await;
            fence.cut();
        }
    );

    let Ended::Outcome(Outcome::Error(failure)) = spun else {
        panic!("{spun:?}");
    };
    assert_eq!(failure.kind, FailureKind::Timeout, "{failure:?}");
    assert!(matches!(waited, Ended::Fenced), "{waited:?}");
}

#[tokio::test]
async fn a_full_pool_lets_the_next_one_wait_for_a_place() {
    let engine = Engine::new(&Options {
        workflows_max: 1,
        ..options()
    });
    let guest = Guest::new(engine.unwrap(), "durable", Kind::Workflow);
    let (first, second) = (Script::new(), Script::new());
    let call = guest.call("forgotten", "[]");
    let cancel = call.cancel.clone();
    let next = guest.call("doubled", "[1]");

    let (one, two) = tokio::join!(guest.end(call, first.keeper(never)), async {
        first.quiet.notified().await;
        assert_eq!(guest.engine.workflow_places_free(), 0);
        cancel.cancel();
        guest
            .end(next, second.keeper(|_| Reply::Now(value("2"))))
            .await
    });

    assert!(matches!(one, Ended::Cancelled), "{one:?}");
    assert!(matches!(two, Ended::Outcome(Outcome::Value(_))), "{two:?}");
}

#[tokio::test]
async fn thousands_wait_at_once_without_a_thread() {
    let engine = Engine::new(&Options {
        workflows_max: 2_000,
        memory_max_bytes: 16 << 20,
        ..options()
    });
    let guest = std::sync::Arc::new(Guest::new(engine.unwrap(), "durable", Kind::Workflow));
    let scripts: Vec<_> = (0..2_000).map(|_| Script::new()).collect();
    let fence = whole();
    let runs: Vec<_> = scripts
        .iter()
        .map(|script| {
            let (guest, fence, keeper) = (guest.clone(), fence.clone(), script.keeper(never));
            tokio::spawn(async move {
                let call = guest.call("forgotten", "[]");
                guest.under(fence, call, keeper).await
            })
        })
        .collect();

    for script in &scripts {
        script.quiet.notified().await;
    }
    let free = guest.engine.workflow_places_free();
    fence.cut();

    assert_eq!(free, 0);
    for run in runs {
        let ended = run.await.unwrap();
        assert!(matches!(ended, Ended::Fenced), "{ended:?}");
    }
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

#[tokio::test]
async fn a_program_of_the_other_kind_is_a_failure_of_the_component() {
    let guest = durable();
    let call = guest.call("reads", "[]");

    let ended = guest
        .engine
        .run(&guest.program, call, feed(&guest.engine), whole())
        .await;

    let Ended::Outcome(Outcome::Error(Failure { kind, .. })) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(kind, FailureKind::Component);
}

#[tokio::test]
async fn the_time_is_answered_in_milliseconds() {
    let keeper = Script::new().keeper(|request| match request {
        Request::Now => Reply::Now(Answer::Time(Moment(1_700_000_000_123_456))),
        _ => Reply::Later(Answer::Done),
    });

    let value = durable().value("clocks", "[5]", keeper).await;

    let clocks: Vec<u64> = serde_json::from_str(&value).unwrap();
    assert_eq!(clocks[0], 1_700_000_000_123);
}
