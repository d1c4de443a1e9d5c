//! How workflows end, leave, and share the room that there is.

use std::time::Duration;

use bytes::Bytes;
use windlass::engine::{Answer, Ended, Engine, Fence, Halt, Kind, Options, Request};
use windlass::model::{Failure, FailureKind, Outcome};

use crate::script::{Guest, Reply, Script, never, value};
use crate::support::{assert_limit, engine, feed, options, whole};

fn durable() -> Guest {
    Guest::new(engine(), "durable", Kind::Workflow)
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
async fn a_workflow_that_computes_is_ended_by_its_timeout() {
    let (guest, script) = (durable(), Script::new());
    let mut call = guest.call("spins", "[]");
    call.timeout = Some(Duration::from_millis(20));

    let ended = guest.end(call, script.keeper(never)).await;

    let Ended::Outcome(Outcome::Error(failure)) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(failure.kind, FailureKind::Timeout, "{failure:?}");
    assert_eq!(script.ended().len(), 1);
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
