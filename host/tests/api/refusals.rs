//! Queues, tokens, and what every address refuses alike.

use http::Request;
use serde_json::{Value, json};

use windlass::control;

use crate::support::Host;

#[tokio::test]
async fn a_queue_is_changed_setting_by_setting() {
    let host = Host::start().await;

    let new = host
        .put(
            "/v1/queues/q",
            json!({"concurrency": 3, "timeout_ms": 1000}),
        )
        .await;
    let changed = host
        .put("/v1/queues/q", json!({"paused": true, "timeout_ms": null}))
        .await;

    assert_eq!((new.status.as_u16(), changed.status.as_u16()), (201, 200));
    let queue = host.get("/v1/queues/q").await.json();
    assert_eq!(queue["concurrency"], 3);
    assert_eq!(queue["paused"], true);
    assert_eq!(queue["timeout_ms"], Value::Null);
    assert_eq!(queue["counts"]["queued"], 0);
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_and_make_no_queue() {
    let host = Host::start().await;

    for body in [
        json!({"concurrency": 0}),
        json!({"concurrency": -1}),
        json!({"concurrency": "ten"}),
        json!({"concurency": 1}),
        json!({"paused": null}),
    ] {
        host.put("/v1/queues/q", body).await.problem(422, "invalid");
    }
    host.put("/v1/queues/a%2Fb", json!({}))
        .await
        .problem(422, "invalid");
    host.get("/v1/queues/q").await.problem(404, "queue-unknown");
}

#[tokio::test]
async fn broken_json_is_refused_with_line_and_column() {
    let host = Host::start().await;
    let request = Request::post("/v1/invocations").header("content-type", "application/json");

    let answer = host.send(request, "[\n  {\"queue\": }").await;

    let problem = answer.problem(400, "body");
    assert_eq!(problem["errors"][0]["place"], "line 2, column 13");
}

#[tokio::test]
async fn what_a_web_form_can_send_is_refused() {
    let host = Host::start().await;
    let request = Request::post("/v1/invocations").header("content-type", "text/plain");

    host.send(request, "{}").await.problem(415, "media-type");
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let host = Host::start().await;

    host.get("/v2").await.problem(404, "not-found");
    let other = host.send(Request::delete("/v1/queues"), "").await;

    other.problem(405, "method-not-allowed");
    assert!(other.headers.contains_key("allow"));
}

#[tokio::test]
async fn a_host_with_a_token_tells_strangers_only_that_it_is_alive() {
    let host = Host::with(control::Options::default(), Some("secret")).await;

    let stranger = host.get("/v1/queues").await;
    let metrics = host.get("/metrics").await;
    let alive = host.get("/healthz").await;
    let ready = host.get("/readyz").await;
    let friend = Request::get("/v1/queues").header("authorization", "Bearer secret");
    let friend = host.send(friend, "").await;

    stranger.problem(401, "unauthorized");
    metrics.problem(401, "unauthorized");
    assert!(stranger.headers.contains_key("www-authenticate"));
    assert_eq!((alive.status.as_u16(), ready.status.as_u16()), (200, 200));
    assert_eq!(friend.status, 200);
}

#[tokio::test]
async fn every_problem_points_to_its_page() {
    let host = Host::start().await;
    let problem = host.get("/v1/queues/none").await.json();

    let page = host.get(problem["type"].as_str().unwrap()).await;

    assert_eq!(page.status, 200);
    assert!(page.text.starts_with("# `queue-unknown`"));
}

#[tokio::test]
async fn the_numbers_are_in_the_format_of_prometheus() {
    let host = Host::with_hello().await;
    host.greet("q").await;

    let text = host.get("/metrics").await.text;

    assert!(
        text.contains("windlass_queue_invocations{queue=\"q\",state=\"queued\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("# TYPE windlass_enqueue_seconds histogram\n"),
        "{text}"
    );
}
