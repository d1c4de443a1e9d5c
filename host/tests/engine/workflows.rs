//! What a workflow asks by name, and what it is answered.

use windlass::engine::{Answer, HandleNumber, Kind, NamedCall, Request};
use windlass::model::{Moment, State};

use crate::script::{Guest, Reply, Script, error, handles, value};
use crate::support::engine;

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
        controls: Default::default(),
        detached: false,
    }
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
async fn the_time_is_answered_in_milliseconds() {
    let keeper = Script::new().keeper(|request| match request {
        Request::Now => Reply::Now(Answer::Time(Moment(1_700_000_000_123_456))),
        _ => Reply::Later(Answer::Done),
    });

    let value = durable().value("clocks", "[5]", keeper).await;

    let clocks: Vec<u64> = serde_json::from_str(&value).unwrap();
    assert_eq!(clocks[0], 1_700_000_000_123);
}
