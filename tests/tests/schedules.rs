//! Schedules on real hosts, which look after one database together.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::collections::BTreeSet;
use std::process::{Command, Output};

use windlass_client::wire::{ListQuery, SchedulePlan};
use windlass_client::{Client, Error};
use windlass_tests::{Setup, binary, eventually, fresh_database, guests, upload};

/// How many firings are waited for.
const FIRINGS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn three_hosts_fire_every_second_once_also_when_one_of_them_is_killed() {
    let database = fresh_database();
    let setup = Setup::postgres(&database).with_short_lease();
    let mut hosts: Vec<_> = (0..3).map(|_| setup.start()).collect();
    let client = hosts[0].client();
    upload(&client, "hello").await;
    let plan = SchedulePlan {
        queue: Some("mail".to_owned()),
        args: serde_json::value::to_raw_value(&["Ada"]).unwrap(),
        ..SchedulePlan::new("* * * * * *", "hello/greet")
    };

    client.put_schedule("tick", &plan).await.unwrap();
    fired(&client, FIRINGS).await;
    hosts.remove(2).kill();
    fired(&client, 2 * FIRINGS).await;
    let paused = client.pause_schedule("tick", true).await.unwrap();
    let ids = enqueued(&client).await.unwrap();

    let times: BTreeSet<_> = ids.iter().collect();
    let seconds: Vec<_> = times.iter().map(|id| second_of(id)).collect();
    assert_eq!(times.len(), ids.len(), "a second fired twice: {ids:?}");
    for pair in seconds.windows(2) {
        let step = (pair[1] - pair[0]).rem_euclid(24 * 60 * 60);
        assert_eq!(step, 1, "a second is missing: {ids:?}");
    }
    assert!(paused.paused && paused.next.is_empty());
}

/// When so many firings are stored.
async fn fired(client: &Client, count: usize) {
    eventually("the schedule fires", async || {
        match enqueued(client).await {
            Ok(ids) if ids.len() >= count => Ok(()),
            Ok(ids) => Err(format!("{} of {count}", ids.len())),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
}

async fn enqueued(client: &Client) -> Result<Vec<String>, Error> {
    let query = ListQuery {
        limit: Some(100),
        ..ListQuery::default()
    };
    let page = client.invocations(&query).await?;
    Ok(page.items.into_iter().map(|one| one.id).collect())
}

/// The second of the day for which this id stands, as in `schedule~tick~2026-01-01T00:00:07.000000Z`.
fn second_of(id: &str) -> i64 {
    let (_, time) = id.rsplit_once('T').unwrap();
    let parts: Vec<i64> = time[..8]
        .split(':')
        .map(|part| part.parse().unwrap())
        .collect();
    (parts[0] * 60 + parts[1]) * 60 + parts[2]
}

const MANIFEST: &str = r#"
[component]
name = "hello"
file = "hello.wasm"

[tasks.greet]
queue = "mail"
timeout_ms = 30_000

[queues.mail]
concurrency = 2
rate_limit = { limit = 100, period_ms = 1_000 }

[grants]
environment = { TOKEN = "secret" }

[schedules.nightly]
cron = "0 3 * * *"
timezone = "Europe/Berlin"
task = "hello/greet"
args = { name = "Ada" }
options = { tags = { by = "manifest" } }
"#;

#[test]
fn a_manifest_is_applied_once_and_its_differences_are_told() {
    let host = Setup::sqlite().start();
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("hello.wasm"), guests::component("hello")).unwrap();
    let manifest = folder.path().join("windlass.toml");
    std::fs::write(&manifest, MANIFEST).unwrap();
    let windlass = |words: &[&str]| -> Output {
        let mut command = Command::new(binary());
        command.args(words).env("WINDLASS_SERVER", host.url());
        command.env("NO_COLOR", "1").current_dir(folder.path());
        command.output().unwrap()
    };
    let stdout = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

    let before = windlass(&["diff"]);
    let pushed = windlass(&["push"]);
    let after = windlass(&["diff"]);
    std::fs::write(
        &manifest,
        MANIFEST.replace("concurrency = 2", "concurrency = 3"),
    )
    .unwrap();
    let changed = windlass(&["diff", "windlass.toml"]);
    std::fs::write(&manifest, MANIFEST.replace("cron = \"0 3", "cron = \"0 33")).unwrap();
    let refused = windlass(&["push", "."]);
    let shown = windlass(&["schedule", "show", "nightly", "-o", "json"]);
    let triggered = windlass(&["schedule", "trigger", "nightly"]);
    let result = windlass(&["result", stdout(&triggered).trim(), "--wait"]);

    assert_eq!(before.status.code(), Some(1), "{}", stderr(&before));
    assert!(pushed.status.success(), "{}", stderr(&pushed));
    let (changes, tasks) = (stdout(&before), stdout(&pushed));
    let tasks = tasks
        .strip_prefix(&changes)
        .unwrap_or_else(|| panic!("{changes}{tasks}"));
    assert!(
        tasks.contains("hello/greet(name: string) -> string"),
        "{tasks}"
    );
    for line in [
        "+ queue mail: concurrency 2, ",
        "+ component hello: ",
        "~ grants hello: environment [] -> [TOKEN]",
        "~ tasks hello: greet none -> ",
        "+ schedule nightly: ",
    ] {
        assert!(
            stdout(&pushed).contains(line),
            "{line}: {}",
            stdout(&pushed)
        );
    }
    assert!(!stdout(&pushed).contains("secret"));
    assert_eq!(
        (after.status.code(), stdout(&after).as_str()),
        (Some(0), "")
    );
    assert_eq!(stdout(&changed), "~ queue mail: concurrency 2 -> 3\n");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("windlass.toml:18: schedules.nightly.cron: field 2, hour"),
        "{}",
        stderr(&refused)
    );
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["cron"], "0 3 * * *");
    assert_eq!(shown["next"].as_array().unwrap().len(), 5);
    assert!(
        stdout(&result).contains("Hello, Ada!"),
        "{}",
        stderr(&result)
    );
}
