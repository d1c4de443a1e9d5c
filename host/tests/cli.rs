//! The binary as scripts see it: exit codes, what goes to stdout and what to stderr.
//!
//! The host is a list of answers here; against a real one the command line runs in the end-to-end
//! tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::thread;

use assert_cmd::Command;
use serde_json::{Value, json};

fn windlass(server: &str, args: &[&str]) -> Output {
    Command::cargo_bin("windlass")
        .unwrap()
        .env_clear()
        .args(["--server", server])
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An address where nobody listens.
fn nobody() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", free.local_addr().unwrap())
}

/// A host that gives these answers, one a connection.
fn host(answers: Vec<(u16, Value)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (status, body) in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).unwrap();
                let header = header.trim_end().to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
                if header.is_empty() {
                    break;
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let body = body.to_string();
            write!(
                reader.get_mut(),
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
        }
    });
    format!("http://{address}")
}

fn component() -> Value {
    json!({
        "name": "hello", "version": "0.1.0", "digest": "0123456789abcdef", "size": 10,
        "uploaded_at": "2026-01-01T00:00:00Z", "skipped": [],
        "tasks": [{
            "name": "greet", "interface": "demo:hello/tasks@0.1.0",
            "params": [{"name": "name", "type": "string"}], "result": "string",
            "signature": {"params": [{"name": "name", "ty": "string"}], "result": "string"},
        }],
    })
}

fn invocation(state: &str, outcome: Value) -> Value {
    json!({
        "id": "one", "queue": "q", "task": "hello/greet", "digest": "00", "state": state,
        "attempt": 1, "priority": 0, "enqueued_at": "2026-01-01T00:00:00Z",
        "started_at": null, "finished_at": null, "outcome": outcome,
    })
}

#[test]
fn a_host_that_is_away_is_exit_code_3_with_a_hint() {
    let server = nobody();

    let output = windlass(&server, &["queue", "list"]);

    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    insta::assert_snapshot!(text(&output.stderr).replace(&server, "SERVER"), @"
    error: no host can be reached at SERVER: Connection refused (os error 111)
    hint: start a host with `windlass serve`, or name one with --server or WINDLASS_SERVER
    ");
}

#[test]
fn an_error_is_json_where_json_is_asked_for() {
    let output = windlass(&nobody(), &["-o", "json", "queue", "list"]);

    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["exit"], 3);
}

