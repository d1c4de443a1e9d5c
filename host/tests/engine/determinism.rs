//! What could differ between two executions of a workflow, and does not.

use windlass::engine::{Answer, Feed, Kind, Request};
use windlass::model::Moment;

use crate::script::{Guest, Keeper, Reply, Script};
use crate::support::{engine, whole};

fn durable() -> Guest {
    Guest::new(engine(), "durable", Kind::Workflow)
}

fn done(request: &Request) -> Reply {
    match request {
        Request::Now => Reply::Now(Answer::Time(Moment(1_700_000_000_000_000))),
        _ => Reply::Later(Answer::Done),
    }
}

#[tokio::test]
async fn random_numbers_follow_from_the_seed() {
    let guest = durable();
    let randoms = async |seed| {
        let keeper = Script::new().keeper(done).seeded(seed);
        guest.value("randoms", "[]", keeper).await
    };

    let (one, same, other) = (
        randoms([1; 32]).await,
        randoms([1; 32]).await,
        randoms([2; 32]).await,
    );

    assert_eq!(one, same);
    let (one, other): (Vec<u64>, Vec<u64>) = (
        serde_json::from_str(&one).unwrap(),
        serde_json::from_str(&other).unwrap(),
    );
    assert_ne!(one[0], other[0]);
    assert_ne!(
        one[1], other[1],
        "the keys of hash maps come from elsewhere"
    );
}

#[tokio::test]
async fn a_sleeping_thread_asks_the_journal_and_the_clocks_move_with_its_answers() {
    let script = Script::new();

    let value = durable()
        .value("clocks", "[250]", script.keeper(done))
        .await;

    assert_eq!(script.asked(), [Request::Now, Request::Sleep(250)]);
    let clocks: Vec<u64> = serde_json::from_str(&value).unwrap();
    // The keeper's time: a millisecond for each request, a second for each gate.
    assert_eq!(clocks, [1_700_000_000_000, 1_700_000_001_002, 1_002]);
}

#[tokio::test]
async fn the_clocks_stand_still_while_a_guest_computes() {
    let (one, two) = (Script::new(), Script::new());
    let guest = durable();

    let first = guest.value("clocks", "[1]", one.keeper(done)).await;
    let second = guest.value("clocks", "[1]", two.keeper(done)).await;

    assert_eq!(first, second);
}

#[tokio::test]
async fn the_attempt_is_always_the_first() {
    let guest = durable();
    let mut call = guest.call("identity", "[]");
    call.identity.attempt = 3;

    let ended = guest.end(call, Script::new().keeper(done)).await;

    assert!(format!("{ended:?}").contains("inv-1 1"), "{ended:?}");
}

async fn tells(keeper: Keeper) -> (String, Option<u64>) {
    let guest = durable();
    let feed: std::sync::Arc<Feed> = guest.feed();
    guest
        .engine
        .run_workflow(
            &guest.program,
            guest.call("tells", "[1]"),
            feed.clone(),
            whole(),
            Box::new(keeper),
        )
        .await;
    let progress = feed.take_progress().map(|progress| progress.done);
    (feed.take_log(), progress)
}

#[tokio::test]
async fn what_was_told_before_is_not_told_again_in_a_replay() {
    let first = tells(Script::new().keeper(done)).await;
    let partly = tells(Script::new().keeper(done).replaying(1)).await;
    let wholly = tells(Script::new().keeper(done).replaying(2)).await;

    let (before, after) = (
        "out before\n[info] logged before\n",
        "err after\n[warn] logged after\n",
    );
    assert_eq!(first, (format!("{before}{after}"), Some(2)));
    assert_eq!(partly, (after.to_owned(), Some(2)));
    assert_eq!(wholly, (String::new(), None));
}

#[tokio::test]
async fn nan_is_the_same_whatever_made_it() {
    let text = crate::support::plain(
        "(param \"x\" f32) (result u32)",
        r#"(func (export "run") (param f32) (result i32)
             (i32.reinterpret_f32 (f32.div (local.get 0) (local.get 0))))"#,
    );
    let engine = engine();
    let bytes = wat::parse_str(&text).unwrap();
    let compiled = engine.compile(&bytes, Kind::Workflow).unwrap();
    // SAFETY: compiled by the same engine in the line above.
    let program = unsafe { engine.load(&compiled, Kind::Workflow) }.unwrap();
    let signature = crate::support::function(
        &[("x", windlass::values::Type::F32)],
        Some(windlass::values::Type::U32),
    );
    let call = crate::support::call(signature, "[0]");

    let ended = engine
        .run_workflow(
            &program,
            call,
            crate::support::feed(&engine),
            whole(),
            Box::new(Script::new().keeper(done)),
        )
        .await;

    let canonical = f32::NAN.to_bits().to_string();
    assert!(format!("{ended:?}").contains(&canonical), "{ended:?}");
}
