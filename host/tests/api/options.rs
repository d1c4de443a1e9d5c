//! What is said about calls and queues, and what is refused about it.

use serde_json::{Value, json};

use crate::support::Host;

fn with(options: Value) -> Value {
    let mut call = json!({"queue": "q", "task": "hello/greet", "args": ["Ada"]});
    for (name, value) in options.as_object().unwrap() {
        call[name] = value.clone();
    }
    call
}

#[tokio::test]
async fn options_that_cannot_be_are_refused_with_their_place_and_nothing_is_stored() {
    let host = Host::with_hello().await;

    for (options, place) in [
        (
            json!({"delay_ms": 5, "start_at": "2030-01-01T00:00:00Z"}),
            "start_at",
        ),
        (json!({"start_at": "tomorrow"}), "start_at"),
        (json!({"delay_ms": u64::MAX}), "delay_ms"),
        (
            json!({"delay_ms": 1_000, "deadline_ms": 1_000}),
            "deadline_ms",
        ),
        (json!({"partition": ""}), "partition"),
        (json!({"partition": "k".repeat(1 << 20)}), "partition"),
        (
            json!({"id": "a", "debounce": {"key": "k", "period_ms": 5}}),
            "debounce",
        ),
        (
            json!({"dedup": {"key": "k"}, "debounce": {"key": "k", "period_ms": 5}}),
            "debounce",
        ),
        (
            json!({"debounce": {"key": "k", "period_ms": 0}}),
            "debounce.period_ms",
        ),
        (json!({"dedup": {"key": ""}}), "dedup.key"),
        (
            json!({"id": "a", "dedup": {"key": "k", "on_conflict": "replace"}}),
            "dedup",
        ),
        (json!({"retries": {"max": 1_000_000_000}}), "retries"),
        (
            json!({"retries": {"max": 1, "on": ["trap", "often"]}}),
            "retries.on[1]",
        ),
        (json!({"tags": {"": "7"}}), "tags"),
        (json!({"timeout_ms": 0}), "timeout_ms"),
    ] {
        let one = host.post("/v1/invocations", with(options.clone())).await;
        let calls = json!([with(json!({})), with(options.clone())]);
        let many = host.post("/v1/invocations", calls).await;

        let (one, many) = (one.problem(422, "invalid"), many.problem(422, "invalid"));
        assert_eq!(one["errors"][0]["place"], place, "{options}");
        let in_array = format!("[1].{place}");
        assert_eq!(many["errors"][0]["place"], in_array, "{options}");
    }

    let page = host.get("/v1/invocations").await.json();
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn an_idempotency_key_beside_a_debounce_is_refused() {
    let host = Host::with_hello().await;
    let request = http::Request::post("/v1/invocations")
        .header("content-type", "application/json")
        .header("idempotency-key", "order-7");
    let call = with(json!({"debounce": {"key": "k", "period_ms": 5}}));

    let refused = host.send(request, call.to_string()).await;

    assert_eq!(
        refused.problem(422, "invalid")["errors"][0]["place"],
        "debounce"
    );
}

#[tokio::test]
async fn a_partition_on_a_queue_without_partitions_is_refused_with_the_way_out() {
    let host = Host::with_hello().await;
    let call = json!([with(json!({})), with(json!({"partition": "ada"}))]);

    let refused = host.post("/v1/invocations", call.clone()).await;
    host.put("/v1/queues/q", json!({"partitions": {"concurrency": 1}}))
        .await;
    let taken = host.post("/v1/invocations", call).await;

    let problem = refused.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["place"], "[1].partition");
    let hint = problem["hint"].as_str().unwrap();
    assert!(
        hint.contains("windlass queue set q --partitions yes"),
        "{hint}"
    );
    assert_eq!(taken.status, 201, "{}", taken.text);
    assert_eq!(taken.json()[1]["partition"], "ada");
}

#[tokio::test]
async fn a_call_without_a_queue_needs_a_manifest_that_names_one() {
    let host = Host::with_hello().await;

    let refused = host
        .post(
            "/v1/invocations",
            json!({"task": "hello/greet", "args": ["Ada"]}),
        )
        .await;

    assert_eq!(
        refused.problem(422, "invalid")["errors"][0]["place"],
        "queue"
    );
}

#[tokio::test]
async fn every_setting_of_a_queue_is_put_kept_and_taken_away() {
    let host = Host::start().await;
    let all = json!({
        "concurrency": 10, "worker_concurrency": 4,
        "rate_limit": {"limit": 100, "period_ms": 60_000},
        "partitions": {"concurrency": 2, "rate_limit": {"limit": 5, "period_ms": 1_000}},
        "ordered": false, "paused": true, "timeout_ms": 30_000,
        "retries": {
            "max": 3, "backoff_ms": 100, "factor": 2.0, "max_backoff_ms": 5_000, "jitter": 0.5,
            "on": ["guest:busy", "timeout"],
        },
        "retention": {"succeeded": {"age_ms": 3_600_000, "count": 1_000}, "failed": {}},
    });

    let put = host.put("/v1/queues/q", all.clone()).await;
    host.put("/v1/queues/q", json!({"paused": false})).await;
    let kept = host.get("/v1/queues/q").await.json();
    let less = json!({"rate_limit": null, "partitions": null, "retries": null, "retention": null});
    let less = host.put("/v1/queues/q", less).await.json();

    assert_eq!(put.status, 201, "{}", put.text);
    for (name, value) in all.as_object().unwrap() {
        match name.as_str() {
            "paused" => assert_eq!(kept[name], false),
            _ => assert_eq!(kept[name], *value, "{name}"),
        }
    }
    for gone in ["rate_limit", "partitions", "retries", "retention"] {
        assert_eq!(less[gone], Value::Null, "{gone}");
    }
    assert_eq!(less["worker_concurrency"], 4);
    assert_eq!(less["counts"]["oldest_queued_ms"], Value::Null);
}

#[tokio::test]
async fn a_setting_that_cannot_be_is_refused_with_its_place_and_changes_nothing() {
    let host = Host::start().await;
    host.put("/v1/queues/q", json!({"concurrency": 3})).await;

    for (setting, place) in [
        (json!({"concurrency": 0}), "concurrency"),
        (
            json!({"worker_concurrency": 1_000_000_000}),
            "worker_concurrency",
        ),
        (
            json!({"rate_limit": {"limit": 0, "period_ms": 1}}),
            "rate_limit",
        ),
        (json!({"rate_limit": {"limit": 1}}), "rate_limit"),
        (
            json!({"partitions": {"concurrency": 0}}),
            "partitions.concurrency",
        ),
        (json!({"retries": {"factor": 0.5}}), "retries"),
        (json!({"retries": {"on": ["cancelled"]}}), "retries.on[0]"),
    ] {
        let mut body = setting.clone();
        body["paused"] = true.into();
        let refused = host.put("/v1/queues/q", body).await;

        let problem = refused.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["place"], place, "{setting}");
    }

    assert_eq!(host.get("/v1/queues/q").await.json()["paused"], false);
}
