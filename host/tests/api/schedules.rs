//! Schedules, and what the manifest of a component says about its tasks.

use http::{Method, Request};
use serde_json::{Value, json};

use super::support::Host;

fn plan() -> Value {
    json!({
        "cron": "0 3 * * *", "timezone": "Europe/Berlin", "queue": "mail", "task": "hello/greet",
        "args": {"name": "Ada"}, "options": {"priority": -5, "tags": {"by": "clock"}},
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut plan = plan();
    plan[field] = value;
    plan
}

async fn delete(host: &Host, path: &str) -> super::support::Answer {
    host.send(Request::builder().method(Method::DELETE).uri(path), "")
        .await
}

#[tokio::test]
async fn a_schedule_is_made_shown_with_its_next_firings_and_deleted() {
    let host = Host::with_hello().await;

    let made = host.put("/v1/schedules/nightly", plan()).await;
    let again = host.put("/v1/schedules/nightly", plan()).await;
    let shown = host.get("/v1/schedules/nightly").await.json();
    let listed = host.get("/v1/schedules").await.json();
    let deleted = delete(&host, "/v1/schedules/nightly").await;
    let gone = host.get("/v1/schedules/nightly").await;

    assert_eq!((made.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(shown["next"].as_array().unwrap().len(), 5);
    assert_eq!(shown["options"], plan()["options"]);
    assert_eq!(shown["args"], plan()["args"]);
    assert_eq!(
        (&shown["missed"], &shown["overlap"]),
        (&json!("skip"), &json!("queue"))
    );
    assert_eq!(listed["items"], json!([shown]));
    assert_eq!(deleted.status.as_u16(), 204);
    gone.problem(404, "schedule-unknown");
    delete(&host, "/v1/schedules/nightly")
        .await
        .problem(404, "schedule-unknown");
}

#[tokio::test]
async fn whether_a_schedule_is_paused_stays_unless_it_is_said() {
    let host = Host::with_hello().await;
    host.put("/v1/schedules/nightly", plan()).await;

    let paused = host
        .post("/v1/schedules/nightly/pause", json!({}))
        .await
        .json();
    let put = host.put("/v1/schedules/nightly", plan()).await.json();
    let resumed = host
        .post("/v1/schedules/nightly/resume", json!({}))
        .await
        .json();

    assert_eq!(
        (&paused["paused"], &paused["next"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(put["paused"], true);
    assert_eq!(resumed["paused"], false);
    assert_eq!(resumed["next"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_schedule_is_triggered_as_often_as_somebody_asks() {
    let host = Host::with_hello().await;
    host.put("/v1/schedules/nightly", with("paused", json!(true)))
        .await;

    let first = host.post("/v1/schedules/nightly/trigger", json!({})).await;
    let second = host.post("/v1/schedules/nightly/trigger", json!({})).await;

    assert_eq!(first.status.as_u16(), 201);
    let (first, second) = (first.json(), second.json());
    assert_ne!(first["id"], second["id"]);
    assert_eq!(first["queue"], "mail");
    assert_eq!(first["tags"], json!({"by": "clock"}));
    assert_eq!(first["priority"], -5);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_place_and_changes_nothing() {
    let host = Host::with_hello().await;
    for (field, value, place) in [
        ("cron", json!("0 0 30 2 *"), "cron"),
        ("cron", json!("61 * * * *"), "cron"),
        ("timezone", json!("Mars/Olympus"), "timezone"),
        ("queue", json!("a b"), "queue"),
        ("missed", json!("later"), "missed"),
        ("options", json!({"priority": "high"}), "options.priority"),
        (
            "options",
            json!({"start_at": "2030-01-01T00:00:00Z"}),
            "options.start_at",
        ),
        ("options", json!({"partition": "ada"}), "partition"),
        ("crom", json!(1), "crom"),
    ] {
        let refused = host
            .put("/v1/schedules/s", with(field, value.clone()))
            .await;
        let problem = refused.problem(422, "invalid");
        assert_eq!(
            problem["errors"][0]["place"], place,
            "{field} {value}: {problem}"
        );
    }

    let misfit = host.put("/v1/schedules/s", with("args", json!([7]))).await;
    misfit.problem(422, "arguments");
    let unknown = host
        .put("/v1/schedules/s", with("task", json!("hello/wave")))
        .await;
    unknown.problem(404, "task-unknown");
    let badly_named = host.put("/v1/schedules/a%20b", plan()).await;
    badly_named.problem(422, "invalid");
    assert_eq!(host.get("/v1/schedules").await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_the_manifest_says_of_a_task_holds_for_calls_that_do_not_say() {
    let host = Host::with_hello().await;
    let defaults = json!({"greet": {"queue": "slow", "priority": 7, "timeout_ms": 5_000}});

    let put = host
        .put("/v1/components/hello/defaults", defaults.clone())
        .await;
    let shown = host.get("/v1/components/hello/defaults").await.json();
    let call = json!({"task": "hello/greet", "args": ["Ada"]});
    let called = host.post("/v1/invocations", call).await.json();
    let mut plan = plan();
    plan.as_object_mut().unwrap().remove("queue");
    let scheduled = host.put("/v1/schedules/s", plan).await.json();

    assert_eq!(put.status.as_u16(), 200);
    assert_eq!(shown, defaults);
    assert_eq!(
        (&called["queue"], &called["priority"]),
        (&json!("slow"), &json!(7))
    );
    assert_eq!(scheduled["queue"], "slow");
}

#[tokio::test]
async fn defaults_that_cannot_be_are_refused_with_their_place() {
    let host = Host::with_hello().await;
    for (defaults, place) in [
        (json!({"greet": {"timeout_ms": 0}}), "greet.timeout_ms"),
        (json!({"greet": {"queue": "a b"}}), "greet.queue"),
        (
            json!({"greet": {"retries": {"max": 10_000_000}}}),
            "greet.retries",
        ),
        (json!({"greet": {"timeout": 1}}), "greet.timeout"),
    ] {
        let refused = host
            .put("/v1/components/hello/defaults", defaults.clone())
            .await;
        let problem = refused.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["place"], place, "{problem}");
    }

    let shown = host.get("/v1/components/hello/defaults").await.json();
    assert_eq!(shown, json!({}));
}
