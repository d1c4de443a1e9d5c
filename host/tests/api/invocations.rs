//! Enqueueing, and what is refused about it.

use http::Request;
use serde_json::{Value, json};

use windlass::control;

use crate::support::{HELLO, Host};

fn greet(args: Value) -> Value {
    json!({"queue": "q", "task": "hello/greet", "args": args})
}

async fn stored(host: &Host) -> usize {
    let page = host.get("/v1/invocations?limit=1000").await.json();
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_call_is_stored_by_position_and_by_name() {
    let host = Host::with_hello().await;

    let position = host.post("/v1/invocations", greet(json!(["Ada"]))).await;
    let name = host
        .post("/v1/invocations", greet(json!({"name": "Ada"})))
        .await;

    for answer in [position, name] {
        assert_eq!(answer.status, 201);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let kept = host.get(&format!("/v1/invocations/{id}")).await.json();
        assert_eq!(kept["state"], "queued");
        assert_eq!(kept["args"], json!(["Ada"]));
        assert_eq!(kept["outcome"], Value::Null);
    }
}

#[tokio::test]
async fn every_mistake_is_told_with_its_place_and_nothing_is_stored() {
    let host = Host::with_hello().await;
    let calls = json!([
        greet(json!(["Ada"])),
        greet(json!([7])),
        {"queue": "q", "task": "hello/add", "args": {"a": 1, "c": 2}},
    ]);

    let answer = host.post("/v1/invocations", calls).await;

    let problem = answer.problem(422, "arguments");
    let places: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mistake| mistake["place"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["[1].args[0]", "[2].args.c", "[2].args.b"]);
    assert_eq!(stored(&host).await, 0);
}

#[tokio::test]
async fn the_same_call_under_an_id_is_the_same_invocation_and_another_is_refused() {
    let host = Host::with_hello().await;
    let call = |name: &str| json!({"queue": "q", "task": "hello/greet", "args": [name], "id": "a"});

    let first = host.post("/v1/invocations", call("Ada")).await;
    let again = host.post("/v1/invocations", call("Ada")).await;
    let other = host.post("/v1/invocations", call("Eve")).await;

    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.json()["enqueued_at"], again.json()["enqueued_at"]);
    other.problem(409, "id-taken");
    assert_eq!(stored(&host).await, 1);
}

#[tokio::test]
async fn an_idempotency_key_gives_each_call_of_an_array_its_id() {
    let host = Host::with_hello().await;
    let calls = json!([greet(json!(["Ada"])), greet(json!(["Eve"]))]);
    let request = || {
        Request::post("/v1/invocations")
            .header("content-type", "application/json")
            .header("idempotency-key", "order-7")
    };

    let first = host.send(request(), calls.to_string()).await;
    let again = host.send(request(), calls.to_string()).await;

    let first = first.json();
    assert_eq!(
        (&first[0]["id"], &first[1]["id"]),
        (&json!("order-7~0"), &json!("order-7~1"))
    );
    assert_eq!(again.status, 200);
    let one = host.get("/v1/invocations/order-7~1").await;
    assert_eq!(one.json()["args"], json!(["Eve"]));
}

#[tokio::test]
async fn unknown_tasks_and_impossible_values_are_refused_by_name() {
    let host = Host::with_hello().await;
    let mut call = greet(json!(["Ada"]));
    let mut with = |field: &str, value: Value| {
        call = greet(json!(["Ada"]));
        call[field] = value;
        call.clone()
    };

    for (body, status, code) in [
        (with("task", json!("hello/gret")), 404, "task-unknown"),
        (with("task", json!("hallo/greet")), 404, "task-unknown"),
        (
            with("task", json!("hello@9.0.0/greet")),
            404,
            "task-unknown",
        ),
        (with("task", json!("greet")), 422, "invalid"),
        (with("queue", json!("a/b")), 422, "invalid"),
        (with("id", json!("a~0")), 422, "invalid"),
        (with("timeout_ms", json!(0)), 422, "invalid"),
        (with("prioritty", json!(1)), 422, "invalid"),
        (
            json!([greet(json!(["Ada"])), {"task": "hello/greet"}]),
            422,
            "invalid",
        ),
    ] {
        let answer = host.post("/v1/invocations", body).await;
        answer.problem(status, code);
    }
    assert_eq!(stored(&host).await, 0);
}

#[tokio::test]
async fn a_version_uploaded_later_is_found_without_being_asked_for() {
    let host = Host::with_hello().await;
    let first = host
        .post("/v1/invocations", greet(json!(["Ada"])))
        .await
        .json();
    let other = [HELLO, b"\0\x02\x01x"].concat();

    host.upload("name=hello&version=0.2.0", other).await;
    let second = host
        .post("/v1/invocations", greet(json!(["Ada"])))
        .await
        .json();

    assert_ne!(first["digest"], second["digest"]);
    let id = first["id"].as_str().unwrap();
    let kept = host.get(&format!("/v1/invocations/{id}")).await.json();
    assert_eq!(kept["digest"], first["digest"]);
}

#[tokio::test]
async fn too_many_calls_and_too_large_arguments_are_refused() {
    let options = control::Options {
        calls_max: 2,
        arguments_max_bytes: 100,
        ..control::Options::default()
    };
    let host = Host::with(options, None).await;
    host.upload("name=hello", HELLO).await;
    let small = greet(json!(["Ada"]));

    let many = host
        .post("/v1/invocations", json!([small, small, small]))
        .await;
    let large = host
        .post("/v1/invocations", greet(json!(["x".repeat(100)])))
        .await;

    many.problem(413, "too-large");
    large.problem(413, "too-large");
}

#[tokio::test]
async fn where_queues_are_declared_another_is_refused() {
    let options = control::Options {
        declared_queues_only: true,
        ..control::Options::default()
    };
    let host = Host::with(options, None).await;
    host.upload("name=hello", HELLO).await;

    let before = host.post("/v1/invocations", greet(json!(["Ada"]))).await;
    host.put("/v1/queues/q", json!({})).await;
    let after = host.post("/v1/invocations", greet(json!(["Ada"]))).await;

    before.problem(404, "queue-unknown");
    assert_eq!(after.status, 201);
}
