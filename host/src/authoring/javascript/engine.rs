//! From the bundle to the component: QuickJS by `componentize-qjs`, StarlingMonkey by
//! `componentize-js`. Both evaluate the bundle once and put what comes of it into the component.

use std::path::Path;
use std::process::Command;

use super::super::{Error, Workshop};
use super::entry::WORLD;
use super::{QUICKJS, STARLINGMONKEY, bundle, mistakes, strip};

/// With QuickJS.
///
/// # Errors
///
/// What the author has to mend, or what the tool said.
pub fn quickjs(workshop: &Workshop, source: &Path, bundled: &Path) -> Result<Vec<u8>, Error> {
    let made = workshop.work().join("quickjs.wasm");
    let mut command = bundle::node(workshop, &QUICKJS, "componentize-qjs/bin/componentize-qjs");
    command
        .arg("--wit")
        .arg(workshop.wit())
        .arg("--js")
        .arg(bundled)
        .args(["--world", WORLD, "--runtime"])
        .arg(workshop.sdk().join("quickjs").join("runtime.wasm"))
        .arg("--output")
        .arg(&made);
    let bytes = run(workshop, source, "componentize-qjs", &mut command, &made)?;
    strip::without_init(&bytes)
        .ok_or_else(|| Error::Component("it was not made by componentize-qjs 0.4".to_owned()))
}

/// With StarlingMonkey.
///
/// # Errors
///
/// As [`quickjs`].
pub fn starlingmonkey(
    workshop: &Workshop,
    source: &Path,
    bundled: &Path,
) -> Result<Vec<u8>, Error> {
    let made = workshop.work().join("starlingmonkey.wasm");
    let mut command = Command::new("node");
    command
        .arg(workshop.sdk().join("tools").join("starlingmonkey.mjs"))
        .arg(workshop.tools.npm(STARLINGMONKEY.name))
        .arg(bundled)
        .arg(workshop.wit())
        .arg(WORLD)
        .arg(&made);
    run(workshop, source, "componentize-js", &mut command, &made)
}

fn run(
    workshop: &Workshop,
    source: &Path,
    tool: &str,
    command: &mut Command,
    made: &Path,
) -> Result<Vec<u8>, Error> {
    if made.exists() {
        std::fs::remove_file(made).map_err(Error::file("remove", made))?;
    }
    workshop
        .run(tool, command)
        .map_err(|error| mistakes::explain(workshop, source, error))?;
    workshop.read(made)
}
