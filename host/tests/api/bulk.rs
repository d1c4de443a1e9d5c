//! Filters, and what is done to all that match.

use serde_json::{Value, json};

use windlass::control;

use crate::support::{HELLO, Host};

#[tokio::test]
async fn filters_that_cannot_be_are_refused_with_their_place() {
    let host = Host::start().await;

    for (query, place) in [
        ("state=done", "query"),
        ("qeue=q", "query"),
        ("queue=a&queue=b", "query"),
        ("queue=a%2Fb", "queue"),
        ("component=a%2Fb", "component"),
        ("tag=customer", "tag[0]"),
        ("tag=a:1&tag=a:2", "tag"),
        ("since=yesterday", "since"),
        ("since=1h&until=2h", "until"),
        ("dead=true&state=queued", "dead"),
        ("kind=panic", "query"),
        ("parent=a%2Fb", "parent"),
    ] {
        let list = host.get(&format!("/v1/invocations?{query}")).await;
        let export = host.get(&format!("/v1/invocations/export?{query}")).await;

        for refused in [list, export] {
            let problem = refused.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["place"], place, "{query}");
        }
    }
    for (query, place) in [
        ("include=everything", "include"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=101&include=args", "limit"),
        ("page=7", "page"),
    ] {
        let refused = host.get(&format!("/v1/invocations?{query}")).await;
        let problem = refused.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["place"], place, "{query}");
    }
}

#[tokio::test]
async fn what_would_reach_everything_is_refused_unless_all_is_said() {
    let host = Host::with_hello().await;
    host.greet("q").await;

    for verb in ["cancel", "retry", "resume"] {
        let refused = host
            .post(&format!("/v1/invocations/{verb}"), json!({"dry_run": true}))
            .await;
        let misspelled = json!({"filter": {"qeue": "q"}, "all": true});
        let misspelled = host
            .post(&format!("/v1/invocations/{verb}"), misspelled)
            .await;

        assert_eq!(
            refused.problem(422, "matches-all")["errors"][0]["place"],
            "filter"
        );
        misspelled.problem(422, "invalid");
    }
    let all = host
        .post("/v1/invocations/cancel", json!({"all": true}))
        .await
        .json();

    assert_eq!((&all["matched"], &all["done"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn filters_that_match_nothing_that_could_be_done_are_refused() {
    let host = Host::start().await;

    for (verb, filter, place) in [
        ("cancel", json!({"state": "failed"}), "filter.state"),
        ("cancel", json!({"kind": "trap"}), "filter.kind"),
        ("cancel", json!({"dead": true}), "filter.dead"),
        ("retry", json!({"state": "cancelled"}), "filter.state"),
        ("resume", json!({"state": "failed"}), "filter.state"),
        ("resume", json!({"kind": "trap"}), "filter.kind"),
        ("resume", json!({"dead": true}), "filter.dead"),
        ("cancel", json!({"tag": ["customer"]}), "filter.tag[0]"),
    ] {
        let body = json!({"filter": filter});
        let refused = host.post(&format!("/v1/invocations/{verb}"), body).await;

        let problem = refused.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["place"], place, "{verb} {filter}");
    }
    let reason = json!({"filter": {"queue": "q"}, "reason": "why not"});
    let reason = host.post("/v1/invocations/retry", reason).await;
    assert_eq!(
        reason.problem(422, "invalid")["errors"][0]["place"],
        "reason"
    );
}

#[tokio::test]
async fn a_dry_run_counts_and_the_real_one_ends_what_runs_and_what_waits_its_turn() {
    let host = Host::with_hello().await;
    let running = host.greet("q").await;
    let (number, claimed) = host.claim().await;
    host.start_attempt(number, &claimed[0]).await;
    let queued = host.greet("q").await;
    let other = host.greet("other").await;
    let body = |dry_run| json!({"filter": {"queue": "q"}, "dry_run": dry_run, "reason": "enough"});

    let dry = host.post("/v1/invocations/cancel", body(true)).await.json();
    let before = host.get(&format!("/v1/invocations/{queued}")).await.json();
    let real = host
        .post("/v1/invocations/cancel", body(false))
        .await
        .json();
    let again = host
        .post("/v1/invocations/cancel", body(false))
        .await
        .json();

    assert_eq!((&dry["matched"], &dry["done"]), (&json!(2), &json!(0)));
    assert_eq!(dry["items"].as_array().unwrap().len(), 2);
    assert_eq!(before["state"], "queued");
    assert_eq!((&real["matched"], &real["done"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&real["more"], &again["matched"]),
        (&json!(false), &json!(0))
    );
    let queued = host.get(&format!("/v1/invocations/{queued}")).await.json();
    assert_eq!(queued["outcome"]["error"]["message"], "enough");
    let running = host.get(&format!("/v1/invocations/{running}")).await;
    assert_eq!(running.json()["cancelling"], true);
    let other = host.get(&format!("/v1/invocations/{other}")).await.json();
    assert_eq!(other["state"], "queued");
}

#[tokio::test]
async fn one_request_does_as_many_as_it_may_and_says_that_there_are_more() {
    let options = control::Options {
        bulk_max: 3,
        ..control::Options::default()
    };
    let host = Host::with(options, None).await;
    host.upload("name=hello", HELLO).await;
    for _ in 0..5 {
        host.greet("q").await;
    }
    let cancel = || async {
        let body = json!({"filter": {"queue": "q"}});
        host.post("/v1/invocations/cancel", body).await.json()
    };

    let (first, second) = (cancel().await, cancel().await);

    assert_eq!((&first["done"], &first["more"]), (&json!(3), &json!(true)));
    assert_eq!(
        (&second["done"], &second["more"]),
        (&json!(2), &json!(false))
    );
}

#[tokio::test]
async fn what_succeeded_or_goes_on_is_neither_retried_nor_resumed() {
    let host = Host::with_hello().await;
    let done = host.greet("q").await;
    let (number, claimed) = host.claim().await;
    host.end(number, &claimed[0], "1").await;
    let queued = host.greet("q").await;

    for id in [done, queued] {
        let at = |verb: &str| format!("/v1/invocations/{id}/{verb}");
        let retry = host.post(&at("retry"), Value::Null).await;
        let resume = host.post(&at("resume"), Value::Null).await;
        retry.problem(409, "not-failed");
        resume.problem(409, "not-cancelled");
    }
}

#[tokio::test]
async fn an_export_is_one_document_a_line_over_all_pages() {
    let host = Host::with_hello().await;
    let calls: Vec<_> = (0..250)
        .map(|n| json!({"queue": "q", "task": "hello/greet", "args": [n.to_string()]}))
        .collect();
    host.post("/v1/invocations", calls.into()).await;
    host.greet("other").await;

    let export = host.get("/v1/invocations/export?queue=q").await;

    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> = export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 250);
    assert!(lines.iter().all(|one| one["queue"] == "q"));
}
