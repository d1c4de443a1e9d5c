//! What `.ci/run` checks, step by step, with the time that each took.
//!
//! Clippy and rustdoc share their dependencies' metadata, since profile and features are the same;
//! the tests and the demo share the dependencies.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::test_suite::{self, Tally};
use crate::{commands, wasm_target};

type Step = (&'static str, fn() -> Result<Tally>);

/// The cheap checks come first, so that a slip is told early.
const STEPS: [Step; 6] = [
    ("wasm target", || check(wasm_target::install)),
    ("format", || check(format)),
    ("lints", || check(lints)),
    ("docs", || check(docs)),
    ("tests", || test_suite::run(None, &[])),
    ("demo", || check(demo)),
];

/// Every step, up to the first that fails.
pub fn run() -> Tally {
    let mut times = Vec::new();
    let mut whole = Tally::default();
    for (name, step) in STEPS {
        eprintln!("\n== {name}");
        let begun = Instant::now();
        whole.add(told(step().with_context(|| format!("step `{name}`"))));
        times.push((name, begun.elapsed()));
        if whole.is_failure() {
            break;
        }
    }
    eprintln!();
    for (name, time) in &times {
        eprintln!("{name:12} {:>6.1} s", time.as_secs_f64());
    }
    let in_all: Duration = times.iter().map(|(_, time)| time).sum();
    eprintln!("{:12} {:>6.1} s", "in all", in_all.as_secs_f64());
    whole
}

/// The tally; what could not even be counted is printed, and counts as a failed test.
pub fn told(outcome: Result<Tally>) -> Tally {
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        Tally::FAILURE
    })
}

/// A step that is no test.
fn check(step: fn() -> Result<()>) -> Result<Tally> {
    step().map(|()| Tally::default())
}

fn format() -> Result<()> {
    commands::run(commands::cargo("fmt").args(["--all", "--check"]))?;
    for workspace in commands::OTHER_WORKSPACES {
        commands::run(commands::cargo_in(workspace, "fmt").args(["--all", "--check"]))?;
    }
    Ok(())
}

fn lints() -> Result<()> {
    let lint = |command: &mut std::process::Command, what: &[&str]| {
        command.args(["--release", "--locked"]).args(what);
        commands::run(command.args(["--", "-D", "warnings"]))
    };
    let for_wasm: &[&str] = &["--target", wasm_target::TARGET];
    let everything: &[&str] = &["--workspace", "--all-targets"];
    lint(&mut commands::cargo("clippy"), everything)?;
    for (workspace, what) in [
        ("guest-sdk/rust", everything),
        ("examples", for_wasm),
        ("tests/guests", for_wasm),
        ("tests/guests", &["--package", "check", "--all-targets"]),
    ] {
        lint(&mut commands::cargo_in(workspace, "clippy"), what)?;
    }
    Ok(())
}

fn docs() -> Result<()> {
    let document = |mut command: std::process::Command| {
        command.args(["--release", "--locked", "--workspace", "--no-deps"]);
        // Rustdoc alone reads these flags: no dependency is built again for them.
        commands::run(command.env("RUSTDOCFLAGS", "-D warnings"))
    };
    document(commands::cargo("doc"))?;
    document(commands::cargo_in("guest-sdk/rust", "doc"))
}

/// What the README begins with, as it stands there. It builds the host once more, since the tests'
/// own dependencies turn on features of others: that is the price of trying what a reader tries.
fn demo() -> Result<()> {
    let mut command = commands::cargo("run");
    command.args(["--release", "--", "demo"]);
    commands::show(&command);
    let said = commands::output(&mut command)?;
    println!("{said}");
    ensure!(
        said.contains("1000") || said.contains("1,000"),
        "the demo did not tell of its thousand calls"
    );
    Ok(())
}
