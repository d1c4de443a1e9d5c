//! Calls by SQL: a program with an ordinary driver and a role of its own.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::process::Command;
use std::time::Duration;

use windlass_client::wire::{FailureKind, Outcome};
use windlass_tests::{Setup, eventually, fresh_database, sql, upload};

/// The program's role and its own table.
const PREPARE: &str = "
    create schema app;
    create table app.orders (number int primary key);
    drop role if exists shop;
    create role shop login;
    grant usage on schema app to shop;
    grant all on app.orders to shop;
    select windlass.grant_calls('shop');";

#[tokio::test(flavor = "multi_thread")]
async fn a_python_program_enqueues_in_its_own_transactions() {
    let database = fresh_database();
    let host = Setup::postgres(&database).start();
    upload(&host.client(), "hello").await;
    sql(&database, PREPARE);

    let python = std::env::var_os("WINDLASS_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let script = xtask::commands::root().join("tests/scripts/enqueue_in_transaction.py");
    let as_shop = database.replacen("windlass@", "shop@", 1);
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python)
            .arg(script)
            .arg(as_shop)
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();

    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<&str>> = printed
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let [kept, dropped, many, misfit] = &lines[..] else {
        panic!("{printed}")
    };
    assert_eq!(kept[1], "Hello, order 1!");
    assert_eq!(dropped[1], "1", "only the committed order is there");
    assert_eq!(many[..], ["Hello, a!", "Hello, b!"]);
    assert_eq!(misfit[1], "arguments");
    let client = host.client();
    let rolled_back = client.handle(dropped[0]).get(Duration::ZERO).await;
    assert!(rolled_back.is_err(), "{rolled_back:?}");
    let misfit = client.handle(misfit[0]).get(Duration::ZERO).await.unwrap();
    let Some(Outcome::Error(failure)) = misfit.outcome else {
        panic!("{misfit:?}")
    };
    assert_eq!(failure.kind, FailureKind::Arguments);
    assert!(failure.message.contains("args[0]"), "{}", failure.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_host_hears_of_a_call_by_sql() {
    let database = fresh_database();
    // It would look for itself only after a minute.
    let host = Setup::postgres(&database)
        .with(&["--set", "queue.poll_ms=60000"])
        .start();
    upload(&host.client(), "hello").await;
    let resting = "select count(*) from windlass.hosts where rests and state = 'alive'";
    eventually("a host that rests", async || {
        let rests = sql(&database, resting);
        (rests == "1").then_some(()).ok_or(rests)
    })
    .await;

    let id = sql(
        &database,
        "select windlass.enqueue('q', 'hello/add', '[2, 3]')",
    );

    let value: i64 = host.client().handle(id).get_result().await.unwrap();
    assert_eq!(value, 5);
}
