//! Waiting, lists, logs and events.

use http::Request;
use serde_json::json;

use windlass::control;

use crate::support::{HELLO, Host};

#[tokio::test]
async fn who_waits_is_answered_when_the_invocation_ends() {
    let host = Host::with_hello().await;
    let id = host.greet("q").await;
    let (number, claimed) = host.claim().await;

    let path = format!("/v1/invocations/{id}?wait=10m");
    let (answer, ()) = tokio::join!(host.get(&path), async {
        // The wait is registered or not: either way it must hear of the end.
        host.end(number, &claimed[0], "\"Hello, Ada!\"").await;
    });

    assert_eq!(answer.json()["state"], "succeeded");
    assert_eq!(answer.json()["outcome"], json!({"value": "Hello, Ada!"}));
}

#[tokio::test]
async fn a_wait_for_any_and_one_for_all_tell_what_has_ended() {
    let host = Host::with_hello().await;
    let ids = [host.greet("q").await, host.greet("q").await];
    let (number, claimed) = host.claim().await;
    let wait = |how: &str, time: &str| json!({"ids": ids, "for": how, "wait": time});

    host.end(number, &claimed[1], "1").await;
    let any = host.post("/v1/invocations/wait", wait("any", "10m")).await;
    let all_yet = host.post("/v1/invocations/wait", wait("all", "0s")).await;
    let (all, ()) = tokio::join!(
        host.post("/v1/invocations/wait", wait("all", "10m")),
        host.end(number, &claimed[0], "0"),
    );

    assert_eq!(any.json()["items"][0]["id"], ids[1]);
    assert_eq!(all_yet.json()["items"].as_array().unwrap().len(), 1);
    let all = all.json();
    assert_eq!(
        (&all["items"][0]["id"], &all["items"][1]["id"]),
        (&json!(ids[0]), &json!(ids[1]))
    );
}

#[tokio::test]
async fn an_unknown_id_is_named_by_a_wait() {
    let host = Host::start().await;

    let answer = host
        .post(
            "/v1/invocations/wait",
            json!({"ids": ["nobody"], "wait": "1s"}),
        )
        .await;

    let problem = answer.problem(404, "invocation-unknown");
    assert!(problem["detail"].as_str().unwrap().contains("nobody"));
}

#[tokio::test]
async fn a_waiter_too_many_is_told_to_come_back() {
    let options = control::Options {
        waiters_max: 0,
        ..control::Options::default()
    };
    let host = Host::with(options, None).await;
    host.upload("name=hello", HELLO).await;
    let id = host.greet("q").await;

    let answer = host.get(&format!("/v1/invocations/{id}?wait=1s")).await;

    answer.problem(503, "busy");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test]
async fn pages_go_through_everything_once_newest_first() {
    let host = Host::with_hello().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(host.greet("q").await);
    }

    let mut seen = Vec::new();
    let mut path = "/v1/invocations?queue=q&limit=2".to_owned();
    loop {
        let page = host.get(&path).await.json();
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/invocations?queue=q&limit=2&page={next}");
    }

    ids.reverse();
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn events_end_with_the_final_state_after_the_log() {
    let host = Host::with_hello().await;
    let id = host.greet("q").await;
    let (number, claimed) = host.claim().await;
    host.end(number, &claimed[0], "1").await;
    let path = format!("/v1/invocations/{id}/events");

    let whole = host.get(&path).await;
    let resumed = host
        .send(Request::get(&path).header("last-event-id", "1"), "")
        .await;

    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("event: "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(whole.headers["content-type"], "text/event-stream");
    assert_eq!(names(&whole.text), ["log", "state"]);
    assert_eq!(names(&resumed.text), ["state"]);
}

#[tokio::test]
async fn logs_and_attempts_are_kept_with_the_invocation() {
    let host = Host::with_hello().await;
    let id = host.greet("q").await;
    let (number, claimed) = host.claim().await;
    host.end(number, &claimed[0], "1").await;

    let log = host.get(&format!("/v1/invocations/{id}/logs")).await.json();
    let attempts = host
        .get(&format!("/v1/invocations/{id}/attempts"))
        .await
        .json();

    assert_eq!(log["items"], json!([{"attempt": 1, "text": "a line\n"}]));
    assert_eq!(attempts["items"][0]["attempt"], 1);
    assert_eq!(attempts["items"][0]["host"], number.0);
}
