//! What `.ci/run` checks, step by step, with the time that each took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::{commands, test_suite, wasm_target};

type Step = (&'static str, fn() -> Result<()>);

/// The cheap checks come first, so that a slip is told early.
const STEPS: [Step; 6] = [
    ("wasm target", wasm_target::install),
    ("format", format),
    ("lints", lints),
    ("docs", docs),
    ("tests", || test_suite::run(None, &[])),
    ("demo", demo),
];

/// Every step, up to the first that fails.
pub fn run() -> Result<()> {
    let mut times = Vec::new();
    let outcome = STEPS.iter().try_for_each(|(name, step)| {
        eprintln!("\n== {name}");
        let begun = Instant::now();
        let outcome = step().with_context(|| format!("step `{name}`"));
        times.push((*name, begun.elapsed()));
        outcome
    });
    eprintln!();
    for (name, time) in &times {
        eprintln!("{name:12} {:>6.1} s", time.as_secs_f64());
    }
    let whole: Duration = times.iter().map(|(_, time)| time).sum();
    eprintln!("{:12} {:>6.1} s", "in all", whole.as_secs_f64());
    outcome
}

fn format() -> Result<()> {
    commands::run(commands::cargo("fmt").args(["--all", "--check"]))?;
    for manifest in commands::other_workspaces() {
        commands::run(
            commands::cargo("fmt")
                .args(["--all", "--check", "--manifest-path"])
                .arg(manifest),
        )?;
    }
    Ok(())
}

fn lints() -> Result<()> {
    commands::run(
        commands::cargo("clippy")
            .args(["--release", "--workspace", "--all-targets", "--"])
            .args(["-D", "warnings"]),
    )
}

fn docs() -> Result<()> {
    commands::run(
        commands::cargo("doc")
            .args(["--release", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// The first command of the README, as a reader types it.
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
