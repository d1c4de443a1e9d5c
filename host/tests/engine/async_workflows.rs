//! Workflows with `async func`s: many calls in flight, and gates that open in any order.

use std::sync::Arc;

use windlass::engine::{Answer, Ended, Kind, Request};
use windlass::model::{FailureKind, Outcome};

use crate::script::{Guest, Reply, Script, arguments, error, value};
use crate::support::{engine, feed, whole};

fn durable() -> Guest {
    Guest::new(engine(), "durable_async", Kind::Workflow)
}

/// The argument of a call that takes one number.
fn number(request: &Request) -> u32 {
    serde_json::from_str::<[u32; 1]>(arguments(request)).unwrap()[0]
}

fn doubles(request: &Request) -> Reply {
    match request {
        Request::Call { .. } => Reply::Later(value(&(2 * number(request)).to_string())),
        _ => Reply::Later(Answer::Done),
    }
}

/// An order that nobody would choose.
fn odd(closed: usize) -> usize {
    closed * 7 / 11
}

#[tokio::test]
async fn a_thousand_calls_are_in_flight_before_the_first_is_answered() {
    let script = Script::new();
    let keeper = script.keeper(doubles).in_order(odd);

    let value = durable().value("many", "[1000]", keeper).await;

    let expected: Vec<u32> = (0..1_000).map(|n| 2 * n).collect();
    assert_eq!(serde_json::from_str::<Vec<u32>>(&value).unwrap(), expected);
    let asked: Vec<u32> = script.asked().iter().map(number).collect();
    assert_eq!(asked, (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn completions_come_in_the_order_in_which_their_gates_open() {
    let guest = durable();
    let (one, two) = (Script::new(), Script::new());

    let first = guest
        .value("finished", "[1000]", one.keeper(doubles).in_order(odd))
        .await;
    let second = guest
        .value("finished", "[1000]", two.keeper(doubles).in_order(odd))
        .await;

    assert_eq!(first, second);
    assert_eq!(
        serde_json::from_str::<Vec<u32>>(&first).unwrap(),
        one.opened()
    );
    assert_ne!(one.opened(), (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn gates_that_open_while_the_guest_is_blocked_are_not_lost() {
    let guest = durable();
    let run = async |script: &Script| {
        // The gate of the sleep is the last that was asked for, and opens in the middle.
        let mut turns = 0;
        let keeper = script.keeper(doubles).in_order(move |closed| {
            turns += 1;
            if turns == 50 {
                closed - 1
            } else {
                odd(closed - 1)
            }
        });
        guest.value("blocked", "[100,10]", keeper).await
    };
    let (one, two) = (Script::new(), Script::new());

    let (first, second) = (run(&one).await, run(&two).await);

    assert_eq!(first, second);
    assert_eq!(one.asked(), two.asked());
    assert_eq!(one.opened(), two.opened());
    let numbers: Vec<u32> = serde_json::from_str(&first).unwrap();
    assert_eq!(numbers.len(), 100);
}

#[tokio::test]
async fn whoever_lost_a_race_may_be_dropped() {
    let script = Script::new();
    let keeper = script.keeper(doubles).in_order(|closed| closed - 1);

    let value = durable().value("race", "[]", keeper).await;

    assert_eq!(value, "4006");
    assert_eq!(script.opened(), [1, 2]);
}

#[tokio::test]
async fn values_and_errors_of_async_calls_are_typed() {
    let keeper = Script::new().keeper(|request| {
        Reply::Later(match number(request) {
            1 => error("\"odd\""),
            n => value(&n.to_string()),
        })
    });

    let value = durable().value("checked", "[3]", keeper).await;

    assert_eq!(value, r#"["ok 0","err odd","ok 2"]"#);
}

#[tokio::test]
async fn a_guest_that_waits_for_nothing_is_told_so() {
    let script = Script::new();

    let failure = durable()
        .failure("lost", "[]", script.keeper(doubles))
        .await;

    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(failure.message.contains("can never happen"), "{failure:?}");
    assert_eq!(script.ended().len(), 1);
}

#[tokio::test]
async fn an_async_function_is_a_task_as_well() {
    let guest = Guest::new(engine(), "durable_async", Kind::Task);
    let run = async |function: &str, arguments: &str| {
        let call = guest.call(function, arguments);
        let feed = feed(&guest.engine);
        guest.engine.run(&guest.program, call, feed, whole()).await
    };

    let echoed = run("echo", "[\"é\"]").await;
    let called = run("many", "[2]").await;

    let Ended::Outcome(Outcome::Value(value)) = echoed else {
        panic!("{echoed:?}");
    };
    assert_eq!(value.get(), "\"é\"");
    let Ended::Outcome(Outcome::Error(failure)) = called else {
        panic!("{called:?}");
    };
    assert!(
        failure.message.contains("test:durable/jobs#double"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn many_guests_do_not_disturb_each_other() {
    let guest = Arc::new(durable());
    let runs: Vec<_> = (0..12)
        .map(|_| {
            let guest = guest.clone();
            tokio::spawn(async move {
                let keeper = Script::new().keeper(doubles).in_order(odd);
                guest.value("finished", "[200]", keeper).await
            })
        })
        .collect();

    let mut values = Vec::new();
    for run in runs {
        values.push(run.await.unwrap());
    }

    assert!(values.iter().all(|value| *value == values[0]));
}
