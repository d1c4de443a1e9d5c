//! Mistakes are refused with the place and the way out; nothing is stored, and the host answers on.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use reqwest::{Client as Http, Method, StatusCode};
use serde_json::{Value, json};
use windlass_client::wire::{PageQuery, Problem};
use windlass_tests::{Setup, fresh_database, guests, on_both_stores, sql, upload};

on_both_stores![a_mistake_is_refused_and_nothing_is_stored];

const JSON: &str = "application/json";
const WASM: &str = "application/wasm";

struct Mistake {
    what: &'static str,
    method: Method,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// What the answer must name.
    names: &'static str,
}

fn upload_of(what: &'static str, body: Vec<u8>, status: u16, code: &'static str) -> Mistake {
    let path = "/v1/components?name=bad&version=1.0.0".to_owned();
    let (method, kind) = (Method::POST, WASM);
    Mistake {
        what,
        method,
        path,
        kind,
        body,
        status,
        code,
        names: "",
    }
}

fn call_of(
    what: &'static str,
    task: &str,
    args: Value,
    (status, code): (u16, &'static str),
    names: &'static str,
) -> Mistake {
    let body = json!({"queue": "q", "task": task, "args": args})
        .to_string()
        .into_bytes();
    let (method, path, kind) = (Method::POST, "/v1/invocations".to_owned(), JSON);
    Mistake {
        what,
        method,
        path,
        kind,
        body,
        status,
        code,
        names,
    }
}

fn request_of(
    what: &'static str,
    (method, path): (Method, &str),
    body: &str,
    (status, code): (u16, &'static str),
    names: &'static str,
) -> Mistake {
    let (path, body) = (path.to_owned(), body.as_bytes().to_vec());
    Mistake {
        what,
        method,
        path,
        kind: JSON,
        body,
        status,
        code,
        names,
    }
}

fn mistakes() -> Vec<Mistake> {
    let hello = guests::component("hello");
    let invalid = (422, "invalid");
    let arguments = (422, "arguments");
    let calls = (Method::POST, "/v1/invocations");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_argument = format!(r#"{{"queue":"q","task":"hello/greet","args":{deep}}}"#);
    let deep_option = format!(r#"{{"queue":"q","task":"hello/greet","args":["a"],"tags":{deep}}}"#);
    let long = "x".repeat(5 << 20);
    vec![
        upload_of(
            "no component",
            b"not wasm".to_vec(),
            422,
            "component-invalid",
        ),
        upload_of("nothing", Vec::new(), 422, "component-invalid"),
        upload_of(
            "a core module",
            b"\0asm\x01\0\0\0".to_vec(),
            422,
            "component-invalid",
        ),
        upload_of(
            "half of one",
            hello[..hello.len() / 2].to_vec(),
            422,
            "component-invalid",
        ),
        upload_of("a huge one", vec![0; (64 << 20) + 1], 413, "too-large"),
        upload_of(
            "an unknown import",
            needs_the_impossible(),
            422,
            "component-invalid",
        ),
        call_of(
            "no such task",
            "hello/great",
            json!([]),
            (404, "task-unknown"),
            "greet",
        ),
        call_of(
            "no such component",
            "hallo/greet",
            json!([]),
            (404, "task-unknown"),
            "hallo",
        ),
        call_of(
            "two tasks of a name",
            "types/echo-u32",
            json!([1]),
            (422, "task-ambiguous"),
            "",
        ),
        call_of(
            "too few arguments",
            "hello/add",
            json!([1]),
            arguments,
            "args",
        ),
        call_of(
            "too many arguments",
            "hello/greet",
            json!(["a", "b"]),
            arguments,
            "args",
        ),
        call_of(
            "a text for a number",
            "hello/add",
            json!(["a", 1]),
            arguments,
            "args[0]",
        ),
        call_of(
            "a negative u32",
            "hello/work",
            json!([-1]),
            arguments,
            "args[0]",
        ),
        call_of(
            "a number beyond u32",
            "hello/work",
            json!([4_294_967_296_u64]),
            arguments,
            "args[0]",
        ),
        call_of(
            "an unknown name",
            "hello/greet",
            json!({"nam": "a"}),
            arguments,
            "nam",
        ),
        call_of(
            "an argument too long",
            "hello/greet",
            json!([long]),
            (413, "too-large"),
            "",
        ),
        request_of(
            "deep nesting in an argument",
            calls.clone(),
            &deep_argument,
            arguments,
            "args[0]",
        ),
        request_of(
            "deep nesting in an option",
            calls.clone(),
            &deep_option,
            invalid,
            "tags",
        ),
        request_of("no JSON", calls.clone(), "{\"queue\": ", (400, "body"), ""),
        request_of(
            "a queue with slashes",
            calls,
            r#"{"queue": "a/b", "task": "hello/greet", "args": ["a"]}"#,
            invalid,
            "a/b",
        ),
        request_of(
            "a negative concurrency",
            (Method::PUT, "/v1/queues/q"),
            r#"{"concurrency": -1}"#,
            invalid,
            "concurrency",
        ),
        request_of(
            "a concurrency of zero",
            (Method::PUT, "/v1/queues/q"),
            r#"{"concurrency": 0}"#,
            invalid,
            "concurrency",
        ),
        request_of(
            "a misspelled setting",
            (Method::PUT, "/v1/queues/q"),
            r#"{"concurency": 1}"#,
            invalid,
            "concurency",
        ),
        request_of(
            "an unknown invocation",
            (Method::GET, "/v1/invocations/nobody"),
            "",
            (404, "invocation-unknown"),
            "nobody",
        ),
        request_of(
            "nowhere",
            (Method::GET, "/v1/nowhere"),
            "",
            (404, "not-found"),
            "",
        ),
    ]
}

async fn a_mistake_is_refused_and_nothing_is_stored(setup: Setup) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "hello").await;
    upload(&client, "types").await;
    let http = Http::new();

    for mistake in mistakes() {
        let answer = http
            .request(mistake.method, format!("{}{}", host.url(), mistake.path))
            .header("content-type", mistake.kind)
            .body(mistake.body)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", mistake.what));

        let (status, text) = (answer.status(), answer.text().await.unwrap());
        let problem: Problem = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {status} {text}: {error}", mistake.what));
        let got = (status, problem.status, problem.code.as_str());
        let expected = StatusCode::from_u16(mistake.status).unwrap();
        assert_eq!(
            got,
            (expected, mistake.status, mistake.code),
            "{}: {text}",
            mistake.what
        );
        assert!(text.contains(mistake.names), "{}: {text}", mistake.what);
    }

    let components = client.components(&PageQuery::default()).await.unwrap();
    let invocations = client.invocations(&Default::default()).await.unwrap();
    let queues = client.queues(&PageQuery::default()).await.unwrap();
    assert_eq!(components.items.len(), 2);
    assert_eq!(invocations.items.len(), 0);
    assert_eq!(queues.items, []);
    let handle = client
        .queue("q")
        .enqueue("hello/greet", &["Ada"])
        .await
        .unwrap();
    assert_eq!(handle.get_result::<String>().await.unwrap(), "Hello, Ada!");
}

/// A component that imports what no host provides, as bytes: an empty one with one import.
fn needs_the_impossible() -> Vec<u8> {
    let name = b"demo:nowhere/nothing";
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    // Section 7, types: one instance type without declarations.
    bytes.extend([7, 3, 1, 0x42, 0]);
    // Section 10, imports: the name, of the sort instance, of type 0.
    let length = u8::try_from(name.len()).unwrap();
    bytes.extend([10, length + 5, 1, 0, length]);
    bytes.extend(name);
    bytes.extend([5, 0]);
    bytes
}

#[test]
fn a_second_host_on_one_sqlite_file_is_refused_by_name() {
    let setup = Setup::sqlite();
    let first = setup.start();

    let (status, said) = setup.try_start().unwrap_err();

    assert!(!status.success());
    let address = first.url().trim_start_matches("http://");
    assert!(said.contains(address), "{said}");
}

#[test]
fn a_public_address_needs_a_token() {
    let open = Setup::sqlite().listening("0.0.0.0:0");
    let guarded = Setup::sqlite()
        .listening("0.0.0.0:0")
        .with(&["--token", "a-token-of-some-length"]);

    let (status, said) = open.try_start().unwrap_err();
    let started = guarded.try_start();

    assert!(!status.success());
    assert!(said.contains("token"), "{said}");
    assert!(started.is_ok());
}

#[test]
fn an_unreachable_database_is_named_without_its_password() {
    let setup = Setup::postgres("postgres://somebody:secret@127.0.0.1:1/nothing");

    let (status, said) = setup.try_start().unwrap_err();

    assert!(!status.success());
    assert!(said.contains("127.0.0.1:1"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let database = fresh_database();
    let setup = Setup::postgres(&database);
    setup.start().stop();
    sql(
        &database,
        "insert into windlass._sqlx_migrations \
         select 9999, 'from the future', installed_on, success, checksum, execution_time \
         from windlass._sqlx_migrations limit 1",
    );

    let (status, said) = setup.try_start().unwrap_err();

    assert!(!status.success());
    assert!(said.contains("9999") && said.contains("newer"), "{said}");
}
