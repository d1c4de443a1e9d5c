//! Controls whose effect is the store's, as a caller sees them.

use serde_json::{Value, json};
use windlass::model::{ComponentName, FailureKind, Namespace, Outcome};

use crate::support::Host;

fn with(options: Value) -> Value {
    let mut call = json!({"queue": "q", "task": "hello/greet", "args": ["Ada"]});
    for (name, value) in options.as_object().unwrap() {
        call[name] = value.clone();
    }
    call
}

async fn enqueue(host: &Host, options: Value) -> Value {
    let answer = host.post("/v1/invocations", with(options)).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    answer.json()
}

async fn shown(host: &Host, id: &Value) -> Value {
    let id = id.as_str().unwrap();
    host.get(&format!("/v1/invocations/{id}")).await.json()
}

async fn ids(host: &Host, query: &str) -> Vec<Value> {
    let page = host.get(&format!("/v1/invocations?{query}")).await.json();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|one| one["id"].clone()).collect()
}

async fn first(host: &Host, query: &str) -> Value {
    let page = host.get(&format!("/v1/invocations?{query}")).await.json();
    page["items"][0].clone()
}

/// Fails everything that can be claimed.
async fn fail_all(host: &Host) {
    let (number, claimed) = host.claim().await;
    for one in &claimed {
        let failure = windlass::model::Failure::new(FailureKind::Trap, "it fell");
        host.end_with(number, one, Outcome::Error(failure)).await;
    }
}

#[tokio::test]
async fn what_is_said_about_a_call_is_shown_at_once_and_later() {
    let host = Host::with_hello().await;
    let options = json!({
        "delay_ms": 60_000, "deadline_ms": 120_000, "retries": {"max": 3, "on": ["trap"]},
        "tags": {"customer": "7"}, "priority": -2, "timeout_ms": 500,
    });

    let ack = enqueue(&host, options).await;
    let later = shown(&host, &ack["id"]).await;

    for shown in [&ack, &later] {
        assert_eq!(shown["state"], "scheduled");
        assert_eq!(shown["tags"], json!({"customer": "7"}));
        assert_eq!(shown["retries"]["on"], json!(["trap"]));
        assert_eq!(shown["priority"], -2);
    }
    for moment in ["due_at", "deadline_at"] {
        assert!(later[moment].is_string(), "{moment}");
        assert_eq!(ack[moment], later[moment], "{moment}");
    }
}

#[tokio::test]
async fn a_second_call_of_a_key_is_refused_answered_with_the_first_or_takes_its_place() {
    let host = Host::with_hello().await;
    let dedup = |on_conflict: &str, name: &str| json!({"dedup": {"key": "k", "on_conflict": on_conflict}, "args": [name]});

    let first = enqueue(&host, dedup("reject", "Ada")).await;
    let calls = json!([with(json!({})), with(dedup("reject", "Eve"))]);
    let refused = host.post("/v1/invocations", calls).await;
    let returned = host
        .post("/v1/invocations", with(dedup("return", "Eve")))
        .await;
    let replaced = host
        .post("/v1/invocations", with(dedup("replace", "Eve")))
        .await;

    let problem = refused.problem(409, "duplicate");
    assert_eq!(problem["errors"][0]["place"], "[1].dedup.key");
    let id = first["id"].as_str().unwrap();
    assert!(problem["detail"].as_str().unwrap().contains(id));
    for (answer, args) in [(returned, "Ada"), (replaced, "Eve")] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        assert_eq!(
            (&answer["id"], &answer["args"]),
            (&first["id"], &json!([args]))
        );
    }
    assert_eq!(ids(&host, "queue=q").await, [first["id"].clone()]);
}

#[tokio::test]
async fn calls_that_are_debounced_become_one_with_the_last_arguments() {
    let host = Host::with_hello().await;
    let debounced =
        |name: &str| json!({"debounce": {"key": "k", "period_ms": 60_000}, "args": [name]});

    let first = enqueue(&host, debounced("Ada")).await;
    let last = enqueue(&host, debounced("Eve")).await;

    assert_eq!(first["state"], "scheduled");
    assert_eq!(last["id"], first["id"]);
    assert_eq!(shown(&host, &first["id"]).await["args"], json!(["Eve"]));
}

