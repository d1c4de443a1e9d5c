//! The tools that turn the author's source into one module: tsc checks it, esbuild bundles it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::super::{Engine, Error, Workshop};
use super::{BUNDLER, CHECKER, mistakes, types};

/// Checks TypeScript against the declarations that were made.
///
/// # Errors
///
/// What does not fit, with file and line.
pub fn check(workshop: &Workshop, source: &Path, engine: Engine) -> Result<(), Error> {
    let own = workshop.project.folder.join("tsconfig.json");
    let config = if own.is_file() {
        own
    } else {
        let config = workshop.generated().join("check.json");
        let mut files = vec![json!(source)];
        files.extend(types::files(engine).into_iter().map(|file| json!(file)));
        let said = json!({ "extends": "./tsconfig.json", "files": files });
        workshop.write(&config, said.to_string())?;
        config
    };
    let mut command = node(workshop, &CHECKER, "typescript/bin/tsc");
    command
        .arg("--project")
        .arg(config)
        .args(["--noEmit", "--strict", "--pretty", "false"]);
    workshop
        .run("tsc", &mut command)
        .map(drop)
        .map_err(|error| {
            mistakes::hinted(
                error,
                "mend the types; .windlass/gen/wit.d.ts has those of the WIT",
            )
        })
}

/// Bundles the entry point with all that it needs, and returns the file.
///
/// # Errors
///
/// What does not parse or cannot be found, with file and line.
pub fn bundle(workshop: &Workshop, source: &Path, engine: Engine) -> Result<PathBuf, Error> {
    let file = workshop.work().join("bundle.js");
    let wanted = json!({
        "project": workshop.project.folder,
        "tools": workshop.tools.npm(BUNDLER.name),
        "sdk": workshop.sdk(),
        "generated": workshop.generated(),
        "source": source,
        "engine": engine,
        "to": file,
    });
    let settings = workshop.generated().join("bundle.json");
    workshop.write(&settings, wanted.to_string())?;
    let mut command = Command::new("node");
    command
        .arg(workshop.sdk().join("tools").join("bundle.mjs"))
        .arg(settings);
    workshop.run("esbuild", &mut command).map_err(|error| {
        mistakes::hinted(
            error,
            "mend the source, or install what it imports with npm",
        )
    })?;
    Ok(file)
}

/// A script of an npm package that was found.
pub fn node(workshop: &Workshop, npm: &super::Npm, script: &str) -> Command {
    let mut command = Command::new("node");
    let modules = workshop.tools.npm(npm.name).join("node_modules");
    command.arg(modules.join(script));
    command
}
