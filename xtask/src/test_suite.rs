//! `cargo xtask test`: what the tests need, then every test, and how many ended how.
//!
//! - `suites`: the runners, in Rust and in the other languages
//! - `tally`: reading what they say

mod suites;
mod tally;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::postgres::{Durability, Postgres};
use crate::{commands, guests, languages, python};

use suites::Suite;
pub use tally::Tally;

/// Runs the tests whose names contain `filter` (all of them without one). `arguments` go to every
/// test binary of Rust; with either, the suites of other languages are left out.
pub fn run(filter: Option<&str>, arguments: &[String]) -> Result<Tally> {
    let components = guests::build()?;
    // With what the tests need, so that nothing is built twice.
    commands::run(commands::cargo("test").args([
        "--release",
        "--locked",
        "--workspace",
        "--no-run",
    ]))?;
    let languages = languages::build(&binary())?;
    // Crashes of the database are what the black-box tests make, on servers of their own.
    let postgres = Postgres::start(Durability::Forgetful)?;
    let python = python::interpreter()?;

    let mut suites = suites::of_rust(filter, arguments);
    if filter.is_none() && arguments.is_empty() {
        suites.extend(suites::of_others(&python)?);
    }
    let mut tally = Tally::default();
    for mut suite in suites {
        suite
            .command
            .env("WINDLASS_TEST_GUESTS", &components)
            .env("WINDLASS_TEST_LANGUAGES", &languages)
            .env("WINDLASS_TEST_POSTGRES", postgres.url("postgres"))
            .env("WINDLASS_TEST_PYTHON", &python)
            .env("WINDLASS_TOOLS", languages::tools())
            .env("WINDLASS_BIN", binary());
        tally.add(watch(suite)?);
    }
    Ok(tally)
}

/// The host, which is built before any test runs.
pub fn binary() -> PathBuf {
    commands::target_dir().join("release/windlass")
}

/// Runs a suite, passes on what it prints, and adds up what it says of its tests.
fn watch(suite: Suite) -> Result<Tally> {
    let Suite {
        mut command,
        dialect,
    } = suite;
    commands::show(&command);
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} could not be started"))?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("reading what the tests print")?;
        println!("{line}");
        tally.add(dialect.read(&line).unwrap_or_default());
    }
    let status = child
        .wait()
        .with_context(|| format!("waiting for {name}"))?;
    if !status.success() && !tally.is_failure() {
        // It did not build, or a test binary died: no closing line tells of that.
        tally.add(Tally::FAILURE);
    }
    Ok(tally)
}
