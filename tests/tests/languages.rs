//! What every language makes of every type: byte for byte what Rust makes of it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

mod interesting;

use serde_json::{Value, json};
use windlass_client::wire::{Invocation, Outcome};
use windlass_client::{Client, Handle};
use windlass_tests::languages::{self, LANGUAGES};
use windlass_tests::{Setup, call, upload};

/// The language with which the others are compared.
const MODEL: &str = "rust";

macro_rules! languages {
    ($($language:ident),*) => { $(
        mod $language {
            #[tokio::test(flavor = "multi_thread")]
            async fn makes_of_every_type_what_rust_makes_of_it() {
                super::conforms(stringify!($language)).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn calls_another_component_by_its_type_as_rust_does() {
                super::calls_by_type(stringify!($language)).await;
            }
        }
    )* };
}

languages![python, javascript, typescript, go, c, cpp];

#[test]
fn no_language_is_left_out() {
    let all: Vec<&str> = LANGUAGES.iter().map(|(language, _)| *language).collect();

    assert_eq!(
        all,
        [
            "rust",
            "python",
            "javascript",
            "typescript",
            "go",
            "c",
            "cpp"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_returns_what_it_is_given() {
    let host = Setup::sqlite().start();
    let client = host.client();
    let component = languages::upload(&client, "conformance", MODEL).await;
    let calls = interesting::calls();
    for task in &component.tasks {
        let is_tried = calls.iter().any(|(function, _)| *function == task.name);
        assert!(is_tried, "{} is not tried", task.name);
    }

    let outcomes = outcomes(&client, MODEL, &calls).await;

    for ((function, args), outcome) in calls.iter().zip(outcomes) {
        if function.starts_with("echo-") {
            let value: Value = serde_json::from_str(&outcome).unwrap();
            // A result lies in a tuple, so that it is data.
            let given = match *function {
                "echo-result" => &value["value"][0],
                _ => &value["value"],
            };
            let args = &args[0];
            let is_same = match (given.as_f64(), args.as_f64()) {
                // As numbers, since 1 and 1.0 are the same, and an f32 is narrowed.
                (Some(given), Some(args)) => given == args || given as f32 == args as f32,
                _ => same(given, args),
            };
            assert!(is_same, "{function}({args}): {given}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_task_in_seven_languages_runs_side_by_side_on_one_queue() {
    let host = Setup::sqlite().start();
    let client = host.client();
    for (language, _) in LANGUAGES {
        languages::upload(&client, "seven", language).await;
    }
    let texts = [
        "the quick brown fox jumps over the lazy dog and The dog sleeps",
        "B a\tA b\r\nc  b",
        "zo\u{eb} Zo\u{eb} ZO\u{eb} ZO\u{cb} \u{a0} \u{1f980}",
        " \n",
    ];
    let given = |text: &str| {
        let of_all = LANGUAGES.iter();
        let of_all = of_all.map(|(language, _)| format!("{language}/frequent"));
        let calls = of_all.map(|task| call(&task, &json!([text, 3])));
        calls.collect::<Vec<_>>()
    };
    let calls: Vec<_> = texts.iter().flat_map(|text| given(text)).collect();

    let handles: Vec<Handle> = client.queue("words").enqueue_many(calls).await.unwrap();
    let ended = client.wait_all(&handles).await.unwrap();

    let of = |handle: &Handle| outcome(ended.iter().find(|one| one.id == handle.id()).unwrap());
    let outcomes: Vec<String> = handles.iter().map(of).collect();
    let of_each_text: Vec<&[String]> = outcomes.chunks(LANGUAGES.len()).collect();
    for (text, outcomes) in texts.iter().zip(&of_each_text) {
        for ((language, _), outcome) in LANGUAGES.iter().zip(*outcomes) {
            assert_eq!(outcome, &outcomes[0], "{language} about {text:?}");
        }
    }
    let the = r#"{"value":[{"text":"the","times":3},{"text":"dog","times":2},"#;
    assert!(
        of_each_text[0][0].starts_with(the),
        "{}",
        of_each_text[0][0]
    );
    assert_eq!(of_each_text[3][0], r#"{"guest":"the text has no words"}"#);
}

/// Equal, where 1 and 1.0 are.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let is_there = |(key, value): (&String, &Value)| {
                b.get(key).is_some_and(|other| same(value, other))
            };
            a.len() == b.len() && a.iter().all(is_there)
        }
        _ => a == b,
    }
}

async fn conforms(language: &str) {
    let host = Setup::sqlite().start();
    let client = host.client();
    let model = languages::upload(&client, "conformance", MODEL).await;
    let other = languages::upload(&client, "conformance", language).await;
    let signatures = |component: &windlass_client::wire::Component| -> Vec<String> {
        let tasks = component.tasks.iter();
        let mut signatures: Vec<_> = tasks
            .map(|task| format!("{} {:?} {:?}", task.name, task.params, task.result))
            .collect();
        signatures.sort();
        signatures
    };
    assert_eq!(signatures(&other), signatures(&model));
    let calls = interesting::calls();

    let expected = outcomes(&client, MODEL, &calls).await;
    let found = outcomes(&client, language, &calls).await;

    let mut differences = Vec::new();
    for (((function, args), expected), found) in calls.iter().zip(expected).zip(found) {
        if expected != found {
            let args = cut(&args.to_string());
            let (expected, found) = (cut(&expected), cut(&found));
            differences.push(format!(
                "{function}{args}\n  {MODEL}: {expected}\n  {language}: {found}"
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

async fn calls_by_type(language: &str) {
    let host = Setup::sqlite().start();
    let client = host.client();
    upload(&client, "hello").await;
    languages::upload(&client, "typed", MODEL).await;
    languages::upload(&client, "typed", language).await;
    let calls = [
        ("sum", json!([20])),
        ("sum", json!([0])),
        ("greet", json!([["Ada", "", "Zoë 🦀"]])),
        ("greet", json!([[]])),
        ("fails", json!(["not today"])),
        ("fails", json!([""])),
    ];

    let expected = outcomes(&client, MODEL, &calls).await;
    let found = outcomes(&client, language, &calls).await;

    assert_eq!(found, expected);
}

/// How the calls of a component ended, as JSON: the value, or kind and payload of the error.
async fn outcomes(client: &Client, component: &str, calls: &[(&str, Value)]) -> Vec<String> {
    let queue = client.queue(component);
    let all = calls
        .iter()
        .map(|(function, args)| call(&format!("{component}/{function}"), args));
    let handles: Vec<Handle> = queue.enqueue_many(all.collect::<Vec<_>>()).await.unwrap();
    let ended = client.wait_all(&handles).await.unwrap();
    let by_id = |handle: &Handle| ended.iter().find(|one| one.id == handle.id()).unwrap();
    handles
        .iter()
        .map(|handle| outcome(by_id(handle)))
        .collect()
}

fn outcome(invocation: &Invocation) -> String {
    match invocation.outcome.as_ref().unwrap() {
        Outcome::Value(value) => format!("{{\"value\":{}}}", value.get()),
        Outcome::Error(failure) => match &failure.payload {
            Some(payload) => format!("{{\"{}\":{}}}", failure.kind, payload.get()),
            // What a language says of its own mistakes is its own.
            None if failure.kind.to_string() == "guest" => "{\"guest\":null}".to_owned(),
            None => format!("{{\"{}\":{:?}}}", failure.kind, failure.message),
        },
    }
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}
