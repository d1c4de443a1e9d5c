//! The client against a host that answers from a list.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use windlass_client::wire::{
    Debounce, Dedup, Event, FailureKind, ListQuery, OnConflict, State, Upload,
};
use windlass_client::{Call, Client, Error};

enum Reply {
    Json(u16, Value),
    Events(&'static str),
    /// Closes the connection without an answer.
    HangUp,
}

struct Request {
    line: String,
    headers: String,
    body: Value,
}

/// Starts a host that gives these replies, one a connection, and tells what it was asked.
async fn host(replies: Vec<Reply>) -> (Client, mpsc::UnboundedReceiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (asked, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for reply in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.send(read_request(&mut stream).await).ok();
            let (status, kind, body) = match reply {
                Reply::HangUp => continue,
                Reply::Json(status, body) => (status, "application/json", body.to_string()),
                Reply::Events(text) => (200, "text/event-stream", text.to_owned()),
            };
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (client, requests)
}

async fn read_request(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let (line, headers) = text.split_once("\r\n").unwrap();
    let headers = headers.to_ascii_lowercase();
    let length: usize = headers
        .lines()
        .find_map(|header| header.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head + 4 + length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
    Request {
        line: line.to_owned(),
        headers,
        body: serde_json::from_slice(&bytes[head + 4..]).unwrap_or(Value::Null),
    }
}

fn invocation(id: &str, state: &str, outcome: Value) -> Value {
    json!({
        "id": id, "queue": "q", "task": "hello/greet", "digest": "00", "state": state,
        "attempt": 1, "priority": 0, "enqueued_at": "2026-01-01T00:00:00Z",
        "started_at": null, "finished_at": null, "outcome": outcome,
    })
}

#[tokio::test]
async fn an_enqueue_whose_connection_breaks_is_sent_again_under_the_same_id() {
    let (client, mut requests) = host(vec![
        Reply::HangUp,
        Reply::Json(201, invocation("a", "queued", Value::Null)),
    ])
    .await;

    let handle = client
        .queue("q")
        .enqueue("hello/greet", &("Ada",))
        .await
        .unwrap();

    let (first, second) = (
        requests.recv().await.unwrap(),
        requests.recv().await.unwrap(),
    );
    assert_eq!(handle.id(), "a");
    assert_eq!(first.body["args"], json!(["Ada"]));
    assert!(first.body["id"].is_string());
    assert_eq!(first.body, second.body);
}

#[tokio::test]
async fn a_message_whose_connection_breaks_is_not_sent_twice() {
    let (client, mut requests) = host(vec![Reply::HangUp, Reply::Json(202, Value::Null)]).await;
    let handle = client.handle("a");

    let broken = handle.message("approval", &json!({"by": "Ada"})).await;
    let sent = handle.message("approval", "yes").await;

    assert!(broken.unwrap_err().is_unreachable());
    sent.unwrap();
    let first = requests.recv().await.unwrap();
    assert_eq!(
        first.line,
        "POST /v1/invocations/a/messages/approval HTTP/1.1"
    );
    assert_eq!(first.body, json!({"by": "Ada"}));
    assert_eq!(requests.recv().await.unwrap().body, json!("yes"));
}

#[tokio::test]
async fn every_binding_of_an_upload_is_a_parameter() {
    let component = json!({
        "name": "pages", "version": "0.1.0", "digest": "00", "size": 1, "uploaded_at": "",
        "tasks": [], "bindings": [{
            "interface": "a:b/c", "component": "d", "version": "^1", "queue": "d",
        }],
    });
    let (client, mut requests) = host(vec![Reply::Json(201, component)]).await;
    let upload = Upload {
        name: "pages".to_owned(),
        bind: vec!["a:b/c=d@^1".to_owned(), "a:b/e=f".to_owned()],
        ..Upload::default()
    };

    let stored = client.upload(&upload, &b"x"[..]).await.unwrap();

    assert_eq!(stored.bindings[0].component, "d");
    let line = requests.recv().await.unwrap().line;
    assert_eq!(
        line,
        "POST /v1/components?name=pages&bind=a%3Ab%2Fc%3Dd%40%5E1&bind=a%3Ab%2Fe%3Df HTTP/1.1"
    );
}

#[tokio::test]
async fn many_calls_go_in_one_request_and_keep_the_ids_that_were_chosen() {
    let (client, mut requests) = host(vec![Reply::Json(
        201,
        json!([
            invocation("one", "queued", Value::Null),
            invocation("x", "queued", Value::Null)
        ]),
    )])
    .await;
    let calls = [
        Call::new("hello/greet", &("Ada",)).unwrap().id("one"),
        Call::new("hello/greet", &json!({"name": "Bo"}))
            .unwrap()
            .priority(-1)
            .timeout(Duration::from_secs(2)),
    ];

    let handles = client.queue("q").enqueue_many(calls).await.unwrap();

    let request = requests.recv().await.unwrap();
    assert_eq!(handles.len(), 2);
    assert_eq!(request.body[0]["id"], "one");
    assert_eq!(request.body[1]["priority"], -1);
    assert_eq!(request.body[1]["timeout_ms"], 2000);
    assert_eq!(request.body[1]["args"], json!({"name": "Bo"}));
}

#[tokio::test]
async fn a_result_is_asked_for_until_it_is_there() {
    let (client, mut requests) = host(vec![
        Reply::Json(200, invocation("a", "running", Value::Null)),
        Reply::Json(200, invocation("a", "succeeded", json!({"value": 42}))),
    ])
    .await;

    let value: u64 = client.handle("a").get_result().await.unwrap();

    assert_eq!(value, 42);
    let line = requests.recv().await.unwrap().line;
    assert_eq!(line, "GET /v1/invocations/a?wait=30000ms HTTP/1.1");
}

#[tokio::test]
async fn a_failed_task_is_an_error_with_its_kind() {
    let outcome = json!({"error": {"kind": "trap", "message": "unreachable executed"}});
    let (client, _requests) =
        host(vec![Reply::Json(200, invocation("a", "failed", outcome))]).await;

    let error = client.handle("a").get_result::<u64>().await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "hello/greet failed (trap): unreachable executed"
    );
    let Error::TaskFailed { failure, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(failure.kind, FailureKind::Trap);
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_its_hint_and_the_token_is_shown() {
    let (client, mut requests) = host(vec![Reply::Json(
        404,
        json!({
            "type": "about:blank", "title": "No such task", "status": 404, "code": "task-unknown",
            "detail": "hello has no task gret", "hint": "did you mean greet?",
        }),
    )])
    .await;

    let error = client
        .with_token("secret")
        .queue("q")
        .enqueue("hello/gret", &[(); 0])
        .await
        .unwrap_err();

    assert_eq!(error.to_string(), "hello has no task gret");
    assert_eq!(error.hint().as_deref(), Some("did you mean greet?"));
    let request = requests.recv().await.unwrap();
    assert!(request.headers.contains("authorization: bearer secret"));
}

#[tokio::test]
async fn an_answer_that_is_no_problem_is_named_with_its_address() {
    let (client, _requests) = host(vec![Reply::Json(500, json!("oops"))]).await;

    let error = client.info().await.unwrap_err();

    assert!(matches!(error, Error::Protocol { .. }));
    assert!(
        error.to_string().contains("/v1 is not understood"),
        "{error}"
    );
}

#[tokio::test]
async fn without_patience_a_host_that_is_away_is_reported_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let client = Client::new(&format!("http://{address}"))
        .unwrap()
        .with_patience(Duration::ZERO);

    let error = client.healthz().await.unwrap_err();

    assert!(error.is_unreachable());
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn events_go_on_after_a_broken_connection_where_they_stopped() {
    let (client, mut requests) = host(vec![
        Reply::Events("id: 1\nevent: log\ndata: {\"attempt\":1,\"text\":\"a\"}\n\n"),
        Reply::Events(concat!(
            "id: 2\nevent: state\ndata: {\"id\":\"a\",\"queue\":\"q\",\"task\":\"t\",",
            "\"digest\":\"00\",\"state\":\"succeeded\",\"attempt\":1,\"priority\":0,",
            "\"enqueued_at\":\"\",\"started_at\":null,\"finished_at\":null,",
            "\"outcome\":{\"value\":1}}\n\n"
        )),
    ])
    .await;

    let events: Vec<_> = client.handle("a").events().collect().await;

    assert_eq!(events.len(), 2);
    assert!(matches!(&events[0], Ok(Event::Log(chunk)) if chunk.text == "a"));
    assert!(matches!(&events[1], Ok(Event::State(it)) if it.state == State::Succeeded));
    requests.recv().await.unwrap();
    let second = requests.recv().await.unwrap();
    assert!(second.headers.contains("last-event-id: 1"));
}

#[tokio::test]
async fn waiting_for_all_asks_again_for_those_that_are_missing() {
    let ended = |id: &str| invocation(id, "succeeded", json!({"value": null}));
    let (client, mut requests) = host(vec![
        Reply::Json(200, json!({"items": [ended("b")]})),
        Reply::Json(200, json!({"items": [ended("a")]})),
    ])
    .await;
    let handles = [client.handle("a"), client.handle("b"), client.handle("a")];

    let all = client.wait_all(&handles).await.unwrap();

    let ids: Vec<_> = all.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "a"]);
    assert_eq!(
        requests.recv().await.unwrap().body["ids"],
        json!(["a", "b"])
    );
    assert_eq!(requests.recv().await.unwrap().body["ids"], json!(["a"]));
}

#[tokio::test]
async fn a_call_that_takes_anothers_place_gets_no_id_here() {
    let answer = || Reply::Json(201, invocation("one", "scheduled", Value::Null));
    let (client, mut requests) = host(vec![answer(), answer(), answer()]).await;
    let queue = client.queue("q");
    let call = || Call::new("hello/greet", &["Ada"]).unwrap();
    let dedup = |on_conflict| Dedup {
        key: "k".to_owned(),
        on_conflict,
        period_ms: None,
    };
    let debounce = Debounce {
        key: "k".to_owned(),
        period_ms: 500,
        deadline_ms: None,
    };

    queue.call(call().debounce(debounce)).await.unwrap();
    let replaces = call().dedup(dedup(OnConflict::Replace));
    queue.call(replaces).await.unwrap();
    let returns = call().dedup(dedup(OnConflict::Return)).tag("a", "b");
    queue.call(returns).await.unwrap();

    let debounced = requests.recv().await.unwrap().body;
    let replaces = requests.recv().await.unwrap().body;
    let returns = requests.recv().await.unwrap().body;
    assert_eq!(debounced["debounce"], json!({"key": "k", "period_ms": 500}));
    assert_eq!(
        (&debounced["id"], &replaces["id"]),
        (&Value::Null, &Value::Null)
    );
    assert!(returns["id"].is_string());
    assert_eq!(returns["tags"], json!({"a": "b"}));
}

#[tokio::test]
async fn several_tags_are_several_parameters() {
    let page = json!({"items": [], "next": null});
    let (client, mut requests) = host(vec![Reply::Json(200, page)]).await;
    let query = ListQuery {
        tag: vec!["a:1".to_owned(), "b:2".to_owned()],
        dead: true,
        limit: Some(7),
        ..ListQuery::default()
    };

    client.invocations(&query).await.unwrap();

    let line = requests.recv().await.unwrap().line;
    for part in ["tag=a%3A1", "tag=b%3A2", "dead=true", "limit=7"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("null"), "{line}");
}
