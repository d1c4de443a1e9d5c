//! `cargo xtask test`: what the tests need, then every test, and how many ended how.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::postgres::{Durability, Postgres};
use crate::{commands, guests, python};

/// Runs the tests whose names contain `filter` (all of them without one). `arguments` go to every
/// test binary.
pub fn run(filter: Option<&str>, arguments: &[String]) -> Result<Tally> {
    let components = guests::build()?;
    // Crashes of the database are what the black-box tests make, on servers of their own.
    let postgres = Postgres::start(Durability::Forgetful)?;
    let python = python::interpreter()?;

    let mut tally = Tally::default();
    for mut runner in runners() {
        runner.args(filter);
        if !arguments.is_empty() {
            runner.arg("--").args(arguments);
        }
        runner
            .env("WINDLASS_TEST_GUESTS", &components)
            .env("WINDLASS_TEST_POSTGRES", postgres.url("postgres"))
            .env("WINDLASS_TEST_PYTHON", &python)
            .env("WINDLASS_BIN", binary());
        tally.add(watch(&mut runner)?);
    }
    Ok(tally)
}

/// The host, which the first of the runners builds before any test runs.
pub fn binary() -> PathBuf {
    commands::target_dir().join("release/windlass")
}

/// `cargo test` for each workspace that has tests; the documentation's examples are among them.
fn runners() -> Vec<Command> {
    let test = |mut command: Command, what: &[&str]| {
        command.args(["--release", "--locked", "--no-fail-fast"]);
        command.args(what);
        command
    };
    let apart = |workspace: &str| commands::cargo_in(workspace, "test");
    vec![
        test(commands::cargo("test"), &["--workspace"]),
        test(apart("guest-sdk/rust"), &["--workspace"]),
        test(apart("examples"), &["--workspace"]),
        // The guests themselves build for wasm only; `check` looks at what was built.
        test(apart("tests/guests"), &["--package", "check"]),
    ]
}

/// How many tests ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Something failed that no test tells of.
    pub const FAILURE: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };

    /// Whether anything failed.
    pub fn is_failure(&self) -> bool {
        self.failed > 0
    }

    /// Counts the others in.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// What the closing line of one test binary says, if this is such a line.
    fn of_line(line: &str) -> Option<Self> {
        let counts = line.trim_start().strip_prefix("test result: ")?;
        let count = |word: &str| {
            counts
                .split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            skipped: count("ignored")?,
        })
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Runs the command, passes on what it prints, and adds up its closing lines.
fn watch(command: &mut Command) -> Result<Tally> {
    commands::show(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo could not be started")?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("reading what the tests print")?;
        println!("{line}");
        tally.add(Tally::of_line(&line).unwrap_or_default());
    }
    let status = child.wait().context("waiting for cargo")?;
    if !status.success() && tally.failed == 0 {
        // It did not build, or a test binary died: no closing line tells of that.
        tally.add(Tally::FAILURE);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_is_counted_and_no_other() {
        let closing = "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; \
                       7 filtered out; finished in 0.40s";

        let counted = Tally::of_line(closing);

        assert_eq!(
            counted,
            Some(Tally {
                passed: 12,
                failed: 1,
                skipped: 3
            })
        );
        assert_eq!(Tally::of_line("test tests::a_line ... ok"), None);
    }

    #[test]
    fn the_summary_names_all_three() {
        let tally = Tally {
            passed: 4,
            failed: 0,
            skipped: 1,
        };

        assert_eq!(tally.to_string(), "4 passed, 0 failed, 1 skipped");
    }
}