#[tokio::test]
async fn what_the_manifest_says_holds_where_the_call_does_not() {
    let host = Host::with_hello().await;
    let namespace = Namespace::default_namespace();
    let name = ComponentName::parse("hello").unwrap();
    let manifest = json!({"greet": {
        "queue": "mail", "priority": 5, "timeout_ms": 700, "retries": {"max": 2},
    }});
    host.store
        .put_defaults(&namespace, &name, &manifest)
        .await
        .unwrap();

    // The change of the catalogue is heard of, or found out by the store at the next enqueue.
    let call = json!({"task": "hello/greet", "args": ["Ada"], "queue": "q", "priority": 1});
    let said = host.post("/v1/invocations", call).await.json();
    let call = json!({"task": "hello/greet", "args": ["Ada"]});
    let unsaid = host.post("/v1/invocations", call).await.json();

    assert_eq!(
        (&said["priority"], &said["timeout_ms"]),
        (&json!(1), &json!(700))
    );
    assert_eq!(
        (&unsaid["queue"], &unsaid["priority"]),
        (&json!("mail"), &json!(5))
    );
    assert_eq!(unsaid["retries"]["max"], 2);
}

#[tokio::test]
async fn a_list_is_what_the_filter_says() {
    let host = Host::with_hello().await;
    let ada = enqueue(&host, json!({"tags": {"customer": "ada", "kind": "a:b"}})).await;
    let eve = enqueue(&host, json!({"tags": {"customer": "eve"}})).await;
    fail_all(&host).await;
    let queued = enqueue(&host, json!({"tags": {"customer": "ada"}})).await;
    let (ada, eve, queued) = (&ada["id"], &eve["id"], &queued["id"]);

    for (query, expected) in [
        ("tag=customer:ada", vec![queued, ada]),
        ("tag=customer:ada&tag=kind:a:b", vec![ada]),
        ("kind=trap", vec![eve, ada]),
        ("kind=guest", vec![]),
        ("dead=true", vec![eve, ada]),
        ("dead=true&tag=customer:eve", vec![eve]),
        ("component=hello", vec![queued, eve, ada]),
        ("component=other", vec![]),
        ("since=1h&state=queued", vec![queued]),
        ("until=1h", vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().cloned().collect();
        assert_eq!(ids(&host, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn arguments_and_outcomes_come_with_a_list_where_they_are_asked_for() {
    let host = Host::with_hello().await;
    enqueue(&host, json!({})).await;
    fail_all(&host).await;

    let bare = first(&host, "limit=1").await;
    let args = first(&host, "include=args").await;
    let outcome = first(&host, "include=outcome").await;
    let both = first(&host, "include=args,outcome").await;

    for (shown, has_args, has_outcome) in [
        (bare, false, false),
        (args, true, false),
        (outcome, false, true),
        (both, true, true),
    ] {
        assert_eq!(!shown["args"].is_null(), has_args, "{shown}");
        assert_eq!(!shown["outcome"].is_null(), has_outcome, "{shown}");
    }
    let export = host.get("/v1/invocations/export").await.text;
    let whole: Value = serde_json::from_str(&export).unwrap();
    assert_eq!(whole["args"], json!(["Ada"]));
    assert_eq!(whole["outcome"]["error"]["kind"], "trap");
}

#[tokio::test]
async fn a_retry_says_what_it_does_again_and_keeps_its_options() {
    let host = Host::with_hello().await;
    let options = json!({
        "tags": {"customer": "7"}, "retries": {"max": 0}, "timeout_ms": 500, "priority": 3,
        "deadline_ms": 60_000,
    });
    let old = enqueue(&host, options).await;
    fail_all(&host).await;
    let id = old["id"].as_str().unwrap();

    let new = host
        .post(&format!("/v1/invocations/{id}/retry"), Value::Null)
        .await;

    assert_eq!(new.status, 201, "{}", new.text);
    let new = new.json();
    assert_eq!(
        (&new["retry_of"], &new["state"]),
        (&old["id"], &json!("queued"))
    );
    for kept in [
        "tags",
        "retries",
        "timeout_ms",
        "priority",
        "queue",
        "task",
        "digest",
    ] {
        assert_eq!(new[kept], old[kept], "{kept}");
    }
    assert!(new["deadline_at"].is_string());
    assert_eq!(new["args"], json!(["Ada"]));
    let old = shown(&host, &old["id"]).await;
    assert_eq!(
        (&old["retried_as"], &old["state"]),
        (&new["id"], &json!("failed"))
    );
}

#[tokio::test]
async fn what_was_cancelled_is_resumed_and_what_failed_is_not() {
    let host = Host::with_hello().await;
    let failed = enqueue(&host, json!({})).await;
    fail_all(&host).await;
    let cancelled = enqueue(&host, json!({})).await;
    let at = |id: &Value, verb: &str| format!("/v1/invocations/{}/{verb}", id.as_str().unwrap());
    host.post(&at(&cancelled["id"], "cancel"), json!({})).await;

    let wrong = host.post(&at(&failed["id"], "resume"), Value::Null).await;
    let also = host.post(&at(&cancelled["id"], "retry"), Value::Null).await;
    let resumed = host
        .post(&at(&cancelled["id"], "resume"), Value::Null)
        .await;

    wrong.problem(409, "not-cancelled");
    also.problem(409, "not-failed");
    assert_eq!(resumed.status, 201, "{}", resumed.text);
    assert_eq!(resumed.json()["retry_of"], cancelled["id"]);
}

#[tokio::test]
async fn retrying_all_dead_letters_leaves_none_and_doing_it_twice_does_nothing_twice() {
    let host = Host::with_hello().await;
    let calls: Vec<_> = (0..30).map(|_| with(json!({}))).collect();
    host.post("/v1/invocations", calls.into()).await;
    fail_all(&host).await;
    let body = |dry_run| json!({"filter": {"queue": "q"}, "dry_run": dry_run});

    let dry = host.post("/v1/invocations/retry", body(true)).await.json();
    let real = host.post("/v1/invocations/retry", body(false)).await.json();
    let again = host.post("/v1/invocations/retry", body(false)).await.json();

    assert_eq!((&dry["matched"], &dry["done"]), (&json!(30), &json!(0)));
    assert_eq!((&real["matched"], &real["done"]), (&json!(30), &json!(30)));
    assert_eq!(again["matched"], 0);
    assert!(ids(&host, "dead=true").await.is_empty());
    assert_eq!(ids(&host, "state=queued").await.len(), 30);
}

#[tokio::test]
async fn resuming_all_that_match_skips_what_was_resumed_before() {
    let host = Host::with_hello().await;
    enqueue(&host, json!({})).await;
    enqueue(&host, json!({})).await;
    host.post("/v1/invocations/cancel", json!({"all": true}))
        .await;
    let body = json!({"filter": {"queue": "q"}});

    let first = host.post("/v1/invocations/resume", body.clone()).await;
    let again = host.post("/v1/invocations/resume", body).await;

    assert_eq!(first.json()["done"], 2);
    assert_eq!(again.json()["done"], 0);
}

#[tokio::test]
async fn why_tells_everything_that_holds_an_invocation_back() {
    let host = Host::with_hello().await;
    host.put("/v1/queues/q", json!({"concurrency": 1})).await;
    let first = enqueue(&host, json!({})).await;
    let (number, claimed) = host.claim().await;
    host.start_attempt(number, &claimed[0]).await;
    enqueue(&host, json!({})).await;
    let last = enqueue(&host, json!({})).await;
    host.put("/v1/queues/q", json!({"paused": true})).await;
    let why = |id: &Value| format!("/v1/invocations/{}/why", id.as_str().unwrap());

    let held = host.get(&why(&last["id"])).await.json();
    let running = host.get(&why(&first["id"])).await.json();
    host.end(number, &claimed[0], "1").await;
    let ended = host.get(&why(&first["id"])).await.json();

    let reasons = held["reasons"].as_array().unwrap();
    let codes: Vec<_> = reasons.iter().map(|reason| &reason["code"]).collect();
    assert_eq!(codes, ["paused", "slots-taken", "ahead"]);
    assert_eq!(
        (&reasons[1]["taken"], &reasons[1]["limit"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(reasons[1]["holders"][0]["id"], first["id"]);
    assert_eq!(reasons[2]["ahead"], 1);
    assert_eq!(running, json!({"state": "running", "reasons": []}));
    assert_eq!(ended, json!({"state": "succeeded", "reasons": []}));
    host.get("/v1/invocations/nobody/why")
        .await
        .problem(404, "invocation-unknown");
}

#[tokio::test]
async fn a_queue_tells_how_long_the_oldest_has_been_in_its_place() {
    let host = Host::with_hello().await;
    host.greet("q").await;

    let queue = host.get("/v1/queues/q").await.json();
    let metrics = host.get("/metrics").await.text;

    assert!(queue["counts"]["oldest_queued_ms"].is_u64(), "{queue}");
    assert!(
        metrics.contains("windlass_queue_oldest_seconds{queue=\"q\"}"),
        "{metrics}"
    );
}