#[test]
fn a_command_line_that_is_not_understood_is_exit_code_2() {
    for args in [
        &["frobnicate"][..],
        &["queue", "set", "q", "--concurrency", "-1"],
        &["invocation", "list", "--state", "done"],
        &["invocation", "list", "--kind", "panic"],
        &["invocation", "cancel"],
        &["invocation", "retry", "one", "--queue", "q"],
        &["queue", "set", "q", "--rate-limit", "100"],
        &["enqueue", "q", "hello/greet", "--tag", "customer"],
        &["enqueue", "q", "hello/greet", "--args", "[1"],
        &["enqueue", "q", "hello/greet(\"a\")", "b"],
        &["push", "no/such/file.wasm"],
    ] {
        let output = windlass(&nobody(), args);

        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_bare_word_is_text_where_text_is_wanted_and_the_value_is_printed_bare() {
    let ended = invocation("succeeded", json!({"value": "Hello, Ada!"}));
    let server = host(vec![
        (200, json!({"items": [component()], "next": null})),
        (201, invocation("queued", Value::Null)),
        (200, ended),
    ]);

    let output = windlass(&server, &["enqueue", "q", "hello/greet", "Ada", "--wait"]);

    assert_eq!(text(&output.stdout), "Hello, Ada!\n");
    assert_eq!(text(&output.stderr), "one\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn too_many_arguments_are_exit_code_2_with_the_signature() {
    let server = host(vec![(200, json!({"items": [component()], "next": null}))]);

    let output = windlass(&server, &["enqueue", "q", "hello/greet", "Ada", "Bo"]);

    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(text(&output.stderr), @"
    error: hello/greet takes 1 arguments, got 2
    hint: hello/greet(name: string)
    ");
}

#[test]
fn a_failed_task_is_exit_code_4_with_payload_and_backtrace() {
    let outcome = json!({"error": {
        "kind": "guest", "message": "the task returned an error", "payload": {"too-large": 9},
        "backtrace": ["hello::greet"],
    }});
    let server = host(vec![(200, invocation("failed", outcome))]);

    let output = windlass(&server, &["result", "one"]);

    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.is_empty());
    insta::assert_snapshot!(text(&output.stderr), @r#"
    error: hello/greet failed (guest): the task returned an error
      payload: {"too-large":9}
      at hello::greet
    hint: `windlass invocation log one` shows what it wrote
    "#);
}

#[test]
fn a_refusal_is_exit_code_5_with_every_mistake_and_its_place() {
    let problem = json!({
        "type": "/errors/arguments", "title": "Arguments do not fit", "status": 422,
        "code": "arguments", "detail": "the arguments do not fit hello/greet",
        "errors": [{"place": "args[0]", "message": "expected string, got 7"}],
        "hint": "greet(name: string)",
    });
    let server = host(vec![(422, problem)]);

    let output = windlass(&server, &["enqueue", "q", "hello/greet", "--args", "[7]"]);

    assert_eq!(output.status.code(), Some(5));
    insta::assert_snapshot!(text(&output.stderr), @"
    error: the arguments do not fit hello/greet
      args[0]: expected string, got 7
    hint: greet(name: string)
    ");
}

#[test]
fn a_table_goes_to_stdout() {
    let queue = json!({
        "name": "mail", "concurrency": 1, "ordered": null, "paused": false, "timeout_ms": null,
        "counts": {"queued": 3, "running": 1, "succeeded": 12}, "created_at": "2026-01-01T00:00:00Z",
    });
    let server = host(vec![(200, json!({"items": [queue], "next": null}))]);

    let output = windlass(&server, &["queue", "list"]);

    insta::assert_snapshot!(text(&output.stdout), @"
    NAME  CONCURRENCY  ORDER   STATE  QUEUED  RUNNING  SUCCEEDED  FAILED
    mail  1            strict  open   3       1        12         0
    ");
}

#[test]
fn a_queue_is_shown_with_everything_that_it_allows() {
    let queue = json!({
        "name": "mail", "concurrency": null, "worker_concurrency": 4, "ordered": null,
        "rate_limit": {"limit": 100, "period_ms": 60_000}, "paused": false, "timeout_ms": 30_000,
        "partitions": {"concurrency": 1}, "retries": {"max": 3, "backoff_ms": 500, "on": ["trap"]},
        "retention": {"succeeded": {"age_ms": 604_800_000, "count": 1000}, "failed": {}},
        "counts": {"queued": 3, "oldest_queued_ms": 90_000}, "created_at": "2026-01-01T00:00:00Z",
    });
    let server = host(vec![(200, queue)]);

    let output = windlass(&server, &["queue", "show", "mail"]);

    insta::assert_snapshot!(text(&output.stdout), @"
    NAME  CONCURRENCY  ORDER   STATE  QUEUED  RUNNING  SUCCEEDED  FAILED
    mail  no limit     strict  open   3       0        0          0
    per host                4
    rate limit              100/1m
    per partition           1
    timeout                 30s
    retries                 3, the first after 500ms, of trap
    keeps succeeded         for 7d, the newest 1000
    keeps failed            for ever
    oldest queued           90s
    ");
}

#[test]
fn what_is_done_to_all_goes_on_until_nothing_is_left() {
    let answer = |done: u64, more: bool| {
        json!({
            "matched": done, "done": done, "more": more, "dry_run": false, "items": [],
            "refused": [],
        })
    };
    let server = host(vec![(200, answer(1_000, true)), (200, answer(5, false))]);

    let output = windlass(&server, &["invocation", "cancel", "--queue", "q"]);

    assert_eq!(text(&output.stdout), "cancelled 1,005 of 1,005\n");
}

#[test]
fn a_dry_run_shows_how_many_match_and_the_first_of_them() {
    let answer = json!({
        "matched": 2, "done": 0, "more": false, "dry_run": true, "refused": [],
        "items": [invocation("failed", Value::Null)],
    });
    let server = host(vec![(200, answer)]);

    let output = windlass(&server, &["invocation", "retry", "--dead", "--dry-run"]);

    insta::assert_snapshot!(text(&output.stdout), @"
    2 match
      one  q  hello/greet  failed
      …
    ");
}

#[test]
fn what_holds_an_invocation_back_is_told_a_line_each() {
    let why = json!({"state": "queued", "reasons": [
        {"code": "paused", "message": "its queue is paused"},
        {"code": "ahead", "message": "3 are ahead of it", "ahead": 3},
    ]});
    let free = json!({"state": "queued", "reasons": []});
    let server = host(vec![(200, why), (200, free)]);

    let held = windlass(&server, &["invocation", "why", "one"]);
    let free = windlass(&server, &["invocation", "why", "one"]);

    insta::assert_snapshot!(text(&[held.stdout, free.stdout].concat()), @"
    it is queued
      its queue is paused
      3 are ahead of it
    it is queued
      nothing holds it back: a host takes it as soon as it has room
    ");
}

#[test]
fn a_replay_that_differs_is_exit_code_6_and_shows_both() {
    let differs = json!({"exact": false, "steps": 2, "difference": {
        "step": 3, "recorded": "sleep {\"ms\":5}", "present": "now",
    }});
    let exact = json!({"exact": true, "steps": 3, "difference": null});
    let server = host(vec![(200, differs), (200, exact)]);

    let differs = windlass(&server, &["replay", "one"]);
    let exact = windlass(&server, &["replay", "one"]);

    assert_eq!(differs.status.code(), Some(6));
    assert_eq!(exact.status.code(), Some(0));
    insta::assert_snapshot!(text(&[differs.stdout, exact.stdout].concat()), @r#"
    one differs at step 3 (2 steps before it are the same)
      recorded        present
      sleep {"ms":5}  now
    one replays exactly: 3 steps
    "#);
}

#[test]
fn a_workflow_is_shown_with_its_steps() {
    let mut workflow = invocation("waiting", Value::Null);
    workflow["kind"] = json!("workflow");
    workflow["parent"] = json!("root");
    let step = json!({
        "number": 1, "kind": "enqueue", "request": {"task": "images/resize"},
        "result": {"value": 7}, "children": ["one~s1"], "asked_at": "2026-01-01T00:00:00Z",
        "answered_at": "2026-01-01T00:00:01Z",
    });
    let server = host(vec![
        (200, workflow),
        (200, json!({"items": [step], "next": null})),
    ]);

    let output = windlass(&server, &["invocation", "show", "one"]);

    insta::assert_snapshot!(text(&output.stdout), @r#"
    id          one
    queue       q
    task        hello/greet
    kind        workflow
    digest      00
    state       waiting
    attempt     1
    priority    0
    enqueued at 2026-01-01T00:00:00Z
    enqueued by root

    STEP  KIND     REQUEST                   RESULT       ASKED AT              ANSWERED AT           CHILD
    1     enqueue  {"task":"images/resize"}  {"value":7}  2026-01-01T00:00:00Z  2026-01-01T00:00:01Z  one~s1
    "#);
}

#[test]
fn what_is_cancelled_is_listed_with_how_it_stands() {
    let mut running = invocation("running", Value::Null);
    running["cancelling"] = json!(true);
    let server = host(vec![
        (200, running),
        (200, invocation("cancelled", Value::Null)),
    ]);

    let output = windlass(
        &server,
        &["invocation", "cancel", "one", "two", "--reason", "enough"],
    );

    insta::assert_snapshot!(text(&output.stdout), @"
    ID   STATE
    one  running, ends soon
    one  cancelled
    ");
}

#[test]
fn an_upgrade_lists_what_moved_and_what_stays() {
    let upgraded = json!({
        "moved": ["one"], "busy": ["three"],
        "differ": [{"id": "two", "step": 4, "recorded": "now", "present": "sleep {\"ms\":1}"}],
    });
    let server = host(vec![(200, upgraded)]);

    let output = windlass(&server, &["component", "upgrade", "orders", "--in-flight"]);

    insta::assert_snapshot!(text(&output.stdout), @r#"
    WHAT     ID     WHY
    moved    one
    differs  two    step 4: recorded now, now sleep {"ms":1}
    busy     three  it goes on meanwhile: ask again
    "#);
    let without = windlass(&nobody(), &["component", "upgrade", "orders"]);
    assert_eq!(without.status.code(), Some(2));
}

#[test]
fn the_help_names_every_command_and_the_exit_codes() {
    let output = windlass(&nobody(), &["--help"]);

    let help = text(&output.stdout);
    let commands: Vec<_> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    insta::assert_snapshot!(
        commands.join(" "),
        @"serve new build dev push diff run enqueue result client component queue schedule replay invocation config doctor demo bench help"
    );
    assert!(
        help.contains("  4  the task failed, or was cancelled"),
        "{help}"
    );
}
