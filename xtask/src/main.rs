//! `cargo xtask …`: reads which chore is asked for, and does it.

use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::test_suite::Tally;
use xtask::{ci, commands, guests, languages, test_suite, wasm_target};

const USAGE: &str = "\
the chores of this repository

cargo xtask wasm-target              install the Rust target wasm32-wasip2, or build it
cargo xtask guests [--bless-hello]   build the components of examples/ and tests/guests/
                                     (and copy hello to host/assets/, where demo embeds it)
cargo xtask languages                build the components of tests/languages/ and of the templates,
                                     and install the tools for it into target/tools
cargo xtask test [FILTER] [-- …]     install or build what the tests need, and run them all
                                     (what follows -- goes to every test binary)
cargo xtask ci                       what .ci/run does: format, lints, docs, tests, demo
";

fn main() -> ExitCode {
    match chore(std::env::args().skip(1).collect()) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(tally)) => {
            // The last line, whatever was printed before.
            println!("{tally}");
            ExitCode::from(u8::from(tally.is_failure()))
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what is asked; if tests are part of it, tells how many ended how.
fn chore(mut arguments: Vec<String>) -> Result<Option<Tally>> {
    let for_the_tests = match arguments.iter().position(|word| word == "--") {
        Some(place) => arguments.split_off(place).split_off(1),
        None => Vec::new(),
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["wasm-target"] => wasm_target::install()?,
        ["guests"] => guests::build().map(drop)?,
        ["guests", "--bless-hello"] => guests::bless_hello()?,
        ["languages"] => languages()?,
        ["test"] => return Ok(Some(ci::told(test_suite::run(None, &for_the_tests)))),
        ["test", filter] if !filter.starts_with('-') => {
            let outcome = test_suite::run(Some(filter), &for_the_tests);
            return Ok(Some(ci::told(outcome)));
        }
        ["ci"] => return Ok(Some(ci::run())),
        [] | ["help" | "--help" | "-h"] => print!("{USAGE}"),
        _ => bail!("no such chore: {}\n\n{USAGE}", words.join(" ")),
    }
    Ok(None)
}

/// The host, which builds them, and then the components.
fn languages() -> Result<()> {
    let mut host = commands::cargo("build");
    commands::run(host.args(["--release", "--locked", "--package", "windlass"]))?;
    let folder = languages::build(&test_suite::binary())?;
    eprintln!("the components are in {}", folder.display());
    Ok(())
}
