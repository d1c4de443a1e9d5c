//! The test suites: those of cargo, and those of the SDKs and clients in other languages.
//!
//! A suite whose folder is missing is an error: nothing is left out without a word.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::tally::Dialect;
use crate::{commands, languages};

/// A command that runs tests.
pub struct Suite {
    /// What runs them.
    pub command: Command,
    /// How it tells of them.
    pub dialect: Dialect,
}

/// `cargo test` for each workspace that has tests; the documentation's examples are among them.
pub fn of_rust(filter: Option<&str>, arguments: &[String]) -> Vec<Suite> {
    let apart = |workspace: &str| commands::cargo_in(workspace, "test");
    let suites: [(Command, &[&str]); 4] = [
        (commands::cargo("test"), &["--workspace"]),
        (apart("guest-sdk/rust"), &["--workspace"]),
        (apart("examples"), &["--workspace"]),
        // The guests themselves build for wasm only; `check` looks at what was built.
        (apart("tests/guests"), &["--package", "check"]),
    ];
    let suite = |(mut command, what): (Command, &[&str])| {
        command.args(["--release", "--locked", "--no-fail-fast"]);
        command.args(what).args(filter);
        if !arguments.is_empty() {
            command.arg("--").args(arguments);
        }
        Suite {
            command,
            dialect: Dialect::Cargo,
        }
    };
    suites.into_iter().map(suite).collect()
}

/// The suites of the other languages, with what they need installed.
pub fn of_others(python: &Path) -> Result<Vec<Suite>> {
    let mut suites = Vec::new();
    for folder in ["clients/python", "guest-sdk/python"] {
        let folder = there(folder)?;
        let mut tests = in_folder(&folder, python);
        tests.args(["-m", "pytest", "-q", "tests"]);
        suites.push(Suite {
            command: tests,
            dialect: Dialect::Pytest,
        });
        let mut types = in_folder(&folder, python);
        types.args(["-m", "mypy", "--strict"]);
        let package = match folder.ends_with("clients/python") {
            true => "src/windlass_client",
            false => "windlass_guest",
        };
        types.arg(package);
        suites.push(Suite {
            command: types,
            dialect: Dialect::Silent,
        });
    }
    let mut web_app = in_folder(&there("examples/fastapi-events")?, python);
    web_app.args(["-m", "pytest", "-q"]);
    suites.push(Suite {
        command: web_app,
        dialect: Dialect::Pytest,
    });
    // The example depends on the client's folder, which is built by then.
    for folder in ["clients/typescript", "guest-sdk/js", "examples/node-events"] {
        let folder = there(folder)?;
        if folder.join("package-lock.json").is_file() {
            let mut install = in_folder(&folder, "npm");
            commands::run(install.args(["ci", "--no-audit", "--no-fund"]))?;
        }
        let mut tests = in_folder(&folder, "npm");
        tests.args(["test", "--silent"]);
        suites.push(Suite {
            command: tests,
            dialect: Dialect::Node,
        });
    }
    let mut go = in_folder(&there("guest-sdk/go")?, go()?);
    go.args(["test", "-v", "./..."]).env("GOFLAGS", "-mod=mod");
    suites.push(Suite {
        command: go,
        dialect: Dialect::Go,
    });
    let mut c = in_folder(&there("guest-sdk/c/tests")?, "sh");
    c.arg("run.sh");
    suites.push(Suite {
        command: c,
        dialect: Dialect::C,
    });
    Ok(suites)
}

/// A folder of the repository that holds tests.
fn there(folder: &str) -> Result<PathBuf> {
    let path = commands::root().join(folder);
    ensure!(path.is_dir(), "{folder} is missing, and its tests with it");
    Ok(path)
}

fn in_folder(folder: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = commands::program(program);
    command.current_dir(folder);
    command
}

/// The Go that builds the tests' components: that of the PATH, or the one among the tools.
fn go() -> Result<PathBuf> {
    let is_on_path = Command::new("go").arg("version").output();
    if is_on_path.is_ok_and(|output| output.status.success()) {
        return Ok("go".into());
    }
    let pinned = languages::tools().join("go/bin/go");
    ensure!(pinned.is_file(), "{} is not there", pinned.display());
    Ok(pinned)
}
